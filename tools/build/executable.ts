// Builds the program as one executable that needs no Node.
//
// Usage: npm run executable -- [--to FOLDER] [linux-x64 | linux-arm64]...
// For this machine if none is named, and into dist/.
import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import { bundle, entryFile } from "./bundle.ts";
import { nodeBinary, platformNamed } from "./node-binary.ts";

const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);

/** Writes it to `file`: that Node with the program inside. https://nodejs.org/api/single-executable-applications.html */
export async function executable(nodeIn: (folder: string) => Promise<string>, file: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "regcred-executable-"));
  try {
    const chunks = await bundle(folder);
    const parts = chunks.map(({ fileName }) => fileName).filter((name) => name !== entryFile);
    const config = {
      // Relative, for it stays inside: the same parts give the same executable.
      main: entryFile,
      mainFormat: "module",
      executable: await nodeIn(folder),
      output: file,
      disableExperimentalSEAWarning: true,
      // The parts are files of a read-only file system inside, and imported from there as anywhere.
      useVfs: true,
      assets: Object.fromEntries(parts.map((name) => [name, name])),
      // A command ends before its first garbage is worth collecting; with V8's 1 MiB to begin with it would be, many times.
      execArgv: ["--min-semi-space-size=16"],
      // Whoever sets NODE_OPTIONS for other programs does not mean this one.
      execArgvExtension: "none",
    };
    const configFile = join(folder, "sea-config.json");
    await writeFile(configFile, JSON.stringify(config));
    await mkdir(dirname(file), { recursive: true });
    // The Node that makes it must be of the version of the one inside, which the launcher sees to.
    await run(process.execPath, ["--build-sea", configFile], { cwd: folder });
    await chmod(file, 0o755);
  } finally {
    await rm(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { to: { type: "string", default: join(root, "dist") } },
  });
  const names = positionals.length > 0 ? positionals : [`${process.platform}-${process.arch}`];
  for (const platform of names.map(platformNamed)) {
    const file = resolve(values.to, `kubectl-regcred-${platform}`);
    await executable((folder) => nodeBinary(platform, folder), file);
    process.stdout.write(`wrote ${file} (${((await stat(file)).size / 1e6).toFixed(0)} MB)\n`);
  }
}
