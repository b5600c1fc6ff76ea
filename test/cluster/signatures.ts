// Verifies what a release has signed, by cosign's own code.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Buildable } from "./build-with-go.ts";

export const verifier: Buildable = {
  name: "verify",
  version: "v3.1.3",
  build: {
    module: join(import.meta.dirname, "binaries", "cosign"),
    package: "./verify",
    linkerFlags: "-s -w",
    packages: 702,
    minutes: "1 to 2 minutes",
  },
};

/** The lines that it prints; `dockerConfig` is a folder. @throws Error with what cosign complains of. */
export async function verified(
  program: string,
  args: readonly string[],
  dockerConfig: string,
): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)(program, args, { env: { DOCKER_CONFIG: dockerConfig } });
  return stdout.split("\n").filter((line) => line !== "");
}
