// Tests that the backoff is within its bounds.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bounds } from "../../../src/runtime/foreign-numbers.ts";
import { backoff } from "../../../src/runtime/watch/backoff.ts";

const milliseconds = (failures: number, fraction: number, min?: Temporal.Duration): number =>
  backoff(failures, () => fraction, min).total("milliseconds");

describe("the pause after a failure", () => {
  it("is 0.8 to 1.6 seconds the first time, and doubles", () => {
    expect([1, 2, 3].map((failures) => milliseconds(failures, 0))).toEqual([800, 1600, 3200]);
    expect(milliseconds(1, 0.999)).toBeCloseTo(1600, -1);
  });

  it("stays between 0.8 and 30 seconds, however many failures there were", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (failures, fraction) => {
          expect(milliseconds(failures, fraction)).toBeGreaterThanOrEqual(800);
          expect(milliseconds(failures, fraction)).toBeLessThanOrEqual(30_000);
        },
      ),
    );
  });

  it("is not shorter than Retry-After, and not the same for everybody", () => {
    const retryAfter = Temporal.Duration.from({ seconds: 32 });
    expect(milliseconds(1, 0, retryAfter)).toBe(32_000);
    expect(milliseconds(1, 0.5, retryAfter)).toBe(40_000);
    expect(milliseconds(10, 0.5, Temporal.Duration.from({ seconds: 1 }))).toBe(22_500);
  });

  it("is no longer than a minute with the longest Retry-After that is believed, and not the same for everybody", () => {
    const retryAfter = Temporal.Duration.from({ seconds: bounds.apiWait.max });
    expect(milliseconds(1, 0, retryAfter)).toBe(40_000);
    expect(milliseconds(1_000, 0.999_999, retryAfter)).toBeLessThanOrEqual(60_000);
  });
});
