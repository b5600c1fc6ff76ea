// Tests that a Static entry names the Secret that its author meant, and nothing more.
import { describe, expect, it } from "vitest";
import type { Entry } from "../../../src/api/registry-credential.ts";
import { causeOf, grantsOf, isFailure } from "../../../src/providers/grant.ts";
import type { HostGroup, RenderScope } from "../../../src/providers/grant-types.ts";
import type { StaticGrant } from "../../../src/providers/static/grant.ts";
import { staticGrants } from "../../../src/providers/static/grant.ts";
import { namespace, staticEntry } from "../../entitlement/objects.ts";

type StaticEntry = Extract<Entry, { provider: "Static" }>;

function entryOf(secretName: string, secretNamespace?: string): StaticEntry {
  return staticEntry({
    static: { secretName, usernameKey: "user", passwordKey: "pass", ...(secretNamespace && { secretNamespace }) },
  });
}

function scopeOf(changes: Parameters<typeof namespace>[0] = {}): RenderScope {
  return {
    namespace: namespace(changes),
    operatorNamespace: "regcred-system",
    serviceAccount: () => {
      throw new TypeError("no ServiceAccount is expected to be asked for");
    },
  };
}

function groupOf(entry: StaticEntry, scope = scopeOf()): HostGroup<StaticGrant> {
  const [group, ...others] = staticGrants(entry, scope);
  if (!group || others.length > 0) throw new TypeError("one group is expected");
  return group;
}

describe("a Static entry", () => {
  it("reads its source from the operator's namespace, or from the one it names", () => {
    expect(groupOf(entryOf("docker-hub")).grant).toEqual({
      provider: "Static",
      namespace: "regcred-system",
      name: "docker-hub",
      usernameKey: "user",
      passwordKey: "pass",
      perTenant: false,
    });
    expect(groupOf(entryOf("docker-hub", "vault")).grant).toMatchObject({ namespace: "vault" });
  });

  it("serves all of its hosts with one source", () => {
    const hosts = ["a.example.com", "*.b.example.com/team"];
    const entry = staticEntry({ hosts });
    expect(groupOf(entry).hosts).toEqual(hosts);
    expect(grantsOf(entry, scopeOf())).toEqual(staticGrants(entry, scopeOf()));
  });

  it("grants namespaces that render alike the very same", () => {
    const entry = entryOf("pull-$(namespace.labels['tenant'])");
    const [one, other] = ["team-a", "team-b"].map(
      (name) => groupOf(entry, scopeOf({ name, labels: { tenant: "blue" } })).grant,
    );
    expect(one).toEqual(other);
    expect(one).toMatchObject({ name: "pull-blue", perTenant: true });
  });

  it("ignores names and hosts of the entry, which decide nothing about the token", () => {
    const one = groupOf(staticEntry({ name: "one", hosts: ["a.example.com"] })).grant;
    expect(groupOf(staticEntry({ name: "two", hosts: ["b.example.com"] })).grant).toEqual(one);
  });

  it("fails for the tenant whose label is missing, for its hosts only", () => {
    const { hosts, grant } = groupOf(entryOf("pull-$(namespace.labels['tenant'])"));
    expect(hosts).toEqual(["docker.io"]);
    expect(isFailure(grant)).toBe(true);
    expect(grant).toMatchObject({ reason: "MissingLabel", cause: "Tenant" });
  });

  it.each([
    ["pull-$(namespace.labels['tenant'])", "Blue", "Tenant"],
    ["pull-$(namespace.labels['tenant'])", "a_b", "Tenant"],
    [`${"x".repeat(250)}-$(namespace.labels['tenant'])`, "blue", "Tenant"],
    ["Pull", "blue", "Platform"],
  ])("judges what %s becomes with %s as a Secret name, and blames the %s", (secretName, tenant, cause) => {
    const { grant } = groupOf(entryOf(secretName), scopeOf({ labels: { tenant } }));
    expect(grant).toMatchObject({ reason: "InvalidSecretName", cause, retry: "on-change" });
  });
});

describe("what is wrong with a grant's source", () => {
  const source: StaticGrant = {
    provider: "Static",
    namespace: "regcred-system",
    name: "hub",
    usernameKey: "u",
    passwordKey: "p",
    perTenant: false,
  };
  const account = { namespace: "team-a", name: "puller", uid: "u" };

  it.each([
    ["Platform", "a shared source", source],
    ["Tenant", "a source that a placeholder names", { ...source, perTenant: true }],
    ["Platform", "the operator", { provider: "OCIR", host: "fra.ocir.io", identity: { from: "Operator" } }],
    [
      "Platform",
      "a ServiceAccount of the operator's namespace",
      { provider: "ICR", identity: { from: "ServiceAccount", ...account } },
    ],
    [
      "Tenant",
      "a tenant's ServiceAccount",
      { provider: "ICR", identity: { from: "TenantServiceAccount", ...account } },
    ],
  ] as const)("is the %s's to mend where it is that of %s", (cause, _whose, grant) => {
    expect(causeOf(grant)).toBe(cause);
  });
});

describe("hosts that can be no registry", () => {
  it.each(["doc\u212Aer.io", "\uFF44ocker.io", "quay.io/..", "quay.io//a", "*.*", "ghcr.io:99999", "%67hcr.io"])(
    "such as %j get nothing, with a sentence, and the others are served",
    (odd) => {
      const groups = grantsOf({ ...entryOf("hub"), hosts: ["ghcr.io", odd] }, scopeOf());
      expect(groups).toMatchObject([
        { hosts: ["ghcr.io"], grant: { provider: "Static", name: "hub" } },
        { hosts: [odd], grant: { reason: "InvalidHost", cause: "Platform", retry: "on-change" } },
      ]);
      const alone = grantsOf({ ...entryOf("hub"), hosts: [odd] }, scopeOf());
      expect(alone).toMatchObject([{ hosts: [odd], grant: { reason: "InvalidHost" } }]);
    },
  );

  it("are not those of a whole source", () => {
    expect(grantsOf({ ...entryOf("hub"), hosts: ["*"] }, scopeOf())).toMatchObject([{ grant: { name: "hub" } }]);
  });
});
