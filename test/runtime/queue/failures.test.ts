// Tests that a failed key comes back when it should.
import { describe, expect, it } from "vitest";
import { failures, type Failed } from "../../../src/runtime/queue/failures.ts";

const backoff: Failed = { failed: true, retry: "backoff" };
const seconds = (count: number): Temporal.Duration => Temporal.Duration.from({ seconds: count });
const longestJitter = (): number => 1 - Number.EPSILON;
const noJitter = (): number => 0;

function waits(random: () => number, failure: Failed, count: number): (number | undefined)[] {
  const failed = failures(random);
  return Array.from({ length: count }, () => {
    const at = failed.failed("a", failure, 1000);
    return at === undefined ? undefined : Math.round(at - 1000);
  });
}

describe("a key that fails", () => {
  it("waits twice as long each time, with half of it left to chance", () => {
    expect(waits(longestJitter, backoff, 4)).toEqual([50, 100, 200, 400]);
    expect(waits(noJitter, backoff, 4)).toEqual([25, 50, 100, 200]);
  });

  it("waits a minute at most, also after a thousand failures", () => {
    expect(waits(longestJitter, backoff, 2000).at(-1)).toBe(60_000);
  });

  it("starts afresh after a success", () => {
    const failed = failures(noJitter);
    failed.failed("a", backoff, 0);
    failed.failed("a", backoff, 0);
    failed.forget("a");
    expect(failed.notBefore("a")).toBe(-Infinity);
    expect(failed.failed("a", backoff, 0)).toBe(25);
  });

  it("counts for itself only", () => {
    const failed = failures(noJitter);
    failed.failed("a", backoff, 0);
    expect(failed.failed("b", backoff, 0)).toBe(25);
  });

  it("comes back slowly, first after half a minute, then after as long as it has failed, five minutes at most", () => {
    const failed = failures(noJitter);
    const slowly: Failed = { failed: true, retry: "slowly" };
    const afterSeconds = (at: number): number => ((failed.failed("a", slowly, at * 1000) ?? 0) - at * 1000) / 1000;
    // Without jitter: 20 % less.
    expect([0, 1, 60, 120, 300, 3_000].map(afterSeconds)).toEqual([24, 24, 48, 96, 240, 240]);
    expect(waits(longestJitter, slowly, 1)).toEqual([36_000]);
  });

  it("comes back sooner where the first slow wait is shorter, and ever more slowly all the same", () => {
    const failed = failures(noJitter, 2_000);
    const wait = (at: number): number => (failed.failed("a", { failed: true, retry: "slowly" }, at) ?? 0) - at;
    expect([0, 1_000, 60_000].map(wait)).toEqual([1_600, 1_600, 48_000]);
  });

  it("is looked at within half a minute by the first failure that looks final, however many did not", () => {
    const failed = failures(noJitter);
    for (let count = 0; count < 20; count += 1) failed.failed("a", backoff, count * 60_000);
    expect(failed.failed("a", { failed: true, retry: "slowly" }, 1_200_000)).toBe(1_224_000);
  });

  it("never comes back by itself when only a change can mend it", () => {
    expect(waits(noJitter, { failed: true, retry: "on-change" }, 1)).toEqual([undefined]);
  });

  it("waits at least as long as the other side asked", () => {
    expect(waits(noJitter, { ...backoff, retryAfter: seconds(30) }, 1)).toEqual([30_000]);
    expect(waits(noJitter, { failed: true, retry: "slowly", retryAfter: seconds(600) }, 1)).toEqual([600_000]);
  });

  it.each([901, 3_600, 999_999])("waits 15 minutes at most, though the other side asked for %i seconds", (asked) => {
    expect(waits(noJitter, { ...backoff, retryAfter: seconds(asked) }, 1)).toEqual([900_000]);
  });

  it("waits no longer than its life allows, whatever the error, and whatever the other side asked for", () => {
    const within = { retryWithin: seconds(10) };
    expect(waits(noJitter, { failed: true, retry: "slowly", ...within }, 1)).toEqual([10_000]);
    expect(waits(noJitter, { failed: true, retry: "on-change", ...within }, 1)).toEqual([10_000]);
    expect(waits(noJitter, { ...backoff, ...within, retryAfter: seconds(20) }, 1)).toEqual([10_000]);
  });

  it("cannot be brought forward to the same moment, but to a second, also where the other side asked for more", () => {
    const failed = failures(noJitter);
    failed.failed("a", backoff, 0);
    expect(failed.notBefore("a")).toBe(25);
    for (let count = 0; count < 20; count += 1) failed.failed("a", backoff, 0);
    expect(failed.notBefore("a")).toBe(1000);
    failed.failed("a", { ...backoff, retryAfter: seconds(5) }, 0);
    expect(failed.notBefore("a")).toBe(1000);
    // Whose life ends within the second comes sooner.
    failed.failed("a", { ...backoff, retryWithin: Temporal.Duration.from({ milliseconds: 250 }) }, 0);
    expect(failed.notBefore("a")).toBe(250);
  });
});
