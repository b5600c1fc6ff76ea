// Tests of which grants share the circuit breaker of one identity.
import { describe, expect, it } from "vitest";
import { circuitKey } from "../../src/providers/authority.ts";
import type { Grant } from "../../src/providers/grant.ts";
import { ecrGrant, googleGrant, staticGrant } from "./grants.ts";

const keyOf = (grant: Grant, version = "1"): string | undefined =>
  circuitKey(grant, "ops", (key) => (key === "ops/key" ? { uid: "u", resourceVersion: version } : undefined));
const acr = (repositories?: readonly string[], registry = "acme.azurecr.io"): Grant => ({
  provider: "ACR",
  identity: { from: "Operator" },
  registry,
  authority: "login.microsoftonline.com",
  audience: "https://containerregistry.azure.net",
  ...(repositories && { repositories }),
});

describe("grants share a circuit", () => {
  it.each<[string, Grant, Grant]>([
    ["that differ in scopes only", googleGrant(), googleGrant({ scopes: ["write"] })],
    ["of gcr.io and pkg.dev", googleGrant(), googleGrant({ provider: "GCR" })],
  ])("%s", (_what, one, other) => {
    expect(keyOf(one)).toBe(keyOf(other));
  });

  it.each<[string, Grant, Grant]>([
    ["of two roles", ecrGrant({ roleARN: "a" }), ecrGrant({ roleARN: "b" })],
    ["of two regions", ecrGrant(), ecrGrant({ region: "us-east-1" })],
    ["of two repositories, which tenants' labels may choose", acr(["a"]), acr(["b", "c"])],
    ["of two registries", acr(), acr([], "other.azurecr.io")],
    ["of two identities", ecrGrant(), ecrGrant({ identity: { from: "Secret", namespace: "ops", name: "key" } })],
  ])("but not %s", (_what, one, other) => {
    expect(keyOf(one)).not.toBe(keyOf(other));
  });

  it("but not once the identity's Secret has changed", () => {
    expect(keyOf(googleGrant(), "1")).not.toBe(keyOf(googleGrant(), "2"));
    expect(keyOf(ecrGrant(), "1")).toBe(keyOf(ecrGrant(), "2"));
  });

  it("and a static source has none", () => {
    expect(keyOf(staticGrant)).toBeUndefined();
  });
});
