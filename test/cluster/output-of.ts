// What does a program print that runs to its end?
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { watchdog } from "./watchdog.ts";

const quotedCharacters = 4000;

/** @throws Error with the end of what it said, when it ends with anything but 0. */
export async function outputOf(
  file: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const child = spawn(file, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const { pid } = child;
  if (pid !== undefined) watchdog.started(pid);
  const [said, complained, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number | null]>,
  ]);
  if (pid !== undefined) watchdog.ended(pid);
  if (code === 0) return said.trim();
  throw new Error(`${[file, ...args].join(" ")} ended with ${code}:\n${(said + complained).slice(-quotedCharacters)}`);
}
