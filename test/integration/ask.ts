// Runs a command in this process, on the real cluster, and returns what it answers.
import { systemClock } from "../../src/runtime/clock.ts";
import { commandLine } from "../../src/cli/command-line.ts";
import { loadConnection } from "../../src/runtime/client/connection.ts";
import { operator } from "../../src/operator.ts";

export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface AskOptions {
  /** When it is asked; now, if absent. */
  readonly at?: Temporal.Instant;
  /** A terminal without colours that is so wide; a pipe, if absent: plain, and as wide as it gets. */
  readonly columns?: number;
}

export async function ask(kubeconfig: string, args: readonly string[], options: AskOptions = {}): Promise<Answer> {
  const { output, ended } = asking(kubeconfig, args, options);
  return { code: await ended, ...output };
}

export interface Asking {
  /** So far. */
  readonly output: Omit<Answer, "code">;
  readonly ended: Promise<number>;
  /** As Ctrl-C does. */
  interrupt(): void;
}

export function asking(kubeconfig: string, args: readonly string[], { at, columns }: AskOptions = {}): Asking {
  const output = { stdout: "", stderr: "" };
  let interrupt = (): void => undefined;
  const ended = commandLine(args, {
    environment: { KUBECONFIG: kubeconfig, NO_COLOR: "1", LANG: "C.UTF-8" },
    stdout: { write: (text) => (output.stdout += text), ...(columns && { isTTY: true, columns }) },
    stderr: { write: (text) => (output.stderr += text) },
    clock: { ...systemClock(), ...(at && { now: () => at }) },
    random: Math.random,
    hostname: "test",
    onStopSignal: (call) => {
      interrupt = () => call("SIGINT");
      return () => undefined;
    },
    crashed: new Promise(() => undefined),
    connect: async (options) => loadConnection(options),
    operate: async (options) => operator(options),
  });
  return { output, ended, interrupt: () => interrupt() };
}
