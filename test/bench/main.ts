// The bench: how fast the operator is beside a client that only writes. `npm run bench -- --help` has the rest.
import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { floodRows, measureFloods } from "./floods.ts";
import { type Growth, growthRows, growthTable } from "./growth.ts";
import { handOverRows, measureHandOvers } from "./hand-overs.ts";
import { measure, stepsOf } from "./measure.ts";
import { type BenchOptions, exitCodes, helpText, parseOptions, type Work } from "./options.ts";
import { credentialNumbers, measurePodCreations, podCreationRows } from "./pod-creations.ts";
import { progress } from "./progress.ts";
import { type Rows, rowsFrom } from "./report.ts";
import { openStage, type Stage, stageSteps } from "./stage.ts";
import { measureTroubles, troubleRows, troubleSteps } from "./trouble.ts";

interface Measured {
  readonly raw: object;
  readonly rows: Rows;
}

/**
 * A control plane of its own for each size: one that has grown would go into the next size with the memory, the history
 * and the caches of the former one, and what it says of 10,000 would not be what `--namespaces 10000` says. It costs
 * half a minute in all.
 */
async function bench(options: BenchOptions): Promise<void> {
  const { work } = options;
  const expected = options.namespaces.flatMap((namespaces) => [
    ...stageSteps(namespaces, options.dimensions),
    ...expectedOf(work, namespaces),
  ]);
  const shown = progress(process.stderr, expected);
  const measured = new Map<number, Measured>();
  const growth = (): Growth => ({
    sizes: [...measured].map(([namespaces, { rows }]) => ({ namespaces, rows })),
    asked: options.namespaces.length,
  });
  /** As soon as it is there: what ends the bench later takes nothing from it. */
  const keep = async (namespaces: number, one: Measured): Promise<void> => {
    measured.set(namespaces, one);
    if (options.report === undefined) return;
    const raws = Object.fromEntries([...measured].map(([size, { raw }]) => [size, raw]));
    const report = { ...growthRows(growth()), raw: options.namespaces.length === 1 ? one.raw : raws };
    await writeFile(options.report, `${JSON.stringify(report, undefined, 2)}\n`);
  };
  try {
    for (const namespaces of options.namespaces) {
      const { dimensions, apiServerCores } = options;
      const stage = await openStage({ namespaces, dimensions, apiServerCores, log: shown.line, step: shown.step });
      try {
        await measureOn({ stage, work, step: shown.step, keep: (one) => keep(namespaces, one) });
      } finally {
        await stage.close();
      }
    }
  } finally {
    shown.end();
    if (measured.size > 0) process.stdout.write(growthTable(growth()));
  }
  if (options.report !== undefined) process.stdout.write(`\nWritten to ${options.report}\n`);
}

/** About how many seconds each step takes. */
function expectedOf(work: Work, namespaces: number): readonly number[] {
  const each = (count: number, seconds: number): readonly number[] => Array.from({ length: count }, () => seconds);
  switch (work.kind) {
    case "measure":
      return stepsOf(work.pairs, namespaces);
    case "handOvers":
      return each(work.count, work.signal === "SIGKILL" ? 20 : 4);
    case "floods":
      return each(2 * work.pairs, 12);
    case "pods":
      return each(credentialNumbers.length, work.count / 5);
    case "trouble":
      return troubleSteps(work, namespaces);
  }
}

interface MeasureOn {
  readonly stage: Stage;
  readonly work: Work;
  readonly step: (text: string) => void;
  readonly keep: (measured: Measured) => Promise<void>;
}

async function measureOn({ stage, work, step, keep }: MeasureOn): Promise<void> {
  switch (work.kind) {
    case "measure": {
      const raw = await measure({ stage, pairs: work.pairs, step });
      await keep({ raw, rows: rowsFrom(raw) });
      return;
    }
    case "handOvers": {
      const handOvers = await measureHandOvers({ stage, count: work.count, signal: work.signal, step });
      await keep({ raw: { handOvers }, rows: handOverRows(handOvers) });
      return;
    }
    case "floods": {
      const raw = await measureFloods({ stage, pairs: work.pairs, step });
      await keep({ raw, rows: floodRows(raw) });
      return;
    }
    case "pods": {
      const raw = await measurePodCreations({ stage, count: work.count, step });
      await keep({ raw, rows: podCreationRows(raw) });
      return;
    }
    case "trouble":
      await measureTroubles({ ...work, stage, step, keep: (raw) => keep({ raw, rows: troubleRows(raw) }) });
  }
}

const hasTaskset = spawnSync("taskset", ["--version"], { stdio: "ignore" }).status === 0;
const asked = parseOptions(process.argv.slice(2), { cores: availableParallelism(), hasTaskset });
switch (asked.kind) {
  case "help":
    process.stdout.write(helpText);
    break;
  case "wrong":
    process.stderr.write(`error: ${asked.message}\n`);
    process.exitCode = exitCodes.refused;
    break;
  case "bench":
    try {
      await bench(asked.options);
      process.exit(exitCodes.ok);
    } catch (error) {
      process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
      process.exit(exitCodes.failed);
    }
}
