// The command `run`: connects the operator, stops it on signals, and gives its exit code.
import type { Clock, Random } from "../runtime/clock.ts";
import { type OperatorConfig, operatorNamespace } from "../config/config.ts";
import type { Connection, ConnectionOptions } from "../runtime/client/connection.ts";
import type { Operator, OperatorOptions } from "../operator.ts";
import type { Log } from "../runtime/observability/log.ts";
import type { StopSignal } from "./stop-signals.ts";
import { exitCodes } from "./exit-codes.ts";

export interface RunOptions {
  readonly config: OperatorConfig;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  readonly version: string;
  /** The name of this machine, which in a cluster is that of the pod. */
  readonly hostname: string;
  /** Calls back for each signal that asks to stop; returns what ends that. */
  readonly onStopSignal: (call: (signal: StopSignal) => void) => () => void;
  /** Rejects when an error reached nobody. */
  readonly crashed: Promise<never>;
  readonly connect: (options: ConnectionOptions) => Promise<Connection>;
  readonly operate: (options: OperatorOptions) => Promise<Operator>;
}

// Closing connections takes milliseconds after the drain; a call into a black hole would take its 30 s.
const closingLimit = Temporal.Duration.from({ seconds: 2 });

/**
 * Runs the operator until a signal stops it, and gives the exit code. A second signal does not wait for the first one's drain.
 * Rejects with an OperatorError where the operator cannot start.
 */
export async function run(options: RunOptions): Promise<number> {
  const signals = stopSignals(options.onStopSignal);
  try {
    const connection = await Promise.race([connected(options), signals.first, options.crashed]);
    // Who is stopped before has nothing to end.
    const code = typeof connection === "string" ? exitCodes.stopped : await operated(options, connection, signals);
    if (code === exitCodes.stopped) options.log.info("stopped");
    return code;
  } finally {
    signals.end();
  }
}

async function connected({ config, log, clock, version, connect }: RunOptions): Promise<Connection> {
  const { cluster, environment } = config;
  const connection = await connect({ ...cluster, environment, clock, podFirst: true });
  const namespace = operatorNamespace(config, connection);
  log.info("connecting", { version, server: connection.server, context: connection.context, namespace });
  return connection;
}

async function operated(
  options: RunOptions,
  connection: Connection,
  { first, second }: Pick<StopSignals, "first" | "second">,
): Promise<number> {
  const { config, log, clock, random, version, crashed } = options;
  const { drainTimeout, endpoints } = config;
  if (Object.keys(endpoints).length > 0) log.info("clouds are led elsewhere", { endpoints });
  const operator = await options.operate({
    connection,
    settings: { ...config, namespace: operatorNamespace(config, connection) },
    log,
    clock,
    random,
    version,
    instance: options.hostname,
  });
  const stop = async (limit: Temporal.Duration): Promise<void> => {
    const waiting = new AbortController();
    const late = clock
      .sleep(limit.add(closingLimit), waiting.signal)
      .then(() => log.warn("stopped without waiting for what is still under way"))
      .catch(() => undefined);
    await Promise.race([operator.stop(limit), late]).finally(() => waiting.abort());
  };

  /** What fails leaves nothing open. */
  const orClosed = async <T>(outcome: Promise<T>): Promise<T> => {
    try {
      return await outcome;
    } catch (error) {
      await Promise.race([stop(new Temporal.Duration()), second]);
      throw error;
    }
  };

  const interrupted = await orClosed(Promise.race([operator.started, first, crashed]));
  const signal = await Promise.race([first, crashed, orClosed(operator.failed)]);
  // What has not started has nothing to end.
  const limit = interrupted === undefined ? drainTimeout : new Temporal.Duration();
  log.info("stopping", { signal, limit: limit.toString() });
  const impatient = await Promise.race([stop(limit), second, crashed]);
  return impatient === undefined ? exitCodes.stopped : exitCodes[impatient];
}

interface StopSignals {
  readonly first: Promise<StopSignal>;
  readonly second: Promise<StopSignal>;
  readonly end: () => void;
}

function stopSignals(onStopSignal: RunOptions["onStopSignal"]): StopSignals {
  const first = Promise.withResolvers<StopSignal>();
  const second = Promise.withResolvers<StopSignal>();
  let count = 0;
  const end = onStopSignal((signal) => {
    count += 1;
    (count === 1 ? first : second).resolve(signal);
  });
  return { first: first.promise, second: second.promise, end };
}
