// How do all tests run in their order, the quick ones before anything long starts?
//
// Usage: npm test -- [unit | integration | without-gates | oldest] [PATH FILTER...], and npm run e2e -- [PATH FILTER...], which needs root.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { run } from "../src/launch.mjs";

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What failed, with the beginning of why: told again at the end, where it is looked for. */
  readonly failures: readonly string[];
}

/** The part we read of https://vitest.dev/guide/reporters#json-reporter */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

const root = join(import.meta.dirname, "..");
const phases = {
  unit: "Unit tests (seconds)",
  integration: "Integration tests on a real control plane (minutes)",
  "without-gates": "The same on an API server without WatchList and MutatingAdmissionPolicy (minutes)",
  oldest: "The same on the oldest Kubernetes that is supported (minutes)",
  e2e: "The installed operator on a real node (minutes)",
};
type Phase = keyof typeof phases;
// What runs unless a phase is named: all that needs no root.
const usual: readonly Phase[] = ["unit", "integration", "without-gates", "oldest"];
// Integration tests of one file share a cluster and may tell a story in order; files know nothing of each other.
const shuffle: Record<Phase, readonly string[]> = {
  unit: ["--sequence.shuffle"],
  integration: ["--sequence.shuffle.files"],
  "without-gates": ["--sequence.shuffle.files"],
  oldest: ["--sequence.shuffle.files"],
  e2e: [],
};

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
      // Each of its tests goes on where the one before ended.
      ...(phase === "e2e" ? ["--bail=1"] : []),
      // The filter may name a file of the other phase.
      ...(filters.length > 0 ? ["--passWithNoTests"] : []),
      ...filters,
    ],
    { cwd: root },
  );
  const counts = countsOf(outputFile);
  return { ...counts, failed: code === 0 ? counts.failed : Math.max(counts.failed, counts.failures.length, 1) };
}

function countsOf(outputFile: string): Counts {
  let report: Report;
  try {
    report = JSON.parse(readFileSync(outputFile, "utf8")) as Report;
  } catch {
    return { passed: 0, failed: 0, skipped: 0, failures: [] }; // vitest ended before it had anything to report
  }
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + report.numTodoTests,
    failures: report.testResults.flatMap(failuresOf),
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

const { positionals } = parseArgs({ allowPositionals: true });
const [first = "", ...rest] = positionals;
const chosen = Object.keys(phases).find((phase) => phase === first) as Phase | undefined;
const filters = chosen ? rest : positionals;
const wanted = chosen ? [chosen] : usual;

const reports = mkdtempSync(join(tmpdir(), "regcred-tests-"));
const total = { passed: 0, failed: 0, skipped: 0 };
const failures: string[] = [];
try {
  for (const phase of wanted) {
    const counts = await runPhase(phase, filters, reports);
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.skipped += counts.skipped;
    failures.push(...counts.failures.map((failure) => `${phase}: ${failure}`));
  }
} finally {
  rmSync(reports, { recursive: true, force: true });
}
if (total.passed + total.failed + total.skipped === 0) {
  process.stdout.write(
    `\nNo test ran${filters.length > 0 ? `: no file's path contains ${filters.join(" or ")}` : ""}.\n`,
  );
}
for (const failure of failures) process.stdout.write(`\nFAILED ${failure}\n`);
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed${skipped}\n`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
