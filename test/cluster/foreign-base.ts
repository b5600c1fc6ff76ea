// What Node needs on another architecture, where no image can be pulled: Debian's packages, and npm's.
import { copyFile, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Architecture } from "../../tools/build/architectures.ts";
import { downloadDebianPackages, unpackDebianPackage } from "../../tools/build/debian-packages.ts";
import { nodeBinary } from "../../tools/build/node-binary.ts";

/** What it needs on the machine, as `demandHost` takes it. */
export const foreignBaseTools = { "apt-get": "apt", "dpkg-deb": "dpkg" } as const;

/** Node links to these: https://github.com/nodejs/node/blob/main/BUILDING.md */
const libraries = ["libc6", "libstdc++6", "libgcc-s1", "libatomic1"];

/** Writes Node and its libraries below `base`; whatever is fetched goes through `folder`. Nothing is installed. */
export async function foreignBase({ name, node }: Architecture, folder: string, base: string): Promise<void> {
  const packages = await downloadDebianPackages(libraries, name, join(folder, "apt"));
  await mkdir(join(base, "usr/local/bin"), { recursive: true });
  for (const file of await readdir(packages)) await unpackDebianPackage(join(packages, file), base);
  await rm(join(base, "usr/share"), { recursive: true, force: true });
  await copyFile(await nodeBinary(`linux-${node}`, folder), join(base, "usr/local/bin/node"));
}
