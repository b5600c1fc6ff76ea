// Runs the real program while a glob is mistyped in a cluster of thousands of namespaces.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodeOptions } from "../node-options.ts";
import { type Replica, startReplica } from "./replica.ts";
import { eventually, loginsIn, operatorNamespace, type TestEnv, testEnv, staticSpec } from "./test-env.ts";
import { secretsCalled } from "./history.ts";

/** Milliseconds. */
const longestStall = 50;
const patience = 10 * 60_000;
const soon = Temporal.Duration.from({ minutes: 3 });
// As many writes at once as two cores bear.
const atOnce = 50;
const lease = `/apis/coordination.k8s.io/v1/namespaces/${operatorNamespace}/leases/regcred`;

export function mistypedGlob(count: number): void {
  // What the compiler does may fall into it.
  describe(`a mistyped glob that takes ${count} namespaces out`, { retry: 2 }, () => {
    let world: TestEnv;
    let replica: Replica;
    let round = 0;

    const start = async (): Promise<void> => {
      const probe = new URL("tell-stalls.ts", import.meta.url).href;
      replica = await startReplica(world.cluster.kubeconfig, operatorNamespace, {
        nodeOptions: [...nodeOptions, "--import", probe],
        logLevel: "info",
      });
      await replica.untilLogged("started");
    };
    const rotate = (): Promise<void> => world.source("hub", { username: "ann", password: `round-${(round += 1)}` });
    /** How many have the last password. */
    const fresh = async (): Promise<number> =>
      (await world.admin.list(secretsCalled("regcred"))).filter(
        (secret) => loginsIn(secret)?.["registry.example.com"]?.password === `round-${round}`,
      ).length;
    const held = (): Promise<void> =>
      eventually(
        "the removal is held",
        async () =>
          (await world.condition("globe", "RemovalHeld"))?.message.includes(`${count} of ${count} namespaces`) === true,
        soon,
      );
    /** Since it has begun to look at the cluster: to load a program takes its time. */
    const stalls = (): readonly number[] => {
      const log = replica.log();
      const began = log.find(({ msg }) => msg === "leading")?.time;
      return log.flatMap(({ msg, time, milliseconds }) =>
        msg === "stalled" && began && Temporal.Instant.compare(time, began) >= 0 ? [Number(milliseconds)] : [],
      );
    };
    const holder = async (): Promise<unknown> => (await world.admin.get(lease))?.["spec"];
    const goesOnAs = async (leader: unknown): Promise<void> => {
      const { holderIdentity, leaseTransitions } = (await holder()) as Record<string, unknown>;
      expect(leader).toMatchObject({ holderIdentity, leaseTransitions });
      process.stdout.write(`stalls with ${count} namespaces: ${stalls().join(" ")} ms\n`);
      expect(replica.child.exitCode).toBeNull();
    };

    beforeAll(async () => {
      world = await testEnv();
      await rotate();
      const names = Array.from({ length: count }, (_, index) => `globe-${String(index).padStart(4, "0")}`);
      for (let from = 0; from < count; from += atOnce) {
        const some = names.slice(from, from + atOnce);
        await Promise.all(some.map((name) => world.admin.create("/api/v1/namespaces", { metadata: { name } })));
      }
      await world.credential("globe", staticSpec("hub", { namespaces: { include: ["globe-*"] }, references: "None" }));
      await start();
      await eventually("all are served", async () => (await world.status("globe")).namespaces?.ready === count, soon);
    }, patience);
    afterAll(async () => {
      replica?.child.kill("SIGKILL");
      await replica?.exitCode;
      await world?.close();
    });

    it(
      "is held and told, while the program goes on, leads and renews",
      async () => {
        const leader = await holder();
        await world.patchCredential("globe", { spec: { namespaces: { include: ["glode-*"] } } });
        await held();
        await rotate();
        await eventually("the held ones are renewed", async () => (await fresh()) > 50, soon);
        await goesOnAs(leader);
        expect(Math.max(0, ...stalls())).toBeLessThanOrEqual(longestStall);
      },
      patience,
    );

    it.each(["first", "second", "third"])(
      "is held over a %s restart, while the program goes on, leads and renews",
      async () => {
        replica.child.kill("SIGTERM");
        await replica.exitCode;
        await start();
        const leader = await holder();
        await rotate();
        await eventually("the held ones are renewed", async () => (await fresh()) > 50, soon);
        await held();
        await goesOnAs(leader);
        expect(Math.max(0, ...stalls())).toBeLessThanOrEqual(longestStall);
        expect(await world.admin.list(secretsCalled("regcred"))).toHaveLength(count);
      },
      patience,
    );
  });
}
