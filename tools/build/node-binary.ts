// Finds the Node of a platform that is not this one.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import packageJson from "../../package.json" with { type: "json" };

const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);
// npm lists every file of the package.
const maxBuffer = 2 ** 25;
// Of some 55 MB, on a slow line; in milliseconds.
const timeout = 10 * 60_000;

// Apple's own processors run nothing without a signature, which only tools on a Mac make.
const platforms = ["linux-x64", "linux-arm64"] as const;
export type Platform = (typeof platforms)[number];

/** @throws Error that says what there is instead. */
export function platformNamed(name: string): Platform {
  const found = platforms.find((each) => each === name);
  if (found !== undefined) return found;
  throw new Error(
    `there is no executable for ${name}, only for ${platforms.join(" and ")}: npm run package is for all`,
  );
}

const pins: Readonly<Record<string, string>> = packageJson.optionalDependencies;

/** The file, installed or else fetched into `folder` by npm, and then what package-lock.json says. */
export async function nodeBinary(platform: Platform, folder: string): Promise<string> {
  const installed = join(root, "node_modules", `node-${platform}`, "bin", "node");
  return existsSync(installed) ? installed : join(await fetchedNode(platform, folder), "bin", "node");
}

/**
 * The folder of the npm package of that Node, which npm puts into `folder`: what is installed may have been changed since.
 * No script of it runs.
 * @throws Error where its checksum is another than that of package-lock.json
 */
export async function fetchedNode(platform: Platform, folder: string): Promise<string> {
  const name = `node-${platform}`;
  const { stdout } = await run(
    "npm",
    ["pack", `${name}@${pins[name]}`, "--json", "--ignore-scripts", "--pack-destination", folder],
    { cwd: root, maxBuffer, timeout },
  );
  const [packed] = JSON.parse(stdout) as readonly { readonly filename: string }[];
  const lock = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, { readonly integrity?: string }>>;
  };
  const wanted = lock.packages[`node_modules/${name}`]?.integrity;
  const file = join(folder, packed?.filename ?? "");
  // Of the bytes, and not as npm tells it.
  const found = `sha512-${createHash("sha512")
    .update(await readFile(file))
    .digest("base64")}`;
  if (wanted === undefined || found !== wanted)
    throw new Error(`${name} is not what package-lock.json says: ${found} instead of ${wanted}`);
  await run("tar", ["-xzf", file, "-C", folder, "package/bin/node", "package/LICENSE"]);
  return join(folder, "package");
}
