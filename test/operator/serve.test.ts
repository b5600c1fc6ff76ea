// Tests that each tenant gets what is meant for it, and loses it in the right order, whatever else goes on.
import { describe, expect, it } from "vitest";
import { statusError } from "./api-server.ts";
import type { Faults } from "./played-pools.ts";
import { ops, type Fixture, fixture, reported } from "./fixture.ts";

const hub = "https://index.docker.io/v1/";
const never = new Promise<never>(() => undefined);
const ignored = { annotations: { "regcred.dev/ignore": "true" } };
const denied = (message: string): ReturnType<typeof statusError> => statusError(403, "Forbidden", {}, message);
/** As RBAC says it. */
const mayNot = (verb: string, resource: string): ReturnType<typeof statusError> =>
  denied(`User "regcred" cannot ${verb} resource "${resource}" in API group "" at the cluster scope`);

/** One operator that serves acme to all that is called team-*. */
async function served(options: Parameters<typeof fixture>[0] = {}, spec: object = {}): Promise<Fixture> {
  const on = fixture(options);
  on.addCredential("acme", spec);
  on.run("a");
  await on.pass(3);
  return on;
}

/** The same, and then it is stopped. */
async function restarting(options: Parameters<typeof fixture>[0] = {}): Promise<Fixture> {
  const on = fixture(options);
  on.addCredential("acme");
  const first = on.run("a");
  await on.pass(3);
  await on.stop(first);
  return on;
}

describe("what is served", () => {
  it("is a Secret, then its reference, in each selected namespace, and nothing elsewhere", async () => {
    const on = fixture({ namespaces: ["team-a", "team-b"], accounts: ["default", "builder"] });
    on.addNamespace("other");
    on.addNamespace("team-out", ignored);
    on.addAccount("team-a", "ignored", ignored);
    on.addCredential("acme");
    on.run("a");
    await on.pass(3);
    expect(["team-a", "team-b", "other", "team-out"].map((name) => on.logins(name)?.[hub])).toEqual([
      "first",
      "first",
      undefined,
      undefined,
    ]);
    expect(["default", "builder", "ignored"].map((name) => on.references("team-a", name))).toEqual([
      ["regcred"],
      ["regcred"],
      [],
    ]);
    expect([on.references("team-out"), on.references("other")]).toEqual([[], []]);
    on.isLawful();
  });

  it("is renewed everywhere when the source changes, in place", async () => {
    const on = await served({ namespaces: ["team-a", "team-b"] });
    const before = on.server.get("secrets", "team-a/regcred")?.metadata.uid;
    on.server.patch("secrets", `${ops}/docker-hub`, { data: { password: btoa("second") } });
    await on.pass(3);
    expect(["team-a", "team-b"].map((name) => on.logins(name))).toEqual([{ [hub]: "second" }, { [hub]: "second" }]);
    expect(on.server.get("secrets", "team-a/regcred")?.metadata.uid).toBe(before);
    on.isLawful();
  });

  it("goes on being renewed while a write of the token meets another version", async () => {
    const on = await served();
    const token = on.server.list("secrets").find(({ metadata }) => metadata.name.startsWith("regcred-token-"));
    let isFirst = true;
    on.setFaults(({ method, name }) => {
      if (method !== "PUT" || name !== token?.metadata.name || !isFirst) return;
      isFirst = false;
      on.server.patch("secrets", `${ops}/${name}`, { metadata: { labels: { touched: "true" } } });
    });
    on.server.patch("secrets", `${ops}/docker-hub`, { data: { password: btoa("second") } });
    await on.pass(10);
    expect([isFirst, on.logins("team-a")]).toEqual([false, { [hub]: "second" }]);
    on.isLawful();
  });

  it("keeps what a tenant has merged in: others' logins byte for byte, ours beside them", async () => {
    const on = fixture({ namespaces: ["team-a", "team-b"] });
    const auths = { "mine.example": { auth: btoa("me:mine") } };
    const data = { ".dockerconfigjson": btoa(JSON.stringify({ auths })) };
    const type = "kubernetes.io/dockerconfigjson";
    on.server.create({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { namespace: "team-a", name: "regcred" },
      type,
      data,
    });
    on.addCredential("acme", { pullSecret: { name: "regcred", onConflict: "Merge" } });
    on.run("a");
    await on.pass(3);
    expect(on.logins("team-a")).toEqual({ [hub]: "first", "mine.example": "mine" });
    on.server.remove("registrycredentials", "acme");
    await on.pass(5);
    expect([on.logins("team-a"), on.logins("team-b")]).toEqual([{ "mine.example": "mine" }, undefined]);
    on.isLawful();
  });

  it("is written to nobody before the finalizer is stored, nor before the name of the Secret is", async () => {
    const on = fixture();
    on.addCredential("acme");
    on.run("a");
    let forbidden: "both" | "status" | undefined = "both";
    on.setFaults(({ method, resource, subresource, body }) => {
      if (method !== "PATCH" || resource !== "registrycredentials") return undefined;
      const isClaim = Object.keys(body["status"] ?? {}).length === 1;
      if (forbidden === "both" && subresource === undefined) return denied("no finalizers");
      return forbidden !== undefined && subresource === "status" && !isClaim ? denied("no status") : undefined;
    });
    await on.pass(20);
    expect(on.toTenants()).toEqual([]);
    forbidden = "status";
    await on.pass(120);
    expect([on.server.get("registrycredentials", "acme")?.metadata.finalizers, on.toTenants()]).toEqual([
      ["regcred.dev/drain"],
      [],
    ]);
    forbidden = undefined;
    await on.pass(400);
    expect(on.logins("team-a")).toEqual({ [hub]: "first" });
    on.isLawful();
  });

  it.each([
    [
      "the list of Secrets",
      ({ method, resource, namespace }) => method === "GET" && resource === "secrets" && namespace === undefined,
    ],
    ["the list of ServiceAccounts", ({ method, resource }) => method === "GET" && resource === "serviceaccounts"],
    [
      "the list of Namespaces",
      ({ method, resource, query }) => method === "GET" && resource === "namespaces" && query["watch"] === "true",
    ],
    [
      "the operator's own Secrets",
      ({ method, resource, namespace }) => method === "GET" && resource === "secrets" && namespace === ops,
    ],
  ] satisfies [string, (call: Parameters<Faults>[0]) => boolean][])(
    "is not touched by a start that does not hear of %s yet",
    async (_what, isHeld) => {
      const on = await restarting({ namespaces: ["team-a", "team-b"] });
      on.server.patch("registrycredentials", "acme", { spec: { namespaces: { include: ["team-a"] } } });
      const before = on.tried().length;
      on.setFaults((call) => (isHeld(call) ? never : undefined));
      on.run("b");
      await on.pass(30);
      expect(on.tried().slice(before)).toEqual([]);
      on.setFaults();
      await on.pass(120);
      expect([on.logins("team-a"), on.logins("team-b")]).toEqual([{ [hub]: "first" }, undefined]);
      on.isLawful();
    },
  );
});

