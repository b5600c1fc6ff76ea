// Tests of whom it concerns where a policy refuses what the operator writes on RegistryCredentials, its own objects, or Events.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { allow, changeControl, type Denial, deny } from "./denials.ts";
import { denialStage, names, type Stage, reportedBy } from "./denial-stage.ts";
import { credentialsPath, eventually, operatorNamespace, staticSpec } from "./test-env.ts";

const minute = Temporal.Duration.from({ minutes: 1 });
const named = (name: string): string => `request.name == '${name}'`;

describe("a policy that denies", () => {
  let stage: Stage;

  /** What is no trouble of `a` and `b` holds neither up: they rotate, and a new namespace gets both. */
  const othersGoOn = async (newcomer: string): Promise<void> => {
    await stage.rotate();
    await stage.join(newcomer);
    for (const namespace of stage.namespaces) {
      for (const name of names)
        await eventually(`${namespace} has the new one of ${name}`, () => stage.has(name, namespace, [stage.password]));
      await eventually(`${namespace} refers`, async () =>
        (await stage.world.references(namespace)).includes("regcred"),
      );
    }
  };
  const newcomerCredential = async (name: string): Promise<void> => {
    await stage.world.source(`hub-${name}`, { username: name, password: "first" });
    await stage.world.credential(name, staticSpec(`hub-${name}`, { hosts: [`${name}.example.com`] }));
  };
  const isServed = async (name: string): Promise<boolean> => {
    for (const namespace of stage.namespaces)
      if ((await stage.world.logins(namespace))?.[`${name}.example.com`]?.password !== "first") return false;
    return (await stage.world.condition(name, "Ready"))?.status === "True";
  };
  /** In the status, or where there can be none in an Event or the log. */
  const reports = (name: string): Promise<void> =>
    eventually(`it is told why ${name} is not`, async () => {
      const events = (await stage.world.events("default"))
        .filter(({ regarding }) => (regarding as { name?: string }).name === name)
        .map(({ note }) => String(note));
      const logged = stage
        .log()
        .map(({ fields }) => JSON.stringify(fields))
        .filter((line) => line.includes(name));
      return [await reportedBy(stage.world, name), ...events, ...logged].some((text) => text.includes(changeControl));
    });
  const saysInStatus = (name: string): Promise<void> =>
    eventually(`the status of ${name} tells why`, async () =>
      (await reportedBy(stage.world, name)).includes(changeControl),
    );

  beforeAll(async () => {
    stage = await denialStage({ install: {} });
  });
  afterEach(() => allow(stage.world));
  afterAll(() => stage?.close());

  it.each<[string, Denial]>([
    [
      "the update of one that is served",
      { resource: "registrycredentials", operations: ["UPDATE"], which: named("a") },
    ],
    [
      "the status of one that is served",
      { resource: "registrycredentials/status", operations: ["UPDATE"], which: named("a") },
    ],
    ["the update of all", { resource: "registrycredentials", operations: ["UPDATE"] }],
    ["every status", { resource: "registrycredentials/status", operations: ["UPDATE"] }],
    ["Events", { resource: "events", operations: ["CREATE", "UPDATE"] }],
  ])("%s keeps no login and no new namespace from anybody", async (what, denial) => {
    await deny(stage.world, denial);
    await othersGoOn(`team-${what.replaceAll(/\W/g, "-").toLowerCase()}`);
    await allow(stage.world);
    await stage.well();
    expect(stage.losses()).toEqual([]);
  });

  it("the finalizer of a new one keeps that one from being served, and from nobody anything", async () => {
    await deny(stage.world, { resource: "registrycredentials", operations: ["UPDATE"], which: named("c") });
    await newcomerCredential("c");
    await othersGoOn("team-beside-c");
    await saysInStatus("c");
    for (const namespace of stage.namespaces)
      expect(Object.keys((await stage.world.logins(namespace)) ?? {})).not.toContain("c.example.com");
    await allow(stage.world);
    await eventually("c is served", () => isServed("c"), minute);
    await stage.world.deleteCredential("c");
    await stage.well();
    expect(stage.losses()).toEqual([]);
  });

  it("the status of a new one keeps that one from being served, and from nobody anything", async () => {
    await deny(stage.world, { resource: "registrycredentials/status", operations: ["UPDATE"], which: named("d") });
    await newcomerCredential("d");
    await othersGoOn("team-beside-d");
    await reports("d");
    await allow(stage.world);
    await eventually("d is served", () => isServed("d"), minute);
    await stage.world.deleteCredential("d");
    await stage.well();
    expect(stage.losses()).toEqual([]);
  });

  it("the operator a new Secret of its own keeps a new one from being served, and from nobody anything", async () => {
    await deny(stage.world, {
      resource: "secrets",
      operations: ["CREATE"],
      which: `request.namespace == '${operatorNamespace}'`,
    });
    await newcomerCredential("e");
    await othersGoOn("team-beside-e");
    await saysInStatus("e");
    await allow(stage.world);
    await eventually("e is served", () => isServed("e"), minute);
    await stage.world.deleteCredential("e");
    await stage.well();
    expect(stage.losses()).toEqual([]);
  });

  it("the operator to delete a Secret of its own keeps nobody from anything", async () => {
    await deny(stage.world, {
      resource: "secrets",
      operations: ["DELETE"],
      which: `request.namespace == '${operatorNamespace}'`,
    });
    await othersGoOn("team-collected");
    await allow(stage.world);
    await stage.well();
    expect(stage.losses()).toEqual([]);
  });

  it("the end of a deletion is told, and the login is gone from everybody meanwhile", async () => {
    await newcomerCredential("f");
    await eventually("f is served", () => isServed("f"));
    await deny(stage.world, { resource: "registrycredentials", operations: ["UPDATE"], which: named("f") });
    await stage.world.admin.remove(`${credentialsPath}/f`);
    await othersGoOn("team-beside-f");
    for (const namespace of stage.namespaces)
      await eventually(
        `the login has left ${namespace}`,
        async () => !Object.keys((await stage.world.logins(namespace)) ?? {}).includes("f.example.com"),
      );
    await eventually("it is told", async () =>
      ((await stage.world.condition("f", "DrainBlocked"))?.message ?? "").includes(changeControl),
    );
    await allow(stage.world);
    await eventually(
      "f is gone",
      async () => (await stage.world.admin.get(`${credentialsPath}/f`)) === undefined,
      minute,
    );
    await stage.well();
    expect(stage.losses()).toEqual([]);
  });

  it.each<[string, string | undefined]>([
    ["the deletion of the Secret of one namespace", "request.namespace == 'crew-0'"],
    ["the deletion of all Secrets", undefined],
  ])("%s takes the login out all the same, is told, and holds up no other credential", async (_what, which) => {
    const { world } = stage;
    const crews = ["crew-0", "crew-1"];
    await Promise.all(
      crews.map(async (name) => (await world.admin.get(`/api/v1/namespaces/${name}`)) ?? world.namespaces([name])),
    );
    await world.credential(
      "crew",
      staticSpec("hub-a", { hosts: ["crew.example.com"], namespaces: { include: ["crew-*"] } }),
    );
    await eventually("the crews are served", async () => (await world.status("crew")).namespaces?.ready === 2);
    await deny(world, { resource: "secrets", operations: ["DELETE"], ...(which !== undefined && { which }) });
    await world.admin.remove(`${credentialsPath}/crew`);
    for (const crew of crews)
      await eventually(
        `no login is in ${crew}`,
        async () => Object.keys((await world.logins(crew)) ?? {}).length === 0,
      );
    await eventually("it is told", async () =>
      ((await world.condition("crew", "DrainBlocked"))?.message ?? "").includes(changeControl),
    );
    const isAllowed = which !== undefined;
    await eventually("who may lose it does", async () => ((await world.secret("crew-1")) === undefined) === isAllowed);
    await stage.rotate();
    for (const namespace of stage.namespaces)
      for (const name of names)
        await eventually(`${namespace} has the new one of ${name}`, () => stage.has(name, namespace, [stage.password]));
    await allow(world);
    await eventually(
      "it is gone",
      async () => (await world.admin.get(`${credentialsPath}/crew`)) === undefined,
      minute,
    );
    for (const crew of crews) expect(await world.secret(crew)).toBeUndefined();
    expect(stage.losses()).toEqual([]);
  });
});
