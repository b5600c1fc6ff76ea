// Checks that a test fails for each fault that is put back. Each goes into a copy of the repository of its own.
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { run } from "../../tools/launch.mjs";
import { mutants } from "./all.ts";
import type { Edit, Mutant } from "./mutant.ts";

/** The part we read of https://vitest.dev/guide/reporters#json-reporter */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

const root = join(import.meta.dirname, "..", "..");
/** Programs of the dependencies, and what a build or Git left. */
const leftOut = new Set(["node_modules", ".git", "dist"]);

function copyWith({ edits }: Mutant): string {
  const folder = mkdtempSync(join(tmpdir(), "regcred-mutant-"));
  cpSync(root, folder, { recursive: true, filter: (path) => !leftOut.has(relative(root, path)) });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const edit of edits) apply(folder, edit);
  return folder;
}

function apply(folder: string, { file, from, to }: Edit): void {
  const path = join(folder, file);
  const text = readFileSync(path, "utf8");
  if (!text.includes(from)) throw new Error(`${file} has changed: it does not contain ${from}`);
  // A function, because a text may hold `$&`.
  writeFileSync(
    path,
    text.replace(from, () => to),
  );
}

/** Names of the tests that fail. */
async function findersOf(mutant: Mutant): Promise<readonly string[]> {
  const { phase, path, test } = mutant.foundBy;
  const folder = copyWith(mutant);
  const outputFile = join(folder, "report.json");
  try {
    await run(
      process.execPath,
      [
        join(folder, "node_modules", "vitest", "vitest.mjs"),
        "run",
        `--project=${phase}*`,
        "--reporter=json",
        `--outputFile.json=${outputFile}`,
        ...(test === undefined ? [] : ["--testNamePattern", test]),
        path,
      ],
      { cwd: folder },
    );
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(outputFile, "utf8")) as Report;
    // What cannot even be loaded is no fault that a test has found.
    if (numPassedTests + numFailedTests === 0) throw new Error(`no test of ${path} ran`);
    return testResults
      .flatMap(({ assertionResults }) => assertionResults)
      .flatMap(({ fullName, status }) => (status === "failed" ? [fullName] : []));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const usage = `Usage: npm run mutants -- [PART OF A NAME, OR THE NUMBER OF A FAULT...]

  --help   shows this

The faults, all of which are put back without an argument:
${mutants.map(({ fault, name }) => `  ${String(fault)}: ${name}\n`).join("")}`;

function asked(): readonly string[] {
  try {
    const { values, positionals } = parseArgs({ allowPositionals: true, options: { help: { type: "boolean" } } });
    if (values.help !== true) return positionals;
    process.stdout.write(usage);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exit(2);
  }
}

const positionals = asked();
const chosen = mutants.filter(
  ({ fault, name }) =>
    positionals.length === 0 || positionals.some((each) => each === String(fault) || name.includes(each)),
);
let missed = chosen.length === 0 ? 1 : 0;
for (const mutant of chosen) {
  process.stdout.write(`\n=== ${mutant.fault}: ${mutant.name}\n`);
  const finders = await findersOf(mutant);
  if (finders.length === 0) missed += 1;
  process.stdout.write(
    finders.length === 0
      ? "    MISSED: every test passes\n"
      : finders.map((each) => `    found by: ${each}\n`).join(""),
  );
}
process.stdout.write(`\n${chosen.length} put back, ${missed} missed\n`);
process.exitCode = missed === 0 ? 0 : 1;