describe("a reference", () => {
  it("is made from the ServiceAccounts that the spec names, and from none where it wants none", async () => {
    const on = await served(
      { accounts: ["default", "builder"] },
      { serviceAccounts: { include: ["*"], exclude: ["builder"] } },
    );
    expect([on.references("team-a"), on.references("team-a", "builder")]).toEqual([["regcred"], []]);
    on.server.patch("registrycredentials", "acme", { spec: { references: "None" } });
    await on.pass(3);
    expect([on.references("team-a"), on.logins("team-a")]).toEqual([[], { [hub]: "first" }]);
    on.isLawful();
  });
});

describe("a Secret under another name", () => {
  it("is made in a new namespace alone, and not the former one beside it", async () => {
    const on = await served();
    on.server.patch("registrycredentials", "acme", { spec: { pullSecret: { name: "renamed" } } });
    await on.pass(3);
    on.addNamespace("team-b");
    await on.pass(3);
    expect(["team-a", "team-b"].map((name) => [on.logins(name), on.logins(name, "renamed")])).toEqual([
      [{ [hub]: "first" }, { [hub]: "first" }],
      [undefined, { [hub]: "first" }],
    ]);
    on.isLawful();
  });
});

describe("what is suspended", () => {
  it("is not written, and neither for it nor for others is anything taken away", async () => {
    const on = await served({}, { suspend: true });
    expect(on.toTenants()).toEqual([]);
    on.server.patch("registrycredentials", "acme", { spec: { suspend: false } });
    await on.pass(3);
    on.server.patch("registrycredentials", "acme", { spec: { suspend: true } });
    await on.pass(3);
    on.server.remove("secrets", "team-a/regcred");
    await on.pass(10);
    expect(on.logins("team-a")).toBeUndefined();
    on.isLawful();
  });

  it("does not hold up another one of the same Secret", async () => {
    const on = fixture();
    on.addSource("other", "other");
    on.addCredential("acme", { suspend: true });
    on.addCredential("beta", {}, { host: "ghcr.io", source: "other" });
    on.run("a");
    await on.pass(3);
    expect(on.logins("team-a")).toMatchObject({ "ghcr.io": "other" });
    on.server.patch("secrets", `${ops}/other`, { data: { password: btoa("new") } });
    await on.pass(3);
    expect(on.logins("team-a")).toMatchObject({ "ghcr.io": "new" });
    on.isLawful();
  });

  it("goes on referring as it did", async () => {
    const on = await served();
    on.server.patch("registrycredentials", "acme", { spec: { suspend: true, references: "None" } });
    await on.pass(5);
    expect(on.references("team-a")).toEqual(["regcred"]);
    on.isLawful();
  });
});

