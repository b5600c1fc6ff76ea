// Tests that a fight over what the operator writes to a RegistryCredential stays slow, is reported, and ends.
import { describe, expect, it } from "vitest";
import type { Status } from "../../src/api/registry-credential.ts";
import type { PlayedObject } from "./api-server.ts";
import { ops, type Fixture, fixture } from "./fixture.ts";

const hub = "https://index.docker.io/v1/";
const long = 900;
const statusOf = (on: Fixture, name: string): Status => on.server.get("registrycredentials", name)?.["status"] ?? {};
const writesTo = (on: Fixture, name: string, subresource: string | undefined): number =>
  on
    .writes()
    .filter(
      (each) =>
        each.resource === "registrycredentials" &&
        each.name === name &&
        (each.subresource || undefined) === subresource,
    ).length;
/** Events that were begun: with the same chance each time they have one name, and only the first is kept. */
const eventsOf = (on: Fixture, reason: string): readonly object[] =>
  on.recorded.flatMap(({ method, resource, body }) =>
    method === "POST" && resource === "events" && (body as PlayedObject)["reason"] === reason ? [body] : [],
  );

const rotateTo = (on: Fixture, password: string): void =>
  on.server.patch("secrets", `${ops}/docker-hub`, { data: { password: btoa(password) } });

/** Somebody who changes `acme` back whenever it is not as they want it. @returns the function by which they give up */
function somebody(on: Fixture, patch: object, isRight: (acme: PlayedObject) => boolean): () => void {
  const path = "/apis/regcred.dev/v1alpha1/registrycredentials";
  return on.server.watch({ path, query: {} }, on.server.version(), ({ type, object }) => {
    if (type === "DELETED" || object.metadata.name !== "acme" || isRight(object)) return;
    queueMicrotask(() => on.server.patch("registrycredentials", "acme", patch));
  });
}
const overwriteStatus = (on: Fixture): (() => void) =>
  somebody(
    on,
    { status: { mode: "theirs", conditions: null } },
    ({ status }) => (status as Status | undefined)?.mode === "theirs",
  );

describe("a status that somebody else keeps writing", () => {
  it("is repaired ever more seldom, told by an Event and in the log, and holds up no login", async () => {
    const on = fixture();
    on.addCredential("acme");
    on.addCredential("beta", {}, { host: "ghcr.io" });
    on.run("a");
    await on.pass(90);
    const before = writesTo(on, "acme", "status");
    const news = (): number => on.logged.filter((line) => line === "condition changed").length;
    const reported = news();
    const giveUp = overwriteStatus(on);
    on.server.patch("registrycredentials", "acme", { status: { mode: "theirs" } });
    await on.pass(long);
    // What others took out of it is no news.
    expect(news()).toBe(reported);
    // Thirty at once, and then as the wait doubles.
    expect(writesTo(on, "acme", "status") - before).toBeGreaterThan(36);
    expect(writesTo(on, "acme", "status") - before).toBeLessThan(45);
    expect(JSON.stringify(eventsOf(on, "Contested")[0])).toMatch(/keeps writing the status.*ignoreDifferences/);
    expect(on.logged).toContain("RegistryCredential not updated");
    rotateTo(on, "second");
    on.addNamespace("team-b");
    await on.pass(5);
    expect([on.logins("team-a")?.[hub], on.logins("team-b")?.[hub]]).toEqual(["second", "second"]);
    giveUp();
    await on.pass(400);
    expect(statusOf(on, "acme")).toMatchObject({ namespacesReady: "2/2", conditions: expect.any(Array) as unknown });
    expect(statusOf(on, "acme").mode).not.toBe("theirs");
    on.isLawful();
  });

  it("tells of a changed spec at once, and of what changes by itself as ever once they give up", async () => {
    const on = fixture();
    on.addCredential("acme");
    on.run("a");
    await on.pass(90);
    const giveUp = overwriteStatus(on);
    on.server.patch("registrycredentials", "acme", { status: { mode: "theirs" } });
    await on.pass(long);
    giveUp();
    on.server.patch("registrycredentials", "acme", { spec: { namespaces: { include: ["team-*", "x-*"] } } });
    await on.pass(3);
    const { generation } = on.server.get("registrycredentials", "acme")?.metadata ?? {};
    expect(statusOf(on, "acme").observedGeneration).toBe(generation);
    on.addNamespace("x-1");
    await on.pass(5);
    expect(statusOf(on, "acme").namespacesReady).toBe("2/2");
  });

  it("is put right at once where somebody edits it once, however often it has changed by itself", async () => {
    const on = fixture();
    on.addCredential("acme");
    on.run("a");
    await on.pass(90);
    for (let count = 0; count < 8; count += 1) {
      on.addNamespace(`team-${count}`);
      await on.pass(2);
    }
    expect(statusOf(on, "acme").namespacesReady).toBe("9/9");
    for (const mode of ["one", "two"]) {
      on.server.patch("registrycredentials", "acme", { status: { mode } });
      await on.pass(1);
    }
    expect(statusOf(on, "acme").mode).toContain("namespaces: all");
  });

  it("of a deletion that is held up is damped, too", async () => {
    const on = fixture();
    on.addCredential("acme");
    on.run("a");
    await on.pass(90);
    on.setFaults(({ method, resource, namespace }) =>
      method === "DELETE" && resource === "secrets" && namespace === "team-a" ? { code: 500, body: {} } : undefined,
    );
    on.server.remove("registrycredentials", "acme");
    await on.pass(30);
    const before = writesTo(on, "acme", "status");
    overwriteStatus(on);
    on.server.patch("registrycredentials", "acme", { status: { mode: "theirs" } });
    await on.pass(200);
    expect(writesTo(on, "acme", "status") - before).toBeLessThan(45);
  });

  it("is told anew of a RegistryCredential that is made anew under the name", async () => {
    const on = fixture();
    on.addCredential("acme");
    on.run("a");
    await on.pass(90);
    const giveUp = overwriteStatus(on);
    on.server.patch("registrycredentials", "acme", { status: { mode: "theirs" } });
    await on.pass(long);
    giveUp();
    on.server.remove("registrycredentials", "acme");
    await on.pass(20);
    on.addCredential("acme");
    await on.pass(10);
    expect(statusOf(on, "acme").namespacesReady).toBe("1/1");
  });
});

