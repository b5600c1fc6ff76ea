// Whose tokens a change of a ServiceAccount concerns, at a cost that does not grow with the RegistryCredentials.
import { describe, expect, it } from "vitest";
import type { RegistryCredential } from "../../src/api/registry-credential.ts";
import type { SpecChange } from "../../src/entitlement/last-good-spec.ts";
import { namedAccounts } from "../../src/entitlement/named-accounts.ts";
import { listeners } from "../../src/runtime/watch/listeners.ts";
import { credential, staticEntry } from "./objects.ts";

const thrown = (error: unknown): never => {
  throw error;
};

type Identity = RegistryCredential["spec"]["registries"][number]["identity"];

function asking(name: string, ...identities: readonly Identity[]): RegistryCredential {
  return credential({ name, spec: { registries: identities.map((identity) => staticEntry({ identity })) } });
}

const tenants = { from: "TenantServiceAccount", name: "puller" } as const;
const own = { from: "ServiceAccount", name: "puller" } as const;

function scenario() {
  const specs = listeners<Pick<SpecChange, "before" | "after">>(thrown);
  const askingAs = namedAccounts(
    { subscribe: (hear) => void specs.subscribe((each) => hear(each as SpecChange)) },
    "ops",
  );
  return {
    becomes: (before: RegistryCredential | undefined, after: RegistryCredential | undefined): void =>
      specs.tell({ before, after }),
    of: (namespace: string, name: string): readonly string[] => askingAs({ namespace, name }),
  };
}

describe("a ServiceAccount", () => {
  it.each([
    ["an account of the operator's", own, "ops", "puller", ["acme"]],
    ["one of the same name that is a tenant's", own, "team-a", "puller", []],
    ["another one of the operator's", own, "ops", "other", []],
    ["each tenant's account of the name", tenants, "team-a", "puller", ["acme"]],
    ["another one of a tenant's", tenants, "team-a", "other", []],
    ["the operator's, as a tenant like any other", tenants, "ops", "puller", ["acme"]],
    ["none", { from: "Operator" }, "ops", "puller", []],
    ["a key in a Secret of the same name", { from: "Secret", name: "puller" }, "ops", "puller", []],
  ] as const)("is the identity of an entry that asks as %s: %j, %s/%s", (_as, identity, namespace, name, expected) => {
    const { becomes, of } = scenario();
    becomes(undefined, asking("acme", identity));
    expect(of(namespace, name)).toEqual(expected);
  });

  it("is told of a RegistryCredential once, whichever and however many of its entries ask as it", () => {
    const { becomes, of } = scenario();
    becomes(undefined, asking("acme", { from: "Operator" }, tenants, tenants, own));
    becomes(undefined, asking("beta", own));
    expect(of("ops", "puller")).toEqual(["acme", "beta"]);
    expect(of("team-a", "puller")).toEqual(["acme"]);
  });

  it("is nobody's any more whose spec asks as another one, or who is gone; the others stay", () => {
    const { becomes, of } = scenario();
    const [acme, beta] = [asking("acme", tenants), asking("beta", tenants)];
    becomes(undefined, acme);
    becomes(undefined, beta);
    const changed = asking("acme", { from: "TenantServiceAccount", name: "other" });
    becomes(acme, changed);
    expect([of("team-a", "puller"), of("team-a", "other")]).toEqual([["beta"], ["acme"]]);
    becomes(changed, undefined);
    becomes(beta, undefined);
    expect([of("team-a", "puller"), of("team-a", "other")]).toEqual([[], []]);
  });
});
