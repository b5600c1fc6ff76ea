// The bench: how fast the operator is beside a client that only writes.
//
// Usage: npm run bench -- --namespaces N --report FILE [--pairs 5], or with --hand-overs N [--signal SIGKILL], --floods N or --pods N
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { floodRows, measureFloods } from "./floods.ts";
import { type HandOverSignal, handOverRows, handOverSignals, measureHandOvers } from "./hand-overs.ts";
import { measure, stepsOf } from "./measure.ts";
import { credentialNumbers, measurePodCreations, podCreationRows } from "./pod-creations.ts";
import { progress } from "./progress.ts";
import { type Rows, rowsFrom } from "./report.ts";
import { openStage } from "./stage.ts";

const help = `Measures the operator on a real Kubernetes control plane, side by side with a bare client that does the same writes.

Usage: npm run bench -- [--namespaces N] [--report FILE] [--pairs N]
       npm run bench -- --hand-overs N [--signal SIGTERM|SIGKILL] [--namespaces N] [--report FILE]
       npm run bench -- --floods N [--namespaces N] [--report FILE]
       npm run bench -- --pods N [--report FILE]

  --namespaces N   tenant namespaces, 2 to 20000 (default: 200)
  --report FILE    also write the numbers as JSON: one per row, and everything measured under "raw"
  --pairs N        how often operator and bare client take turns at a rotation, 1 to 50 (default: 5)
  --hand-overs N   instead of all that: how long one replica takes to follow another, N times, 1 to 1000
  --signal NAME    what ends the one that leads: SIGTERM (the default) or SIGKILL
  --floods N       instead of all that: rotations in a flood of the metrics and without, in turns, N of each, 1 to 50
  --pods N         instead of all that: what the policy on pods costs each creation, with N pods, 1 to 10000
  --help           show this

Takes some 4 minutes with 200 namespaces and needs no cluster; a hand-over takes 4 s, after SIGKILL 20 s, a pair of rotations 20 s. What the rows mean: docs/performance.md
`;

// Before the first measurement: the control plane, its namespaces, the watches.
const stageSteps = 3;

function wholeNumber(flag: string, text: string, min: number, max: number): number {
  const number = /^\d{1,6}$/.test(text) ? Number(text) : -1;
  if (number >= min && number <= max) return number;
  throw new Error(`${flag} cannot be ${JSON.stringify(text)}: write a whole number from ${min} to ${max}`);
}

function signalNamed(text: string): HandOverSignal {
  const found = handOverSignals.find((name) => name === text);
  if (found) return found;
  throw new Error(`--signal cannot be ${JSON.stringify(text)}: write ${handOverSignals.join(" or ")}`);
}

async function bench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      namespaces: { type: "string", default: "200" },
      pairs: { type: "string", default: "5" },
      "hand-overs": { type: "string" },
      floods: { type: "string" },
      pods: { type: "string" },
      signal: { type: "string", default: "SIGTERM" },
      report: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return;
  }
  const namespaces = wholeNumber("--namespaces", values.namespaces, 2, 20_000);
  const pairs = wholeNumber("--pairs", values.pairs, 1, 50);

  const count = values["hand-overs"] === undefined ? 0 : wholeNumber("--hand-overs", values["hand-overs"], 1, 1000);
  const signal = signalNamed(values.signal);

  const floods = values.floods === undefined ? 0 : wholeNumber("--floods", values.floods, 1, 50);
  const pods = values.pods === undefined ? 0 : wholeNumber("--pods", values.pods, 1, 10_000);
  const steps =
    count > 0 ? count : floods > 0 ? 2 * floods : pods > 0 ? credentialNumbers.length : stepsOf(pairs, namespaces);

  const shown = progress(process.stderr, stageSteps + steps);
  const { step } = shown;
  const stage = await openStage({ namespaces, log: shown.line, step });
  try {
    const measured = async (): Promise<{ readonly raw: object; readonly rows: Rows }> => {
      if (count > 0) {
        const handOvers = await measureHandOvers({ stage, count, signal, step });
        return { raw: { handOvers }, rows: handOverRows(handOvers) };
      }
      if (floods > 0) {
        const raw = await measureFloods({ stage, pairs: floods, step });
        return { raw, rows: floodRows(raw) };
      }
      if (pods > 0) {
        const raw = await measurePodCreations({ stage, count: pods, step });
        return { raw, rows: podCreationRows(raw) };
      }
      const raw = await measure({ stage, pairs, step });
      return { raw, rows: rowsFrom(raw) };
    };
    const { raw, rows } = await measured();
    shown.end();
    process.stdout.write(tableOf(rows));
    if (values.report !== undefined) {
      await writeFile(values.report, `${JSON.stringify({ ...rows, raw }, undefined, 2)}\n`);
      process.stdout.write(`\nWritten to ${values.report}\n`);
    }
  } finally {
    shown.end();
    await stage.close();
  }
}

function tableOf(rows: Rows): string {
  const width = Math.max(...Object.keys(rows).map((name) => name.length));
  return Object.entries(rows)
    .map(([name, value]) => `${name.padEnd(width)}  ${value}\n`)
    .join("");
}

try {
  await bench(process.argv.slice(2));
  process.exit(0);
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