describe("a finalizer that somebody else keeps taking off", () => {
  it("is put back ever more seldom, and the status says so; what tenants have stays", async () => {
    const on = fixture();
    on.addCredential("acme");
    on.run("a");
    await on.pass(90);
    const before = writesTo(on, "acme", undefined);
    const giveUp = somebody(
      on,
      { metadata: { finalizers: null } },
      ({ metadata: { finalizers = [] } }) => finalizers.length === 0,
    );
    on.server.patch("registrycredentials", "acme", { metadata: { finalizers: null } });
    await on.pass(long);
    expect(writesTo(on, "acme", undefined) - before).toBeGreaterThan(6);
    expect(writesTo(on, "acme", undefined) - before).toBeLessThan(20);
    expect(statusOf(on, "acme").conditions?.find(({ type }) => type === "Ready")).toMatchObject({
      status: "False",
      reason: "Contested",
      message: expect.stringContaining("taking the finalizer") as string,
    });
    expect(on.logins("team-a")).toEqual({ [hub]: "first" });
    giveUp();
    await on.pass(400);
    rotateTo(on, "second");
    await on.pass(5);
    expect(on.logins("team-a")).toEqual({ [hub]: "second" });
    expect(statusOf(on, "acme").conditions?.find(({ type }) => type === "Ready")).toMatchObject({ status: "True" });
    on.isLawful();
  });
});

