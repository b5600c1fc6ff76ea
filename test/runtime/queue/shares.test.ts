// Tests that each owner gets its share, and that nothing is remembered for longer than it matters.
import { describe, expect, it } from "vitest";
import { shares } from "../../../src/runtime/queue/shares.ts";

describe("a share", () => {
  it("is a burst, then so much a second", () => {
    const all = shares({ perSecond: 2, burst: 3 });
    let done = 0;
    for (let now = 0; now < 10_000; now += 100) {
      if (all.freeAt("a") > now) continue;
      all.spend("a", 1, now);
      done += 1;
    }
    expect(done).toBe(3 + 2 * 9 + 1);
  });

  it("of one owner is none of another's", () => {
    const all = shares({ perSecond: 1, burst: 1 });
    all.spend("a", 100, 0);
    expect(all.freeAt("a")).toBe(100_000);
    expect(all.freeAt("b")).toBe(-Infinity);
    expect(all.spent("a", 1_000)).toBe(99);
    expect(all.spent("b", 1_000)).toBe(0);
  });

  it("is not forgotten before it is whole again, however soon that is", () => {
    const all = shares({ perSecond: 1, burst: 1 });
    all.spend("a", 1, 0);
    for (let now = 1; now < 1_000; now += 1) {
      all.spend("b", 0, now);
      expect(all.freeAt("a")).toBe(1_000);
    }
    all.spend("b", 0, 1_000);
    expect(all.freeAt("a")).toBe(-Infinity);
  });

  it("costs no memory once it is whole again, whoever comes and goes", () => {
    const all = shares({ perSecond: 10, burst: 5 });
    for (let index = 0; index < 100_000; index += 1) all.spend(`owner-${index}`, 1, index);
    expect(all.size).toBeLessThan(200);
  });

  it("is not forgotten for the many that come in one moment, but the memory is bounded", () => {
    const all = shares({ perSecond: 0.001, burst: 5 });
    for (let index = 0; index < 50_000; index += 1) {
      all.spend(`owner-${index}`, 1, 0);
      if (index % 100 === 0) all.spend("greedy", 1, 0);
    }
    expect(all.size).toBeLessThanOrEqual(20_001);
    expect(all.spent("greedy", 0)).toBe(500);
  });
});
