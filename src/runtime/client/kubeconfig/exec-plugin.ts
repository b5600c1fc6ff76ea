// Runs the exec plugin of a kubeconfig, as k8s.io/client-go/plugin/pkg/client/auth/exec does.
import { spawn } from "node:child_process";
import { dirname, isAbsolute, join, resolve, sep } from "node:path";
import { z } from "zod";
import { OperatorError } from "../../errors.ts";
import { foreignText, quotedText } from "../../foreign-text.ts";
import { timeOfText } from "../../foreign-numbers.ts";
import { errorCode } from "../../network/no-answer.ts";
import { keyPairFault } from "../../tls/key-pair.ts";
import type { Access } from "./access.ts";
import type { ExecPlugin } from "./exec-schema.ts";
import { withoutSecrets } from "./without-secrets.ts";

/** The person who may be asked by the plugin, and sees what it says. */
export interface PluginTerminal {
  /** Standard input is a terminal. */
  readonly isInteractive: boolean;
  readonly stderr: { write(text: string): unknown };
}

export interface PluginCredential {
  readonly token: string;
  /** PEM, both or none. */
  readonly certificate: string;
  readonly key: string;
  /** Undefined: until it is refused. */
  readonly expiresAt: Temporal.Instant | undefined;
}

export interface PluginOptions {
  readonly access: Access;
  /** Read from the files of the cluster. */
  readonly ca: Buffer | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Left out: nobody is there. */
  readonly terminal?: PluginTerminal | undefined;
}

// Who logs in with a browser and a second factor takes minutes; what takes longer hangs.
const longestRun = 15 * 60_000;
// Characters: more than any certificate chain, and less than hurts.
const longestOutput = 1024 * 1024;
const longestWords = 4096;

const answer = z.object({
  apiVersion: z.string(),
  kind: z.literal("ExecCredential"),
  status: z.object({
    token: z.string().nullish(),
    clientCertificateData: z.string().nullish(),
    clientKeyData: z.string().nullish(),
    expirationTimestamp: z.string().nullish(),
  }),
});

/** Runs it once. Throws OperatorError CredentialsUnreadable, with its own words where it has failed. */
export async function runPlugin(plugin: ExecPlugin, options: PluginOptions): Promise<PluginCredential> {
  const { terminal } = options;
  const interactive = plugin.interactiveMode !== "Never" && terminal?.isInteractive === true;
  if (plugin.interactiveMode === "Always" && !interactive)
    throw failed(plugin, "asks questions (interactiveMode: Always), and there is no terminal to ask at");
  const ended = await ran(plugin, options, interactive);
  const words = ended.words === "" ? "" : `: ${quotedText(withoutSecrets(ended.words), 500)}`;
  if (ended.code !== 0) throw failed(plugin, `ended with ${ended.code ?? ended.signal ?? "nothing"}${words}`);
  return credentialFrom(plugin, ended.output);
}

function commandOf({ command }: ExecPlugin, { user }: Access): string {
  // GetAuthInfoFileReferences of tools/clientcmd/loader.go: only what is not looked for in PATH.
  const isPath = command.includes(sep);
  return isPath && !isAbsolute(command) ? resolve(join(dirname(user.file), command)) : command;
}

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly output: string;
  readonly words: string;
}

function ran(plugin: ExecPlugin, options: PluginOptions, interactive: boolean): Promise<Ended> {
  const child = spawn(commandOf(plugin, options.access), plugin.args, {
    stdio: [interactive ? "inherit" : "ignore", "pipe", "pipe"],
    env: {
      ...options.environment,
      ...Object.fromEntries(plugin.env.map(({ name, value }) => [name, value])),
      KUBERNETES_EXEC_INFO: JSON.stringify(execInfo(plugin, options, interactive)),
    },
    timeout: longestRun,
    killSignal: "SIGKILL",
    windowsHide: true,
  });
  return new Promise((found, lost) => {
    let output = "";
    let words = "";
    child.stdout?.setEncoding("utf8").on("data", (piece: string) => {
      if (output.length <= longestOutput) output += piece;
    });
    child.stderr?.setEncoding("utf8").on("data", (piece: string) => {
      options.terminal?.stderr.write(piece);
      words = (words + piece).slice(-longestWords);
    });
    child.once("error", (error) => lost(notRun(plugin, error)));
    child.once("close", (code, signal) => found({ code, signal, output, words: words.trim() }));
  });
}

function notRun(plugin: ExecPlugin, error: Error): OperatorError {
  const code = errorCode(error) ?? "UNKNOWN";
  if (code !== "ENOENT") return failed(plugin, `cannot be run (${code})`);
  const hint = plugin.installHint === "" ? "" : `: ${foreignText(plugin.installHint, 500)}`;
  return failed(plugin, `is not installed: no such program is in PATH${hint}`);
}

/** https://kubernetes.io/docs/reference/config-api/client-authentication.v1/#client-authentication-k8s-io-v1-ExecCredentialSpec */
function execInfo(
  { apiVersion, provideClusterInfo }: ExecPlugin,
  { access: { cluster }, ca }: PluginOptions,
  interactive: boolean,
): object {
  const config = cluster.extensions.get("client.authentication.k8s.io/exec");
  const info = {
    server: cluster.server,
    ...(cluster.tlsServerName !== "" && { "tls-server-name": cluster.tlsServerName }),
    ...(cluster.insecure && { "insecure-skip-tls-verify": true }),
    ...(ca && { "certificate-authority-data": ca.toString("base64") }),
    ...(cluster.proxyUrl !== "" && { "proxy-url": cluster.proxyUrl }),
    config: config ?? null,
  };
  return {
    kind: "ExecCredential",
    apiVersion,
    spec: { ...(provideClusterInfo && { cluster: info }), interactive },
  };
}

function credentialFrom(plugin: ExecPlugin, output: string): PluginCredential {
  const read = answer.safeParse(jsonFrom(output));
  if (!read.success) throw failed(plugin, "printed something that is no ExecCredential with a status");
  const { apiVersion, status } = read.data;
  if (apiVersion !== plugin.apiVersion)
    throw failed(plugin, `answered in ${quotedText(apiVersion)}, and the kubeconfig asks for ${plugin.apiVersion}`);
  const { token, clientCertificateData: certificate, clientKeyData: key } = status;
  if (!token && !certificate && !key) throw failed(plugin, "gave neither a token nor a certificate with its key");
  if (certificate || key) {
    const fault = keyPairFault(
      { certificate: certificate ?? "", key: key ?? "" },
      { certificate: "clientCertificateData", key: "clientKeyData" },
    );
    if (fault !== undefined) throw failed(plugin, `gave a certificate that cannot be used: ${fault}`);
  }
  const ends = status.expirationTimestamp;
  const expiresAt = ends ? timeOfText(ends) : undefined;
  if (ends && !expiresAt) throw failed(plugin, `gave an end that is no time: ${quotedText(ends)}`);
  return {
    token: token ?? "",
    certificate: certificate ?? "",
    key: key ?? "",
    expiresAt,
  };
}

function jsonFrom(output: string): unknown {
  try {
    return JSON.parse(output);
  } catch {
    return undefined;
  }
}

function failed(plugin: ExecPlugin, what: string): OperatorError {
  return new OperatorError({
    reason: "CredentialsUnreadable",
    cause: "Platform",
    retry: "backoff",
    message: `the exec plugin ${quotedText(plugin.command)} of the kubeconfig ${what}`,
  });
}
