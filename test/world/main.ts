// Plays histories, and tells the seed and the shortest one that it has found where one fails.
import { systemClock } from "../../src/runtime/clock.ts";
import { firstFailure } from "./first-failure.ts";
import { helpText, parseOptions, type WorldOptions } from "./options.ts";

function asked(): WorldOptions {
  const parsed = parseOptions(process.argv.slice(2));
  if (parsed.kind === "play") return parsed.options;
  if (parsed.kind === "wrong") {
    process.stderr.write(`error: ${parsed.message}\n\n${helpText}`);
    process.exit(2);
  }
  process.stdout.write(helpText);
  process.exit(0);
}

const { which, histories, path, only, shrink } = asked();
// Refusals are errors, of which a history has hundreds, and nobody reads where they were made.
Error.stackTraceLimit = 1;
const counts = only && ((complaint: string): boolean => only.test(complaint));
const clock = systemClock();
const began = clock.elapsed();
const secondsSince = (time: number): number => (clock.elapsed() - time) / 1_000;
let played = 0;
let steps = 0;

async function isWell(seed: number): Promise<boolean> {
  let last = clock.elapsed();
  const failure = await firstFailure({
    seed,
    histories,
    path,
    ...(counts && { counts }),
    onHistory: (history) => {
      played += 1;
      steps += history.length;
      last = clock.elapsed();
    },
    mayShorten: () => secondsSince(last) < shrink,
  });
  if (failure !== undefined) process.stdout.write(`${failure}\n`);
  return failure === undefined;
}

let well = true;
if (which.kind === "one") well = await isWell(which.seed);
else {
  const first = which.from ?? Math.floor(Math.random() * 2 ** 31);
  const isDone = (seed: number): boolean =>
    which.kind === "many" ? seed >= first + which.seeds : secondsSince(began) >= which.seconds;
  for (let seed = first; well && !isDone(seed); seed += 1) {
    process.stdout.write(`world: seed ${seed}\n`);
    well = await isWell(seed);
  }
}
// By what the processor has done: others may be at work on it, too.
const { user, system } = process.cpuUsage();
const rate = Math.round((steps / 30 / ((user + system) / 1e6)) * 60);
process.stdout.write(
  `world: ${played} histories of ${steps} steps, as many as ${rate} of 30 steps in a minute of one core\n`,
);
process.exitCode = well ? 0 : 1;
