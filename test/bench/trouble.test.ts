// Tests that the rows of trouble follow from what was measured.
import { describe, expect, it } from "vitest";
import type { Burst } from "./report.ts";
import { troubleRows } from "./trouble.ts";

function burst(seconds: number, writesPerSecond = 100): Burst {
  return { writes: 200, seconds, writesPerSecond, cpuSeconds: 1, apiServerCpuSeconds: 2 };
}

const calm = [burst(2), burst(1), burst(3)];

describe("the rows of trouble", () => {
  it("are only those that were asked for", () => {
    expect(troubleRows({ calm })).toEqual({ calmRotationSeconds: 2 });
  });

  it("have the bare client beside a slow API server, and the calm beside a flaky one", () => {
    const slow = { operator: [burst(5, 60)], bare: [burst(5, 80)] };
    expect(troubleRows({ calm, slow, flaky: [burst(4)] })).toMatchObject({
      slowRotationSeconds: 5,
      slowRotationRatio: 0.75,
      flakyRotationSeconds: 4,
      flakyRotationRatio: 0.5,
    });
  });

  it("call it fair when none of the three ends much later than the mean", () => {
    const three = [
      [2, 2, 2],
      [1, 2, 3],
      [2, 3, 4],
    ];
    expect(troubleRows({ calm, three })).toMatchObject({ threeRotationSeconds: 3, fairness: 1.333 });
  });

  it("tell how a heap has grown once it was warm", () => {
    const samples = Array.from({ length: 40 }, (_, index) => ({
      minutes: index,
      heapMegabytes: index < 10 ? 20 : 40 + index / 60,
      rssMegabytes: 150,
    }));
    const churn = { samples, rotations: 5, namespaces: 900, deletedSecrets: 30 };
    const rows = troubleRows({ calm, churn });
    expect(rows).toMatchObject({ churnHeapSlope: 1, churnMinutes: 39, churnNamespaces: 900 });
    expect(rows["churnHeapLast"]).toBeGreaterThan(rows["churnHeapFirst"] ?? 0);
  });
});
