// Tests that the summary statistics are what their names say.
import { describe, expect, it } from "vitest";
import { exponent, median, percentile, slope } from "./statistics.ts";

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

describe("the exponent of growth", () => {
  it("is what the size's power is", () => {
    expect(exponent([100, 1_000, 10_000].map((x) => [x, 3 * x]))).toBeCloseTo(1);
    expect(exponent([100, 1_000, 10_000].map((x) => [x, x ** 2 / 7]))).toBeCloseTo(2);
    expect(exponent([100, 10_000].map((x) => [x, 5]))).toBeCloseTo(0);
  });

  it("fits what lies on no line as closely as one can", () => {
    const points = [
      [1, 1],
      [10, 100],
      [100, 100],
    ] as const;
    expect(exponent(points)).toBeCloseTo(1);
  });

  it("of a single size, or of nothing measured, is no number", () => {
    expect(exponent([[100, 5]])).toBeNaN();
    expect(
      exponent([
        [100, 0],
        [1_000, 5],
      ]),
    ).toBeNaN();
  });
});

describe("the slope", () => {
  it("is how much comes with each step of x, whatever is there without any", () => {
    expect(slope([100, 1_000, 10_000].map((x) => [x, 110 + 0.004 * x]))).toBeCloseTo(0.004);
  });
});