describe("a tenant that writes to an object whenever the operator is about to", () => {
  const thief = (on: Fixture, resource: string, methods: readonly string[]): void =>
    on.setFaults(({ method, namespace, name, ...call }) => {
      if (call.resource !== resource || namespace !== "team-a" || !methods.includes(method)) return undefined;
      const metadata = { annotations: { "team.io/at": `${on.server.version()}` } };
      on.server.patch(resource, `${namespace}/${name}`, { metadata });
      return undefined;
    });

  it.each([
    ["of its own", {}, ["DELETE"]],
    ["merged into", { onConflict: "Merge" }, ["GET"]],
  ])(
    "keeps a deletion for no longer than any tenant can, and nobody else's place in it: a Secret %s",
    async (_what, pullSecret, methods) => {
      const on = fixture({ namespaces: ["team-a", "team-b"] });
      const theirs = { ".dockerconfigjson": btoa('{"auths":{"theirs.example.com":{"auth":"eDp5"}}}') };
      if (methods.includes("GET"))
        on.server.create({
          apiVersion: "v1",
          kind: "Secret",
          type: "kubernetes.io/dockerconfigjson",
          metadata: { namespace: "team-a", name: "regcred" },
          data: theirs,
        });
      on.addCredential("acme", { pullSecret });
      on.run("a");
      await on.pass(90);
      thief(on, "secrets", methods);
      on.server.remove("registrycredentials", "acme");
      await on.pass(5);
      expect(on.logins("team-b")).toBeUndefined();
      expect(statusOf(on, "acme").conditions?.find(({ type }) => type === "DrainBlocked")).toMatchObject({
        reason: "Contested",
        message: expect.stringMatching(/team-a.*for the tenant to mend.*Secret team-a\/regcred/) as string,
      });
      await on.pass(25);
      expect(on.server.get("registrycredentials", "acme")).toBeUndefined();
      on.setFaults();
      on.server.patch("secrets", "team-a/regcred", { metadata: { labels: { some: "thing" } } });
      await on.pass(5);
      expect(on.logins("team-a")?.[hub]).toBeUndefined();
      on.isLawful();
    },
  );

  it("now and then, is none: what has come right or was written between begins anew", async () => {
    const on = fixture({ namespaces: ["team-a"] });
    on.addCredential("acme");
    on.run("a");
    await on.pass(90);
    let tries = 0;
    let wins = 0;
    on.setFaults(({ method, resource, namespace, name }) => {
      if (method !== "PUT" || resource !== "secrets" || namespace !== "team-a") return undefined;
      tries += 1;
      const change = (patch: object): void => on.server.patch("secrets", `${namespace}/${name}`, patch);
      if (tries % 3 !== 0) change({ metadata: { annotations: { "team.io/at": `${tries}` } } });
      // And what it has written it has to write again.
      else if ((wins += 1) < 4)
        on.clock.schedule(Temporal.Duration.from({ milliseconds: 1 }), () =>
          change({ data: { ".dockerconfigjson": btoa("{}") } }),
        );
      return undefined;
    });
    rotateTo(on, "second");
    await on.pass(30);
    expect([wins, on.logins("team-a")]).toEqual([4, { [hub]: "second" }]);
    // Two tries, and then it is as it was.
    for (let round = 1; round <= 4; round += 1) {
      const before = tries;
      on.setFaults(({ method, resource, namespace, name }) => {
        if (method !== "PUT" || resource !== "secrets" || namespace !== "team-a") return undefined;
        tries += 1;
        on.server.patch("secrets", `${namespace}/${name}`, { metadata: { annotations: { "team.io/at": `${tries}` } } });
        if (tries - before === 2) rotateTo(on, "second");
        return undefined;
      });
      rotateTo(on, `third-${round}`);
      await on.pass(20);
      expect(tries - before).toBeLessThan(5);
    }
    expect(eventsOf(on, "Contested")).toEqual([]);
    expect(on.failures("acme")).toEqual([]);
  });

  it.each([
    ["secrets", "PUT", "Secret team-a/regcred"],
    ["serviceaccounts", "PATCH", "ServiceAccount team-a/default"],
  ])("is told of it, by its %s", async (resource, method, object) => {
    const on = fixture({ namespaces: ["team-a", "team-b"] });
    on.addCredential("acme", resource === "serviceaccounts" ? { references: "None" } : {});
    on.run("a");
    await on.pass(90);
    thief(on, resource, [method]);
    if (resource === "secrets") rotateTo(on, "second");
    else on.server.patch("registrycredentials", "acme", { spec: { references: "ServiceAccounts" } });
    await on.pass(60);
    expect([on.logins("team-b"), on.references("team-b")]).toEqual([
      { [hub]: resource === "secrets" ? "second" : "first" },
      ["regcred"],
    ]);
    // Two a second at most, though each try wakes the next one.
    expect(on.tried().filter((each) => each.method === method).length).toBeLessThan(150);
    const reported = statusOf(on, "acme").conditions?.find(({ type }) => type === "Distributed");
    expect(reported).toMatchObject({ reason: "Contested", message: expect.stringContaining(object) as string });
    on.setFaults();
    await on.pass(70);
    expect([on.logins("team-a"), on.references("team-a"), on.failures("acme")]).toEqual([
      { [hub]: resource === "secrets" ? "second" : "first" },
      ["regcred"],
      [],
    ]);
  });
});
