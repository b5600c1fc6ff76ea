// Tests that grants that ask the same authority are grouped, and no others.
import { describe, expect, it } from "vitest";
import { authorityOf } from "../../src/providers/authority.ts";
import type { Grant } from "../../src/providers/grant.ts";
import { ecrGrant, googleGrant, staticGrant } from "./grants.ts";

const identity = { from: "Secret", namespace: "ops", name: "key" } as const;
const account = { from: "ServiceAccount", namespace: "ops", name: "puller", uid: "1" } as const;
const acr = (registry: string): Grant => ({
  provider: "ACR",
  registry,
  authority: "login.microsoftonline.com",
  audience: "x",
  identity,
});
const exchange = (url: string): Grant => ({
  provider: "TokenExchange",
  identity,
  settings: {
    url,
    method: "POST",
    auth: { type: "None" },
    response: { tokenPath: "t", expiry: "JWT", expiryPath: "e" },
  },
});

describe("the authority of a grant", () => {
  it.each<[string, Grant, string | undefined]>([
    ["none for a Secret in memory", staticGrant, undefined],
    ["AWS by region", ecrGrant(), "ECR AWS eu-west-1"],
    ["AWS by region and kind of endpoint", ecrGrant({ endpoint: "fips" }), "ECR AWS eu-west-1 (fips)"],
    ["AWS for its public registry", { provider: "ECRPublic", identity }, "ECRPublic AWS us-east-1"],
    ["Entra with the registry", acr("acme.azurecr.io"), "ACR login.microsoftonline.com and acme.azurecr.io"],
    ["Google's OAuth for a key", googleGrant(), "Google oauth2.googleapis.com"],
    ["Google's, whichever registry", googleGrant({ provider: "GCR" }), "Google oauth2.googleapis.com"],
    ["Google's STS for a ServiceAccount", googleGrant({ identity: account }), "Google sts.googleapis.com"],
    [
      "Google's for the operator itself",
      googleGrant({ identity: { from: "Operator" } }),
      "Google the operator's own Google identity",
    ],
    [
      "Google's, and its IAM for another",
      googleGrant({ impersonate: "x@y.iam.gserviceaccount.com" }),
      "Google oauth2.googleapis.com and iamcredentials.googleapis.com",
    ],
    ["the registry of Oracle", { provider: "OCIR", host: "fra.ocir.io", identity }, "OCIR fra.ocir.io"],
    ["IBM's IAM", { provider: "ICR", identity }, "ICR iam.cloud.ibm.com"],
    [
      "the host of a token server",
      exchange("https://Tokens.example.com:8443/a?b"),
      "TokenExchange tokens.example.com:8443",
    ],
    ["the host of a token server without a path", exchange("https://t.example.com?b"), "TokenExchange t.example.com"],
  ])("is %s", (_what, grant, expected) => {
    const authority = authorityOf(grant);
    expect(authority && `${authority.kind} ${authority.name}`).toBe(expected);
  });

  it("counts the calls to Entra for all its registries together, and those to each registry", () => {
    expect([authorityOf(acr("a.azurecr.io"))?.counters, authorityOf(acr("b.azurecr.io"))?.counters]).toEqual([
      ["login.microsoftonline.com", "a.azurecr.io"],
      ["login.microsoftonline.com", "b.azurecr.io"],
    ]);
  });

  it("counts the calls to a region whatever its endpoint", () => {
    expect(authorityOf(ecrGrant({ endpoint: "fips" }))?.counters).toEqual(authorityOf(ecrGrant())?.counters);
  });
});
