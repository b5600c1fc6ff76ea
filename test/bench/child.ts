// Starts a process of its own for each side of the bench, sends it requests, and stops it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { watchdog } from "../cluster/watchdog.ts";
import type { Usage } from "./usage-reporter.ts";

export interface Child {
  /** When it was started, on the clock of `performance.now()`. */
  readonly startedAt: number;
  usage(): Promise<Usage>;
  /** Megabytes of the heap after a full garbage collection, which takes the process its time. */
  keptHeap(): Promise<number>;
  /** Sends a request that the script answers with `reply`; rejects when the process ends first. */
  ask<T>(what: object): Promise<T>;
  /** SIGTERM, and SIGKILL 10 s later. */
  stop(): Promise<void>;
}

export interface ChildOptions {
  /** Options of Node, before the script. */
  readonly nodeOptions?: readonly string[];
  /** Path of the script. */
  readonly script: string;
  readonly arguments?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Everything that it prints is appended here. */
  readonly logFile: string;
}

const reporter = pathToFileURL(join(import.meta.dirname, "usage-reporter.ts")).href;
const patienceMs = 10_000;

export function startChild(options: ChildOptions): Child {
  const log = openSync(options.logFile, "a");
  const startedAt = performance.now();
  const { nodeOptions = [], script } = options;
  const child = spawn(process.execPath, [...nodeOptions, "--import", reporter, script, ...(options.arguments ?? [])], {
    env: { ...process.env, ...options.environment },
    stdio: ["ignore", log, log, "ipc"],
    // Ctrl-C reaches the bench only; the watchdog ends what it leaves behind.
    detached: true,
  });
  closeSync(log);
  const { pid } = child;
  if (pid !== undefined) watchdog.started(pid);
  const gone = once(child, "exit").then(() => {
    if (pid !== undefined) watchdog.ended(pid);
  });
  let asked = 0;
  const waiting = new Map<number, (value: unknown) => void>();
  child.on("message", ({ reply, value }: { reply: number; value: unknown }) => waiting.get(reply)?.(value));

  const send = async <T>(message: (id: number) => object): Promise<T> => {
    const id = (asked += 1);
    const answer = Promise.withResolvers<unknown>();
    waiting.set(id, answer.resolve);
    child.send(message(id));
    const ended = gone.then(() => {
      throw new Error(`${options.script} ended unasked:\n${lastLines(options.logFile)}`);
    });
    try {
      return (await Promise.race([answer.promise, ended])) as T;
    } finally {
      waiting.delete(id);
    }
  };

  return {
    startedAt,
    usage: () => send((usage) => ({ usage })),
    keptHeap: () => send((heap) => ({ heap })),
    ask: (what) => send((ask) => ({ ask, what })),
    stop: () => end(child, gone),
  };
}

async function end(child: ChildProcess, gone: Promise<void>): Promise<void> {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), patienceMs);
  await gone;
  clearTimeout(timer);
}

function lastLines(file: string): string {
  return readFileSync(file, "utf8").trimEnd().split("\n").slice(-10).join("\n");
}
