// Makes archives whose bytes depend on nothing but what is in them.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";

// An executable is some hundred megabytes.
const maxBuffer = 2 ** 30;

/** `names` below `folder` as a .tar.gz: sorted, owned by root, written at the beginning of 1980. Needs GNU tar. */
export async function archive(folder: string, names: readonly string[]): Promise<Uint8Array> {
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
  // Without a time and a name; the byte that names the system is the same on all that have GNU tar.
  return gzipSync(stdout, { level: 9 });
}
