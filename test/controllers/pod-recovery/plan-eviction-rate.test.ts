// Tests of the rate limit of evictions, in one namespace and in all.
import { describe, expect, it } from "vitest";
import { evictionWait, stillCounting } from "../../../src/controllers/pod-recovery/plan-eviction-rate.ts";

const times = (count: number, namespace: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => ({ namespace: namespace(index), at: index * 100 }));

describe("an eviction", () => {
  it("may be at once where there were few", () => {
    expect(evictionWait([], "a", 0)).toBe(0);
    expect(
      evictionWait(
        times(4, () => "a"),
        "a",
        400,
      ),
    ).toBe(0);
  });

  it("waits for a minute to pass since the fifth-last in its namespace", () => {
    const past = times(5, () => "a");
    expect(evictionWait(past, "a", 1_000)).toBe(59_000);
    expect(evictionWait(past, "b", 1_000)).toBe(0);
    expect(evictionWait(past, "a", 60_000)).toBe(0);
  });

  it("waits for a minute to pass since the thirtieth-last in all", () => {
    const past = times(30, (index) => `team-${index}`);
    expect(evictionWait(past, "other", 3_000)).toBe(57_000);
    expect(evictionWait(past, "other", 60_000)).toBe(0);
  });

  it("need not wait behind tenants who have pods evicted all the time, however many namespaces they have", () => {
    const attempts: { namespace: string; at: number }[] = [];
    const evict = (namespace: string, at: number): boolean => {
      const isNow = evictionWait(stillCounting(attempts, at), namespace, at) === 0;
      if (isNow) attempts.push({ namespace, at });
      return isNow;
    };
    for (let minute = 0; minute < 60; minute += 1) {
      for (let index = 0; index < 500; index += 1) evict(`greedy-${index % 20}`, minute * 60_000 + index);
    }
    const now = 60 * 60_000;
    for (let index = 0; index < 500; index += 1) evict(`greedy-${index % 20}`, now + index);
    expect(attempts.filter(({ at }) => at >= now)).toHaveLength(15);
    for (let count = 0; count < 5; count += 1) expect(evict("team-a", now + 1_000 + count)).toBe(true);
  });

  it("counts with those that have more than five an hour only in a namespace that has", () => {
    const now = 30 * 60_000;
    const of = (namespace: string, count: number, at: number) =>
      Array.from({ length: count }, (_, index) => ({ namespace, at: at + index }));
    const regulars = ["r0", "r1", "r2"].flatMap((each) => [...of(each, 1, 0), ...of(each, 5, now - 100)]);
    expect(evictionWait([...of("team-a", 5, 1_000), ...regulars], "team-a", now)).toBe(0);
    expect(evictionWait([...of("team-a", 6, 1_000), ...regulars], "team-a", now)).toBeGreaterThan(0);
    const others = ["a", "b", "c"].flatMap((each) => of(each, 5, now - 100));
    expect(evictionWait([...of("regular", 6, 0), ...others], "regular", now)).toBe(0);
  });

  it("is forgotten after an hour", () => {
    expect(
      stillCounting(
        times(5, () => "a"),
        60 * 60_000 + 150,
      ).map(({ at }) => at),
    ).toEqual([200, 300, 400]);
  });
});
