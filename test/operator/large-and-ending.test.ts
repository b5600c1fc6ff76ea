// Tests that a tenant gains nothing by a Secret that cannot be read or is being deleted: no login, no renewal, no deletion held up.
import { describe, expect, it } from "vitest";
import { statusError } from "./api-server.ts";
import { ops, type Replica, type Fixture, fixture } from "./fixture.ts";

const hub = { "https://index.docker.io/v1/": "first" };
const alter = (on: Fixture, secretName: string): void => {
  const registries = [{ name: "hub", provider: "Static", hosts: ["docker.io"], static: { secretName } }];
  on.server.patch("registrycredentials", "acme", { spec: { registries } });
};
const forged = (meta: object, data: object = {}): Parameters<Fixture["server"]["create"]>[0] => ({
  apiVersion: "v1",
  kind: "Secret",
  type: "kubernetes.io/dockerconfigjson",
  metadata: { namespace: "team-b", name: "regcred", finalizers: ["x.y/z"], ...meta },
  data: { ".dockerconfigjson": btoa('{"auths":{}}'), ...data },
});
const large = { zzz: btoa("x".repeat(900 * 1024)) };

const lookingMerged = forged(
  {
    labels: { "app.kubernetes.io/managed-by": "regcred" },
    annotations: { "regcred.dev/credentials": "acme", "regcred.dev/managed": '{"hosts":[]}' },
  },
  large,
);

/** team-a lives by the login from before its entry was altered; team-b came later. */
async function altered(): Promise<Fixture & { readonly operator: Replica }> {
  const on = fixture({ namespaces: ["team-a", "other-x"] });
  on.addCredential("acme");
  on.addCredential("beta", { namespaces: { include: ["other-*"] } });
  const operator = on.run("a");
  await on.pass(700);
  alter(on, "src-$(namespace.labels['team'])");
  await on.pass(5);
  on.addNamespace("team-b");
  await on.pass(20);
  return { ...on, operator };
}

