// Tests that the summary statistics are what their names say.
import { describe, expect, it } from "vitest";
import { median, percentile } from "./statistics.ts";

describe("the median", () => {
  it("is the middle one, or the mean of the two in the middle", () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([8, 2, 4, 6])).toBe(5);
    expect(median([7])).toBe(7);
  });

  it("of nothing is no number", () => {
    expect(median([])).toBeNaN();
  });
});

describe("a percentile", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

  it("is a value that occurred, by the nearest rank", () => {
    expect(percentile(hundred, 50)).toBe(50);
    expect(percentile(hundred, 99)).toBe(99);
    expect(percentile([3, 1, 2], 99)).toBe(3);
  });

  it("of nothing is no number", () => {
    expect(percentile([], 99)).toBeNaN();
  });
});
