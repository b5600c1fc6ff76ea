// Tests of an operator that starts while the API server fails.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Fault, type FaultProxy, faultProxy } from "../cluster/fault-proxy.ts";
import { eventually, type LogLine, type TestEnv, testEnv, soon, staticSpec } from "./test-env.ts";

const namespaces = ["team-0", "team-1", "team-2"];
/** Longer than the first pauses between two attempts. */
const lasting = 3_000;
// What hangs is given up soon.
const timing = { answer: Temporal.Duration.from({ seconds: 4 }) };

describe("an operator that starts", () => {
  let world: TestEnv;
  let proxy: FaultProxy;
  let round = 0;

  beforeAll(async () => {
    world = await testEnv();
    proxy = await faultProxy(world.cluster);
    await world.namespaces(namespaces);
    await world.source("hub", { username: "ann", password: "round-0" });
    await world.credential("hub", staticSpec("hub"));
  });
  afterAll(async () => {
    await world.close();
    await proxy.close();
  });

  const served = (): Promise<void> =>
    eventually(`round ${round} is served`, async () => {
      const passwords = await Promise.all(
        namespaces.map(async (namespace) => (await world.logins(namespace))?.["registry.example.com"]?.password),
      );
      return passwords.every((password) => password === `round-${round}`);
    });

  it.each<[string, Fault]>([
    ["answers 500", { kind: "answer", code: 500 }],
    ["answers 429", { kind: "answer", code: 429, retryAfter: 1 }],
    ["answers 403", { kind: "answer", code: 403 }],
    ["gives half a line", { kind: "half" }],
    ["breaks the connection", { kind: "reset" }],
    ["says nothing", { kind: "hang" }],
  ])("goes on by itself where the API server %s to what fills its stores", async (_what, fault) => {
    round += 1;
    await world.source("hub", { username: "ann", password: `round-${round}` });
    proxy.inject(fault, "stores");
    const before = proxy.count().all;
    const starting = world.startOperator({ kubeconfig: proxy.kubeconfig, timing });
    let begun = false;
    const begins = starting.then(() => (begun = true));
    await new Promise((resolve) => setTimeout(resolve, lasting));
    expect(begun, "it does not begin without knowing the cluster").toBe(false);
    const asked = proxy.count().all - before;
    proxy.heal();
    await begins;
    await served();
    // The checks at the start, and a handful of watches that come back ever more slowly.
    expect(asked).toBeLessThan(150);
    const running = await starting;
    expect(running.log.map(({ message }) => message)).not.toContain("run failed");
    await running.stop();
  });

  it.each<[string, Fault]>([
    ["answers 500", { kind: "answer", code: 500 }],
    ["answers 429", { kind: "answer", code: 429, retryAfter: 1 }],
    ["gives half a line", { kind: "half" }],
    ["breaks the connection", { kind: "reset" }],
    ["says nothing", { kind: "hang" }],
  ])(
    "says one sentence, and what to look at, where the API server %s to its very first questions, and starts once it answers",
    async (_what, fault) => {
      round += 1;
      await world.source("hub", { username: "ann", password: `round-${round}` });
      proxy.inject(fault, "all");
      const lines: LogLine[] = [];
      const starting = world.startOperator({ kubeconfig: proxy.kubeconfig, timing, lines });
      await expect
        .poll(
          () => lines.filter(({ message }) => message === "waiting for the API server").map(({ fields }) => fields),
          soon,
        )
        .toContainEqual({
          detail: expect.stringMatching(
            /^(?:no answer from )?the API server \S+ [^\n]+; check that it runs with: [^\n.]+ \/readyz$/,
          ) as string,
        });
      proxy.heal();
      const running = await starting;
      await served();
      await running.stop();
    },
  );
});