describe("what is taken back", () => {
  it("goes references first, in a namespace with hundreds of ServiceAccounts too", async () => {
    const accounts = Array.from({ length: 300 }, (_, index) => `account-${index}`);
    const on = await served({ accounts });
    await on.pass(20);
    expect(accounts.filter((name) => on.references("team-a", name).includes("regcred"))).toHaveLength(300);
    on.server.remove("registrycredentials", "acme");
    await on.pass(40);
    expect(on.server.list("registrycredentials")).toEqual([]);
    expect([on.logins("team-a"), accounts.filter((name) => on.references("team-a", name).length > 0)]).toEqual([
      undefined,
      [],
    ]);
    on.isLawful();
  });

  it("goes from every namespace before the finalizer does, the last one too", async () => {
    const namespaces = Array.from({ length: 5 }, (_, index) => `team-${index}`);
    const on = await served({ namespaces });
    on.server.remove("registrycredentials", "acme");
    await on.pass(10);
    const released = on.recorded.findIndex(
      ({ method, body }) =>
        method === "PATCH" && JSON.stringify((body["metadata"] as { finalizers?: [] })?.finalizers) === "[]",
    );
    const deleted = on.recorded.flatMap(({ method, resource, namespace }, index) =>
      method === "DELETE" && resource === "secrets" && namespace?.startsWith("team-") ? [index] : [],
    );
    expect(deleted).toHaveLength(5);
    expect(Math.max(...deleted)).toBeLessThan(released);
    expect([on.server.list("registrycredentials"), namespaces.flatMap((name) => on.references(name))]).toEqual([
      [],
      [],
    ]);
    on.isLawful();
  });

  it("leaves others' entries of a list where they are", async () => {
    const on = fixture();
    on.addAccount("team-a", "builder", {});
    on.server.patch("serviceaccounts", "team-a/builder", { imagePullSecrets: [{ name: "mine" }, { name: "second" }] });
    on.addCredential("acme");
    on.run("a");
    await on.pass(3);
    expect(on.references("team-a", "builder")).toEqual(["mine", "second", "regcred"]);
    on.server.remove("registrycredentials", "acme");
    await on.pass(10);
    expect(on.references("team-a", "builder")).toEqual(["mine", "second"]);
    on.isLawful();
  });

  it.each(["Retain", "Delete"] as const)(
    "goes from a namespace that is merely deselected, under %s too",
    async (deletionPolicy) => {
      const on = await served({ namespaces: ["team-a", "team-b"] }, { deletionPolicy });
      on.server.patch("registrycredentials", "acme", { spec: { namespaces: { include: ["team-a"] } } });
      await on.pass(5);
      expect([on.logins("team-a"), on.logins("team-b"), on.references("team-b")]).toEqual([
        { [hub]: "first" },
        undefined,
        [],
      ]);
      on.isLawful();
    },
  );

  it("stays with tenants under Retain, without our marks", async () => {
    const on = await served({}, { deletionPolicy: "Retain" });
    on.server.remove("registrycredentials", "acme");
    await on.pass(10);
    const { labels = {}, annotations = {} } = on.server.get("secrets", "team-a/regcred")?.metadata ?? {};
    expect([
      on.logins("team-a"),
      on.references("team-a"),
      Object.keys(labels),
      annotations["regcred.dev/credentials"],
    ]).toEqual([{ [hub]: "first" }, ["regcred"], [], undefined]);
    expect(on.server.list("registrycredentials")).toEqual([]);
    on.isLawful();
  });

  it.each([
    [
      "may not be seen any more",
      ({ method, resource, namespace, name }) =>
        method === "GET" && resource === "secrets" && namespace === undefined && name === undefined
          ? mayNot("list", "secrets")
          : undefined,
    ],
    [
      "are not known yet",
      ({ method, resource, namespace, name }) =>
        method === "GET" && resource === "secrets" && namespace === undefined && name === undefined ? never : undefined,
    ],
  ] satisfies [string, Faults][])("waits where pull Secrets %s", async (_what, faults) => {
    const on = await restarting();
    on.setFaults(faults);
    on.server.remove("registrycredentials", "acme");
    on.run("b");
    await on.pass(60);
    expect([on.server.get("registrycredentials", "acme")?.metadata.finalizers, on.logins("team-a")]).toEqual([
      ["regcred.dev/drain"],
      { [hub]: "first" },
    ]);
    on.setFaults();
    await on.pass(400);
    expect([on.server.list("registrycredentials"), on.logins("team-a")]).toEqual([[], undefined]);
    on.isLawful();
  });

  it("goes with the tenant's opting out", async () => {
    const on = await served({ namespaces: ["team-a", "team-b"] });
    on.server.patch("namespaces", "team-a", { metadata: ignored });
    on.server.patch("serviceaccounts", "team-b/default", { metadata: ignored });
    await on.pass(5);
    expect([on.logins("team-a"), on.references("team-a"), on.references("team-b"), on.logins("team-b")]).toEqual([
      undefined,
      [],
      [],
      { [hub]: "first" },
    ]);
    on.isLawful();
  });
});

