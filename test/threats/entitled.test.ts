// Tests that the threat test knows who is selected, and when.
import { describe, expect, it } from "vitest";
import { selectsNamespace } from "../../src/entitlement/selection.ts";
import { type NamespaceState, selectedAbout, selects, vanishingAbout } from "./entitled.ts";

const state: NamespaceState = { name: "team-a", uid: "1", threat: undefined, optedOut: false, terminating: false };
const all = { include: ["team-*"], exclude: [], label: undefined };

describe("the test's own selection", () => {
  it.each([
    [all, state, true],
    [all, { ...state, name: "other" }, false],
    [all, { ...state, optedOut: true }, false],
    [{ ...all, include: ["team-a"] }, state, true],
    [{ ...all, include: ["team"] }, state, false],
    [{ ...all, exclude: ["team-a"] }, state, false],
    [{ ...all, label: "x" }, state, false],
    [{ ...all, label: "x" }, { ...state, threat: "x" }, true],
  ])("%j of %j is %j, and the operator's own agrees", (selection, namespace, wanted) => {
    expect(selects(selection, namespace)).toBe(wanted);
    const { include, exclude, label } = selection;
    const record = {
      key: namespace.name,
      resourceVersion: "1",
      name: namespace.name,
      uid: namespace.uid,
      labels: namespace.threat === undefined ? {} : { threat: namespace.threat },
      optedOut: namespace.optedOut,
      terminating: namespace.terminating,
    };
    const spec = {
      include: [...include],
      ...(exclude.length > 0 && { exclude: [...exclude] }),
      ...(label !== undefined && { selector: { matchLabels: { threat: label } } }),
    };
    expect(selectsNamespace(spec, record, "regcred-system")).toBe(wanted);
  });

  it("is right a moment after a namespace has changed, and no longer", () => {
    const selections = [{ what: all, from: 0, until: Infinity }];
    const states = [
      { what: state, from: 0, until: 10_000 },
      { what: { ...state, optedOut: true }, from: 10_000, until: Infinity },
    ];
    expect([5_000, 12_000, 14_000].map((at) => selectedAbout(selections, states, at))).toEqual([true, true, false]);
  });

  it("knows when a namespace is going", () => {
    const states = [
      { what: state, from: 1_000, until: 5_000 },
      { what: { ...state, terminating: true }, from: 5_000, until: 6_000 },
    ];
    expect([0, 2_000, 5_500, 20_000].map((at) => vanishingAbout(states, at))).toEqual([true, false, true, true]);
  });
});