describe("a login of before", () => {
  it.each([
    ["is being deleted", forged({})],
    ["is too large, and forged to look like one that was merged into", lookingMerged],
  ])("is not given to a namespace that never had it, whose Secret %s", async (_what, secret) => {
    const on = await altered();
    on.server.create(secret);
    await on.pass(5);
    on.server.remove("secrets", "team-b/regcred");
    await on.pass(5);
    on.server.patch("secrets", "team-b/regcred", { metadata: { finalizers: null } });
    await on.pass(20);
    expect([on.logins("team-a") !== undefined, on.logins("team-b")]).toEqual([true, undefined]);
    on.isLawful();
  });

  it("stays over a restart, for as long as nobody mends the entry", async () => {
    const on = fixture({ namespaces: ["team-a"] });
    on.addCredential("acme");
    const a = on.run("a");
    await on.pass(20);
    alter(on, "typo");
    await on.pass(20);
    await on.stop(a);
    on.run("b");
    await on.pass(2_400);
    // Whatever has it looked at again.
    on.server.patch("namespaces", "team-a", { metadata: { labels: { some: "thing" } } });
    await on.pass(5);
    expect([on.logins("team-a"), on.references("team-a")]).toEqual([hub, ["regcred"]]);
    on.isLawful();
  });

  it.each(["while it runs", "while it is down", "and the new one cannot be written before a restart"])(
    "stays where the entry is altered and the pull Secret renamed in one edit, %s",
    async (when) => {
      const on = fixture({ namespaces: ["team-a"] });
      on.addCredential("acme");
      const a = on.run("a");
      await on.pass(700);
      if (when === "while it is down") await on.stop(a);
      const isRefused = when.startsWith("and");
      if (isRefused)
        on.setFaults(({ method, resource, namespace }) =>
          method === "POST" && resource === "secrets" && namespace === "team-a"
            ? statusError(500, "InternalError")
            : undefined,
        );
      const registries = [{ name: "hub", provider: "Static", hosts: ["docker.io"], static: { secretName: "typo" } }];
      on.server.patch("registrycredentials", "acme", { spec: { registries, pullSecret: { name: "next" } } });
      if (isRefused) {
        await on.pass(20);
        await on.stop(a);
        on.setFaults();
      }
      if (when !== "while it runs") on.run("b");
      await on.pass(60);
      on.addNamespace("team-b");
      await on.pass(4_500);
      expect([on.logins("team-a", "next"), on.references("team-a")]).toEqual([hub, ["next"]]);
      expect([on.logins("team-a"), on.logins("team-b", "next")]).toEqual([undefined, undefined]);
      on.addSource("typo", "second");
      await on.pass(20);
      expect(on.logins("team-a", "next")).toEqual({ "https://index.docker.io/v1/": "second" });
      on.isLawful();
    },
  );

  it("is not renewed where others go on using its grant", async () => {
    const on = await altered();
    for (const password of ["second", "third"]) {
      on.server.patch("secrets", `${ops}/docker-hub`, { data: { password: btoa(password) } });
      await on.pass(800);
    }
    expect([on.logins("other-x"), on.logins("team-a")]).toEqual([{ "https://index.docker.io/v1/": "third" }, hub]);
    await on.stop(on.operator);
    on.run("b");
    await on.pass(800);
    on.server.patch("secrets", `${ops}/docker-hub`, { data: { password: btoa("fourth") } });
    await on.pass(800);
    expect([on.logins("other-x"), on.logins("team-a")]).toEqual([{ "https://index.docker.io/v1/": "fourth" }, hub]);
    // Altered back, it has what everybody has.
    alter(on, "docker-hub");
    await on.pass(20);
    expect(on.logins("team-a")).toEqual({ "https://index.docker.io/v1/": "fourth" });
    await on.pass(800);
    on.server.patch("secrets", `${ops}/docker-hub`, { data: { password: btoa("fifth") } });
    await on.pass(20);
    expect(on.logins("team-a")).toEqual({ "https://index.docker.io/v1/": "fifth" });
    on.isLawful();
  });
});

describe("a member", () => {
  it("is nobody by a Secret that is too large for anybody to see what stands in it", async () => {
    const on = fixture({ namespaces: ["team-a", "team-b"] });
    on.server.create(lookingMerged);
    on.addCredential("acme");
    on.run("a");
    await on.pass(10);
    const uidOf = (name: string): string => String(on.server.get("namespaces", name)?.metadata.uid);
    const records = on.server
      .list("secrets")
      .filter(({ metadata: { name } }) => name.startsWith("regcred-members-"))
      .flatMap((secret) => Object.values(secret["data"] as Readonly<Record<string, string>>).map(atob))
      .join();
    expect(records).toContain(uidOf("team-a"));
    expect(records).not.toContain(uidOf("team-b"));
  });
});

describe("a deletion", () => {
  it.each([
    ["that is too large to be read", {}],
    ["into which it was merged, and that is too large", { pullSecret: { name: "regcred", onConflict: "Merge" } }],
  ])("is not held up by a Secret that is being deleted, %s", async (_what, spec) => {
    const on = fixture({ namespaces: ["team-a", "team-c"] });
    const data = { ".dockerconfigjson": btoa('{"auths":{"quay.io":{"auth":"YTpi"}}}') };
    const metadata = { namespace: "team-a", name: "regcred", annotations: { "regcred.dev/adopt": "true" } };
    if ("pullSecret" in spec) on.server.create({ ...forged({}), data, metadata });
    on.addCredential("acme", spec);
    on.run("a");
    await on.pass(5);
    on.server.patch("secrets", "team-a/regcred", { metadata: { finalizers: ["x.y/z"] }, data: large });
    on.server.remove("secrets", "team-a/regcred");
    on.server.remove("registrycredentials", "acme");
    await on.pass(120);
    expect([on.server.get("registrycredentials", "acme"), on.logins("team-c")]).toEqual([undefined, undefined]);
  });
});
