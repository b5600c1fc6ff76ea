// Tests that the CPU time of a run is charged to the namespace that caused it.
import { expect, it } from "vitest";
import { removalScenario } from "./removal-scenario.ts";

it("a run costs its namespace a unit for every two milliseconds in which it is decided", async () => {
  const { run } = removalScenario({ changes: 0, thinking: 180 });
  expect((await run()).cost).toBeCloseTo(90);
});
