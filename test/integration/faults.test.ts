// Tests of the operator, and of what tenants have, when the API server fails.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Fault, type FaultProxy, faultProxy, type Victims } from "../cluster/fault-proxy.ts";
import { eventually, type RunningOperator, type TestEnv, testEnv, staticSpec } from "./test-env.ts";

const namespaces = Array.from({ length: 8 }, (_, index) => `team-${index}`);
const seconds = (count: number): Temporal.Duration => Temporal.Duration.from({ seconds: count });
const pause = (count: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, count * 1000);
  });

describe("an API server that fails for a while", () => {
  let world: TestEnv;
  let proxy: FaultProxy;
  let running: RunningOperator;
  let round = 0;

  beforeAll(async () => {
    world = await testEnv();
    proxy = await faultProxy(world.cluster);
    await world.namespaces(namespaces);
    for (const namespace of namespaces) {
      await world.admin.patch(account(namespace), { imagePullSecrets: [{ name: "zz" }, { name: "own" }] });
    }
    await world.admin.create("/api/v1/namespaces/team-0/secrets", {
      metadata: { name: "own" },
      stringData: { theirs: "yes" },
    });
    running = await world.startOperator({ kubeconfig: proxy.kubeconfig });
    await world.source("hub", { username: "ann", password: "hush-0" });
    await world.credential("hub", staticSpec("hub"));
    await served(namespaces, 0);
  });
  afterAll(async () => {
    await world.close();
    await proxy.close();
  });

  const account = (namespace: string): string => `/api/v1/namespaces/${namespace}/serviceaccounts/default`;

  /** Each namespace has this round's password, the reference, and what was its own before. */
  const served = (wanted: readonly string[], which: number, limit?: Temporal.Duration): Promise<void> =>
    eventually(
      `round ${which} is served everywhere`,
      async () => {
        for (const namespace of wanted) {
          const logins = await world.logins(namespace);
          if (logins?.["registry.example.com"]?.password !== `hush-${which}`) return false;
          const references = await world.references(namespace);
          const own = namespaces.includes(namespace) ? ["zz", "own"] : [];
          if (references.join() !== [...own, "regcred"].join()) return false;
        }
        const own = await world.secret("team-0", "own");
        if (Object.keys(own?.["data"] ?? {}).join() !== "theirs") return false;
        const { namespaces: counts } = await world.status("hub");
        return counts?.ready === counts?.selected && (await world.condition("hub", "Ready"))?.status === "True";
      },
      limit,
    );

  /** Nothing is written any more. */
  const calm = (): Promise<void> =>
    eventually("calm", async () => {
      const { writes } = proxy.count();
      await pause(2);
      return proxy.count().writes === writes;
    });

  /** While something fails there is work: a rotation, a Secret to repair, a reference to repair, a new namespace. */
  const work = async (): Promise<readonly string[]> => {
    round += 1;
    const late = `team-late-${round}`;
    await world.source("hub", { username: "ann", password: `hush-${round}` });
    // In turns: who is reverted again and again is contested, as is right, but another story.
    await world.admin.remove(`/api/v1/namespaces/team-${(2 * round) % 8}/secrets/regcred`);
    await world.admin.patch(account(`team-${(2 * round + 1) % 8}`), {
      imagePullSecrets: [{ name: "zz" }, { name: "own" }],
    });
    await world.namespaces([late]);
    return [...namespaces, late];
  };

  /** What the operator should never have to say. */
  const surprises = (): readonly string[] =>
    running.log
      .map(({ message }) => message)
      .filter((message) => ["run failed", "change not taken in"].includes(message));

  it.each<[string, Fault, Victims, number]>([
    ["answers 500 to everything", { kind: "answer", code: 500 }, "all", 4],
    ["answers 503 to watches", { kind: "answer", code: 503, retryAfter: 1 }, "watches", 4],
    ["answers 503 to watches, and names a week", { kind: "answer", code: 503, retryAfter: 999_999 }, "watches", 4],
    ["answers 503 to writes, and names a week", { kind: "answer", code: 503, retryAfter: 999_999 }, "writes", 4],
    ["answers 429 to everything, and names a week", { kind: "answer", code: 429, retryAfter: 999_999 }, "all", 4],
    ["answers 409 to writes", { kind: "answer", code: 409 }, "writes", 4],
    ["answers 429 to everything, and when to come back", { kind: "answer", code: 429, retryAfter: 1 }, "all", 4],
    ["answers 403 to everything", { kind: "answer", code: 403 }, "all", 4],
    ["answers 422 to writes", { kind: "answer", code: 422 }, "writes", 4],
    ["gives half a line", { kind: "half" }, "all", 4],
    ["loses its answers to writes", { kind: "lost" }, "writes", 4],
    ["breaks every connection", { kind: "reset" }, "all", 4],
    ["hangs", { kind: "hang" }, "all", 12],
  ])(
    "that %s is survived: bounded requests, nothing foreign lost, stable within a minute",
    async (_what, fault, victims, lasting) => {
      const before = proxy.count().all;
      proxy.inject(fault, victims);
      const wanted = await work();
      await pause(lasting);
      const during = proxy.count().all - before;
      proxy.heal();
      await served(wanted, round, seconds(60));
      await calm();
      expect(surprises()).toEqual([]);
      // Nine namespaces, a token and a status are at work, and some eight watches: each comes back ever more slowly.
      expect(during).toBeLessThan(50 * lasting);
    },
  );

  it("that is killed and started again finds everything served", async () => {
    const wanted = await work();
    await world.cluster.apiServer.kill();
    await pause(2);
    await world.cluster.apiServer.start();
    await served(wanted, round, seconds(60));
    const again = await work();
    await served(again, round, seconds(60));
    await calm();
    expect(surprises()).toEqual([]);
  });

  it("never brings a password into the log", () => {
    expect(running.log.length).toBeGreaterThan(20);
    expect(JSON.stringify(running.log)).not.toContain("hush-");
  });
});
