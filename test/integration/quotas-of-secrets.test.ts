// Tests of whom a quota of no Secrets concerns, in the operator's own namespace or in a tenant's.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { denialStage, names, type Stage, reportedBy } from "./denial-stage.ts";
import { eventually, operatorNamespace, staticSpec } from "./test-env.ts";

const minute = Temporal.Duration.from({ minutes: 1 });

describe("a quota of no Secrets", () => {
  let stage: Stage;

  const quotasOf = (namespace: string): string => `/api/v1/namespaces/${namespace}/resourcequotas`;
  const limit = async (namespace: string, secrets: string): Promise<void> => {
    const path = quotasOf(namespace);
    const spec = { hard: { "count/secrets": secrets } };
    if (await stage.world.admin.get(`${path}/none`)) await stage.world.admin.patch(`${path}/none`, { spec });
    else await stage.world.admin.create(path, { metadata: { name: "none" }, spec });
    await eventually("the quota is in force", async () => {
      const quota = await stage.world.admin.get(`${path}/none`);
      const { hard } = (quota?.["status"] ?? {}) as { readonly hard?: Readonly<Record<string, string>> };
      return hard?.["count/secrets"] === secrets;
    });
  };
  const everybodyHasTheLast = async (without: readonly string[] = []): Promise<void> => {
    for (const namespace of stage.namespaces.filter((each) => !without.includes(each)))
      for (const name of names)
        await eventually(`${namespace} has the last of ${name}`, () => stage.has(name, namespace, [stage.password]));
  };

  beforeAll(async () => {
    stage = await denialStage({ install: {} });
  });
  afterAll(() => stage?.close());

  it("in the operator's namespace keeps nobody from what it has a token for; a new credential is told, and served later", async () => {
    const { world } = stage;
    await world.source("hub-late", { username: "late", password: "first" });
    await limit(operatorNamespace, "0");
    await world.credential("late", staticSpec("hub-late", { hosts: ["late.example.com"] }));
    await stage.rotate();
    await stage.join("team-late");
    await everybodyHasTheLast();
    await eventually("the quota is told", async () => /QuotaExceeded.*none/.test(await reportedBy(world, "late")));
    for (const name of names) expect(await reportedBy(world, name)).not.toContain("QuotaExceeded");
    await limit(operatorNamespace, "100");
    await eventually(
      "the new one is served",
      async () => (await world.condition("late", "Ready"))?.status === "True",
      minute,
    );
    await world.deleteCredential("late");
    await stage.well();
    expect(stage.losses()).toEqual([]);
  });

  it("in a tenant's namespace keeps no rotation from it, and nothing from others", async () => {
    await limit("team-0", "0");
    await stage.rotate();
    await everybodyHasTheLast();
    // Nobody but the tenant can bring this about.
    await stage.world.admin.remove("/api/v1/namespaces/team-0/secrets/regcred");
    for (const name of names)
      await eventually(`${name} tells`, async () => /QuotaExceeded/.test(await reportedBy(stage.world, name)));
    await stage.rotate();
    await everybodyHasTheLast(["team-0"]);
    await limit("team-0", "100");
    await stage.well();
    expect(stage.losses()).toEqual(["a.example.com in team-0", "b.example.com in team-0"]);
  });
});
