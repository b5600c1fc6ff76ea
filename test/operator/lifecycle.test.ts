// Tests that the lifecycle only goes forward, and that readiness reports each phase.
import { describe, expect, it } from "vitest";
import { lifecycle, type Phase, type Readable, whyNotReady } from "../../src/operator/lifecycle.ts";

const phases: readonly Phase[] = [
  { kind: "starting" },
  { kind: "standby" },
  { kind: "leading", forgetClaim: () => undefined },
  { kind: "stopping" },
];

describe("the lifecycle of an operator", () => {
  it("begins with starting, which may tell again and again what it waits for", () => {
    const { phase, enter } = lifecycle();
    expect(phase()).toEqual({ kind: "starting" });
    enter({ kind: "starting", waitsFor: "the API server" });
    expect(phase()).toEqual({ kind: "starting", waitsFor: "the API server" });
    enter({ kind: "starting", waitsFor: undefined });
    expect(phase()).toEqual({ kind: "starting", waitsFor: undefined });
  });

  it.each(
    phases.flatMap((from, at) => phases.map((to, index) => [from.kind, to.kind, from, to, index >= at] as const)),
  )("from %s to %s: only if that is further", (_from, _to, from, to, isFurther) => {
    const { phase, enter } = lifecycle();
    enter(from);
    enter(to);
    expect(phase()).toBe(isFurther ? to : from);
  });
});

describe("an operator", () => {
  const well: Readable = { knowsCluster: () => true, refused: () => [], blocker: () => undefined };
  const blind: Readable = { ...well, knowsCluster: () => false, refused: () => ["secrets", "pods"] };
  const elsewhere: Readable = { ...well, blocker: () => "another install serves this cluster" };
  const [starting, standby, leading, stopping] = phases as readonly [Phase, Phase, Phase, Phase];

  it.each<readonly [string, Phase, Readable, string | undefined]>([
    ["that stands by", standby, well, undefined],
    ["that leads", leading, well, undefined],
    ["whose cluster another install serves", standby, elsewhere, "another install serves this cluster"],
    ["that starts", starting, well, "it does not know the cluster yet"],
    ["that waits", { kind: "starting", waitsFor: "no answer" }, well, "no answer"],
    ["that may not see", starting, blind, "it does not know the cluster yet: it may not list and watch secrets, pods"],
    ["that hears of a new name", leading, { ...blind, refused: () => [] }, "it does not know the cluster yet"],
    ["that is stopped", stopping, well, "it is being stopped"],
  ])("%s says why it is not ready, if it is not", (_which, phase, readable, why) => {
    expect(whyNotReady(phase, readable)).toBe(why);
  });
});
