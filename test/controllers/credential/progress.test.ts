// Tests that many RegistryCredentials that are under way at once tell of it seldom, and that what is news is told at once.
import { describe, expect, it } from "vitest";
import type { Status } from "../../../src/api/registry-credential.ts";
import { isProgress, progressOf } from "../../../src/controllers/credential/progress.ts";
import { fakeClock } from "../../fake-clock.ts";

const ms = (milliseconds: number): Temporal.Duration => Temporal.Duration.from({ milliseconds });

describe("what is told of work that goes on", () => {
  it("is told at any time of the only one", async () => {
    const clock = fakeClock();
    const progress = progressOf(clock);
    for (let count = 0; count < 3; count += 1) {
      expect(progress.rest("acme")).toBe(0);
      progress.told("acme");
      await clock.advance(ms(1_000));
    }
  });

  it.each([2, 10, 200])("is told ten times a second at most of all together, where %d are at it", async (count) => {
    const clock = fakeClock();
    const progress = progressOf(clock);
    const names = Array.from({ length: count }, (_, index) => `acme-${index}`);
    const told = new Map<string, number>();
    while (clock.elapsed() < 100_000) {
      for (const name of names) {
        if (progress.rest(name) > 0) continue;
        told.set(name, (told.get(name) ?? 0) + 1);
        progress.told(name);
      }
      await clock.advance(ms(1_000));
    }
    const all = [...told.values()].reduce((sum, each) => sum + each);
    expect(all / 100).toBeGreaterThan(Math.min(count, 10) * 0.9);
    expect(all / 100).toBeLessThanOrEqual(10.1);
    expect(Math.max(...told.values()) - Math.min(...told.values())).toBeLessThan(3);
  });

  it("waits half a minute at most, however many are at it", () => {
    const progress = progressOf(fakeClock());
    for (let index = 0; index < 5_000; index += 1) progress.rest(`acme-${index}`);
    expect([progress.rest("acme-4999"), progress.rest("another")]).toEqual([29_100, 29_100]);
  });

  it("keeps its turn, whoever asks meanwhile", () => {
    const progress = progressOf(fakeClock());
    for (let index = 0; index < 10; index += 1) progress.rest(`acme-${index}`);
    const asked = ["one", "two", "acme-9", "one", "three", "two"].map((name) => progress.rest(name));
    expect(asked).toEqual([100, 200, 0, 100, 300, 200]);
  });
});

describe("a status", () => {
  const condition = {
    type: "Ready",
    status: "False",
    reason: "Progressing",
    message: "3 of 5",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  } as const;
  const status: Status = {
    observedGeneration: 1,
    conditions: [condition],
    registries: [{ name: "main", identities: 1, failing: 0, state: "Ready" }],
    namespaces: { selected: 5, ready: 2, pending: 3, failed: 0 },
    failures: [],
    secretName: "regcred",
    retiring: [],
    mode: { references: true },
  } as unknown as Status;
  const failing = { ...status, failures: [{ reason: "QuotaExceeded" }] } as unknown as Status;

  it("of other counts is progress", () => {
    const further = { ...status, conditions: [{ ...condition, message: "1 of 5" }], namespacesReady: "4/5" };
    expect(isProgress(status, further)).toBe(true);
  });

  it.each<[string, Status]>([
    ["another spec", { ...status, observedGeneration: 2 }],
    ["another reason", { ...status, conditions: [{ ...condition, reason: "Degraded" }] }],
    ["another condition", { ...status, conditions: [{ ...condition, status: "True" }] }],
    [
      "a source that fails",
      { ...status, registries: [{ ...status.registries?.[0], reason: "SourceMissing" } as never] },
    ],
    ["namespaces that fail", failing],
    ["another Secret name", { ...status, secretName: "other" }],
    ["a further reference", { ...status, extraReferences: ["hub"] }],
    ["a name that is given up", { ...status, retiring: [{ secretName: "former" } as never] }],
  ])("of %s is news", (_what, after) => {
    expect(isProgress(status, after)).toBe(false);
  });

  it("that is the first is news: nothing is written before it", () => {
    expect([isProgress(undefined, status), isProgress({}, status)]).toEqual([false, false]);
  });
});
