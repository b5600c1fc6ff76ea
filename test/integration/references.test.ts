// Tests that references stand against other writers, and go when they must.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { operatorWrites } from "./audit-log.ts";
import { eventually, type RunningOperator, type TestEnv, testEnv, soon, staticSpec } from "./test-env.ts";

const record = "regcred.dev/references";

describe("references on ServiceAccounts", () => {
  let world: TestEnv;
  let running: RunningOperator;

  const account = (namespace: string): string => `/api/v1/namespaces/${namespace}/serviceaccounts/default`;
  const recordOf = async (namespace: string): Promise<string | undefined> =>
    (await world.admin.get(account(namespace)))?.metadata.annotations?.[record];
  const listed = (names: readonly string[]): object => ({ imagePullSecrets: names.map((name) => ({ name })) });
  const spec = (name: string): object =>
    staticSpec("hub", { namespaces: { include: [`${name}-*`] }, pullSecret: { name } });

  beforeAll(async () => {
    world = await testEnv({ auditLog: true });
    await world.source("hub", { username: "ann", password: "first" });
    running = await world.startOperator();
  });
  afterAll(() => world.close());

  it("gives way to a writer that reverts it 100 times, and comes back when that one stops", async () => {
    const foreign = ["zebra", "aardvark"];
    await world.namespaces(["fight-a"]);
    await world.admin.patch(account("fight-a"), listed(foreign));
    await world.credential("fight", spec("fight"));
    await eventually("the reference is there", async () => (await world.references("fight-a")).includes("fight"));
    let reverts = 0;
    for (let round = 0; round < 100; round++) {
      const found = await world.references("fight-a");
      expect(found.filter((name) => name !== "fight")).toEqual(foreign);
      if (found.includes("fight")) reverts++;
      await world.admin.patch(account("fight-a"), {
        metadata: { annotations: { round: `${round}` } },
        ...listed(foreign),
      });
      await pause(40);
    }
    const patches = (await operatorWrites(world)).filter(
      (write) => write.resource === "serviceaccounts" && write.namespace === "fight-a",
    );
    expect(reverts).toBeGreaterThan(3);
    expect(patches.length).toBeLessThan(20);
    await eventually(
      "Contested is told",
      async () => (await world.condition("fight", "Distributed"))?.reason === "Contested",
    );
    expect((await world.status("fight")).failures).toMatchObject([
      { reason: "Contested", cause: "Tenant", count: 1, examples: ["fight-a"] },
    ]);
    await expect
      .poll(() => world.condition("fight", "Distributed"), soon)
      .toMatchObject({
        status: "False",
        message: expect.stringContaining("ignoreDifferences"),
      });
    await expect.poll(() => world.condition("fight", "Ready"), soon).toMatchObject({ status: "True" });

    await eventually("the reference is back", async () => (await world.references("fight-a")).includes("fight"));
    expect(await world.references("fight-a")).toEqual([...foreign, "fight"]);
  });

  it("takes the record on a ServiceAccount for a hint: stripped, forged or restored, nothing of the tenant's goes", async () => {
    const namespaces = ["hint-stripped", "hint-forged", "hint-garbled", "hint-restored"];
    await world.namespaces(namespaces);
    for (const namespace of namespaces) await world.admin.patch(account(namespace), listed(["own"]));
    await world.credential("hint", spec("hint"));
    await eventually("all are served", async () => (await world.status("hint")).namespaces?.ready === 4);
    for (const namespace of namespaces) expect(await recordOf(namespace)).toBe('["hint"]');

    await world.admin.patch(account("hint-stripped"), { metadata: { annotations: { [record]: null } } });
    await world.admin.patch(account("hint-forged"), {
      metadata: { annotations: { [record]: '["own","hint","kube-root"]' } },
    });
    await world.admin.patch(account("hint-garbled"), { metadata: { annotations: { [record]: "[{" } } });
    await world.admin.patch(account("hint-restored"), listed(["own"]));
    await eventually("the restored one is repaired", async () =>
      (await world.references("hint-restored")).includes("hint"),
    );
    // What nobody deals in may be what a RegistryCredential left that went without a drain: a note of it harms nobody.
    expect(await recordOf("hint-forged")).toContain('"hint"');
    for (const namespace of namespaces) expect(await world.references(namespace)).toEqual(["own", "hint"]);

    await world.admin.patch(account("hint-forged"), { metadata: { annotations: { [record]: '["own"]' } } });
    await world.deleteCredential("hint");
    for (const namespace of namespaces) {
      expect(await world.references(namespace)).toEqual(["own"]);
      expect(await world.secret(namespace, "hint")).toBeUndefined();
    }
  });

  it("serves a ServiceAccount that is deleted and made again", async () => {
    await world.namespaces(["again-a"]);
    await world.credential("again", spec("again"));
    await eventually("it is served", async () => (await world.references("again-a")).includes("again"));
    const before = await world.admin.get(account("again-a"));
    await world.admin.remove(account("again-a"));
    await eventually("the new one is served", async () => {
      const now = await world.admin.get(account("again-a"));
      return (
        now !== undefined &&
        now.metadata.uid !== before?.metadata.uid &&
        (await world.references("again-a")).includes("again")
      );
    });
    expect(await recordOf("again-a")).toBe('["again"]');
  });

  it("lets namespaces go that are deleted while they are being served", async () => {
    const doomed = Array.from({ length: 12 }, (_, index) => `doomed-${index}`);
    await world.namespaces(doomed);
    await world.credential("doomed", spec("doomed"));
    await Promise.all(
      doomed.map(async (namespace, index) => {
        await pause(index * 15);
        if (index % 3 === 0) await world.admin.remove(account(namespace));
        await world.admin.remove(`/api/v1/namespaces/${namespace}`);
      }),
    );
    for (const namespace of doomed) {
      await eventually(
        `${namespace} is gone`,
        async () => (await world.admin.get(`/api/v1/namespaces/${namespace}`)) === undefined,
      );
    }
    await eventually(
      "nothing is selected",
      async () => (await world.condition("doomed", "Ready"))?.reason === "NoNamespaceSelected",
    );
    const writes = await operatorWrites(world);
    for (const namespace of doomed) {
      expect(writes.filter((write) => write.namespace === namespace).length).toBeLessThan(10);
    }
    expect(running.log.filter(({ level }) => level === "error")).toEqual([]);
    expect(
      running.log.filter(({ level, fields }) => level === "warn" && doomed.includes(String(fields["namespace"]))),
    ).toEqual([]);
  });
});

/** Between two steps of the other writer, as its own pace. */
function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
