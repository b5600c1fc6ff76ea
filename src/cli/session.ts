// A session: what a command works with, and what becomes of what the API server refuses it.
import { failure } from "../api/reasons.ts";
import packageJson from "../../package.json" with { type: "json" };
import type { Clock, Random } from "../runtime/clock.ts";
import { type Config, configFrom, type Environment, type Flags, operatorNamespace } from "../config/config.ts";
import { OperatorError } from "../runtime/errors.ts";
import { ApiError } from "../runtime/client/api-error.ts";
import { rightOn } from "../cluster/api-failure.ts";
import type { Connection, ConnectionOptions } from "../runtime/client/connection.ts";
import { type ObjectReader, objectReader } from "../cluster/object-reader.ts";
import { type Transport, transport, userAgent } from "../runtime/client/transport.ts";
import { unreachable } from "../runtime/client/unreachable.ts";
import { applyKind } from "../cluster/install-steps.ts";
import type { StopSignal } from "./stop-signals.ts";
import { aborted } from "../runtime/aborted.ts";
import { exitCodes } from "./exit-codes.ts";
import { type IOStreams, type Terminal, terminal } from "./terminal/terminal.ts";

/** What a command works with. */
export interface Session {
  readonly transport: Transport;
  readonly objects: ObjectReader;
  readonly clock: Clock;
  readonly random: Random;
  readonly config: Config;
  /** Where sources and tokens live. */
  readonly operatorNamespace: string;
  readonly out: Terminal;
  /** Aborts when a signal asks to stop. */
  readonly signal: AbortSignal;
}

export interface SessionOptions extends IOStreams {
  /** That of this process, if absent. */
  readonly environment?: Environment;
  readonly clock: Clock;
  readonly random: Random;
  readonly onStopSignal: (call: (signal: StopSignal) => void) => () => void;
  readonly connect: (options: ConnectionOptions) => Promise<Connection>;
}

export async function inSession(
  { environment: given, stdout, stderr, isInteractive, clock, random, onStopSignal, connect }: SessionOptions,
  flags: Flags,
  use: (session: Session) => Promise<number>,
): Promise<number> {
  const config = configFrom(flags, given);
  const { cluster, environment, requestTimeout } = config;
  const stop = new AbortController();
  let stoppedBy: StopSignal | undefined;
  const forget = onStopSignal((asked) => {
    stoppedBy ??= asked;
    stop.abort();
  });
  const person = { isInteractive: isInteractive === true, stderr };
  const connection = await connect({ ...cluster, environment, clock, terminal: person });
  const agent = userAgent(packageJson.version);
  const api = transport({ connection, clock, random, userAgent: agent, requestTimeout });
  try {
    // A plugin that asks a person takes its time, which no request has.
    await Promise.race([connection.credentials({ reread: false }), aborted(stop.signal)]);
    return await use({
      transport: api,
      objects: objectReader(api),
      clock,
      random,
      config,
      operatorNamespace: operatorNamespace(config, connection),
      out: terminal(stdout, environment),
      signal: stop.signal,
    });
  } catch (error) {
    // Who has stopped it knows why it did not end.
    if (stoppedBy !== undefined) return exitCodes[stoppedBy];
    throw error instanceof ApiError ? refused(error, api.server) : error;
  } finally {
    forget();
    await api.close();
  }
}

/** A refusal that a command has no other answer to, as a sentence for who typed it. */
function refused(error: ApiError, server: string): OperatorError {
  const { kind, details } = error;
  if (kind === "forbidden") {
    const what = details.missing ? `${details.missing.verb} ${rightOn(details.missing)}` : "do this";
    return new OperatorError(
      failure("NotPermitted", {
        retry: "on-change",
        message: `you may not ${what}: ask an administrator of the cluster for that right, or choose another --context`,
      }),
      error,
    );
  }
  if (kind === "notFound") {
    return new OperatorError(
      failure("NotInstalled", {
        retry: "on-change",
        message: "RegistryCredential is not installed in this cluster",
        steps: [applyKind],
      }),
      error,
    );
  }
  if (kind === "unauthorized" || kind === "unavailable" || kind === "throttled") return unreachable(server, error);
  return new OperatorError(
    failure("Rejected", {
      retry: "on-change",
      message: `the API server will not do it. ${error.message}`,
    }),
    error,
  );
}
