// Where the time of a test run went, and whether it is more than it was.
import { relative } from "node:path";
import type { Report } from "./vitest-report.ts";

export interface FileTimes {
  readonly phase: string;
  /** Relative to the repository. */
  readonly file: string;
  /** From the beginning of its first test to the end of its last one. */
  readonly seconds: number;
  readonly tests: readonly { readonly name: string; readonly seconds: number }[];
}

/** What a run may take, of the sum over all files, on a machine on which the yardstick takes so long. In seconds. */
export interface KeptTotal {
  readonly total: number;
  readonly yardstick: number;
}

const longFile = 40;
const longTest = 15;
const shownTests = 10;
/** Quicker files are told together. */
const shownFile = 1;
const tolerance = 0.1;

export function readTimes(report: Report, phase: string, root: string): readonly FileTimes[] {
  return report.testResults.map(({ name, startTime, endTime, assertionResults }) => ({
    phase,
    file: relative(root, name),
    seconds: Math.max(endTime - startTime, 0) / 1000,
    tests: assertionResults.map(({ fullName, duration }) => ({ name: fullName, seconds: (duration ?? 0) / 1000 })),
  }));
}

function totalOf(times: readonly FileTimes[]): number {
  return times.reduce((sum, { seconds }) => sum + seconds, 0);
}

/** Seconds per file, the slowest tests and the total; what is too long is marked. */
export function timesTable(times: readonly FileTimes[], elapsed: number): string {
  const files = times.toSorted((one, other) => other.seconds - one.seconds);
  const [shown, others] = [true, false].map((is) => files.filter(({ seconds }) => seconds >= shownFile === is));
  const tests = files
    .flatMap(({ file, tests: own }) => own.map((test) => ({ ...test, file })))
    .toSorted((one, other) => other.seconds - one.seconds)
    .slice(0, shownTests);
  return [
    `=== Seconds per file (over ${longFile} s: !)`,
    ...(shown ?? []).map(({ phase, file, seconds }) => line(seconds, longFile, `${file} (${phase})`)),
    line(totalOf(others ?? []), Infinity, `${others?.length ?? 0} files of less than ${shownFile} s each`),
    `=== The slowest tests (over ${longTest} s: !)`,
    ...tests.map(({ file, name, seconds }) => line(seconds, longTest, `${file}: ${name}`)),
    "=== Total",
    line(totalOf(times), Infinity, `in ${files.length} files, some of them at the same time`),
    line(elapsed, Infinity, "from beginning to end"),
  ].join("\n");
}

/** How much of a machine a run had. */
export interface MachineShare {
  /** Seconds that the yardstick took. */
  readonly yardstick: number;
  /** Of all of the processors' time, what went to processes of a lower priority: 0 to 1. */
  readonly neighbours: number;
}

/** What to say where the files took more together than is kept, or undefined; a slower or shared machine may take longer. */
export function overTotal(times: readonly FileTimes[], kept: KeptTotal, machine: MachineShare): string | undefined {
  const slowness = Math.max(machine.yardstick / kept.yardstick, 1) / (1 - machine.neighbours);
  const allowed = kept.total * slowness * (1 + tolerance);
  const total = totalOf(times);
  if (total <= allowed) return undefined;
  const seconds = (count: number): string => `${count.toFixed(0)} s`;
  return `TOO LONG: the files took ${seconds(total)} together, and ${seconds(allowed)} are allowed: ${seconds(kept.total)} by test/kept-total.ts, on a machine that is ${slowness.toFixed(2)} times as slow, and a tenth. Make the tests quicker, or say in the same commit why they are worth it, and change that number.`;
}

function line(seconds: number, limit: number, what: string): string {
  return `${seconds.toFixed(1).padStart(8)} ${seconds > limit ? "!" : " "} ${what}`;
}
