// Tests when a process is taken to rest.
import { expect, it } from "vitest";
import { type CpuSample, restsSince } from "./at-rest.ts";

/** One sample each 500 ms, with the CPU milliseconds spent before it. */
function samples(...spent: readonly number[]): readonly CpuSample[] {
  let cpuSeconds = 0;
  return spent.map((milliseconds, index) => {
    cpuSeconds += milliseconds / 1000;
    return { at: index * 500, cpuSeconds };
  });
}

it("is the moment after which it has done next to nothing for a second and a half", () => {
  expect(restsSince(samples(0, 400, 450, 20, 10, 20))).toBe(1_000);
});

it.each([
  ["works", samples(0, 400, 400, 400, 400, 400)],
  ["has paused for a moment only", samples(0, 400, 10, 10, 400)],
  ["was not looked at for long enough", samples(0, 0, 0)],
  ["was never looked at", []],
])("is not yet where it %s", (_, some) => {
  expect(restsSince(some)).toBeUndefined();
});
