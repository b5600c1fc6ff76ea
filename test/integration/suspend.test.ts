// Tests that a suspended credential leaves tenants alone, and catches up afterwards.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { operatorWrites } from "./audit-log.ts";
import { eventually, operatorNamespace, type TestEnv, testEnv, staticSpec } from "./test-env.ts";

describe("suspend", () => {
  let world: TestEnv;
  const account = (namespace: string): string => `/api/v1/namespaces/${namespace}/serviceaccounts/default`;
  const password = async (
    namespace: string,
    name: string,
    host = "registry.example.com",
  ): Promise<string | undefined> => (await world.logins(namespace, name))?.[host]?.password;
  const spec = (name: string, changes: object = {}): object =>
    staticSpec(name, { namespaces: { include: ["quiet-*"] }, pullSecret: { name }, ...changes });

  beforeAll(async () => {
    world = await testEnv({ auditLog: true });
    await world.startOperator();
  });
  afterAll(() => world.close());

  it("writes nothing to tenants, whatever happens, until it is resumed", async () => {
    await world.source("quiet-source", { username: "ann", password: "first" });
    await world.namespaces(["quiet-a", "quiet-b", "quiet-c"]);
    await world.credential("quiet", spec("quiet-source", { pullSecret: { name: "quiet", extraReferences: ["own"] } }));
    await eventually("it is served", async () => (await world.status("quiet")).namespaces?.ready === 3);
    await world.patchCredential("quiet", { spec: { suspend: true } });
    await eventually("it is suspended", async () => (await world.condition("quiet", "Ready"))?.reason === "Suspended");
    const before = (await operatorWrites(world)).length;

    await world.source("quiet-source", { username: "ann", password: "second" });
    await world.namespaces(["quiet-new"]);
    await world.admin.remove("/api/v1/namespaces/quiet-b/secrets/quiet");
    await world.admin.patch(account("quiet-c"), { imagePullSecrets: [{ name: "theirs" }] });
    await eventually("the token is refreshed all the same", async () =>
      (await operatorWrites(world))
        .slice(before)
        .some(({ resource, namespace }) => resource === "secrets" && namespace === operatorNamespace),
    );
    await world.atRest();
    const toTenants = (await operatorWrites(world))
      .slice(before)
      .filter(({ namespace }) => namespace?.startsWith("quiet-"));
    expect(toTenants).toEqual([]);
    expect(await password("quiet-a", "quiet")).toBe("first");

    await world.patchCredential("quiet", { spec: { suspend: false } });
    for (const namespace of ["quiet-a", "quiet-b", "quiet-c", "quiet-new"]) {
      await eventually(`${namespace} has caught up`, async () => (await password(namespace, "quiet")) === "second");
      await eventually(`${namespace} refers again`, async () => (await world.references(namespace)).includes("quiet"));
    }
    expect(await world.references("quiet-c")).toEqual(["theirs", "quiet", "own"]);
    await eventually("all is well", async () => (await world.condition("quiet", "Ready"))?.reason === "Served");
    await world.deleteCredential("quiet");
    expect(await world.references("quiet-a")).toEqual([]);
  });

  it("does not hold back another credential of the same Secret", async () => {
    await world.source("asleep", { username: "ann", password: "first" });
    await world.source("awake", { username: "bea", password: "first" });
    await world.namespaces(["quiet-shared"]);
    await world.credential("asleep", spec("asleep", { pullSecret: { name: "shared" }, suspend: true }));
    await world.credential("awake", spec("awake", { pullSecret: { name: "shared" }, hosts: ["other.example.com"] }));
    await eventually(
      "the other is served",
      async () => (await password("quiet-shared", "shared", "other.example.com")) === "first",
    );
    await eventually("it is referred to", async () => (await world.references("quiet-shared")).includes("shared"));
    await world.source("awake", { username: "bea", password: "second" });
    await eventually(
      "it is refreshed",
      async () => (await password("quiet-shared", "shared", "other.example.com")) === "second",
    );
    expect(await world.references("quiet-shared")).toEqual(["shared"]);
  });
});
