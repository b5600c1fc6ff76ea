// Tests of the output of a drain: the credentials that are left, and what blocks them.
import { expect, it } from "vitest";
import { drainProgress, leftBehind } from "../../src/cli/drain/drain-text.ts";
import { transformCredential } from "../../src/cluster/transform/credential.ts";
import { stored } from "../api/registry-credential.ts";
import { minimal } from "../api/registry-credential.ts";

const lastTransitionTime = "2026-11-25T10:00:00Z";
const left = (name: string, conditions: readonly object[] = []) =>
  transformCredential(stored({ ...minimal, metadata: { name }, status: { conditions } }));
const held = {
  type: "DrainBlocked",
  status: "True",
  reason: "AdmissionDenied",
  message: "team-x: denied by policy p",
  lastTransitionTime,
};

it("names what is left, and what holds it up", () => {
  expect(drainProgress([left("acme", [held])])).toBe(
    "Waiting for 1 RegistryCredential: acme\n  acme is held up: team-x: denied by policy p\n",
  );
});

it("names five of many", () => {
  const many = ["a", "b", "c", "d", "e", "f", "g"].map((name) => left(name));
  expect(drainProgress(many)).toBe("Waiting for 7 RegistryCredentials: a, b, c, d, e and 2 more\n");
  expect(leftBehind(many)).toMatch(/^Not drained: a, b, c, d, e and 2 more\. Does the operator run\?/);
});
