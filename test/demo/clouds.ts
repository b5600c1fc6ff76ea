// The tokens that the demo's clouds have given out, where they are valid, and for how long.
import type { PlayedInternet } from "../cluster/played-internet.ts";
import { pushImage } from "../cluster/push-image.ts";
import { type Registry, startRegistry } from "../cluster/registry.ts";
import { orInterrupted } from "./interruption.ts";
import { cloudNames, type IssuedToken, playedClouds, type PlayedClouds, registryHosts } from "./played-clouds.ts";
import type { Crew } from "./player.ts";

export interface Clouds extends Pick<PlayedClouds, "keys"> {
  /** Where the operator finds them. */
  readonly internet: Pick<PlayedInternet, "proxyUrl" | "ca">;
  /** What is behind the registry of each: it takes a token until the token expires, and no longer. */
  readonly registry: Pick<Registry, "url" | "ca">;
  readonly repository: string;
  readonly tag: string;
  readonly lifetime: Temporal.Duration;
  /** Every token so far, in order. */
  readonly issued: readonly IssuedToken[];
}

const repository = "acme/app";
const tag = "1";
const pusher = { username: "pusher", password: "made-up-push-password" };
// The real ones live for 12, 3 and 1 hours.
const lifetime = Temporal.Duration.from({ seconds: 10 });

/** Starts them; `cleanup` ends them. */
export async function prepareClouds({ play, cleanup, signal }: Crew): Promise<Clouds> {
  return await play.prepare("clouds", "starting the clouds", async () => {
    const registry = await orInterrupted(
      signal,
      startRegistry({ auth: { kind: "token", users: [{ name: pusher.username, password: pusher.password }] } }),
    );
    cleanup.defer(() => registry.stop());
    await pushImage(registry, repository, tag, pusher);

    const issued: IssuedToken[] = [];
    let living: readonly IssuedToken[] = [];
    const admitTheLiving = (): void => {
      const now = Temporal.Now.instant();
      living = living.filter(({ expiresAt }) => Temporal.Instant.compare(now, expiresAt) < 0);
      void registry.setUsers(living.map(({ username: name, password }) => ({ name, password })));
    };
    admitTheLiving();
    const beat = setInterval(admitTheLiving, 50);
    cleanup.defer(() => clearInterval(beat));
    const clouds = await playedClouds({
      lifetime,
      issued: (token) => {
        issued.push(token);
        living = [...living, token];
        admitTheLiving();
      },
    });
    cleanup.defer(() => clouds.stop());
    const hosts = cloudNames.map((name) => registryHosts[name]);
    return {
      value: { internet: clouds.internet, keys: clouds.keys, registry, repository, tag, lifetime, issued },
      text: `AWS, Azure and Google are played on loopback, with the registries ${hosts.join(", ")}.`,
    };
  });
}
