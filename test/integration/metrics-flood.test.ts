// Tests that the Lease, the probes and a rotation keep their pace while strangers flood the metrics.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/runtime/clock.ts";
import { withFreePort } from "../cluster/free-port.ts";
import { metricsFlood } from "../runtime/network/metrics-flood.ts";
import { operatorRequests } from "./audit-log.ts";
import { type Replica, startReplica } from "./replica.ts";
import { eventually, type TestEnv, testEnv, staticSpec } from "./test-env.ts";

const clock = systemClock();
const hub = "registry.example.com";
const names = Array.from({ length: 200 }, (_, index) => `team-${index}`);
const minDuration = Temporal.Duration.from({ seconds: 20 });

describe("a flood of the metrics", () => {
  let world: TestEnv;
  let replica: Replica;
  let port: number;

  const rotate = (password: string): Promise<void> => world.source("hub", { username: "ann", password });
  const served = (password: string): Promise<void> =>
    eventually(
      `every namespace has ${password}`,
      async () => {
        const secrets = await world.admin.list("/api/v1/secrets?fieldSelector=metadata.name%3Dregcred");
        return secrets.filter((secret) => passwordIn(secret) === password).length === names.length;
      },
      Temporal.Duration.from({ minutes: 2 }),
    );
  /** Milliseconds until every namespace has it. */
  const rotation = async (password: string): Promise<number> => {
    const began = clock.elapsed();
    await rotate(password);
    await served(password);
    return clock.elapsed() - began;
  };
  /** The greatest pause between two renewals that the API server took since then, in milliseconds. */
  const longestPause = async (since: Temporal.Instant): Promise<number> => {
    const renewals = (await operatorRequests(world))
      .filter(({ resource, verb, code }) => resource === "leases" && verb === "update" && code === 200)
      .map(({ receivedAt }) => receivedAt.epochMilliseconds)
      .filter((at) => at >= since.epochMilliseconds);
    return Math.max(...renewals.slice(1).map((at, index) => at - (renewals[index] ?? 0)));
  };

  beforeAll(async () => {
    world = await testEnv({ auditLog: true });
    await world.namespaces(names);
    await rotate("hush-0");
    await world.credential("hub", staticSpec("hub"));
    replica = await withFreePort((free) => {
      port = free;
      const flags = ["--metrics-address", `127.0.0.1:${free}`, "--metrics-access", "token"];
      return startReplica(world.cluster.kubeconfig, undefined, { flags, logLevel: "info" });
    });
    await served("hush-0");
  }, 300_000);
  afterAll(async () => {
    replica?.child.kill("SIGKILL");
    await replica?.exitCode;
    await world?.close();
  });

  it("takes nothing from the work: the Lease is renewed, each probe is answered, a rotation goes through", async () => {
    const alone = await rotation("hush-1");
    const since = Temporal.Now.instant();
    const before = await operatorRequests(world);
    const flooding = metricsFlood(port);
    const probes: (number | undefined)[] = [];
    const took: number[] = [];
    const end = clock.elapsed() + minDuration.total("milliseconds");
    while (clock.elapsed() < end) {
      took.push(await rotation(`hush-${took.length + 2}`));
      probes.push((await replica.probe("/livez"))?.status, (await replica.probe("/readyz"))?.status);
    }
    await flooding.end();
    const pause = await longestPause(since);
    const asked = (await operatorRequests(world)).slice(before.length);
    const reviews = asked.filter(({ resource }) => resource === "tokenreviews").length;
    process.stdout.write(
      `a rotation of ${names.length}: ${alone.toFixed()} ms alone, ${took.map((each) => each.toFixed()).join(" ")} ms in the flood; ` +
        `longest pause of the Lease ${pause} ms, ${reviews} TokenReviews, statuses ${JSON.stringify([...flooding.statuses])}\n`,
    );
    expect(new Set(probes)).toEqual(new Set([200]));
    // It is renewed each 2 s, and lost after 10.
    expect(pause).toBeLessThan(5_000);
    expect(asked.filter(({ code }) => code === 429)).toEqual([]);
    // Refused without a question, or by one.
    expect([...flooding.statuses.keys()].every((status) => status === 401 || status === 503)).toBe(true);
    // One may have been cut off with its question.
    expect(reviews).toBeLessThanOrEqual((flooding.statuses.get(401) ?? 0) + 2);
    expect(replica.log().filter(({ msg }) => msg === "lease not reached")).toEqual([]);
  }, 300_000);
});

function passwordIn(secret: { readonly [field: string]: unknown }): string | undefined {
  const { [".dockerconfigjson"]: encoded = "" } = (secret["data"] ?? {}) as Record<string, string>;
  const config = JSON.parse(Buffer.from(encoded, "base64").toString() || "{}") as {
    readonly auths?: Readonly<Record<string, { readonly password?: string }>>;
  };
  return config.auths?.[hub]?.password;
}
