// Tests that several sizes give one report, with the exponents of what grows.
import { describe, expect, it } from "vitest";
import { growthRows, growthTable, type Size } from "./growth.ts";

/** Whose fan-out grows with the square, and whose rotation and memory with N. */
function size(namespaces: number): Size {
  return {
    namespaces,
    rows: {
      namespaces,
      fanOutSeconds: namespaces ** 2 / 1e5,
      fanOutCpuSeconds: namespaces / 500,
      rotationSeconds: namespaces / 300,
      rotationCpuPer1000Writes: 2,
      rotationRatio: 0.9,
      deletionSeconds: namespaces / 100,
      startNoChangeSeconds: 1 + namespaces / 1000,
      rssPeakMegabytes: 110 + namespaces / 256,
      bundleMegabytes: 4.8,
    },
  };
}

describe("the report of several sizes", () => {
  const rows = growthRows({ sizes: [size(100), size(1_000), size(10_000)], asked: 3 });

  it("has the size in the name of each row", () => {
    expect(rows).toMatchObject({ rotationRatio10000: 0.9, fanOutSeconds1000: 10, fanOutSeconds100: 0.1 });
  });

  it("has what belongs to no size once", () => {
    expect(rows).toMatchObject({ bundleMegabytes: 4.8 });
    expect(Object.keys(rows).filter((name) => /^(bundleMegabytes|namespaces)\d/.test(name))).toEqual([]);
  });

  it("says by which power of the namespaces each thing grows", () => {
    expect(rows).toMatchObject({
      fanOutExponent: 2,
      rotationExponent: 1,
      deletionExponent: 1,
      cpuExponent: 1,
      rotationCpuExponent: 1,
    });
    expect(rows["startExponent"]).toBeGreaterThan(0);
    expect(rows["startExponent"]).toBeLessThan(1);
    expect(rows["memoryExponent"]).toBeLessThan(0.2);
  });

  it("says how much memory a namespace takes beside the program", () => {
    expect(rows["memoryKilobytesPerNamespace"]).toBe(4);
  });
});

it("names the size, and claims no growth, where only the first of several was measured", () => {
  const rows = growthRows({ sizes: [size(100)], asked: 3 });
  expect(rows).toMatchObject({ rotationRatio100: 0.9 });
  expect(Object.keys(rows).filter((name) => /Exponent|PerNamespace/.test(name))).toEqual([]);
});

it("is the plain rows for a single size", () => {
  expect(growthRows({ sizes: [size(50)], asked: 1 })).toEqual(size(50).rows);
});

describe("what is printed", () => {
  it("of several sizes is a table that docs/performance.md can hold, and the exponents below it", () => {
    const [head, rule, ...lines] = growthTable({ sizes: [size(100), size(10_000)], asked: 2 }).split("\n");
    expect(head).toMatch(/^\| row +\| 100 +\| 10,000 +\|$/);
    expect(rule).toMatch(/^(\| -+ )+\|$/);
    expect(lines).toContainEqual(expect.stringMatching(/^\| `fanOutSeconds` +\| 0\.1 +\| 1,000 +\|$/));
    expect(lines).toContainEqual(expect.stringMatching(/^fanOutExponent +2$/));
  });

  it("of a single size is a line for each row", () => {
    expect(growthTable({ sizes: [size(50)], asked: 1 })).toContain("rotationRatio             0.9\n");
  });
});
