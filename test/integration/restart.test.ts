// Tests that a new operator finds everything as the last one left it.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { operatorWrites } from "./audit-log.ts";
import { eventually, operatorNamespace, type RunningOperator, type TestEnv, testEnv, staticSpec } from "./test-env.ts";

describe("a restart", () => {
  let world: TestEnv;
  let running: RunningOperator;
  const namespaces = Array.from({ length: 20 }, (_, index) => `team-${index}`);

  /** The API server's own count of writes to what the operator writes. */
  const counted = async (): Promise<number> => {
    const lines = (await world.cluster.metricsText())
      .split("\n")
      .filter(
        (line) =>
          line.startsWith("apiserver_request_total{") &&
          /verb="(?:POST|PUT|PATCH|DELETE)"/.test(line) &&
          /resource="(?:secrets|serviceaccounts|registrycredentials|events)"/.test(line),
      );
    return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  };
  const entriesOf = async (namespace: string): Promise<string> =>
    (await world.secret(namespace))?.metadata.annotations?.["regcred.dev/entries"] ?? "";
  const versions = async (): Promise<readonly string[]> =>
    Promise.all(
      namespaces.map(async (namespace) => (await world.secret(namespace))?.metadata.resourceVersion ?? "none"),
    );

  beforeAll(async () => {
    world = await testEnv({ auditLog: true });
    await world.source("hub", { username: "ann", password: "first" });
    await world.source("lab", { username: "bea", password: "second" });
    await world.namespaces(namespaces);
    running = await world.startOperator();
    await world.credential("hub", staticSpec("hub", { pullSecret: { extraReferences: ["own"] } }));
    await world.credential("lab", staticSpec("lab", { hosts: ["lab.example.com"] }));
    await eventually("both are served", async () => {
      const [hub, lab] = [await world.condition("hub", "Ready"), await world.condition("lab", "Ready")];
      return (
        hub?.reason === "Served" && lab?.reason === "Served" && (await world.status("lab")).namespaces?.ready === 20
      );
    });
    await world.atRest();
  });
  afterAll(() => world.close());

  it("writes nothing where nothing is to be done, status and Events included", async () => {
    await running.stop();
    const before = { audited: await operatorWrites(world), counted: await counted() };
    running = await world.startOperator();
    await world.atRest();
    expect((await operatorWrites(world)).slice(before.audited.length)).toEqual([]);
    expect(await counted()).toBe(before.counted);
    await world.namespaces(["team-late"]);
    await eventually("it is at work all the same", async () =>
      (await world.references("team-late")).includes("regcred"),
    );
  });

  it("takes nothing away while the sources and the tokens are missing", async () => {
    await running.stop();
    const before = await versions();
    const secrets = `/api/v1/namespaces/${operatorNamespace}/secrets`;
    for (const { metadata } of await world.admin.list(secrets)) await world.admin.remove(`${secrets}/${metadata.name}`);
    running = await world.startOperator();
    await eventually(
      "the missing source is told",
      async () => (await world.condition("hub", "TokensFresh"))?.reason === "SourceMissing",
    );
    await world.atRest();
    expect(await versions()).toEqual(before);
    expect(await world.references("team-7")).toEqual(["regcred", "own"]);

    await world.source("hub", { username: "ann", password: "new" });
    await world.source("lab", { username: "bea", password: "second" });
    await eventually(
      "the new password arrives",
      async () => (await world.logins("team-7"))?.["registry.example.com"]?.password === "new",
    );
    await eventually("all is well", async () => (await world.condition("hub", "Ready"))?.reason === "Served");
  });

  it("keeps the login of a grant in force whose source and token were lost, beside one that is rotated", async () => {
    const secrets = `/api/v1/namespaces/${operatorNamespace}/secrets`;
    const host = "registry.example.com";
    // It says when it ends.
    const endsAt = world.now().add({ minutes: 1 }).round("second");
    await world.admin.patch(`${secrets}/hub`, {
      metadata: { annotations: { "regcred.dev/expires-at": endsAt.toString() } },
    });
    await eventually("the Secrets say so", async () => (await entriesOf("team-7")).includes('"expires"'));
    const login = (await world.logins("team-7"))?.[host];
    await running.stop();
    const entries = JSON.parse(await entriesOf("team-7")) as { name: string; grant: string }[];
    const grant = entries.find(({ name }) => name === "hub/main")?.grant;
    await world.admin.remove(`${secrets}/regcred-token-${grant}`);
    await world.admin.remove(`${secrets}/hub`);
    await world.source("lab", { username: "bea", password: "third" });

    running = await world.startOperator();
    const lab = async (): Promise<string | undefined> => (await world.logins("team-7"))?.["lab.example.com"]?.password;
    await eventually("the other one is rotated", async () => (await lab()) === "third");
    expect((await world.logins("team-7"))?.[host]).toEqual(login);
    expect(world.now().until(endsAt).sign, "the machine was too slow for this test").toBe(1);
    await world.leap(world.now().until(endsAt));
    // Nobody knows of its end but the Secret itself.
    await eventually("it leaves at its end", async () => (await world.logins("team-7"))?.[host] === undefined);
    expect(world.now().until(endsAt).sign).toBeLessThan(1);
    expect(await lab()).toBe("third");
    expect(await world.references("team-7")).toEqual(["regcred", "own"]);
    await world.source("hub", { username: "ann", password: "new" });
    await eventually("it is served again", async () => (await world.logins("team-7"))?.[host]?.password === "new");
  });

  it("takes back a further reference that left the spec while no operator ran", async () => {
    const own = "/api/v1/namespaces/team-1/serviceaccounts/default";
    await running.stop();
    // Of this one nobody says that it was ours.
    await world.admin.patch(own, { metadata: { annotations: { "regcred.dev/references": '["regcred"]' } } });
    await world.patchCredential("hub", { spec: { pullSecret: { extraReferences: null } } });
    running = await world.startOperator();
    await eventually("it is taken back", async () => (await world.references("team-7")).join() === "regcred");
    await eventually("it is forgotten", async () => (await world.status("hub")).extraReferences === undefined);
    for (const namespace of namespaces) {
      expect(await world.references(namespace)).toEqual(namespace === "team-1" ? ["regcred", "own"] : ["regcred"]);
    }
  });

  it("finishes a deletion that was begun while no operator ran", async () => {
    await running.stop();
    await world.admin.remove("/apis/regcred.dev/v1alpha1/registrycredentials/lab");
    running = await world.startOperator();
    await eventually(
      "lab is gone",
      async () => (await world.admin.get("/apis/regcred.dev/v1alpha1/registrycredentials/lab")) === undefined,
    );
    for (const namespace of namespaces)
      expect(Object.keys((await world.logins(namespace)) ?? {})).toEqual(["registry.example.com"]);
  });
});
