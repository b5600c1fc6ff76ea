// Tests that the operator keeps to the rights that it was installed with, and says what a credential needs beyond them.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { operatorRequests } from "./audit-log.ts";
import { boundIn, installed, unboundIn } from "./installed.ts";
import {
  credentialsPath,
  type CredentialStatus,
  eventually,
  type RunningOperator,
  type TestEnv,
  testEnv,
  soon,
  staticSpec,
} from "./test-env.ts";

describe("the operator as config/default installs it, with rights on one name", () => {
  let world: TestEnv;
  let running: RunningOperator;
  const mode = { pullSecretNames: ["regcred"], watchNamespaces: [], podRecovery: false };

  beforeAll(async () => {
    world = await testEnv({ auditLog: true });
    running = await world.startOperator({ kubeconfig: await installed(world), settings: { mode } });
    await world.source("hub", { username: "ann", password: "first" });
    await world.namespaces(["team-a"]);
  }, 120_000);
  afterAll(() => world.close());

  it("says in log and status which mode is in force", async () => {
    const text = "namespaces: all; pull Secrets: regcred; pod recovery: off";
    await world.credential("plain", staticSpec("hub"));
    await eventually("it is served", async () => (await world.status("plain")).namespaces?.ready === 1);
    expect(running.log.find(({ message }) => message === "started")?.fields).toMatchObject({ mode: text });
    expect((await world.status("plain")).mode).toBe(text);
    await world.deleteCredential("plain");
  });

  it("names the value to set for another name, asks for no Secret of it, and holds up no deletion", async () => {
    await world.credential("named", staticSpec("hub", { pullSecret: { name: "other" } }));
    await eventually("it is told", async () => (await world.condition("named", "Ready"))?.reason === "NotPermitted");
    const { message } = (await world.condition("named", "Ready")) ?? {};
    expect(message).toContain("add other to the chart value pullSecretNames");
    expect((await world.status("named")).failures).toMatchObject([
      { reason: "NotPermitted", cause: "Platform", count: 1, examples: ["team-a"] },
    ]);
    await eventually("administrators are told", async () =>
      (await world.events("default")).some(
        ({ reason, note }) => reason === "NotPermitted" && note === `Ready: ${message}`,
      ),
    );
    expect((await world.admin.get(`${credentialsPath}/named`))?.metadata.finalizers).toBeUndefined();
    await world.deleteCredential("named");
  });

  it("goes on serving tenants under the name that it may write, when a spec asks for another", async () => {
    await world.credential("renamed", staticSpec("hub"));
    await eventually("it is served", async () => (await world.status("renamed")).namespaces?.ready === 1);
    await world.patchCredential("renamed", { spec: { pullSecret: { name: "other" } } });
    await eventually("it is told", async () => (await world.condition("renamed", "Ready"))?.reason === "NotPermitted");
    await world.source("hub", { username: "ann", password: "second" });
    await eventually("tenants get the new password all the same", async () =>
      Object.values((await world.logins("team-a")) ?? {}).some(({ password }) => password === "second"),
    );
    expect(await world.references("team-a")).toEqual(["regcred"]);
    expect(await world.status("renamed")).toMatchObject({ secretName: "regcred", retiring: [] });
    await world.patchCredential("renamed", { spec: { pullSecret: { name: "regcred" } } });
    await eventually("it is ready", async () => (await world.condition("renamed", "Ready"))?.status === "True");
    await world.deleteCredential("renamed");
    expect(await world.secret("team-a")).toBeUndefined();
  });

  it("serves a credential that wants pods evicted, and says what that needs", async () => {
    await world.credential("evicting", staticSpec("hub", { podRecovery: "Evict" }));
    await eventually("it is served", async () => (await world.status("evicting")).namespaces?.ready === 1);
    await expect
      .poll(() => world.condition("evicting", "Ready"), soon)
      .toMatchObject({
        status: "False",
        reason: "NotPermitted",
        message: expect.stringContaining("podRecovery.enabled"),
      });
    await world.deleteCredential("evicting");
  });

  it("has not asked for a Secret of another name, nor been refused anything", async () => {
    await running.stop();
    const requests = await operatorRequests(world);
    expect(requests.length).toBeGreaterThan(20);
    expect(requests.filter(({ uri, code }) => uri.includes("other") || code === 403)).toEqual([]);
  });
});

