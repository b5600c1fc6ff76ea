// Tests that exactly the namespaces and ServiceAccounts are served that the specification names.
import { describe, expect, it } from "vitest";
import type { NamespaceSelection } from "../../src/api/registry-credential.ts";
import { selectsNamespace, selectsServiceAccount } from "../../src/entitlement/selection.ts";
import { frozen, namespace } from "./objects.ts";

function selects(selection: NamespaceSelection, changes: Parameters<typeof namespace>[0] = {}): boolean {
  return selectsNamespace(frozen(selection), namespace(changes), "regcred-system");
}

describe("a namespace", () => {
  it("is selected by any include that matches", () => {
    expect(selects({ include: ["ops", "team-*"] })).toBe(true);
    expect(selects({ include: ["ops", "crew-*"] })).toBe(false);
  });

  it("needs no include where there is a selector, and both where there are both", () => {
    const selector = { matchLabels: { pull: "yes" } };
    const labels = { pull: "yes" };
    expect(selects({ selector }, { labels })).toBe(true);
    expect(selects({ selector })).toBe(false);
    expect(selects({ include: ["ops"], selector }, { labels })).toBe(false);
    expect(selects({ include: ["team-*"], selector }, { labels })).toBe(true);
  });

  it("is left alone by any exclude, also where an include names it", () => {
    expect(selects({ include: ["team-a"], exclude: ["team-*"] })).toBe(false);
  });

  it("can opt out of everything", () => {
    expect(selects({ include: ["team-a"] }, { optedOut: true })).toBe(false);
  });

  it.each(["kube-system", "kube-public", "kube-anything", "regcred-system"])(
    "%s is reached by its name alone, never by a wildcard or a label",
    (name) => {
      const labels = { pull: "yes" };
      expect(selects({ include: ["*"] }, { name })).toBe(false);
      expect(selects({ include: [`${name.slice(0, -1)}?`] }, { name })).toBe(false);
      expect(selects({ selector: { matchLabels: labels } }, { name, labels })).toBe(false);
      expect(selects({ include: [name] }, { name })).toBe(true);
      expect(selects({ include: ["*", name], exclude: ["kube-*", "regcred-*"] }, { name })).toBe(false);
    },
  );

  it("called kubernetes-dashboard is like any other", () => {
    expect(selects({ include: ["*"] }, { name: "kubernetes-dashboard" })).toBe(true);
  });

  it.each([
    ["In", ["x", "y"], { tier: "y" }, true],
    ["In", ["x", "y"], { tier: "z" }, false],
    ["In", ["x", "y"], {}, false],
    ["NotIn", ["x", "y"], { tier: "y" }, false],
    ["NotIn", ["x", "y"], { tier: "z" }, true],
    ["NotIn", ["x", "y"], {}, true],
    ["Exists", undefined, { tier: "" }, true],
    ["Exists", undefined, {}, false],
    ["DoesNotExist", undefined, { tier: "" }, false],
    ["DoesNotExist", undefined, {}, true],
  ] as const)("with the expression %s %j and the labels %j: %s", (operator, values, labels, expected) => {
    const expression = { key: "tier", operator, ...(values && { values: [...values] }) };
    expect(selects({ selector: { matchExpressions: [expression] } }, { labels })).toBe(expected);
  });

  it("must satisfy every label and every expression", () => {
    const selector = {
      matchLabels: { a: "1", b: "2" },
      matchExpressions: [{ key: "c", operator: "Exists" as const }],
    };
    expect(selects({ selector }, { labels: { a: "1", b: "2", c: "" } })).toBe(true);
    expect(selects({ selector }, { labels: { a: "1", b: "2" } })).toBe(false);
    expect(selects({ selector }, { labels: { a: "1", c: "" } })).toBe(false);
  });

  it("has no label that only JavaScript objects have", () => {
    const matchExpressions = [{ key: "constructor", operator: "Exists" as const }];
    expect(selects({ selector: { matchExpressions } })).toBe(false);
  });
});

describe("a ServiceAccount", () => {
  it("is selected by its name alone", () => {
    expect(selectsServiceAccount(frozen({ include: ["*"] }), "default")).toBe(true);
    expect(selectsServiceAccount(frozen({ include: ["build-*"] }), "default")).toBe(false);
    expect(selectsServiceAccount(frozen({ include: ["*"], exclude: ["def*"] }), "default")).toBe(false);
  });
});
