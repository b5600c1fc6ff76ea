// Runs what a person types into a shell, with the real kubectl and regcred as its plugin.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { ControlPlane } from "../cluster/control-plane.ts";
import { ensureBinaries } from "../cluster/ensure-binaries.ts";

const main = join(import.meta.dirname, "..", "..", "src", "main.ts");

/** Gives the exit code of the first command that fails, 0 if none does, and all that is printed. */
export type Shell = (script: string) => Promise<{ readonly code: number; readonly output: string }>;

/** The commands in a text, of which a semicolon or the line's end ends each. */
export function commandsIn(text: string): readonly string[] {
  return [...text.matchAll(/kubectl (?:'[^']*'|[^;'\n])+/g)].map(([command]) => command.trim());
}

/** The command with what a person types for its words in capitals. */
export function filled(command: string, words: Readonly<Record<string, string>>): string {
  const blank = new RegExp(String.raw`\b(?:${Object.keys(words).join("|")})\b`, "g");
  return command.replace(blank, (word) => words[word] ?? word);
}

/** A bash in this folder, as the administrator of the cluster. */
export async function shellIn(folder: string, { kubeconfig }: Pick<ControlPlane, "kubeconfig">): Promise<Shell> {
  const programs = join(folder, "bin");
  await mkdir(programs);
  await symlink((await ensureBinaries(["kubectl"])).kubectl, join(programs, "kubectl"));
  const plugin = join(programs, "kubectl-regcred");
  await writeFile(plugin, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
  await chmod(plugin, 0o755);
  return async (script) => {
    const child = spawn("bash", ["-euo", "pipefail", "-c", script], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: `${programs}:${process.env["PATH"]}`, HOME: folder, KUBECONFIG: kubeconfig },
    });
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
    return { code: code as number, output: `${out}${err}` };
  };
}
