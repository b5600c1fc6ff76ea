// The program of the image, built as the image's is, and started as the image starts it.
import { execFile } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { bundle, bytesOf, entryFile } from "../../tools/build/bundle.ts";
import { environment as imageEnvironment } from "../../tools/release/image.ts";
import { nodeOptions } from "../node-options.ts";
import { type Child, startChild } from "./child.ts";

export interface BuiltProgram {
  readonly bundleMegabytes: number;
  /** What V8 has compiled of it. */
  readonly compiledMegabytes: number;
  /** Resolves at once. */
  start(args: readonly string[]): Child;
}

const loadParts = new URL("../../tools/build/load-parts.mjs", import.meta.url).href;
const compileLimitMs = 120_000;

/** `folder`: of the control plane, which goes with it. */
export async function builtProgram(folder: string): Promise<BuiltProgram> {
  const built = join(folder, "regcred");
  const bundleBytes = bytesOf(await bundle(built));
  const script = join(built, entryFile);
  // As in the Dockerfile: V8 compiles it once, before it is needed.
  const compiled = join(folder, "compiled");
  const environment = { ...imageEnvironment, NODE_COMPILE_CACHE: compiled };
  await promisify(execFile)(process.execPath, [...nodeOptions, "--import", loadParts, script, "run", "--help"], {
    env: { ...process.env, ...environment },
    timeout: compileLimitMs,
  });
  return {
    bundleMegabytes: bundleBytes / 1e6,
    compiledMegabytes: bytesIn(compiled) / 1e6,
    start: (args) =>
      startChild({ nodeOptions, environment, script, arguments: args, logFile: join(folder, "operator.log") }),
  };
}

function bytesIn(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  return files.reduce((total, { parentPath, name }) => total + statSync(join(parentPath, name)).size, 0);
}