describe("a spec that cannot be read after a start", () => {
  it("loses nobody its login in a shared Secret", async () => {
    const on = fixture();
    on.addSource("other", "other");
    on.addCredential("acme");
    on.addCredential("beta", {}, { host: "ghcr.io", source: "other" });
    const first = on.run("a");
    await on.pass(3);
    await on.stop(first);
    on.server.patch("registrycredentials", "acme", {
      spec: { registries: [{ name: "hub", provider: "Unheard", hosts: ["docker.io"] }] },
    });
    on.run("b");
    await on.pass(60);
    expect(on.logins("team-a")).toMatchObject({ [hub]: "first", "ghcr.io": "other" });
    on.isLawful();
  });

  it("loses nobody its login in a Secret of its own", async () => {
    const on = await served();
    on.server.patch("registrycredentials", "acme", { spec: { registries: "nonsense" } });
    await on.pass(30);
    expect([on.logins("team-a"), on.references("team-a")]).toEqual([{ [hub]: "first" }, ["regcred"]]);
    on.isLawful();
  });
});

describe("the writes of a quiet cluster", () => {
  it("are none", async () => {
    const on = await served({ namespaces: ["team-a", "team-b"] });
    const before = on.writes().length;
    await on.pass(900);
    expect(reported(on.writes().slice(before))).toEqual([]);
  });
});

describe("a deletion", () => {
  it("waits for a Secret that a policy of the platform keeps, says which, and goes on when it is let", async () => {
    const on = await served({ namespaces: ["team-a", "team-b"] });
    const policy = `secrets "regcred" is forbidden: ValidatingAdmissionPolicy 'freeze' with binding 'freeze' denied request: no deletions`;
    on.setFaults(({ method, resource, namespace }) =>
      method === "DELETE" && resource === "secrets" && namespace === "team-a" ? denied(policy) : undefined,
    );
    on.server.remove("registrycredentials", "acme");
    await on.pass(60);
    const status = on.server.get("registrycredentials", "acme")?.["status"] as { conditions: { type: string }[] };
    const reported = JSON.stringify(status.conditions.find(({ type }) => type === "DrainBlocked"));
    expect([reported.includes("team-a"), reported.includes("freeze"), on.logins("team-b")]).toEqual([
      true,
      true,
      undefined,
    ]);
    on.setFaults();
    await on.pass(400);
    expect([on.server.list("registrycredentials"), on.logins("team-a")]).toEqual([[], undefined]);
  });

  it("waits for no list of references that is too long to be read", async () => {
    const on = await served();
    const others = Array.from({ length: 2_000 }, (_, index) => ({ name: `other-${index}` }));
    on.server.patch("serviceaccounts", "team-a/default", { imagePullSecrets: [{ name: "regcred" }, ...others] });
    await on.pass(3);
    on.server.remove("registrycredentials", "acme");
    await on.pass(5);
    expect(on.logins("team-a")).toBeUndefined();
    await on.pass(25);
    expect(on.server.list("registrycredentials")).toEqual([]);
  });
});

describe("the record of members", () => {
  it("that is lost is made anew from what stands with tenants", async () => {
    const on = await restarting();
    const records = (): readonly string[] =>
      on.server
        .list("secrets")
        .flatMap(({ metadata, data }) => (metadata.name.startsWith("regcred-members-") ? [JSON.stringify(data)] : []));
    const [before] = records();
    for (const { metadata } of on.server.list("secrets"))
      if (metadata.name.startsWith("regcred-members-")) on.server.remove("secrets", `${ops}/${metadata.name}`);
    on.run("b");
    await on.pass(20);
    expect([records(), before?.includes(":")]).toEqual([[before], true]);
    on.isLawful();
  });
});
