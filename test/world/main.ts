// Plays histories, and tells the seed and the shortest one that it has found where one fails.
//
// Usage: npm run world -- [--seed N] [--path P] [--histories N] [--minutes M]
import { parseArgs } from "node:util";
import * as fc from "fast-check";
import { systemClock } from "../../src/clock.ts";
import { complaintsOf } from "./history.ts";
import { histories, type Step } from "./steps.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    path: { type: "string" },
    histories: { type: "string", default: "100" },
    shrink: { type: "string", default: "60" },
  },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const clock = systemClock();
const began = clock.elapsed();
let count = 0;
let steps = 0;
let firstFailure: number | undefined;
const found = await fc.check(
  fc.asyncProperty(histories, async (history: readonly Step[]) => {
    if (firstFailure !== undefined && clock.elapsed() - firstFailure > Number(values.shrink) * 1000) return;
    count += 1;
    steps += history.length;
    const complaints = await complaintsOf(history);
    if (complaints.length === 0) return;
    firstFailure ??= clock.elapsed();
    throw new Error(complaints.join("\n"));
  }),
  { seed, ...(values.path !== undefined && { path: values.path }), numRuns: Number(values.histories) },
);
const minutes = (clock.elapsed() - began) / 60_000;
process.stdout.write(
  `seed ${seed}: ${count} histories, ${steps} steps, ${Math.round(steps / minutes / 30)} of 30 steps a minute\n`,
);
if (found.failed && found.counterexample) {
  const [history] = found.counterexample;
  process.stdout.write(
    `path ${found.counterexamplePath}\n${history.map((each) => `  ${JSON.stringify(each)},\n`).join("")}`,
  );
  process.stdout.write(`${(found.errorInstance as Error).message}\n`);
  process.exitCode = 1;
}
