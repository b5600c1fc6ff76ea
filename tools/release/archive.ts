// Makes archives whose bytes depend on nothing but what is in them.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

// An executable is some hundred megabytes.
const maxBuffer = 2 ** 30;

/** `names` below `folder` as a .tar: sorted, owned by root, written at the beginning of 1980. Needs GNU tar. */
export async function tarball(folder: string, names: readonly string[]): Promise<Uint8Array> {
  const { stdout } = await promisify(execFile)(
    "tar",
    [
      "--create",
      "--format=ustar",
      "--sort=name",
      "--mtime=1980-01-01 00:00:00Z",
      "--owner=0",
      "--group=0",
      "--numeric-owner",
      "--mode=u=rwX,go=rX",
      `--directory=${folder}`,
      ...names,
    ],
    { maxBuffer, encoding: "buffer" },
  );
  return stdout;
}

/** Without a time and a name; the byte that names the system is the same on all that have GNU tar. */
export async function compressed(bytes: Uint8Array): Promise<Uint8Array> {
  // The next levels take three times as long for half a percent.
  return await promisify(gzip)(bytes, { level: 6 });
}

/** `tarball` as a .tar.gz. */
export async function archive(folder: string, names: readonly string[]): Promise<Uint8Array> {
  return await compressed(await tarball(folder, names));
}
