// What do all commands that ask a cluster have in common: settings, a connection, a terminal?
import { type Command, Option } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import type { Clock, Random } from "../clock.ts";
import { type Config, configFrom, type Environment, type Flags, operatorNamespace, settings } from "../config.ts";
import { OperatorError } from "../errors.ts";
import { ApiError } from "../kube/api-error.ts";
import { rightOn } from "../kube/api-failure.ts";
import type { Connection, ConnectionOptions } from "../kube/connection.ts";
import { type ObjectReader, objectReader } from "../kube/object-reader.ts";
import { unreachable } from "../kube/preflight.ts";
import { type Transport, transport, userAgent } from "../kube/transport.ts";
import type { Setting } from "../settings/setting.ts";
import { answersHelp } from "./exit-codes.ts";
import type { StopSignal } from "./run.ts";
import { type Output, type Terminal, terminal } from "./terminal/terminal.ts";

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

export interface ClusterCommand {
  readonly name: string;
  readonly description: string;
  /** As commander writes them: `<name>`, `[name]`, with what they are. */
  readonly arguments?: readonly (readonly [syntax: string, meaning: string])[];
  readonly options?: readonly Option[];
  /** Flags of the operator's settings that it takes beside those that choose the cluster. */
  readonly settings?: readonly string[];
  /** Gives the exit code. */
  readonly act: (
    session: Session,
    args: readonly (string | undefined)[],
    options: Readonly<Record<string, unknown>>,
  ) => Promise<number>;
}

export interface CommandSurroundings {
  readonly environment?: Environment;
  readonly stdout: Output;
  readonly clock: Clock;
  readonly random: Random;
  readonly onStopSignal: (call: (signal: StopSignal) => void) => () => void;
  readonly connect: (options: ConnectionOptions) => Connection;
}

const shared = ["--kubeconfig", "--context", "--namespace"];

/** Puts the command under the program; `ended` hears its exit code. */
export function addClusterCommand(
  command: Command,
  { description, arguments: positionals = [], options = [], settings: own = [], act }: ClusterCommand,
  surroundings: CommandSurroundings,
  ended: (code: number) => void,
): void {
  command.description(description).addHelpText("after", `\n${answersHelp}`);
  for (const [syntax, meaning] of positionals) command.argument(syntax, meaning);
  const known = settings.filter(({ flag }) => [...own, ...shared].includes(flag)).map(optionFor);
  for (const option of [...options, ...known]) command.addOption(option);
  command.action(async (...received: unknown[]) => {
    // Commander gives the arguments, then the options, then the command.
    const values = received.at(-2) as Readonly<Record<string, unknown>>;
    const args = received.slice(0, -2) as readonly (string | undefined)[];
    const flags: Flags = Object.fromEntries(
      known.map((option) => [`--${option.name()}`, values[option.attributeName()] as string | undefined]),
    );
    ended(await inSession(surroundings, flags, (session) => act(session, args, values)));
  });
}

async function inSession(
  { environment: given, stdout, clock, random, onStopSignal, connect }: CommandSurroundings,
  flags: Flags,
  use: (session: Session) => Promise<number>,
): Promise<number> {
  const config = configFrom(flags, given);
  const { kubeconfig, context, environment } = config;
  // Whoever names a context means a kubeconfig, in a pod too.
  const connection = connect({ kubeconfig, context, inCluster: context === undefined ? config.inCluster : undefined });
  const api = transport({ connection, clock, random, userAgent: userAgent(packageJson.version) });
  const stop = new AbortController();
  const forget = onStopSignal(() => stop.abort());
  try {
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
    throw error instanceof ApiError ? refused(error, api.server) : error;
  } finally {
    forget();
    await api.close();
  }
}

export function optionFor({ flag, placeholder, variables, meaning, fallbackText }: Setting<unknown>): Option {
  return new Option(
    `${flag} ${placeholder}`,
    `${meaning} (default: ${fallbackText}; environment: ${variables.join(", ")})`,
  );
}

/** A refusal that a command has no other answer to, as a sentence for who typed it. */
function refused(error: ApiError, server: string): OperatorError {
  const { kind, details } = error;
  if (kind === "forbidden") {
    const what = details.missing ? `${details.missing.verb} ${rightOn(details.missing)}` : "do this";
    return new OperatorError(
      {
        reason: "NotPermitted",
        cause: "Platform",
        retry: "on-change",
        message: `you may not ${what}: ask an administrator of the cluster for that right, or choose another --context`,
      },
      error,
    );
  }
  if (kind === "notFound") {
    return new OperatorError(
      {
        reason: "NotInstalled",
        cause: "Platform",
        retry: "on-change",
        message: "RegistryCredential is not installed in this cluster: kubectl apply -f crds/",
      },
      error,
    );
  }
  if (kind === "unauthorized" || kind === "unavailable" || kind === "throttled") return unreachable(server, error);
  return new OperatorError(
    {
      reason: "Rejected",
      cause: "Platform",
      retry: "on-change",
      message: `the API server will not do it. ${error.message}`,
    },
    error,
  );
}
