// Tests that `explain` says why a RegistryCredential does not serve a namespace, and the command after which it does.
import { describe, expect, it } from "vitest";
import { notSelected } from "../../../src/cli/explain/selection-remedy.ts";
import { selectionBlocker } from "../../../src/entitlement/selection.ts";
import type { NamespaceRecord } from "../../../src/cluster/records.ts";
import { there } from "../../../src/cli/seen.ts";
import { candidate, credential, namespace, told } from "./situation.ts";

function toldOf(namespaces: object, more: Partial<NamespaceRecord> = {}): object | undefined {
  const record = there(namespace(more));
  const { credential: one } = candidate(credential({ spec: { namespaces } }));
  const blocker = record && selectionBlocker(one.spec.namespaces, record, "ops");
  return record && blocker && told(notSelected(one, record, blocker));
}
const because = (why: string, name = "team-a"): string =>
  `RegistryCredential acme does not serve namespace ${name}: ${why}`;
const patch = (namespaces: object): string =>
  `kubectl patch regcred acme --type=merge -p '${JSON.stringify({ spec: { namespaces } })}'`;

describe("a namespace that is not served", () => {
  it("because it has opted out is its tenant's to mend", () => {
    expect(toldOf({ include: ["*"] }, { optedOut: true })).toEqual({
      reason: "NotSelected",
      cause: "Tenant",
      others: 0,
      why: because("the namespace has opted out (regcred.dev/ignore)"),
      change: "take the annotation off",
      commands: ["kubectl annotate namespace team-a regcred.dev/ignore-"],
    });
  });

  it.each([
    [["team-?"], null],
    [["team-?", "other"], ["other"]],
  ])("because %j excludes it is served without that", (exclude, rest) => {
    expect(toldOf({ include: ["*"], exclude })).toEqual({
      reason: "NotSelected",
      cause: "Platform",
      others: 0,
      why: because("its namespaces.exclude has team-?"),
      change: "take that out of the list, or write it so that it does not match",
      commands: [patch({ exclude: rest })],
    });
  });

  it("because no include matches is served once it is added", () => {
    expect(toldOf({ include: ["a-*", "b"] })).toEqual({
      reason: "NotSelected",
      cause: "Platform",
      others: 0,
      why: because("none of its namespaces.include matches (a-*, b)"),
      change: "add it to the list",
      commands: [patch({ include: ["a-*", "b", "team-a"] })],
    });
  });

  it("because it is of the system is served once it is named", () => {
    expect(toldOf({ include: ["*"] }, { name: "kube-system" })).toEqual({
      reason: "NotSelected",
      cause: "Platform",
      others: 0,
      why: because("a namespace of the system is served only if namespaces.include names it in full", "kube-system"),
      change: "add it to the list",
      commands: [patch({ include: ["*", "kube-system"] })],
    });
  });

  it("because it lacks a label is served once it has it", () => {
    const selecting = (matchExpressions: readonly object[]): object => ({ selector: { matchExpressions } });
    const label = "label the namespace, if it is meant to have these logins";
    expect(toldOf(selecting([{ key: "tier", operator: "In", values: ["gold", "silver"] }]))).toEqual({
      reason: "NotSelected",
      cause: "Platform",
      others: 0,
      why: because("its namespaces.selector wants the label tier=gold or silver"),
      change: label,
      commands: ["kubectl label namespace team-a tier=gold --overwrite"],
    });
    expect(toldOf(selecting([{ key: "tier", operator: "Exists" }]))).toMatchObject({
      why: because("its namespaces.selector wants the label tier"),
      change: label,
      commands: ["kubectl label namespace team-a tier=true --overwrite"],
    });
  });

  it("because it has a label is served once that is off", () => {
    const refusing = (expression: object): object | undefined =>
      toldOf({ selector: { matchExpressions: [{ key: "tier", ...expression }] } }, { labels: { tier: "lead" } });
    expect(refusing({ operator: "NotIn", values: ["lead", "tin"] })).toEqual({
      reason: "NotSelected",
      cause: "Platform",
      others: 0,
      why: because("its namespaces.selector refuses the label tier=lead or tin"),
      change: "take the label off",
      commands: ["kubectl label namespace team-a tier-"],
    });
    expect(refusing({ operator: "DoesNotExist" })).toMatchObject({
      why: because("its namespaces.selector refuses the label tier"),
      change: "take the label off",
      commands: ["kubectl label namespace team-a tier-"],
    });
  });
});
