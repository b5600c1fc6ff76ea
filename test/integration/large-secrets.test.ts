// Tests that the operator starts and serves beside a Secret of 1 MiB in every one of 1,000 namespaces.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OperatorChild, startOperatorChild } from "./operator-child.ts";
import { eventually, type TestEnv, testEnv, staticSpec } from "./test-env.ts";

const count = 1_000;
const patience = 10 * 60_000;
const soon = Temporal.Duration.from({ minutes: 2 });
// As many writes at once as two cores bear.
const atOnce = 8;

describe("a Secret of our name with 1 MiB in each of 1,000 namespaces", () => {
  let world: TestEnv;
  let operator: OperatorChild | undefined;

  beforeAll(async () => {
    // A cluster of its own: to put a gibibyte back takes longer than to throw it away.
    world = await testEnv({ apiServerArguments: ["--v=0"] });
    await world.source("hub", { username: "ann", password: "first" });
    const data = { blob: Buffer.alloc(1_048_000, "x").toString("base64") };
    for (let from = 0; from < count; from += atOnce) {
      await Promise.all(
        Array.from({ length: Math.min(atOnce, count - from) }, async (_, index) => {
          const name = `evil-${from + index}`;
          await world.admin.create("/api/v1/namespaces", { metadata: { name } });
          await world.admin.create(`/api/v1/namespaces/${name}/secrets`, { metadata: { name: "regcred" }, data });
        }),
      );
    }
    await world.namespaces(["team-a"]);
    await world.credential("all", staticSpec("hub", { namespaces: { include: ["team-*", "evil-*"] } }));
  }, patience);
  afterAll(async () => {
    await operator?.stop();
    await world.close();
  });

  it(
    "is left alone and told, costs little memory, and keeps nobody waiting",
    async () => {
      operator = await startOperatorChild(world.cluster.kubeconfig);
      await eventually("a tenant is served", async () => (await world.references("team-a")).includes("regcred"), soon);
      await eventually(
        "each is told",
        async () =>
          (await world.status("all")).failures?.some(
            ({ reason, count: reported }) => reason === "SecretConflict" && reported === count,
          ) === true,
        soon,
      );
      const found = { RSS: await operator.reported("RSS"), kept: await operator.reported("kept") };
      const stalled = await operator.reported("stalled");
      process.stdout.write(`${count} Secrets of 1 MiB: ${JSON.stringify({ ...found, stalled })}\n`);
      expect(found.kept).toBeLessThan(100);
      expect(found.RSS).toBeLessThan(320);
      expect(stalled).toBeLessThan(500);
      await world.namespaces(["team-b"]);
      await eventually("a new one, too", async () => (await world.references("team-b")).includes("regcred"), soon);
      expect((await world.secret("evil-0"))?.metadata.labels).toBeUndefined();
    },
    patience,
  );
});
