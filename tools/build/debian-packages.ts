// Fetches the libraries that Node links to, as Debian's packages of one version each, and believes their checksums only.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Architecture } from "./architectures.ts";

const run = promisify(execFile);

export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression, of what ships of it. */
  readonly license: string;
  /** Of the package. Newer ones: `apt-get download --print-uris NAME`, for each architecture. */
  readonly sha256: Readonly<Record<Architecture["name"], string>>;
}

const runtimeException = "GPL-3.0-or-later WITH GCC-exception-3.1";

/** Of Debian 12, whose glibc is no newer than that of any node. The last two have the texts of the licences. */
export const debianPackages: readonly DebianPackage[] = [
  {
    name: "libc6",
    version: "2.36-9+deb12u14",
    license: "LGPL-2.1-or-later",
    sha256: {
      amd64: "ba4f88f73dbc3ae9055f3c20f4523bfdbaf1ad13ff95e258924f77d20b4fbedf",
      arm64: "01f4330719fd4f65580e16ea5a0527f372fca750e8f588d26deaf09f2d3b1cf4",
    },
  },
  {
    name: "libstdc++6",
    version: "12.2.0-14+deb12u1",
    license: runtimeException,
    sha256: {
      amd64: "5cd3171216d4ab0fc911cfe9c35509bf2dd8f47761c43b7f6a4296701551a24d",
      arm64: "26e138c677a985775331373828a6c286c551ff397cb735d00e2383cb273d1cb2",
    },
  },
  {
    name: "libgcc-s1",
    version: "12.2.0-14+deb12u1",
    license: runtimeException,
    sha256: {
      amd64: "3016e62cb4b7cd8038822870601f5ed131befe942774d0f745622cc77d8a88f7",
      arm64: "576926b283613db80168ddf76380a3bd877602778cf0d226caa7bfbfa71eacf3",
    },
  },
  {
    name: "libatomic1",
    version: "12.2.0-14+deb12u1",
    license: runtimeException,
    sha256: {
      amd64: "fbd4e154a6b444229ea002cc209df099209c0adc09102e5fd21239a3d2b55e2d",
      arm64: "1693aa13ce2b30d061a519fc28b77b9bab8c8e45804ced5969d99821e1bc2159",
    },
  },
  {
    name: "gcc-12-base",
    version: "12.2.0-14+deb12u1",
    license: runtimeException,
    sha256: {
      amd64: "1896a2aacf4ad681ff5eacc24a5b0ca4d5d9c9b9c9e4b6de5197bc1e116ea619",
      arm64: "674cf6cba6d432bd200c45fe866c1652c7a53523cc2e7a613e05bc4abf7b5440",
    },
  },
  {
    name: "base-files",
    version: "12.4+deb12u15",
    license: "GPL-2.0-or-later",
    sha256: {
      amd64: "3eb1ea6d85488f488cc2a163b98ad640ef88cee4c79287cf14e361aaf6206f47",
      arm64: "b1272fbdc197f7d5bd22c05b741a03840f8bec66ca68c8d797f567ff2c99d42d",
    },
  },
];

/** A day on which the archive had all of them. https://snapshot.debian.org */
const snapshot = "20261129T000000Z";

/** Where apt looks, in this order. Whoever serves a package, its checksum is above, so no signature is asked for. */
const sources: readonly { readonly name: string; readonly lines: readonly string[] | undefined }[] = [
  { name: "the sources of this machine's own apt", lines: undefined },
  {
    name: "snapshot.debian.org",
    lines: ["debian bookworm", "debian-security bookworm-security"].map((suite) => {
      const [archive = "", release = ""] = suite.split(" ");
      const url = `https://snapshot.debian.org/archive/${archive}/${snapshot}`;
      return `deb [trusted=yes check-valid-until=no] ${url} ${release} main\n`;
    }),
  },
];

/**
 * Downloads `packages` into `folder` and gives their files.
 * @throws Error where no source has one of them, or where one is not what is pinned.
 */
export async function fetchDebianPackages(
  packages: readonly DebianPackage[],
  { name: architecture }: Architecture,
  folder: string,
): Promise<readonly string[]> {
  const failures: string[] = [];
  for (const source of sources) {
    try {
      const names = packages.map(({ name, version }) => `${name}=${version}`);
      const to = await downloadDebianPackages(
        names,
        architecture,
        join(folder, `apt-${failures.length}`),
        source.lines,
      );
      return await Promise.all(packages.map((each) => checked(each, architecture, to)));
    } catch (error) {
      failures.push(`${source.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(`Debian's packages are not to be had. ${failures.join("\n")}`);
}

/**
 * Downloads packages, named as apt takes them, by a state of apt of its own below `state`, and gives their folder. Without
 * `lines` from the sources of this machine. Nothing is installed, and of the machine's own apt nothing is changed.
 */
export async function downloadDebianPackages(
  names: readonly string[],
  architecture: Architecture["name"],
  state: string,
  lines?: readonly string[],
): Promise<string> {
  const to = join(state, "packages");
  for (const needed of ["state/lists/partial", "cache/archives/partial", "packages"]) {
    await mkdir(join(state, needed), { recursive: true });
  }
  await writeFile(join(state, "status"), "");
  const list = join(state, "sources.list");
  if (lines !== undefined) await writeFile(list, lines.join(""));
  const apt = async (...args: readonly string[]): Promise<void> => {
    await run(
      "apt-get",
      [
        "--quiet",
        `--option=APT::Architecture=${architecture}`,
        `--option=APT::Architectures::=${architecture}`,
        `--option=Dir::State=${join(state, "state")}`,
        `--option=Dir::State::status=${join(state, "status")}`,
        `--option=Dir::Cache=${join(state, "cache")}`,
        "--option=APT::Sandbox::User=root",
        ...(lines === undefined ? [] : [`--option=Dir::Etc::SourceList=${list}`, "--option=Dir::Etc::SourceParts=-"]),
        ...args,
      ],
      { cwd: to },
    );
  };
  await apt("update");
  await apt("download", ...names);
  return to;
}

async function checked(
  { name, version, sha256 }: DebianPackage,
  architecture: Architecture["name"],
  folder: string,
): Promise<string> {
  // The file's name has no epoch, and its own way to write a colon.
  const found = (await readdir(folder)).find((file) => file.startsWith(`${name}_`)) ?? "";
  const file = join(folder, found);
  const sum = createHash("sha256")
    .update(await readFile(file))
    .digest("hex");
  if (sum !== sha256[architecture])
    throw new Error(`${name} ${version} for ${architecture} is ${sum} instead of ${sha256[architecture]}`);
  return file;
}

/** Puts the files of a package below `folder`. */
export async function unpackDebianPackage(file: string, folder: string): Promise<void> {
  await run("dpkg-deb", ["--extract", file, folder]);
}
