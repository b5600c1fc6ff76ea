// The work tree as a commit in a folder of its own, which is released without touching the work tree.
import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { outputOf } from "../cluster/output-of.ts";

const project = join(import.meta.dirname, "..", "..");
// Whoever runs the tests may have no name.
const author = ["-c", "user.name=tests", "-c", "user.email=tests@example.com"];

const git = (folder: string, ...args: readonly string[]): Promise<string> =>
  outputOf("git", [`--git-dir=${join(folder, ".git")}`, `--work-tree=${folder}`, ...author, ...args], { cwd: folder });

/** What git knows of the work tree, and what is new and not ignored, as one commit in a folder that is not there yet. */
export async function projectCopy(folder: string): Promise<string> {
  const listed = await outputOf("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], {
    cwd: project,
  });
  for (const name of listed.split("\0").filter((each) => each !== "")) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    // One that was removed is listed still.
    await cp(join(project, name), join(folder, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
  }
  await git(folder, "init", "--quiet");
  await withModules(folder);
  await git(folder, "add", "--all");
  await git(folder, "commit", "--quiet", "--message=release");
  return folder;
}

/** The same commit in another folder. */
export async function sameCommit(copy: string, folder: string): Promise<string> {
  await outputOf("git", ["clone", "--quiet", copy, folder]);
  await withModules(folder);
  return folder;
}

async function withModules(folder: string): Promise<void> {
  await symlink(join(project, "node_modules"), join(folder, "node_modules"));
  await writeFile(join(folder, ".git/info/exclude"), "node_modules\n");
}

// It takes a minute, and many where others keep the processors busy.
const limit = Temporal.Duration.from({ minutes: 30 });

/** `npm run release` in a copy. */
export function released(copy: string, ...args: readonly string[]): Promise<string> {
  return outputOf(process.execPath, [join(copy, "tools/launch.mjs"), "tools/release/main.ts", ...args], {
    cwd: copy,
    limit,
  });
}
