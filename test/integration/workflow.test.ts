// Tests that the hosting accepts the workflow that releases, and that it calls the one command and nobody else's code.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type Buildable, buildWithGo, proveGo } from "../cluster/build-with-go.ts";
import { streamPrinter } from "../cluster/printer.ts";

const actionlint: Buildable = {
  name: "actionlint",
  version: "v1.7.12",
  build: {
    module: join(import.meta.dirname, "..", "cluster", "binaries", "actionlint"),
    package: "github.com/rhysd/actionlint/cmd/actionlint",
    linkerFlags: "-s -w",
    packages: 106,
    minutes: "seconds",
  },
};
const workflow = join(import.meta.dirname, "../../.github/workflows/release.yaml");

// It is published nowhere for every platform, only built.
const noGo = await proveGo(actionlint).then(
  () => undefined,
  (error: unknown) => (error instanceof Error ? error.message : String(error)),
);
// On a developer's machine only: CI has Go.
const skipped = noGo !== undefined && !process.env["CI"];
if (skipped) process.stderr.write(`workflow.test.ts needs Go >= 1.26 and is not run: ${noGo}\n`);

describe.skipIf(skipped)("the workflow that releases", () => {
  let program: string;
  let folder: string;
  const complaints = async (file: string): Promise<string> =>
    promisify(execFile)(program, ["-no-color", "-shellcheck=", "-pyflakes=", file]).then(
      ({ stdout }) => stdout,
      (error: unknown) => (error as { readonly stdout: string }).stdout,
    );

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "regcred-workflow-"));
    program = join(folder, "actionlint");
    await buildWithGo(actionlint, program, streamPrinter(process.stderr));
  }, 10 * 60_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("is one that actionlint takes, which complains of a typing error", async () => {
    expect(await complaints(workflow)).toBe("");
    const mistyped = join(folder, "mistyped.yaml");
    await writeFile(mistyped, (await readFile(workflow, "utf8")).replace("secrets.RELEASE_KEY", "secret.RELEASE_KEY"));
    expect(await complaints(mistyped)).toContain('undefined variable "secret"');
  });

  it("calls npm run release once, with a key, and uses no action", async () => {
    const { jobs } = parse(await readFile(workflow, "utf8")) as {
      readonly jobs: Readonly<
        Record<string, { readonly steps: readonly { readonly run?: string; readonly uses?: string }[] }>
      >;
    };
    const steps = Object.values(jobs).flatMap((job) => job.steps);
    expect(steps.flatMap(({ uses }) => uses ?? [])).toEqual([]);
    const calls = steps.flatMap(({ run }) => (run?.includes("npm run release") === true ? [run] : []));
    expect(calls).toHaveLength(1);
    for (const flag of ["--registry", "--version", "--key", "--downloads"]) expect(calls[0]).toContain(flag);
  });
});
