// Plays histories, and tells the seed and the shortest one that it has found where one fails.
import { parseArgs } from "node:util";
import { systemClock } from "../../src/runtime/clock.ts";
import { firstFailure } from "./first-failure.ts";

const usage = `Usage: npm run world -- [--seconds N] [--from N] [--seed N] [--path P] [--histories N] [--only REGEXP] [--shrink SECONDS]

  --seconds N       how long new histories are played (60)
  --from N          the seed of the first of them, each next one of one more (any)
  --seed N          plays the histories of this seed instead, as many as --histories says
  --path P          of these only the one that was told with a failure
  --histories N     of each seed (100)
  --only REGEXP     passes over all other complaints
  --shrink SECONDS  how long a shorter history is looked for that fails (60)
  --help            shows this
`;

function asked(): Readonly<Record<"seconds" | "histories" | "shrink", string>> & {
  readonly from?: string;
  readonly seed?: string;
  readonly path?: string;
  readonly only?: string;
} {
  try {
    const { values } = parseArgs({
      options: {
        seconds: { type: "string", default: "60" },
        from: { type: "string" },
        seed: { type: "string" },
        path: { type: "string" },
        histories: { type: "string", default: "100" },
        only: { type: "string" },
        shrink: { type: "string", default: "60" },
        help: { type: "boolean" },
      },
    });
    for (const name of ["seconds", "from", "seed", "histories", "shrink"] as const) {
      const text = values[name] ?? "0";
      if (!/^\d+$/.test(text)) throw new Error(`--${name} cannot be ${JSON.stringify(text)}: write a number`);
    }
    if (values.help !== true) return values;
    process.stdout.write(usage);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exit(2);
  }
}

const values = asked();
const only = values.only === undefined ? undefined : new RegExp(values.only);
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
    histories: Number(values.histories),
    path: values.path,
    ...(counts && { counts }),
    onHistory: (history) => {
      played += 1;
      steps += history.length;
      last = clock.elapsed();
    },
    mayShorten: () => secondsSince(last) < Number(values.shrink),
  });
  if (failure !== undefined) process.stdout.write(`${failure}\n`);
  return failure === undefined;
}

let well = true;
if (values.seed !== undefined) well = await isWell(Number(values.seed));
else {
  let seed = Number(values.from ?? Math.floor(Math.random() * 2 ** 31));
  for (; well && secondsSince(began) < Number(values.seconds); seed += 1) {
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
