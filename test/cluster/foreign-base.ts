// What does Node need on another architecture, where no image can be pulled? Debian's packages, and npm's.
import { copyFile, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { nodeBinary } from "../../tools/build/node-binary.ts";
import type { Architecture } from "./architectures.ts";
import { outputOf } from "./output-of.ts";

/** What it needs on the machine, as `demandHost` takes it. */
export const foreignBaseTools = { "apt-get": "apt", "dpkg-deb": "dpkg" } as const;

/** Node links to these: https://github.com/nodejs/node/blob/main/BUILDING.md */
const libraries = ["libc6", "libstdc++6", "libgcc-s1", "libatomic1"];

/** Writes Node and its libraries below `base`; whatever is fetched goes through `folder`. Nothing is installed. */
export async function foreignBase({ name, node }: Architecture, folder: string, base: string): Promise<void> {
  // Of this machine's own apt only where packages come from.
  const state = join(folder, "apt");
  for (const needed of ["state/lists/partial", "cache/archives/partial", "packages"]) {
    await mkdir(join(state, needed), { recursive: true });
  }
  await writeFile(join(state, "status"), "");
  const apt = (...args: readonly string[]): Promise<string> =>
    outputOf(
      "apt-get",
      [
        "--quiet",
        `--option=APT::Architecture=${name}`,
        `--option=APT::Architectures::=${name}`,
        `--option=Dir::State=${join(state, "state")}`,
        `--option=Dir::State::status=${join(state, "status")}`,
        `--option=Dir::Cache=${join(state, "cache")}`,
        ...args,
      ],
      { cwd: join(state, "packages") },
    );
  await apt("update");
  await apt("download", ...libraries);
  await mkdir(join(base, "usr/local/bin"), { recursive: true });
  for (const file of await readdir(join(state, "packages"))) {
    await outputOf("dpkg-deb", ["--extract", join(state, "packages", file), base]);
  }
  await rm(join(base, "usr/share"), { recursive: true, force: true });
  await copyFile(await nodeBinary(`linux-${node}`, folder), join(base, "usr/local/bin/node"));
}
