// Runs all tests in their order, the quick ones before anything long starts.
//
// Usage: npm test -- [PHASE] [PATH FILTER...], npm run test:all -- [--rest] [PATH FILTER...], and npm run e2e -- [PATH FILTER...],
// which needs root.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { run } from "../tools/launch.mjs";
import { keptTotal } from "./kept-total.ts";
import { type Phase, phases, rest, shuffle, usual } from "./phases.ts";
import { type FileTimes, overTotal, readTimes, timesTable } from "./run-times.ts";
import { type Report, reportIn } from "./vitest-report.ts";
import { neighboursShare, processorTimes } from "./neighbours.ts";
import { yardstick } from "./yardstick.ts";

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What failed, with the beginning of why: told again at the end, where it is looked for. */
  readonly failures: readonly string[];
  readonly times: readonly FileTimes[];
}

const root = join(import.meta.dirname, "..");
/** Runs one phase; a crash outside every test counts as one failure. */
async function runPhase(phase: Phase, filters: readonly string[], reports: string): Promise<Counts> {
  process.stdout.write(`\n=== ${phases[phase]}\n`);
  const outputFile = join(reports, `${phase}.json`);
  const { code } = await run(
    process.execPath,
    [
      join(root, "node_modules", "vitest", "vitest.mjs"),
      "run",
      // With those that run alone.
      `--project=${phase}*`,
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${outputFile}`,
      ...(process.env["CI"] ? shuffle[phase] : []),
      // Each of their tests goes on where the one before ended.
      ...(phase === "e2e" || phase === "release" ? ["--bail=1"] : []),
      // The filter may name a file of the other phase.
      ...(filters.length > 0 ? ["--passWithNoTests"] : []),
      ...filters,
    ],
    { cwd: root },
  );
  const counts = countsOf(phase, reportIn(outputFile));
  return { ...counts, failed: code === 0 ? counts.failed : Math.max(counts.failed, counts.failures.length, 1) };
}

function countsOf(phase: Phase, report: Report | undefined): Counts {
  // vitest ended before it had anything to report
  if (!report) return { passed: 0, failed: 0, skipped: 0, failures: [], times: [] };
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + report.numTodoTests,
    failures: report.testResults.flatMap(failuresOf).map((failure) => `${phase}: ${failure}`),
    times: readTimes(report, phase, root),
  };
}

function failuresOf({ name, status, message, assertionResults }: Report["testResults"][number]): readonly string[] {
  const file = relative(root, name);
  const failures = assertionResults
    .filter((each) => each.status === "failed")
    .map(({ fullName, failureMessages }) => `${file}: ${fullName}\n${beginningOf(failureMessages.join("\n"))}`);
  // A file that failed outside its tests.
  return failures.length === 0 && status === "failed" ? [`${file}\n${beginningOf(message)}`] : failures;
}

function beginningOf(message: string): string {
  return message
    .split("\n")
    .slice(0, 25)
    .map((line) => `    ${line}`)
    .join("\n");
}

/** Which phases are meant; of a file that is named, whichever it belongs to. */
function wantedPhases(chosen: Phase | "all" | undefined, onlyRest: boolean, hasFilters: boolean): readonly Phase[] {
  if (onlyRest) return rest;
  if (chosen === "all") return [...usual, ...rest];
  if (chosen) return [chosen];
  return hasFilters ? [...usual, "measuring"] : usual;
}

const { positionals, values } = parseArgs({ allowPositionals: true, options: { rest: { type: "boolean" } } });
const [first = "", ...others] = positionals;
const chosen = [...Object.keys(phases), "all"].find((phase) => phase === first) as Phase | "all" | undefined;
const filters = chosen ? others : positionals;
const wanted = wantedPhases(chosen, values.rest === true, filters.length > 0);

const startedAt = performance.now();
const speeds = [yardstick()];
const spentBefore = processorTimes();
const reports = mkdtempSync(join(tmpdir(), "regcred-tests-"));
const all: Counts[] = [];
try {
  for (const phase of wanted) all.push(await runPhase(phase, filters, reports));
} finally {
  rmSync(reports, { recursive: true, force: true });
}
const sum = (of: (counts: Counts) => number): number => all.reduce((before, counts) => before + of(counts), 0);
const [passed, failed, skipped] = [sum((each) => each.passed), sum((each) => each.failed), sum((each) => each.skipped)];
if (passed + failed + skipped === 0) {
  process.stdout.write(
    `\nNo test ran${filters.length > 0 ? `: no file's path contains ${filters.join(" or ")}` : ""}.\n`,
  );
}
for (const failure of all.flatMap(({ failures }) => failures)) process.stdout.write(`\nFAILED ${failure}\n`);
const times = all.flatMap((counts) => counts.times);
process.stdout.write(`\n${timesTable(times, (performance.now() - startedAt) / 1000)}\n`);
// A whole run is compared with what one took when somebody last looked.
speeds.push(yardstick());
const machine = { yardstick: Math.max(...speeds), neighbours: neighboursShare(spentBefore, processorTimes()) };
const excess = wanted === usual && passed > 0 ? overTotal(times, keptTotal, machine) : undefined;
if (excess !== undefined) process.stdout.write(`\n${excess}\n`);
process.stdout.write(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`);
const isOver = excess !== undefined && process.env["CI"] !== undefined;
process.exitCode = failed === 0 && passed > 0 && !isOver ? 0 : 1;
