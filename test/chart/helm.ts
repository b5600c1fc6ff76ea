// Runs the real helm for tests and tools, without the settings of whoever runs them.
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ensureBinaries } from "../cluster/ensure-binaries.ts";

export const chartFolder = join(import.meta.dirname, "..", "..", "config", "chart");

// One rendering of the chart is some 100 KiB, most of it the CustomResourceDefinition.
const maxOutput = 16 * 1024 * 1024;

/** What it prints on standard output; rejects with what it says on standard error. */
export async function helm(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { helm: file } = await ensureBinaries(["helm"]);
  const folder = join(tmpdir(), "regcred-helm");
  const { stdout } = await promisify(execFile)(file, args, {
    maxBuffer: maxOutput,
    env: {
      HOME: folder,
      PATH: process.env["PATH"],
      HELM_CACHE_HOME: folder,
      HELM_CONFIG_HOME: folder,
      HELM_DATA_HOME: folder,
      ...environment,
    },
  });
  return stdout;
}
