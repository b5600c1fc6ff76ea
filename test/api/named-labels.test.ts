// Tests that every Namespace label by which a RegistryCredential decides is among those that it is asked for.
import { describe, expect, it } from "vitest";
import type { RegistryCredential } from "../../src/api/registry-credential.ts";
import { namedLabels } from "../../src/api/named-labels.ts";

const specOf = (spec: object): RegistryCredential["spec"] => spec as RegistryCredential["spec"];
const keysOf = (spec: object): readonly string[] => [
  ...namedLabels(specOf({ namespaces: {}, registries: [], ...spec })),
];

describe("the labels that a spec asks for", () => {
  it("are those of its selector, by whatever operator", () => {
    const selector = {
      matchLabels: { "acme.io/pull": "yes", tier: "gold" },
      matchExpressions: ["In", "NotIn", "Exists", "DoesNotExist"].map((operator) => ({
        key: `by-${operator}`,
        operator,
      })),
    };
    expect(keysOf({ namespaces: { selector } })).toEqual([
      "acme.io/pull",
      "tier",
      "by-In",
      "by-NotIn",
      "by-Exists",
      "by-DoesNotExist",
    ]);
  });

  it("are those of its placeholders, wherever they stand", () => {
    const label = (key: string): string => `x-$(namespace.labels['${key}'])-$(namespace.name)`;
    const registries = [
      { ecr: { roleARN: label("acme.io/role"), externalID: label("id") } },
      { acr: { repositories: [`${label("one")}/${label("two")}`] }, verify: { image: label("image") } },
    ];
    expect(keysOf({ registries })).toEqual(["acme.io/role", "id", "one", "two", "image"]);
  });

  it("are none where there is neither", () => {
    expect(keysOf({ namespaces: { include: ["team-*"] } })).toEqual([]);
  });
});
