// The files of a Go module that tests read and nobody builds.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

// Of some ten megabytes, on a slow line; in milliseconds.
const timeout = 5 * 60_000;

/**
 * The folder of the one module that binaries/NAME/go.mod requires, or of this one of several, fetched if need be and compared
 * with go.sum.
 */
export async function goModule(name: string, module?: string): Promise<string> {
  const which = module === undefined ? [] : [module];
  const { stdout } = await promisify(execFile)("go", ["mod", "download", "-json", ...which], {
    cwd: join(import.meta.dirname, "binaries", name),
    env: { ...process.env, GOWORK: "off" },
    timeout,
  });
  return (JSON.parse(stdout) as { readonly Dir: string }).Dir;
}