describe("the operator with rights in listed namespaces only", () => {
  let world: TestEnv;
  let running: RunningOperator;
  const mode = { pullSecretNames: ["regcred"], watchNamespaces: ["team-in", "team-late"], podRecovery: false };
  /** What is refused is asked for again after half a minute at the latest: src/runtime/watch/backoff.ts. */
  const triedAgain = (): Promise<void> => world.leap({ seconds: 31 });
  const failuresOf = async (name: string): Promise<CredentialStatus["failures"]> => (await world.status(name)).failures;

  beforeAll(async () => {
    world = await testEnv({ auditLog: true });
    await world.namespaces(["team-in", "team-out"]);
    const kubeconfig = await installed(world, { watchNamespaces: ["team-in"] });
    await world.source("hub", { username: "ann", password: "first" });
    running = await world.startOperator({ kubeconfig, settings: { mode } });
  }, 120_000);
  afterAll(() => world.close());

  it("serves these, and says of another that is selected which value to set", async () => {
    await world.credential("split", staticSpec("hub"));
    await eventually("both are judged", async () => (await world.status("split")).namespacesReady === "1/2");
    expect(await world.references("team-in")).toEqual(["regcred"]);
    expect(await failuresOf("split")).toMatchObject([{ reason: "NotPermitted", count: 1, examples: ["team-out"] }]);
    expect((await world.condition("split", "Ready"))?.message).toMatch(
      /^namespace team-out: .*add team-out to the chart value watchNamespaces/,
    );
    expect((await world.status("split")).mode).toBe(
      "namespaces: team-in, team-late; pull Secrets: regcred; pod recovery: off",
    );
    await world.source("hub", { username: "ann", password: "second" });
    await eventually("what it serves is rotated", async () =>
      Object.values((await world.logins("team-in")) ?? {}).some(({ password }) => password === "second"),
    );
    await world.patchCredential("split", { spec: { namespaces: { exclude: ["team-out"] } } });
    await eventually("it is ready", async () => (await world.condition("split", "Ready"))?.status === "True");
  });

  it("names a listed namespace that lacks its rights, and serves it by itself once they are there", async () => {
    await world.namespaces(["team-late"]);
    await eventually("the missing right is told", async () =>
      ((await failuresOf("split")) ?? []).some(
        ({ reason, examples }) => reason === "NotPermitted" && examples[0] === "team-late",
      ),
    );
    await boundIn(world, "team-late");
    await triedAgain();
    await eventually(
      "it is served",
      async () => (await world.status("split")).namespacesReady === "2/2",
      Temporal.Duration.from({ seconds: 90 }),
    );
    expect(await world.references("team-late")).toEqual(["regcred"]);
  });

  it("takes nothing away where rights are lost, and goes on by itself when they are back", async () => {
    await unboundIn(world, "team-late");
    // A watch that is open lives on without its right; an API server that restarts ends it.
    await world.cluster.apiServer.kill();
    await world.cluster.apiServer.start();
    await eventually(
      "the lost right is told",
      async () => (await failuresOf("split"))?.[0]?.reason === "NotPermitted",
      Temporal.Duration.from({ seconds: 90 }),
    );
    expect(await world.references("team-late")).toEqual(["regcred"]);
    await world.source("hub", { username: "ann", password: "third" });
    await eventually("the others are rotated", async () =>
      Object.values((await world.logins("team-in")) ?? {}).some(({ password }) => password === "third"),
    );
    await boundIn(world, "team-late");
    await triedAgain();
    await eventually(
      "it has caught up",
      async () =>
        Object.values((await world.logins("team-late")) ?? {}).some(({ password }) => password === "third") &&
        (await world.condition("split", "Ready"))?.status === "True",
      Temporal.Duration.from({ seconds: 90 }),
    );
  });

  it("holds a deletion while it may not see what is left, and says so", async () => {
    await unboundIn(world, "team-late");
    await world.cluster.apiServer.kill();
    await world.cluster.apiServer.start();
    await eventually(
      "the lost right is told",
      async () => (await failuresOf("split"))?.[0]?.reason === "NotPermitted",
      Temporal.Duration.from({ seconds: 90 }),
    );
    await world.admin.remove(`${credentialsPath}/split`);
    await eventually(
      "the deletion is held",
      async () => (await world.condition("split", "DrainBlocked"))?.reason === "NotPermitted",
    );
    await boundIn(world, "team-late");
    await triedAgain();
    await eventually(
      "it is gone",
      async () => (await world.admin.get(`${credentialsPath}/split`)) === undefined,
      Temporal.Duration.from({ seconds: 90 }),
    );
    expect([await world.secret("team-in"), await world.secret("team-late")]).toEqual([undefined, undefined]);
    expect([await world.references("team-in"), await world.references("team-late")]).toEqual([[], []]);
  });

  it("has sent no request to a namespace that is not listed, and none about all of them", async () => {
    await running.stop();
    const requests = await operatorRequests(world);
    expect(requests.filter(({ namespace }) => namespace === "team-in").length).toBeGreaterThan(5);
    expect(requests.filter(({ namespace }) => namespace === "team-out")).toEqual([]);
    const everywhere = requests.filter(
      ({ resource, namespace }) => namespace === undefined && ["secrets", "serviceaccounts"].includes(resource),
    );
    expect(everywhere).toEqual([]);
  });
});
