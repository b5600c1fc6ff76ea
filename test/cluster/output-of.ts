// The output of a program that runs to its end.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { watchdog } from "./watchdog.ts";

const quotedCharacters = 4000;
// Longer than most of them take on a slow machine; whoever waits is told then.
const usualLimit = Temporal.Duration.from({ minutes: 10 });

/** @throws Error with the end of what it said, when it ends with anything but 0 or takes longer than ten minutes, or `limit`. */
export async function outputOf(
  file: string,
  args: readonly string[],
  {
    limit = usualLimit,
    ...options
  }: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly limit?: Temporal.Duration } = {},
): Promise<string> {
  const timeout = limit.total("milliseconds");
  const child = spawn(file, args, { ...options, timeout, stdio: ["ignore", "pipe", "pipe"] });
  const { pid } = child;
  if (pid !== undefined) watchdog.started(pid);
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number | null, string | null]>,
  ]);
  if (pid !== undefined) watchdog.ended(pid);
  if (code === 0) return stdout.trim();
  throw new Error(
    `${[file, ...args].join(" ")} ended with ${code ?? signal}:\n${(stdout + stderr).slice(-quotedCharacters)}`,
  );
}
