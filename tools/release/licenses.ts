// Gathers the licences of the packages whose code is in the bundle.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { LockedPackage } from "./sbom.ts";

// LICENSE, licence.md, COPYING, NOTICE.txt and their like.
const named = /^(?:licen[cs]e|copying|notice)(?:[-.].*)?$/i;

/** One text: of each package at a path of the lock file its name, and what it says of its conditions. */
export async function licensesOf(
  root: string,
  paths: readonly string[],
  locked: Readonly<Record<string, LockedPackage>>,
): Promise<string> {
  const texts = await Promise.all(
    paths.map(async (path) => {
      const folder = join(root, path);
      const files = (await readdir(folder)).filter((file) => named.test(file)).toSorted();
      const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
      const { version = "", license = "no licence named" } = locked[path] ?? {};
      const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
      return [`${name} ${version}: ${license}`, ...texts.map((text) => text.trim())].join("\n\n");
    }),
  );
  return `${texts.join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}
