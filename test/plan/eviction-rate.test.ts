// Are evictions bounded, in one namespace and in all?
import { describe, expect, it } from "vitest";
import { evictionWait, stillCounting } from "../../src/plan/eviction-rate.ts";

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

  it("is forgotten after a minute", () => {
    expect(
      stillCounting(
        times(5, () => "a"),
        60_150,
      ).map(({ at }) => at),
    ).toEqual([200, 300, 400]);
  });
});
