// Runs the real program as one of several replicas, which a test may kill, stop or cut off.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { withFreePort } from "../cluster/free-port.ts";
import { pollUntil } from "../cluster/poll-until.ts";
import { operatorNamespace } from "./test-env.ts";

const main = join(import.meta.dirname, "..", "..", "src", "main.ts");
const limit = Temporal.Duration.from({ seconds: 60 });

export interface LogEntry {
  readonly time: Temporal.Instant;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface Replica {
  readonly child: ChildProcess;
  /** Its log so far. */
  log(): readonly LogEntry[];
  /** What went to standard error. */
  complaint(): string;
  readonly exitCode: Promise<number | null>;
  /** Resolves with the line once it has been logged. */
  untilLogged(message: string): Promise<LogEntry>;
  /** What a probe is answered; undefined where no answer comes within a second, which is what a kubelet waits. */
  probe(path: "/livez" | "/readyz"): Promise<{ readonly status: number; readonly text: string } | undefined>;
}

export interface ReplicaOptions {
  /** Of Node. */
  readonly nodeOptions?: readonly string[];
  /** Flags of the program beside those that every replica has. */
  readonly flags?: readonly string[];
  /** Default: debug. */
  readonly logLevel?: "debug" | "info";
}

export function startReplica(
  kubeconfig: string,
  namespace: string = operatorNamespace,
  options: ReplicaOptions = {},
): Promise<Replica> {
  return withFreePort((port) =>
    Promise.resolve(
      replicaAt(kubeconfig, `127.0.0.1:${port}`, {
        ...options,
        flags: ["--namespace", namespace, ...(options.flags ?? [])],
      }),
    ),
  );
}

function replicaAt(
  kubeconfig: string,
  health: string,
  { nodeOptions = [], flags = [], logLevel = "debug" }: ReplicaOptions,
): Replica {
  const child = spawn(process.execPath, [...nodeOptions, main, "run", "--health-address", health, ...flags], {
    env: { KUBECONFIG: kubeconfig, REGCRED_LOG_LEVEL: logLevel },
  });
  let stdout = "";
  let complaint = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
  const log = (): LogEntry[] =>
    stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { readonly time: string; readonly msg: string })
      .map((line) => ({ ...line, time: Temporal.Instant.from(line.time) }));
  const logged = (message: string): LogEntry | undefined => log().find(({ msg }) => msg === message);
  return {
    child,
    log,
    complaint: () => complaint,
    exitCode: once(child, "close").then(([code]) => code as number | null),
    untilLogged: async (message) => {
      await pollUntil(() => logged(message) !== undefined, {
        what: `the replica to say "${message}"; it said: ${complaint}`,
        limit,
        every: Temporal.Duration.from({ milliseconds: 20 }),
      });
      const line = logged(message);
      if (!line) throw new Error("it has been there a moment ago");
      return line;
    },
    probe: async (path) => {
      try {
        const answer = await fetch(`http://${health}${path}`, { signal: AbortSignal.timeout(1_000) });
        return { status: answer.status, text: await answer.text() };
      } catch {
        return undefined;
      }
    },
  };
}
