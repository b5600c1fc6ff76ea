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
  const { said, ended } = asking(kubeconfig, args, options);
  return { code: await ended, ...said };
}

export interface Asking {
  /** So far. */
  readonly said: Omit<Answer, "code">;
  readonly ended: Promise<number>;
  /** As Ctrl-C does. */
  interrupt(): void;
}

export function asking(kubeconfig: string, args: readonly string[], { at, columns }: AskOptions = {}): Asking {
  const said = { stdout: "", stderr: "" };
  let interrupt = (): void => undefined;
  const ended = commandLine(args, {
    environment: { KUBECONFIG: kubeconfig, NO_COLOR: "1", LANG: "C.UTF-8" },
    stdout: { write: (text) => (said.stdout += text), ...(columns && { isTTY: true, columns }) },
    stderr: { write: (text) => (said.stderr += text) },
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
  return { said, ended, interrupt: () => interrupt() };
}
