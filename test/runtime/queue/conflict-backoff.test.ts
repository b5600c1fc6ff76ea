// Tests that an accident is repaired at once, and a fight slowed down.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  afterWrite,
  contestedFor,
  type Reverts,
  revertsByKey,
  waitBeforeWrite,
} from "../../../src/runtime/queue/conflict-backoff.ts";
import { frozen } from "../../entitlement/objects.ts";

/** Writes at once whenever it may, for as long as somebody reverts it at once. */
function fight(until: number): readonly number[] {
  const writes: number[] = [];
  let reverts: Reverts | undefined;
  let at = 0;
  while (at <= until) {
    writes.push(at);
    reverts = frozen(afterWrite(reverts, "x", at));
    at += Math.max(waitBeforeWrite(reverts, "x", at), 1);
  }
  return writes;
}

describe("repairs of one object", () => {
  it("are made at once the first five times, then ever more slowly", () => {
    const gaps = fight(60_000).map((at, index, all) => at - (all[index - 1] ?? 0));
    expect(gaps).toEqual([0, 1, 1, 1, 1, 1, 1_000, 2_000, 4_000, 8_000, 16_000]);
  });

  it("come at least every five minutes: a person who gives in is not left waiting", () => {
    const writes = fight(24 * 60 * 60_000);
    expect(Math.max(...writes.map((at, index, all) => at - (all[index - 1] ?? 0)))).toBe(5 * 60_000);
    expect(writes.length).toBeLessThan(310);
  });

  it("are a fight from the sixth write on, for ten minutes after the last", () => {
    let reverts: Reverts | undefined;
    for (let count = 1; count <= 5; count += 1) reverts = afterWrite(reverts, "x", count);
    expect(contestedFor(reverts, 5)).toBeUndefined();
    reverts = afterWrite(reverts, "x", 6);
    expect(contestedFor(reverts, 6)).toBe(10 * 60_000);
    expect(contestedFor(reverts, 6 + 10 * 60_000)).toBeUndefined();
    expect(contestedFor(undefined, 0)).toBeUndefined();
  });

  it("start afresh where something else is wanted, or after a quiet time", () => {
    const reverts = frozen({ wanted: "x", count: 20, lastAt: 1_000 });
    expect(waitBeforeWrite(reverts, "x", 1_000)).toBe(5 * 60_000);
    expect(waitBeforeWrite(reverts, "y", 1_000)).toBe(0);
    expect(waitBeforeWrite(reverts, "x", 1_000 + 10 * 60_000)).toBe(0);
    expect(afterWrite(reverts, "y", 1_001).count).toBe(1);
    expect(afterWrite(reverts, "x", 1_000 + 10 * 60_000).count).toBe(1);
  });

  it("never wait longer than five minutes, nor a negative time", () => {
    fc.assert(
      fc.property(fc.nat({ max: 5_000 }), fc.nat(), fc.nat(), (count, lastAt, later) => {
        const wait = waitBeforeWrite({ wanted: "x", count, lastAt }, "x", lastAt + later);
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThanOrEqual(5 * 60_000);
      }),
    );
  });
});

describe("what is remembered of many objects", () => {
  const minutes = 60_000;

  it("is forgotten as others are written, ten minutes after the last write, and not before", () => {
    const reverts = revertsByKey();
    for (let index = 0; index < 100; index += 1) reverts.set(`early-${index}`, afterWrite(undefined, "x", index));
    reverts.set("early-0", afterWrite(reverts.of("early-0"), "x", 9 * minutes));
    for (let index = 0; index < 60; index += 1) reverts.set(`late-${index}`, afterWrite(undefined, "x", 11 * minutes));
    expect([reverts.size, reverts.of("early-0")?.count, reverts.of("early-1")]).toEqual([61, 2, undefined]);
    for (let index = 0; index < 60; index += 1) reverts.set(`late-${index}`, reverts.of(`late-${index}`));
    expect(reverts.of("early-0")?.count).toBe(2);
    reverts.set("late-0", undefined);
    expect([reverts.size, reverts.of("late-0")]).toEqual([60, undefined]);
  });

  it("is the same for those that are written for the first time in the same moment for the same", () => {
    const first = afterWrite(undefined, "x", 1_001);
    expect(afterWrite(undefined, "x", 1_099)).toBe(first);
    expect(afterWrite(undefined, "x", 1_101)).not.toBe(first);
    expect(afterWrite(undefined, "y", 1_101)).toMatchObject({ wanted: "y", count: 1 });
  });
});
