// Runs the program as process 1 of a container, as far as signals go.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { pollUntil } from "../cluster/poll-until.ts";

export interface ProcessOne {
  /** What went to standard output and standard error so far. */
  output(): { readonly stdout: string; readonly stderr: string };
  untilPrinted(words: string): Promise<void>;
  /** As the kubelet sends it. */
  stop(): Promise<void>;
  readonly exitCode: Promise<number | null>;
  kill(): void;
}

export interface ProgramOptions {
  readonly program: string;
  readonly kubeconfig: string;
  readonly flags?: readonly string[];
  /** A module that runs before the program. */
  readonly before?: string;
}

// Long enough for a machine that does much beside it.
const limit = Temporal.Duration.from({ seconds: 60 });

/** In a PID namespace of its own, whose process 1 it is: the kernel gives that no default for signals. Needs root. */
export function processOne({ program, kubeconfig, flags = [], before }: ProgramOptions): ProcessOne {
  const node = [process.execPath, ...(before === undefined ? [] : ["--import", before]), program, "run", ...flags];
  const around = spawn("unshare", ["--pid", "--fork", "--kill-child", ...node], {
    env: { KUBECONFIG: kubeconfig, PATH: process.env["PATH"] },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  around.stdout.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()));
  around.stderr.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()));
  return {
    output: () => ({ ...output }),
    untilPrinted: async (words) => {
      try {
        await pollUntil(() => output.stdout.includes(words) || output.stderr.includes(words), {
          what: `it to say "${words}"`,
          limit,
          every: Temporal.Duration.from({ milliseconds: 1 }),
        });
      } catch (error) {
        throw new Error(`it said: ${output.stdout.slice(-2_000)} ${output.stderr.slice(-2_000)}`, { cause: error });
      }
    },
    stop: async () => {
      process.kill(await childOf(around), "SIGTERM");
    },
    exitCode: once(around, "close").then(([code]) => code as number | null),
    kill: () => void around.kill("SIGKILL"),
  };
}

/** The only one. */
async function childOf({ pid = 0 }: ChildProcess): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, "utf8")));
  return Number(lists.join(" ").trim().split(" ")[0] || Number.NaN);
}
