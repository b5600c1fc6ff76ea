// Tests that a Secret which can only be replaced by another one stays as long as the other one is refused.
import { describe, expect, it } from "vitest";
import { statusError } from "./api-server.ts";
import { type Fixture, fixture } from "./fixture.ts";

const place = "team-a/regcred";
const [hub, other] = ["https://index.docker.io/v1/", "ghcr.io"];
const both = { [hub]: "first", [other]: "other" };

const exceeded =
  'secrets "regcred" is forbidden: exceeded quota: none, requested: count/secrets=1, used: count/secrets=1, limited: count/secrets=1';
const unanswered = 'failed calling webhook "x.example.com": connection refused';
const refusals = [
  [
    "a policy",
    "AdmissionDenied",
    statusError(
      422,
      "Invalid",
      {},
      `secrets "regcred" is forbidden: ValidatingAdmissionPolicy 'change-control' with binding 'all' denied request: not now`,
    ),
  ],
  ["a quota", "QuotaExceeded", statusError(403, "Forbidden", { kind: "secrets", name: "regcred" }, exceeded)],
  [
    "a webhook that does not answer",
    "ApiUnavailable",
    statusError(500, "InternalError", {}, `Internal error occurred: ${unanswered}`),
  ],
] as const;

const configOf = (logins: Readonly<Record<string, string>>): object => {
  const auths = Object.fromEntries(
    Object.entries(logins).map(([host, password]) => [host, { auth: btoa(`me:${password}`) }]),
  );
  return { ".dockerconfigjson": btoa(JSON.stringify({ auths })) };
};
const refuse = (on: Fixture, answer: ReturnType<typeof statusError>): void =>
  on.setFaults(({ method, resource, namespace }) =>
    method === "POST" && resource === "secrets" && namespace === "team-a" ? answer : undefined,
  );
const uid = (on: Fixture): string | undefined => on.server.get("secrets", place)?.metadata.uid;
const rotate = (on: Fixture): void =>
  on.server.patch("secrets", "regcred-system/docker-hub", { data: { password: btoa("second") } });

describe.each(refusals)("while %s keeps the operator from creating Secrets,", (_what, reason, answer) => {
  it("one of ours that its tenant has made immutable keeps its logins, which is told, and is made anew afterwards", async () => {
    const on = fixture();
    on.addSource("other", "other");
    on.addCredential("acme");
    on.addCredential("beta", {}, { host: other, source: "other" });
    on.run("a");
    await on.pass(5);
    const before = uid(on);
    refuse(on, answer);
    on.server.patch("secrets", place, { immutable: true });
    await on.pass(60);
    expect([on.logins("team-a"), uid(on), on.failures("acme")]).toEqual([both, before, [reason]]);
    rotate(on);
    await on.pass(60);
    expect([on.logins("team-a"), uid(on), on.references("team-a")]).toEqual([both, before, ["regcred"]]);
    on.setFaults();
    await on.pass(600);
    expect([on.logins("team-a"), on.failures("acme")]).toEqual([{ ...both, [hub]: "second" }, []]);
    expect(on.server.get("secrets", place)?.["immutable"]).toBeUndefined();
    on.isLawful();
  });

  it("a login that is taken back leaves one that is immutable all the same", async () => {
    const on = fixture();
    on.addSource("other", "other");
    on.addCredential("acme");
    on.addCredential("beta", {}, { host: other, source: "other" });
    on.run("a");
    await on.pass(5);
    refuse(on, answer);
    on.server.patch("secrets", place, { immutable: true });
    await on.pass(60);
    on.server.remove("registrycredentials", "beta");
    await on.pass(60);
    expect(on.logins("team-a")?.[other]).toBeUndefined();
    expect(on.server.get("registrycredentials", "beta")).toBeUndefined();
    on.setFaults();
    await on.pass(600);
    expect(on.logins("team-a")).toEqual({ [hub]: "first" });
    on.isLawful();
  });

  it("a login of an entry that is renamed leaves one that is immutable, though its tenant writes the new name beside it", async () => {
    const on = fixture();
    on.addSource("other", "other");
    on.addCredential("acme");
    on.run("a");
    await on.pass(5);
    refuse(on, answer);
    const annotations = on.server.get("secrets", place)?.metadata.annotations ?? {};
    const entries = (annotations["regcred.dev/entries"] ?? "").replaceAll("acme/hub", "acme/renamed");
    on.server.patch("secrets", place, {
      immutable: true,
      metadata: { annotations: { "regcred.dev/entries": entries } },
    });
    await on.pass(60);
    const renamed = { name: "renamed", provider: "Static", hosts: ["docker.io"], static: { secretName: "other" } };
    on.server.patch("registrycredentials", "acme", { spec: { registries: [renamed] } });
    await on.pass(60);
    expect(on.logins("team-a")?.[hub]).not.toBe("first");
    on.setFaults();
    await on.pass(600);
    expect(on.logins("team-a")).toEqual({ [hub]: "other" });
    on.isLawful();
  });

  it.each([
    ["immutable", { immutable: true }],
    ["of another type", { type: "Opaque" }],
  ])("a tenant's own that is to be adopted and is %s stays the tenant's", async (_odd, changes) => {
    const on = fixture();
    const metadata = { namespace: "team-a", name: "regcred", annotations: { "regcred.dev/adopt": "true" } };
    const type = "kubernetes.io/dockerconfigjson";
    on.server.create({
      apiVersion: "v1",
      kind: "Secret",
      metadata,
      type,
      data: configOf({ [hub]: "mine" }),
      ...changes,
    });
    const before = uid(on);
    refuse(on, answer);
    on.addCredential("acme", { pullSecret: { name: "regcred", onConflict: "Adopt" } });
    on.run("a");
    await on.pass(60);
    expect([uid(on), on.logins("team-a"), on.failures("acme")]).toEqual([before, { [hub]: "mine" }, [reason]]);
    expect(on.references("team-a")).toEqual([]);
    on.setFaults();
    await on.pass(600);
    expect([on.logins("team-a"), on.references("team-a")]).toEqual([{ [hub]: "first" }, ["regcred"]]);
    on.isLawful();
  });
});
