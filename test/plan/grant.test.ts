// Does an entry grant each namespace what its author meant, and nothing more?
import { describe, expect, it } from "vitest";
import { grantOf, isFailure } from "../../src/plan/grant.ts";
import { frozen, namespace, staticEntry } from "./objects.ts";

function entryOf(secretName: string, secretNamespace?: string) {
  return staticEntry({
    static: { secretName, usernameKey: "user", passwordKey: "pass", ...(secretNamespace && { secretNamespace }) },
  });
}

describe("a Static entry", () => {
  it("reads its source from the operator's namespace, or from the one it names", () => {
    expect(grantOf(entryOf("docker-hub"), namespace(), "regcred-system")).toEqual({
      provider: "Static",
      namespace: "regcred-system",
      name: "docker-hub",
      usernameKey: "user",
      passwordKey: "pass",
      perTenant: false,
    });
    expect(grantOf(entryOf("docker-hub", "vault"), namespace(), "regcred-system")).toMatchObject({
      namespace: "vault",
    });
  });

  it("grants namespaces that render alike the very same", () => {
    const entry = entryOf("pull-$(namespace.labels['tenant'])");
    const [one, other] = ["team-a", "team-b"].map((name) =>
      grantOf(entry, namespace({ name, labels: { tenant: "blue" } }), "regcred-system"),
    );
    expect(one).toEqual(other);
    expect(one).toMatchObject({ name: "pull-blue", perTenant: true });
  });

  it("ignores names and hosts of the entry, which decide nothing about the token", () => {
    const one = grantOf(staticEntry({ name: "one", hosts: ["a.example.com"] }), namespace(), "regcred-system");
    expect(grantOf(staticEntry({ name: "two", hosts: ["b.example.com"] }), namespace(), "regcred-system")).toEqual(one);
  });

  it("fails for the tenant whose label is missing", () => {
    const grant = grantOf(entryOf("pull-$(namespace.labels['tenant'])"), namespace(), "regcred-system");
    expect(grant).toMatchObject({ reason: "MissingLabel", cause: "Tenant" });
  });

  it.each([
    ["pull-$(namespace.labels['tenant'])", "Blue", "Tenant"],
    ["pull-$(namespace.labels['tenant'])", "a_b", "Tenant"],
    [`${"x".repeat(250)}-$(namespace.labels['tenant'])`, "blue", "Tenant"],
    ["Pull", "blue", "Platform"],
  ])("judges what %s becomes with %s as a Secret name, and blames the %s", (secretName, tenant, cause) => {
    const grant = grantOf(entryOf(secretName), namespace({ labels: { tenant } }), "regcred-system");
    expect(grant).toMatchObject({ reason: "InvalidSecretName", cause, retry: "on-change" });
  });
});

describe("an entry of another provider", () => {
  it("says that it is not served yet", () => {
    const entry = frozen({
      name: "images",
      hosts: ["123456789012.dkr.ecr.eu-west-1.amazonaws.com"],
      identity: { from: "Operator" as const },
      provider: "ECR" as const,
      ecr: {},
    });
    const grant = grantOf(entry, namespace(), "regcred-system");
    expect(isFailure(grant)).toBe(true);
    expect(grant).toMatchObject({ reason: "ProviderUnavailable", cause: "Platform" });
  });
});
