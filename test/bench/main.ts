// The bench: how fast the operator is beside a client that only writes. `npm run bench -- --help` has the rest.
import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { floodRows, measureFloods } from "./floods.ts";
import { growthRows, growthTable, type Size } from "./growth.ts";
import { handOverRows, measureHandOvers } from "./hand-overs.ts";
import { measure, stepsOf } from "./measure.ts";
import { type BenchOptions, exitCodes, helpText, parseOptions, type Work } from "./options.ts";
import { credentialNumbers, measurePodCreations, podCreationRows } from "./pod-creations.ts";
import { type Progress, progress } from "./progress.ts";
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
  const sizes: Size[] = [];
  const raws: Record<string, object> = {};
  try {
    for (const namespaces of options.namespaces) {
      const { raw, rows } = await measuredAt(namespaces, options, shown);
      sizes.push({ namespaces, rows });
      raws[namespaces] = raw;
      // After each of them: what a later one ends with takes nothing from it.
      if (options.report !== undefined) {
        const report = { ...growthRows(sizes), raw: options.namespaces.length === 1 ? raw : raws };
        await writeFile(options.report, `${JSON.stringify(report, undefined, 2)}\n`);
      }
    }
  } finally {
    shown.end();
  }
  process.stdout.write(growthTable(sizes));
  if (options.report !== undefined) process.stdout.write(`\nWritten to ${options.report}\n`);
}

async function measuredAt(
  namespaces: number,
  { dimensions, apiServerCores, work }: BenchOptions,
  { line, step }: Progress,
): Promise<Measured> {
  const stage = await openStage({ namespaces, dimensions, apiServerCores, log: line, step });
  try {
    return await measuredOn(stage, work, step);
  } finally {
    await stage.close();
  }
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

async function measuredOn(stage: Stage, work: Work, step: (text: string) => void): Promise<Measured> {
  switch (work.kind) {
    case "measure": {
      const raw = await measure({ stage, pairs: work.pairs, step });
      return { raw, rows: rowsFrom(raw) };
    }
    case "handOvers": {
      const handOvers = await measureHandOvers({ stage, count: work.count, signal: work.signal, step });
      return { raw: { handOvers }, rows: handOverRows(handOvers) };
    }
    case "floods": {
      const raw = await measureFloods({ stage, pairs: work.pairs, step });
      return { raw, rows: floodRows(raw) };
    }
    case "pods": {
      const raw = await measurePodCreations({ stage, count: work.count, step });
      return { raw, rows: podCreationRows(raw) };
    }
    case "trouble": {
      const raw = await measureTroubles({ ...work, stage, step });
      return { raw, rows: troubleRows(raw) };
    }
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
