// Tests that the rows of the report follow from what was measured.
import { describe, expect, it } from "vitest";
import { type Burst, type Raw, rowsFrom } from "./report.ts";

function burst(writesPerSecond: number, cpuSeconds = 1): Burst {
  return { seconds: 10, writesPerSecond, cpuSeconds, apiServerCpuSeconds: 2 };
}

const raw: Raw = {
  setting: {
    namespaces: 200,
    singleSecretWatches: 400,
    secretBytes: 3500,
    node: "v26.0.0",
    platform: "linux x64",
    cpus: 2,
  },
  size: { bundleMegabytes: 4.6, imageMegabytes: 160 },
  fanOut: { operator: [burst(90)], bare: [burst(100)] },
  references: { operator: [burst(300)], bare: [burst(400)] },
  fanOutSeconds: 1.23456,
  memory: { afterFanOut: 120, afterRotations: 150, peak: 160 },
  startToFirstWriteSeconds: [0.9, 0.7, 5],
  startNoChangeWrites: 0,
  rotationCold: { operator: [burst(50)], bare: [burst(100)] },
  rotation: {
    operator: [burst(400, 3), burst(100, 2), burst(450, 9)],
    bare: [burst(500, 2), burst(200, 2), burst(500, 2)],
  },
  newNamespace: {
    secret: [10, 11, 12],
    reference: [15, 16, 90],
    secretDuringRotation: [50],
    referenceDuringRotation: [60],
  },
  steadyState: { seconds: 30, requests: { read: 0, watch: 1, write: 0 } },
  deletionSeconds: [2, 4],
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

  it("are rounded to a thousandth", () => {
    expect(rows["fanOutSeconds"]).toBe(1.235);
  });

  it("hold the middle and the worst of the waits", () => {
    expect(rows).toMatchObject({ newNamespaceReferenceP50: 16, newNamespaceReferenceP99: 90 });
  });

  it("count requests per minute", () => {
    expect(rows["steadyStateRequestsPerMinute"]).toBe(2);
  });
});
