// Packs the program for npm and npx, for a Node that is there already.
//
// Usage: npm run package -- [--to FOLDER]; into dist/ if none is named.
import { execFile } from "node:child_process";
import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import packageJson from "../../package.json" with { type: "json" };
import { bundle, entryFile } from "./bundle.ts";

const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);

/** Writes its files into `folder`/package, and the package beside them; gives its path. It has all in it, and depends on nothing. */
async function npmPackage(folder: string): Promise<string> {
  const files = join(folder, "package");
  await rm(files, { recursive: true, force: true });
  await mkdir(files, { recursive: true });
  await bundle(files);
  await copyFile(join(root, "LICENSE"), join(files, "LICENSE"));
  const { name, version, description, license, type, bin } = packageJson;
  const programs = Object.fromEntries(Object.keys(bin).map((program) => [program, entryFile]));
  const own = { name, version, description, license, type, bin: programs, engines: { node: ">=26" } };
  await writeFile(join(files, "package.json"), `${JSON.stringify(own, undefined, 2)}\n`);
  await run("npm", ["pack", "--pack-destination", folder], { cwd: files });
  return join(folder, `${name}-${version}.tgz`);
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { to: { type: "string", default: join(root, "dist") } } });
  const file = await npmPackage(resolve(values.to));
  process.stdout.write(`wrote ${file}\n`);
}
