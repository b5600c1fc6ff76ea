// Streams, signals and crashes of a command in a test: what it prints is kept, signals and crashes are sent by hand, the operator is a fake.
import type { CommandLineOptions } from "../../src/cli/command-line.ts";
import type { StopSignal } from "../../src/cli/stop-signals.ts";
import type { ConnectionOptions } from "../../src/runtime/client/connection.ts";
import type { OperatorOptions } from "../../src/operator.ts";
import { type FakeClock, fakeClock } from "../fake-clock.ts";

export interface TestStreams extends CommandLineOptions {
  readonly clock: FakeClock;
  readonly output: { stdout: string; stderr: string };
  readonly asked: { connection?: ConnectionOptions; operator?: OperatorOptions; stops: Temporal.Duration[] };
  /** How many listen to signals. */
  readonly listeners: () => number;
  readonly send: (signal: StopSignal) => void;
  readonly crash: (error: unknown) => void;
  /** Resolves when the operator has been asked for: what it needs is imported first. */
  readonly operating: Promise<void>;
  /** These settle what the fake operator promised. */
  readonly started: PromiseWithResolvers<void>;
  readonly stopped: PromiseWithResolvers<void>;
  readonly failed: PromiseWithResolvers<never>;
}

export function testStreams(changes: Partial<CommandLineOptions> = {}): TestStreams {
  const output = { stdout: "", stderr: "" };
  const asked: TestStreams["asked"] = { stops: [] };
  const listeners = new Set<(signal: StopSignal) => void>();
  const crash = Promise.withResolvers<never>();
  crash.promise.catch(() => undefined);
  const operating = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  // Some tests reject it before the operator is asked for.
  started.promise.catch(() => undefined);
  const stopped = Promise.withResolvers<void>();
  const failed = Promise.withResolvers<never>();
  return {
    environment: {},
    stdout: { write: (text) => (output.stdout += text) },
    stderr: { write: (text) => (output.stderr += text) },
    random: () => 0,
    hostname: "regcred-0",
    onStopSignal: (call) => {
      listeners.add(call);
      return () => listeners.delete(call);
    },
    crashed: crash.promise,
    connect: async (options) => {
      asked.connection = options;
      const credentials = { tls: {}, headers: {} };
      return { server: "https://10.0.0.1", context: "staging", credentials: async () => credentials };
    },
    operate: async (options) => {
      asked.operator = options;
      operating.resolve();
      return {
        started: started.promise,
        failed: failed.promise,
        leading: () => true,
        idle: () => true,
        watches: () => new Map(),
        stop: (limit) => {
          asked.stops.push(limit);
          return stopped.promise;
        },
      };
    },
    ...changes,
    clock: fakeClock(),
    output,
    asked,
    listeners: () => listeners.size,
    send: (signal) => {
      for (const call of listeners) call(signal);
    },
    crash: crash.reject,
    operating: operating.promise,
    started,
    stopped,
    failed,
  };
}
