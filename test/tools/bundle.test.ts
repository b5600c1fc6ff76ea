// Tests that the program works as its bundle, with nothing beside it.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { bundle, bytesOf, entryFile } from "../../tools/build/bundle.ts";
import { temporaryFolder } from "../cluster/temporary-folder.ts";

const root = join(import.meta.dirname, "../..");
const loadParts = new URL("../../tools/build/load-parts.mjs", import.meta.url).href;

/** Runs a file where no package is found, with nothing of our environment but `env`. */
function run(file: string, args: readonly string[], { options = [], env = {} }: RunOptions = {}) {
  return spawnSync(process.execPath, [...options, file, ...args], { cwd: join(file, ".."), env, encoding: "utf8" });
}

interface RunOptions {
  /** Of Node. */
  readonly options?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

// Bundling takes some seconds of two cores, more beside other tests.
describe("the bundle", { timeout: 120_000 }, () => {
  it("knows its version, its help and what is wrong, and all of it can be compiled beforehand", async () => {
    const folder = temporaryFolder();
    const chunks = await bundle(folder);
    const file = join(folder, entryFile);
    // A tenth more than it has: one more SDK would be noticed.
    expect(bytesOf(chunks)).toBeLessThan(5.3e6);
    expect(run(file, ["--version"])).toMatchObject({ status: 0, stdout: `${packageJson.version}\n`, stderr: "" });
    const compiled = temporaryFolder();
    const options = { options: ["--import", loadParts], env: { NODE_COMPILE_CACHE: compiled } };
    const help = expect.stringContaining("--kubeconfig");
    expect(run(file, ["run", "--help"], options)).toMatchObject({ status: 0, stdout: help, stderr: "" });
    const kept = readdirSync(compiled, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
    // And what has loaded them all.
    expect(kept).toHaveLength(chunks.length + 1);
    const lost = run(file, ["run", "--kubeconfig", "/nowhere"]);
    expect(lost).toMatchObject({ status: 1, stderr: expect.stringMatching(/^error: cannot read the kubeconfig/) });
  });

  it("loads no SDK of a cloud, and no model of the Kubernetes API, to run the operator", async () => {
    const chunks = await bundle(temporaryFolder());
    const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
    const loaded = new Set<string>();
    const load = (fileName: string): void => {
      if (loaded.has(fileName)) return;
      loaded.add(fileName);
      for (const other of byName.get(fileName)?.imports ?? []) load(other);
    };
    for (const source of ["src/main.ts", "src/cli/run.ts", "src/operator.ts"])
      load(chunks.find(({ moduleIds }) => moduleIds.includes(join(root, source)))?.fileName ?? source);
    const modules = [...loaded].flatMap((fileName) => byName.get(fileName)?.moduleIds ?? []);
    expect(modules).toEqual(expect.arrayContaining([expect.stringContaining("/node_modules/p-queue/")]));
    expect(modules.filter((id) => /\/node_modules\/(?:@aws-sdk|@azure|oci-|@kubernetes)/.test(id))).toEqual([]);
  });
});
