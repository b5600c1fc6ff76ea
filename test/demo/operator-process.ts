// Starts the real program for the demo, as somebody would start it by hand.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Part, part } from "../cluster/part.ts";
import type { PlayedInternet } from "../cluster/played-internet.ts";
import { nodeOptions } from "../node-options.ts";

export interface OperatorProcessOptions {
  /** Undefined: from the sources. */
  readonly program?: string;
  /** Where its log goes. */
  readonly folder: string;
  /** As in KUBECONFIG; undefined: the user's own file. */
  readonly kubeconfig: string | undefined;
  /** Undefined: the current one. */
  readonly context: string | undefined;
  readonly namespace: string;
  /** What it meets instead of the real one; undefined: what the user's environment leads to. */
  readonly internet: Pick<PlayedInternet, "proxyUrl" | "ca"> | undefined;
}

const mainFile = join(import.meta.dirname, "..", "..", "src", "main.ts");
const quotedLines = 15;

/** `regcred run` in a process of its own. Its `start` resolves when the operator works. */
export function operatorProcess(options: OperatorProcessOptions): Part {
  const { folder, kubeconfig, context, namespace, internet } = options;
  const started: Part = part({
    name: "operator",
    file: process.execPath,
    arguments: [
      ...nodeOptions,
      options.program ?? mainFile,
      "run",
      `--namespace=${namespace}`,
      ...(kubeconfig === undefined ? [] : [`--kubeconfig=${kubeconfig}`]),
      ...(context === undefined ? [] : [`--context=${context}`]),
      "--log-format=pretty",
      // Less than what Part.stop waits before it kills.
      "--drain-timeout=3s",
    ],
    folder,
    // The user's kubeconfig may name programs that need his environment.
    environment: { ...ofUser(process.env), ...(internet && leadingTo(internet, folder)) },
    ready: () => Promise.resolve(/ started\b/.test(readFileSync(started.logFile, "utf8"))),
  });
  return started;
}

/** The last lines of its log, for a message. */
export function endOfLog({ logFile }: Part): string {
  try {
    return readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-quotedLines).join("\n");
  } catch {
    return "(no log)";
  }
}

function leadingTo({ proxyUrl, ca }: Pick<PlayedInternet, "proxyUrl" | "ca">, folder: string) {
  const caFile = join(folder, "internet-ca.crt");
  writeFileSync(caFile, ca);
  // Small letters win, and an empty variable counts as none: src/runtime/network/proxy-for.ts.
  return { HTTPS_PROXY: proxyUrl, https_proxy: "", NO_PROXY: "", no_proxy: "", NODE_EXTRA_CA_CERTS: caFile };
}

/** Without the operator's own variables (src/config/config.ts): what is shown must be what the flags say. */
function ofUser(environment: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value === undefined || name.startsWith("REGCRED_") ? [] : [[name, value]],
    ),
  );
}
