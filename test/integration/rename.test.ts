// Tests that a changed pullSecret.name reaches every tenant without a gap, and that the former Secret stays its time.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { credentialsPath, eventually, type RunningOperator, type TestEnv, testEnv, staticSpec } from "./test-env.ts";

// All that are used here: the operator is installed for these.
const pullSecretNames = `
  back back-2 down down-2 hurry-0 hurry-1 hurry-2 hurry-3 hurry-4 hurry-5 hurry-6 hurry-7 regcred step step-2`
  .trim()
  .split(/\s+/);

describe("a changed pullSecret.name", () => {
  let world: TestEnv;
  let running: RunningOperator;
  const namespaces = (name: string): readonly string[] => [`${name}-a`, `${name}-b`];

  const password = async (namespace: string, name: string): Promise<string | undefined> =>
    (await world.logins(namespace, name))?.["registry.example.com"]?.password;
  const served = async (name: string): Promise<void> => {
    await world.source(`${name}-source`, { username: "ann", password: "first" });
    await world.namespaces(namespaces(name));
    await world.credential(
      name,
      staticSpec(`${name}-source`, { namespaces: { include: [`${name}-*`] }, pullSecret: { name } }),
    );
    await eventually(`${name} is served`, async () => (await world.status(name)).namespaces?.ready === 2);
  };
  const rename = (name: string, to: string): Promise<unknown> =>
    world.patchCredential(name, { spec: { pullSecret: { name: to } } });
  const refersTo = (name: string, secret: string): Promise<void> =>
    eventually(`all refer to ${secret} alone`, async () =>
      (await Promise.all(namespaces(name).map((namespace) => world.references(namespace)))).every(
        (found) => found.join() === secret,
      ),
    );
  const retiring = async (name: string): Promise<readonly string[]> =>
    ((await world.status(name)).retiring ?? []).map(({ secretName }) => secretName);
  /** What is still there of a credential that is gone. */
  const remains = async (name: string, secrets: readonly string[]): Promise<readonly string[]> => {
    const left: string[] = [];
    for (const namespace of namespaces(name)) {
      left.push(...(await world.references(namespace)));
      for (const secret of secrets)
        if (await world.secret(namespace, secret)) left.push(`Secret ${namespace}/${secret}`);
    }
    return left;
  };

  beforeAll(async () => {
    world = await testEnv({ install: { pullSecretNames } });
    running = await world.startOperator();
  });
  afterAll(() => world.close());

  it("brings the new one, moves the references, and keeps the old one fresh until its hour is over", async () => {
    await served("step");
    await rename("step", "step-2");
    await refersTo("step", "step-2");
    await eventually("the old name is listed", async () => (await retiring("step")).join() === "step");
    const [entry] = (await world.status("step")).retiring ?? [];
    const minutes = Temporal.Now.instant()
      .until(entry?.until ?? "")
      .total("minutes");
    expect(minutes).toBeGreaterThan(55);
    expect(minutes).toBeLessThanOrEqual(60);

    await world.source("step-source", { username: "ann", password: "second" });
    for (const namespace of namespaces("step")) {
      for (const secret of ["step", "step-2"]) {
        await eventually(
          `${secret} follows in ${namespace}`,
          async () => (await password(namespace, secret)) === "second",
        );
      }
    }

    await world.admin.patch(`${credentialsPath}/step/status`, {
      status: { retiring: [{ secretName: "step", until: "2026-01-01T00:00:00Z" }] },
    });
    for (const namespace of namespaces("step")) {
      await eventually(
        `the old one leaves ${namespace}`,
        async () => (await world.secret(namespace, "step")) === undefined,
      );
      expect(await world.references(namespace)).toEqual(["step-2"]);
    }
    await eventually("nothing retires any more", async () => (await retiring("step")).length === 0);
    await world.deleteCredential("step");
    expect(await remains("step", ["step", "step-2"])).toEqual([]);
  });

  it("can be taken back", async () => {
    await served("back");
    const before = await world.secret("back-a", "back");
    await rename("back", "back-2");
    await refersTo("back", "back-2");
    await rename("back", "back");
    await refersTo("back", "back");
    expect((await world.secret("back-a", "back"))?.metadata.uid).toBe(before?.metadata.uid);
    await eventually("the other one retires", async () => (await retiring("back")).join() === "back-2");
    await world.deleteCredential("back");
    expect(await remains("back", ["back", "back-2"])).toEqual([]);
  });

  it("is noticed by an operator that was down", async () => {
    await served("down");
    await running.stop();
    await rename("down", "down-2");
    running = await world.startOperator();
    await refersTo("down", "down-2");
    await eventually("the old name is listed", async () => (await retiring("down")).join() === "down");
    expect(await password("down-a", "down")).toBe("first");
    await running.stop();
    await world.admin.remove(`${credentialsPath}/down`);
    running = await world.startOperator();
    await eventually("it is gone", async () => (await world.admin.get(`${credentialsPath}/down`)) === undefined);
    expect(await remains("down", ["down", "down-2"])).toEqual([]);
  });

  it("loses no Secret of names that are changed in a hurry", async () => {
    await world.source("hurry-source", { username: "ann", password: "first" });
    await world.namespaces(namespaces("hurry"));
    await world.credential(
      "hurry",
      staticSpec("hurry-source", { namespaces: { include: ["hurry-*"] }, pullSecret: { name: "hurry-0" } }),
    );
    const names = Array.from({ length: 8 }, (_, index) => `hurry-${index}`);
    for (const [index, name] of names.entries()) {
      await rename("hurry", name);
      await new Promise((resolve) => setTimeout(resolve, index * 10));
    }
    await refersTo("hurry", "hurry-7");
    await world.deleteCredential("hurry");
    expect(await remains("hurry", names)).toEqual([]);
  });
});
