// The grants with which the tests of the wrappers ask.
import type { EcrGrant } from "../../src/providers/ecr/grant.ts";
import type { GoogleGrant } from "../../src/providers/google/grant.ts";
import type { StaticGrant } from "../../src/providers/static/grant.ts";

export function ecrGrant(changes: Partial<EcrGrant> = {}): EcrGrant {
  return {
    provider: "ECR",
    partition: "aws",
    region: "eu-west-1",
    endpoint: "standard",
    identity: { from: "Operator" },
    ...changes,
  };
}

export function googleGrant(changes: Partial<GoogleGrant> = {}): GoogleGrant {
  return { provider: "GAR", identity: { from: "Secret", namespace: "ops", name: "key" }, scopes: ["read"], ...changes };
}

export const staticGrant: StaticGrant = {
  provider: "Static",
  namespace: "ops",
  name: "hub",
  usernameKey: "username",
  passwordKey: "password",
  perTenant: false,
};
