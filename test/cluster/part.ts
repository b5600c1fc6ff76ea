// Starts, interrupts and stops one server of the cluster.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pollUntil } from "./poll-until.ts";
import { watchdog } from "./watchdog.ts";

/** One server, so that a test can play its outage. Each call leaves it in the state it names, whatever it was before. */
export interface Part {
  readonly name: string;
  /** Everything it printed, over all its starts. */
  readonly logFile: string;
  /** Undefined while it is not running. */
  pid(): number | undefined;
  /** Resolves when it is ready. */
  start(): Promise<void>;
  /** Asks it to end (SIGTERM), and kills it when it has not after 5 s. */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Freezes it (SIGSTOP): connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
}

export interface PartOptions {
  readonly name: string;
  readonly file: string;
  readonly arguments: readonly string[];
  /** Where it runs and its log goes. */
  readonly folder: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly ready: () => Promise<boolean>;
  readonly deadline?: Temporal.Duration;
}

/** It could not listen because another program took its port: worth another try with another port. */
export class PortTaken extends Error {
  override readonly name = "PortTaken";
}

const patience = Temporal.Duration.from({ seconds: 5 });
const startDeadline = Temporal.Duration.from({ seconds: 60 });
const quotedLogLines = 20;

/** A server that is not started yet. */
export function part(options: PartOptions): Part {
  const { name } = options;
  const logFile = join(options.folder, `${name}.log`);
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    if (child) return;
    const log = openSync(logFile, "a");
    // A process group of its own: Ctrl-C reaches this program only, which then decides the order of things.
    const started = spawn(options.file, options.arguments, {
      cwd: options.folder,
      env: { PATH: process.env["PATH"], HOME: options.folder, ...options.environment },
      stdio: ["ignore", log, log],
      detached: true,
    });
    closeSync(log);
    await once(started, "spawn");
    started.unref();
    const pid = started.pid ?? 0;
    watchdog.started(pid);
    child = started;
    started.once("exit", () => {
      watchdog.ended(pid);
      if (child === started) child = undefined;
    });
    await ready(started);
  };

  const ready = async (started: ChildProcess): Promise<void> => {
    const check = async (): Promise<boolean> => {
      if (child !== started) throw new Error(`it ended (${started.signalCode ?? `exit code ${started.exitCode}`})`);
      return await options.ready();
    };
    try {
      await pollUntil(check, { what: `${name} to become ready`, limit: options.deadline ?? startDeadline });
    } catch (error) {
      await end("SIGKILL");
      const tail = readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-quotedLogLines).join("\n");
      const message = `${name} did not start: ${error instanceof Error ? error.message : String(error)}\n${tail}`;
      throw /address already in use/.test(tail) ? new PortTaken(message) : new Error(message);
    }
  };

  const end = async (signal: "SIGTERM" | "SIGKILL"): Promise<void> => {
    const running = child;
    if (!running) return;
    running.ref();
    const exited = once(running, "exit");
    running.kill(signal);
    // A frozen process sees no signal but SIGKILL until it is thawed.
    if (signal === "SIGTERM") running.kill("SIGCONT");
    const timer = setTimeout(() => running.kill("SIGKILL"), patience.total("milliseconds"));
    await exited;
    clearTimeout(timer);
  };

  return {
    name,
    logFile,
    pid: () => child?.pid,
    start,
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
    pause: () => void child?.kill("SIGSTOP"),
    resume: () => void child?.kill("SIGCONT"),
  };
}
