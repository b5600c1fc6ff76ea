// Tests that equal grants have the same key, and different ones never.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Grant } from "../../src/providers/grant.ts";
import type { AcrGrant } from "../../src/providers/acr/grant.ts";
import type { EcrGrant } from "../../src/providers/ecr/grant.ts";
import type { StaticGrant } from "../../src/providers/static/grant.ts";
import { grantKeyText } from "../../src/providers/grant-key.ts";
import { grantKeys } from "../../src/providers/grant-keys.ts";
import { frozen } from "../entitlement/objects.ts";

const source: StaticGrant = frozen({
  provider: "Static",
  namespace: "ops",
  name: "hub",
  usernameKey: "username",
  passwordKey: "password",
  perTenant: false,
});
const account = { from: "TenantServiceAccount", namespace: "team-a", name: "puller", uid: "1" } as const;
const ecr: EcrGrant = frozen({
  provider: "ECR",
  partition: "aws",
  region: "eu-west-3",
  endpoint: "standard",
  identity: account,
});
const acr: AcrGrant = frozen({
  provider: "ACR",
  registry: "acme.azurecr.io",
  authority: "login.microsoftonline.com",
  audience: "https://containerregistry.azure.net",
  identity: { from: "Operator" },
});

const different: readonly Grant[] = [
  source,
  { ...source, name: "lab" },
  { ...source, namespace: "vault" },
  { ...source, usernameKey: "user" },
  { ...source, passwordKey: "token" },
  ecr,
  { ...ecr, region: "eu-west-1" },
  { ...ecr, endpoint: "fips" },
  { ...ecr, roleARN: "arn:aws:iam::111122223333:role/a" },
  { ...ecr, roleARN: "arn:aws:iam::111122223333:role/a", externalID: "a" },
  { ...ecr, audience: "other" },
  { ...ecr, caSecretName: "ca" },
  { ...ecr, identity: { ...account, uid: "2" } },
  { ...ecr, identity: { ...account, from: "ServiceAccount" } },
  { ...ecr, identity: { from: "Operator" } },
  { provider: "ECRPublic", identity: account },
  acr,
  { ...acr, repositories: [] },
  { ...acr, repositories: ["a", "b"] },
  { ...acr, repositories: ["a,b"] },
  { provider: "GCR", identity: { from: "Operator" }, scopes: ["s"] },
  { provider: "GAR", identity: { from: "Operator" }, scopes: ["s"] },
];

describe("the text of a grant", () => {
  it("differs wherever another token is needed", () => {
    expect(new Set(different.map(grantKeyText)).size).toBe(different.length);
  });

  it("is the same for a copy, in whatever order its members stand, and where one is undefined", () => {
    for (const grant of different) {
      const turned = Object.fromEntries([...Object.entries(structuredClone(grant)), ["none", undefined]].toReversed());
      expect(grantKeyText(turned as unknown as Grant)).toBe(grantKeyText(grant));
    }
  });

  it("does not tell a tenant's own source from a shared one of the same name: it is the same Secret", () => {
    expect(grantKeyText({ ...source, perTenant: true })).toBe(grantKeyText(source));
  });

  it("names the version of the spelling and the provider", () => {
    expect(JSON.parse(grantKeyText(source))).toMatchObject({ v: 1, provider: "Static" });
  });

  it("is as different as the values, whatever they are", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (name, key, otherName, otherKey) => {
        const same = name === otherName && key === otherKey;
        const one = grantKeyText({ ...source, name, usernameKey: key });
        expect(one === grantKeyText({ ...source, name: otherName, usernameKey: otherKey })).toBe(same);
      }),
    );
  });
});

describe("the key of a grant", () => {
  it("is short enough for a Secret's name, and the same in every run", () => {
    expect(grantKeys()(source)).toMatch(/^[0-9a-f]{32}$/);
    expect(grantKeys()(source)).toBe(grantKeys()({ ...source }));
  });

  it("differs as the text does", () => {
    expect(new Set(different.map(grantKeys())).size).toBe(different.length);
  });
});
