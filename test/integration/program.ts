// Runs the program as a process of its own, in a pipe or on a terminal of some width, and returns what it prints.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";

const main = join(import.meta.dirname, "..", "..", "src", "main.ts");

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly kubeconfig: string;
  /** Given: on a pseudo-terminal that is so wide, whose one stream is `stdout`. */
  readonly columns?: number;
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/**
 * The pseudo-terminal is made by `script` of util-linux (on each Debian: package bsdutils), which needs no native module.
 */
export async function program(
  args: readonly string[],
  { kubeconfig, columns, environment = {}, input }: ProgramOptions,
): Promise<Output> {
  const command = [process.execPath, main, ...args];
  const [file = "", ...rest] =
    columns === undefined
      ? command
      : ["script", "-qec", `stty cols ${columns} rows 50 && exec ${command.map(quoted).join(" ")}`, "/dev/null"];
  const child = spawn(file, rest, {
    env: { PATH: process.env["PATH"], LANG: "C.UTF-8", TERM: "xterm", KUBECONFIG: kubeconfig, ...environment },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.end(input);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code: code as number, stdout: stdout.replaceAll("\r\n", "\n"), stderr };
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
