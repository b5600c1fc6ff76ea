// Puts together the files of the image for one architecture, as the Dockerfile does, of nothing but what is pinned.
import { execFile } from "node:child_process";
import { chmod, chown, copyFile, cp, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import type { Architecture } from "../build/architectures.ts";
import { debianPackages, fetchDebianPackages, unpackDebianPackage } from "../build/debian-packages.ts";
import { runtimeTexts } from "../build/runtime-files.ts";

const run = promisify(execFile);
/** Of the image. */
const user = 65_532;

/** Node links to these, which `readelf -d` says: the same on both architectures, but for the loader. */
const libraries = {
  "libatomic.so.1": "usr/lib",
  "libc.so.6": "lib",
  "libdl.so.2": "lib",
  "libgcc_s.so.1": "lib",
  "libm.so.6": "lib",
  "libpthread.so.0": "lib",
  "libstdc++.so.6": "usr/lib",
} as const;

/** Where the program wants its loader, by the ABI of each processor. */
const loaders = { amd64: "lib64/ld-linux-x86-64.so.2", arm64: "lib/ld-linux-aarch64.so.1" } as const;

/** Of the operator's process. What V8 has compiled counts only where this was the same. */
export const heapGrowth = "--heap-growing-percent=20";

// MB. What is compiled carries how many collections it has seen, so there must be none.
const noCollection = ["--min-semi-space-size=64", "--max-semi-space-size=64"];

/** Whose conditions ship with them: a package, or one that it names for it. */
const conditions = [
  "usr/share/doc/libc6/copyright",
  "usr/share/doc/gcc-12-base/copyright",
  "usr/share/common-licenses/GPL-3",
  "usr/share/common-licenses/LGPL-2.1",
] as const;

export interface Program {
  /** The bundle, and nothing else. */
  readonly folder: string;
  /** Texts beside it, by their names. */
  readonly licenses: Readonly<Record<string, string>>;
}

/** The names at the top of what `writeRuntime` writes, which changes with Node and Debian only. */
export const runtimeNames = ({ name }: Architecture): readonly string[] =>
  name === "amd64" ? ["etc", "lib", "lib64", "usr"] : ["etc", "lib", "usr"];

/** Writes Node, what it links to, certificates and their licences below `root`; what is fetched goes through `folder`. */
export async function writeRuntime(
  architecture: Architecture,
  node: string,
  { root, folder }: { readonly root: string; readonly folder: string },
): Promise<void> {
  const unpacked = join(folder, "debian");
  for (const file of await fetchDebianPackages(debianPackages, architecture, folder))
    await unpackDebianPackage(file, unpacked);
  const place = async (from: string, path: string): Promise<void> => {
    const to = join(root, path);
    await mkdir(dirname(to), { recursive: true });
    await copyFile(from, to);
  };
  const triplet = `${architecture.qemu}-linux-gnu`;
  for (const [library, where] of Object.entries(libraries))
    await place(join(unpacked, where, triplet, library), join(where, triplet, library));
  const loader = loaders[architecture.name];
  await place(join(unpacked, "lib", triplet, loader.slice(loader.indexOf("/") + 1)), loader);
  for (const path of conditions) await place(join(unpacked, path), path);
  await place(join(node, "LICENSE"), "usr/share/doc/node/copyright");
  await place(join(node, "bin", "node"), "usr/local/bin/node");
  await chmod(join(root, "usr/local/bin/node"), 0o755);
  for (const [path, text] of Object.entries(runtimeTexts())) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

/** Writes the program below `root`, where the runtime is, and has it compiled by that Node. */
export async function writeProgram(architecture: Architecture, program: Program, root: string): Promise<void> {
  const folder = join(root, "regcred");
  await mkdir(folder, { recursive: true });
  await cp(program.folder, folder, { recursive: true });
  for (const [name, text] of Object.entries(program.licenses)) await writeFile(join(folder, name), text);
  await compile(architecture, root);
}

/**
 * As in the Dockerfile, by the Node and the libraries of the image, as its user. The options make what V8 writes the same each
 * time, and are no part of what it is found by.
 */
async function compile({ name, node, qemu }: Architecture, root: string): Promise<void> {
  const compiled = join(root, "regcred", "compiled");
  await mkdir(compiled);
  const emulated = node !== process.arch;
  if (emulated) {
    const { stdout } = await run("which", [`qemu-${qemu}-static`]).catch((error: unknown) => {
      throw new Error(
        `the image for linux/${name} needs qemu-${qemu}-static on this machine: apt-get install qemu-user-static`,
        { cause: error },
      );
    });
    await copyFile(stdout.trim(), join(root, "emulator"));
    await chmod(join(root, "emulator"), 0o755);
  }
  const isRoot = process.getuid?.() === 0;
  if (isRoot) await chown(compiled, user, user);
  const [inside = "", ...how] = isRoot
    ? ["chroot", `--userspec=${user}:${user}`, root]
    : ["unshare", "--user", `--map-user=${user}`, `--map-group=${user}`, `--root=${root}`];
  const loader = join(root, "load-parts.mjs");
  await copyFile(join(import.meta.dirname, "../build/load-parts.mjs"), loader);
  const options = ["--random-seed=1", heapGrowth, ...noCollection, "--import", "/load-parts.mjs"];
  const program = ["/usr/local/bin/node", ...options, "/regcred/regcred.mjs", "run", "--help"];
  await run(inside, [...how, ...(emulated ? ["/emulator"] : []), ...program], {
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", NODE_COMPILE_CACHE: "/regcred/compiled" },
  });
  await rm(loader);
  if ((await readdir(compiled)).length !== 1) throw new Error(`nothing was compiled for linux/${name}`);
}
