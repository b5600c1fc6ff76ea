// Tests that the rows of a flood follow from what was measured.
import { expect, it } from "vitest";
import { floodRows, type Watched } from "./floods.ts";

const watched = (seconds: number, writesPerSecond: number, cpuSeconds: number, leasePauses: number[]): Watched => ({
  seconds,
  writesPerSecond,
  cpuSeconds,
  leasePauses,
});

it("are medians of the pairs' ratios, in the flood over alone, and the longest pauses", () => {
  const alone = [
    watched(1, 100, 0.5, [2_000, 2_010]),
    watched(2, 200, 1, [2_000, 2_000, 2_050]),
    watched(1, 50, 1, [2_000]),
  ];
  const flooded = [
    watched(2, 90, 1, [2_000, 2_400]),
    watched(2, 200, 3, [2_000, 2_000, 2_100]),
    watched(1.1, 60, 1, [2_020]),
  ];
  expect(floodRows({ alone, flooded, statuses: [] })).toEqual({
    floods: 3,
    floodRotationRatio: 1,
    floodSecondsRatio: 1.1,
    floodCpuRatio: 2,
    floodLeaseRatio: 1.01,
    aloneLeaseLongest: 2_050,
    floodLeaseLongest: 2_400,
  });
});
