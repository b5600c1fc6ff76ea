// Tests that the status cache remembers what was found, since when, and what has changed.
import { describe, expect, it } from "vitest";
import type { Failure } from "../../src/runtime/errors.ts";
import { type StatusCache, statusCache, type SecretFinding } from "../../src/controllers/status-cache.ts";
import { fakeClock, type FakeClock } from "../fake-clock.ts";
import { knownAbsent } from "../../src/runtime/watch/presence.ts";
import { failure, frozen } from "../entitlement/objects.ts";

const missing = failure({ reason: "SourceMissing" });
const conflict = failure({ reason: "SecretConflict" });
const contested = failure({ reason: "Contested" });

function found(...failures: readonly Failure[]): SecretFinding {
  return { state: "usable", credentials: new Map([["acme", frozen({ failures, notes: [], generation: 1 })]]) };
}

function newStatusCache(): { clock: FakeClock; findings: StatusCache; pass: (minutes: number) => Promise<void> } {
  const clock = fakeClock();
  return { clock, findings: statusCache(clock), pass: (minutes) => clock.advance(Temporal.Duration.from({ minutes })) };
}

describe("the status cache", () => {
  it("gives back what was found last, per namespace and Secret name", () => {
    const { findings } = newStatusCache();
    const finding = found(missing);
    findings.setSecret("team-a", "regcred", found());
    findings.setSecret("team-a", "regcred", finding);
    expect(findings.secret("team-a", "regcred")).toBe(finding);
    expect(findings.secret("team-a", "old")).toBeUndefined();
    expect(findings.secret("team-b", "regcred")).toBeUndefined();
    expect(findings.references("team-a")).toBeUndefined();
  });

  it("keeps once what is found of many namespaces alike, and apart what says anything else", () => {
    const { findings } = newStatusCache();
    const other: SecretFinding = { state: "foreign", credentials: found().credentials };
    const shadowed: SecretFinding = {
      ...found(),
      shadowed: [{ host: "ghcr.io", credential: "acme", entry: "hub", by: "older" }],
    };
    const namespaces = [found(), found(), other, shadowed, found(missing)];
    for (const [index, finding] of namespaces.entries()) findings.setSecret(`team-${index}`, "regcred", finding);
    expect(findings.secret("team-1", "regcred")).toBe(findings.secret("team-0", "regcred"));
    expect(namespaces.map((_, index) => findings.secret(`team-${index}`, "regcred"))).toEqual(namespaces);
    const references = [
      { failures: [], notes: [], generations: new Map([["acme", 1]]) },
      { failures: [], notes: [], generations: new Map([["acme", 2]]) },
      { failures: [], notes: [], generations: new Map([["acme", 2]]), left: new Set(["old"]) },
    ];
    for (const [index, finding] of references.entries()) findings.setReferences(`team-${index}`, finding);
    expect(references.map((_, index) => findings.references(`team-${index}`))).toEqual(references);
  });

  it("tells a failure once, and again when it has been away", () => {
    const { findings } = newStatusCache();
    expect(findings.setSecret("team-a", "regcred", found(missing))).toEqual([missing]);
    expect(findings.setSecret("team-a", "regcred", found(missing, conflict))).toEqual([conflict]);
    expect(findings.setSecret("team-a", "regcred", found(missing))).toEqual([]);
    expect(findings.setSecret("team-a", "regcred", found())).toEqual([]);
    expect(findings.setSecret("team-a", "regcred", found(missing))).toEqual([missing]);
  });

  it("keeps apart what the Secret and what the references suffer from", () => {
    const { findings } = newStatusCache();
    findings.setSecret("team-a", "regcred", found(missing));
    expect(findings.setReferences("team-a", { failures: [contested], notes: [], generations: new Map() })).toEqual([
      contested,
    ]);
    findings.setSecret("team-a", "regcred", found());
    expect(findings.setReferences("team-a", { failures: [contested], notes: [], generations: new Map() })).toEqual([]);
  });

  it("knows since when a failure lasts, through every new finding of it", async () => {
    const { clock, findings, pass } = newStatusCache();
    const start = clock.now();
    findings.setSecret("team-a", "regcred", found(missing));
    await pass(5);
    findings.setSecret("team-a", "regcred", found(missing, conflict));
    await pass(5);
    expect(findings.lasting("team-a", missing).since).toEqual(start);
    expect(findings.lasting("team-a", conflict).since).toEqual(start.add({ minutes: 5 }));
    expect(findings.lasting("team-b", missing).since).toEqual(clock.now());
  });

  it("counts afresh once a failure has been away", async () => {
    const { clock, findings, pass } = newStatusCache();
    findings.setSecret("team-a", "regcred", found(missing));
    await pass(5);
    findings.setSecret("team-a", "regcred", found());
    findings.setSecret("team-a", "regcred", found(missing));
    expect(findings.lasting("team-a", missing).since).toEqual(clock.now());
  });

  it("does not tell notes, but knows since when they last", async () => {
    const { clock, findings, pass } = newStatusCache();
    const start = clock.now();
    const noted = new Map([["acme", { failures: [], notes: [conflict], generation: 1 }]]);
    expect(findings.setSecret("team-a", "regcred", { state: "usable", credentials: noted })).toEqual([]);
    await pass(5);
    expect(findings.lasting("team-a", conflict).since).toEqual(start);
  });

  it("forgets a namespace that is gone", () => {
    const { findings } = newStatusCache();
    findings.setSecret("team-a", "regcred", found(missing));
    findings.setReferences("team-a", { failures: [contested], notes: [], generations: new Map() });
    findings.forget("team-a", knownAbsent);
    expect(findings.secret("team-a", "regcred")).toBeUndefined();
    expect(findings.references("team-a")).toBeUndefined();
    expect(findings.setSecret("team-a", "regcred", found(missing))).toEqual([missing]);
  });

  it("does not take one that waits for one that is well: what it had goes on, and is told once", async () => {
    const { clock, findings, pass } = newStatusCache();
    const start = clock.now();
    findings.setSecret("team-a", "regcred", found(missing));
    await pass(5);
    findings.setSecret("team-a", "regcred", { state: "waiting", credentials: new Map() });
    expect(findings.setSecret("team-a", "regcred", found(missing))).toEqual([]);
    expect(findings.lasting("team-a", missing).since).toEqual(start);
  });

  it("forgets a Secret name, and since when it failed under it", async () => {
    const { clock, findings, pass } = newStatusCache();
    findings.setSecret("team-a", "regcred", found(missing));
    findings.setSecret("team-a", "old", found(missing, conflict));
    await pass(5);
    findings.forgetSecret("team-a", "old");
    expect(findings.secret("team-a", "old")).toBeUndefined();
    expect(findings.setSecret("team-a", "regcred", found(missing, conflict))).toEqual([conflict]);
    expect(findings.lasting("team-a", conflict).since).toEqual(clock.now());
  });

  it("knows a fight over a RegistryCredential for as long as it was told, from when it was told", async () => {
    const { findings, pass } = newStatusCache();
    await pass(5);
    findings.contested("acme", 120_000);
    expect([findings.isContested("acme"), findings.isContested("beta")]).toEqual([true, false]);
    await pass(1);
    findings.contested("beta", 120_000);
    expect([findings.isContested("acme"), findings.isContested("beta")]).toEqual([true, true]);
    await pass(1);
    expect([findings.isContested("acme"), findings.isContested("beta")]).toEqual([false, true]);
  });

  describe("after a start", () => {
    const first = (findings: StatusCache, failure: Failure): boolean | undefined =>
      findings.lasting("team-a", failure).foundAtStart;
    const waits: SecretFinding = {
      state: "usable",
      credentials: new Map([["acme", { failures: [], notes: [], generation: 0 }]]),
    };

    it("says what was there when a namespace was first judged, by Secret and by references", () => {
      const { findings } = newStatusCache();
      findings.setSecret("team-a", "regcred", waits);
      findings.setSecret("team-a", "regcred", found(failure({ reason: "TokenPending" })));
      findings.setSecret("team-a", "regcred", found(missing));
      findings.setReferences("team-a", { failures: [contested], notes: [], generations: new Map() });
      findings.setSecret("team-a", "regcred", found(missing, conflict));
      expect([missing, contested, conflict].map((each) => first(findings, each))).toEqual([true, true, undefined]);
    });

    it("says it of what was found after a Secret has waited, and of a namespace that is made anew under the name", () => {
      const { findings } = newStatusCache();
      findings.setSecret("team-a", "regcred", { ...found(), state: "waiting" });
      findings.setSecret("team-a", "regcred", found(missing));
      expect(first(findings, missing)).toBe(true);
      findings.forget("team-a", knownAbsent);
      findings.setSecret("team-a", "regcred", found(missing));
      expect(first(findings, missing)).toBe(true);
    });

    it("says it no more once the failure has been away", () => {
      const { findings } = newStatusCache();
      for (const finding of [found(missing), found(), found(missing)]) findings.setSecret("team-a", "regcred", finding);
      expect(first(findings, missing)).toBeUndefined();
    });

    it("takes no namespace for one of the start that comes later", async () => {
      const { findings, pass } = newStatusCache();
      findings.setSecret("team-b", "regcred", found());
      await pass(5);
      findings.setSecret("team-a", "regcred", found(missing));
      expect(first(findings, missing)).toBeUndefined();
    });
  });
});
