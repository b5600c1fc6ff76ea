// Watches tenants who are served: whether a login goes missing for a moment, and whether they can pull all the time.
import { setTimeout as sleep } from "node:timers/promises";
import { tryPull } from "../cluster/try-pull.ts";
import type { NodeWorld } from "../e2e/world.ts";
import { history, secretsCalled } from "../integration/history.ts";
import { loginsIn } from "../integration/test-env.ts";

export interface Watched {
  /** Logins that a version of a pull Secret had, and the next one had not: HOST in NAMESPACE. */
  losses(): readonly string[];
  /** How often each tenant has pulled, and how often it could not. */
  readonly pulls: { readonly done: number; readonly refused: readonly string[] };
  stop(): Promise<void>;
}

/** From now on, of the pull Secrets `regcred` in these namespaces, which are served: with what is in it somebody pulls all the time. */
export async function watchTenants(
  { cluster, admin, registry }: NodeWorld,
  namespaces: readonly string[],
): Promise<Watched> {
  const seen = await history({ cluster }, secretsCalled("regcred"));
  const secretOf = (namespace: string) => admin.get(`/api/v1/namespaces/${namespace}/secrets/regcred`);
  const held = new Map<string, readonly string[]>();
  for (const namespace of namespaces) held.set(namespace, Object.keys(loginsIn(await secretOf(namespace)) ?? {}));
  const stopping = new AbortController();
  const pulls = { done: 0, refused: [] as string[] };
  const pulling = (async () => {
    while (!stopping.signal.aborted) {
      for (const namespace of namespaces) {
        const data = (await secretOf(namespace))?.["data"] as Record<string, string> | undefined;
        const config = Buffer.from(data?.[".dockerconfigjson"] ?? "", "base64").toString();
        const { ok, status } =
          config === "" ? { ok: false, status: 0 } : await tryPull(registry, "acme/app", "1", config);
        if (ok) pulls.done += 1;
        else pulls.refused.push(`${namespace}: ${status}`);
      }
      await sleep(100);
    }
  })();
  return {
    losses: () => {
      const before = new Map(held);
      return seen.versions.flatMap(({ type, object }) => {
        const { namespace = "" } = object.metadata;
        const had = before.get(namespace);
        if (had === undefined) return [];
        const now = type === "DELETED" ? [] : Object.keys(loginsIn(object) ?? {});
        before.set(namespace, now);
        return had.filter((host) => !now.includes(host)).map((host) => `${host} in ${namespace}`);
      });
    },
    pulls,
    stop: async () => {
      stopping.abort();
      await pulling;
      await seen[Symbol.asyncDispose]();
    },
  };
}
