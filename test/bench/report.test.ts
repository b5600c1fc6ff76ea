// Tests that the rows of the report follow from what was measured.
import { describe, expect, it } from "vitest";
import { oneOfEach } from "./dimensions.ts";
import { type Burst, type Deletion, type Raw, rowsFrom, type Start } from "./report.ts";

function burst(writesPerSecond: number, cpuSeconds = 1): Burst {
  return { writes: 200, seconds: 10, writesPerSecond, cpuSeconds, apiServerCpuSeconds: 2 };
}

const footprint = { rssMegabytes: 120, peakRssMegabytes: 150, longestStallMilliseconds: 12 };

function deletion(seconds: number): Deletion {
  return { seconds, cpuSeconds: 0.5, ...footprint };
}

const start: Start = {
  readySeconds: 0.8,
  restSeconds: 0.6,
  writes: 0,
  peakRssMegabytes: 140,
  longestStallMilliseconds: 45,
};

const raw: Raw = {
  setting: {
    namespaces: 200,
    dimensions: oneOfEach,
    singleSecretWatches: 400,
    secretBytes: 3500,
    node: "v26.0.0",
    platform: "linux x64",
    cpus: 2,
  },
  size: { bundleMegabytes: 4.6, imageMegabytes: 160 },
  fanOut: { operator: [burst(90)], bare: [burst(100)] },
  references: { operator: [burst(300)], bare: [burst(400)] },
  deletion: { operator: [deletion(2), deletion(4)], bare: [deletion(1), deletion(3)] },
  together: { ...deletion(1.23456), rssMegabytes: 130, peakRssMegabytes: 165 },
  startToFirstWriteSeconds: [0.9, 0.7, 5],
  startNoChange: [start, { ...start, restSeconds: 1.1 }, start],
  rotationCold: { operator: [burst(50)], bare: [burst(100)] },
  rotation: {
    operator: [burst(400, 3), burst(100, 2), burst(450, 9)],
    bare: [burst(500, 2), burst(200, 2), burst(500, 2)],
  },
  afterRotations: footprint,
  newNamespace: {
    secret: [10, 11, 12],
    reference: [15, 16, 90],
    secretDuringRotation: [50],
    referenceDuringRotation: [60],
  },
  steadyState: { ...footprint, seconds: 30, requests: { read: 0, watch: 1, write: 0 } },
  standby: footprint,
  afterGlob: footprint,
  droppedWatches: 0,
};

describe("the rows of the report", () => {
  const rows = rowsFrom(raw);

  it("compare pair by pair before they take the median, so that a slow minute cancels out", () => {
    expect(rows["rotationRatio"]).toBe(0.8);
    expect(rows["operatorCpuRatio"]).toBe(1.5);
  });

  it("are one finite number each", () => {
    for (const value of Object.values(rows)) expect(value).toSatisfy(Number.isFinite);
  });

  it("leave out what nothing was measured of", () => {
    const none = { ...raw.newNamespace, secretDuringRotation: [], referenceDuringRotation: [] };
    const left = rowsFrom({ ...raw, newNamespace: none });
    expect(Object.keys(left)).toEqual(Object.keys(rows).filter((name) => !name.includes("DuringRotation")));
  });

  it("are rounded to a thousandth", () => {
    expect(rows["fanOutSeconds"]).toBe(1.235);
  });

  it("hold the middle and the worst of the waits", () => {
    expect(rows).toMatchObject({ newNamespaceReferenceP50: 16, newNamespaceReferenceP99: 90 });
  });

  it("tell CPU seconds for each thousand writes", () => {
    expect(rows).toMatchObject({
      fanOutCpuPer1000Writes: 5,
      rotationCpuPer1000Writes: 15,
      apiServerCpuPer1000Writes: 10,
    });
  });

  it("compare a deletion by its time: who takes longer has less than 1", () => {
    expect(rows).toMatchObject({ deletionSeconds: 3, deletionRatio: 0.625 });
  });

  it("hold the memory at each point, and the highest and the longest stall of any process", () => {
    expect(rows).toMatchObject({
      rssMegabytes: 130,
      rssAfterRotationMegabytes: 120,
      rssAfterDeletionMegabytes: 120,
      rssStandbyMegabytes: 120,
      rssPeakMegabytes: 165,
      longestStallMilliseconds: 45,
    });
  });

  it("call a start over when it is ready and nothing is left to do", () => {
    expect(rows).toMatchObject({ startNoChangeSeconds: 0.8, startNoChangeWrites: 0 });
  });

  it("count requests per minute", () => {
    expect(rows["steadyStateRequestsPerMinute"]).toBe(2);
  });
});
