// Tests that a grant's sources name every Secret whose change calls for a new token.
import { describe, expect, it } from "vitest";
import type { Grant } from "../../src/providers/grant.ts";
import { grantSources } from "../../src/providers/grant-key.ts";

const account = { namespace: "team-a", name: "puller", uid: "u" };

describe("a token is made from", () => {
  it.each<[string, Grant, readonly string[]]>([
    [
      "its source Secret, for a Static grant",
      { provider: "Static", namespace: "vault", name: "hub", usernameKey: "u", passwordKey: "p", perTenant: true },
      ["vault/hub"],
    ],
    ["nothing that is watched, for the operator", { provider: "ECRPublic", identity: { from: "Operator" } }, []],
    [
      "nothing that is watched, for a ServiceAccount, whose uid is in the grant",
      { provider: "ECRPublic", identity: { from: "TenantServiceAccount", ...account } },
      [],
    ],
    [
      "the identity's Secret",
      { provider: "ICR", identity: { from: "Secret", namespace: "ops", name: "keys" } },
      ["ops/keys"],
    ],
    [
      "the identity's Secret and the CA of its endpoint",
      { provider: "ICR", identity: { from: "Secret", namespace: "ops", name: "keys" }, caSecretName: "ca" },
      ["ops/keys", "ops/ca"],
    ],
    [
      "the CA alone",
      { provider: "OCIR", host: "fra.ocir.io", identity: { from: "Operator" }, caSecretName: "ca" },
      ["ops/ca"],
    ],
  ])("%s", (_what, grant, expected) => {
    expect(grantSources(grant, "ops")).toEqual(expected);
  });
});
