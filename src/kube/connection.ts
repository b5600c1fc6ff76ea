// Which API server is it, and with what credentials does one speak to it?
import { readFileSync } from "node:fs";
import type { RequestOptions } from "node:https";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { OperatorError } from "../errors.ts";
import { Redacted } from "../redacted.ts";
import { jwtClaims } from "../registry/jwt-claims.ts";
import type { Pools } from "./pools.ts";

/** What TLS needs to know; the members have the names and shapes of `tls.connect`. */
export interface TlsMaterial {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

export interface Credentials {
  readonly tls: TlsMaterial;
  /** The whole value of the Authorization header. */
  readonly authorization?: Redacted;
  /** Other headers that the kubeconfig asks for, such as Impersonate-User. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface Connection {
  /** Scheme, host, port and perhaps a path; no slash at the end. */
  readonly server: string;
  /** The kubeconfig context, or `in-cluster`. */
  readonly context: string;
  /** The namespace of the context, or that of the pod. */
  readonly namespace?: string;
  /**
   * The credentials as they are now. `reread` starts afresh from the files, for a token that the server has refused.
   * Rejects with whatever reading a file or running an exec plugin throws.
   */
  credentials(options: { readonly reread: boolean }): Promise<Credentials>;
  /** The sockets to that origin; undici's, if absent. */
  readonly pools?: (origin: string) => Pools;
}

export interface ConnectionOptions {
  /** The value of KUBECONFIG: one path, or several joined as PATH is. */
  readonly kubeconfig?: string | undefined;
  /** A context of the kubeconfig; its current one by default. */
  readonly context?: string | undefined;
  /** KUBERNETES_SERVICE_HOST and _PORT, which the kubelet sets in each pod. */
  readonly inCluster?: { readonly host: string; readonly port: string } | undefined;
  readonly home?: string;
  readonly serviceAccountFolder?: string;
}

// https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/#directly-accessing-the-rest-api
const podFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * A kubeconfig that was named comes first, then the pod that this runs in, then `~/.kube/config`.
 * Throws an OperatorError that says what to set when there is none, or when it cannot be used.
 */
export function loadConnection(options: ConnectionOptions): Connection {
  const source = sourceOf(options);
  let config = source.load();
  const cluster = config.getCurrentCluster();
  if (!cluster?.server) {
    const known = config.getContexts().map((context) => context.name);
    throw unusable(
      `the kubeconfig has no usable context ${JSON.stringify(config.getCurrentContext() ?? "")}; it has: ${known.join(", ") || "none"}`,
    );
  }
  if (cluster.proxyUrl) {
    throw unusable(
      `cluster ${cluster.name} asks for a proxy (proxy-url), which regcred does not speak: remove proxy-url and reach the API server directly`,
    );
  }
  if (cluster.server.startsWith("http:") && !cluster.skipTLSVerify) {
    throw unusable(
      `cluster ${cluster.name} is reached without TLS (${cluster.server}): use https, or set insecure-skip-tls-verify`,
    );
  }
  const namespace = config.getContextObject(config.getCurrentContext())?.namespace;
  return {
    server: cluster.server,
    context: source.inCluster ? "in-cluster" : config.getCurrentContext(),
    ...(namespace ? { namespace } : {}),
    credentials: async ({ reread }) => {
      // A KubeConfig keeps tokens for up to a minute, a fresh one keeps nothing.
      if (reread) config = source.load();
      return credentialsOf(config);
    },
  };
}

/**
 * For which audiences the API server takes tokens: the `aud` claim of the bearer token (RFC 7519 section 4.1.3). None where there
 * is no such token, as with a certificate.
 */
export async function ownAudiences({ credentials }: Pick<Connection, "credentials">): Promise<readonly string[]> {
  const { authorization } = await credentials({ reread: false });
  const [, token = ""] = /^Bearer (\S+)$/.exec(authorization?.reveal() ?? "") ?? [];
  const audience = jwtClaims(token)?.["aud"];
  return [audience].flat().filter((each) => typeof each === "string");
}

async function credentialsOf(config: KubeConfig): Promise<Credentials> {
  const filled: RequestOptions = {};
  await config.applyToHTTPSOptions(filled);
  const headers: Record<string, string> = {};
  let authorization = filled.auth ? `Basic ${Buffer.from(filled.auth).toString("base64")}` : undefined;
  for (const [name, value] of Object.entries(filled.headers ?? {})) {
    if (name.toLowerCase() === "authorization") authorization = String(value).trim();
    else if (value !== undefined) headers[name] = String(value);
  }
  const { ca, cert, key, servername, rejectUnauthorized } = filled;
  return {
    tls: {
      ...(isBytes(ca) ? { ca } : {}),
      ...(isBytes(cert) ? { cert } : {}),
      ...(isBytes(key) ? { key } : {}),
      ...(servername === undefined ? {} : { servername }),
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    },
    ...(authorization ? { authorization: new Redacted(authorization) } : {}),
    headers,
  };
}

function isBytes(value: unknown): value is string | Buffer {
  return typeof value === "string" || Buffer.isBuffer(value);
}

interface Source {
  readonly inCluster: boolean;
  readonly load: () => KubeConfig;
}

function sourceOf(options: ConnectionOptions): Source {
  const { kubeconfig, context, inCluster } = options;
  const folder = options.serviceAccountFolder ?? podFolder;
  if (kubeconfig)
    return { inCluster: false, load: () => fromFiles(kubeconfig.split(delimiter).filter(Boolean), context) };
  if (inCluster && isReadable(join(folder, "token")))
    return { inCluster: true, load: () => fromPod(inCluster, folder) };
  const ownConfig = join(options.home ?? homedir(), ".kube", "config");
  if (isReadable(ownConfig)) return { inCluster: false, load: () => fromFiles([ownConfig], context) };
  throw unusable("no cluster: set KUBECONFIG or run in a pod");
}

function fromFiles(files: readonly string[], context: string | undefined): KubeConfig {
  const config = new KubeConfig();
  for (const [index, file] of files.entries()) {
    try {
      const next = index === 0 ? config : new KubeConfig();
      next.loadFromFile(file);
      // The first file that names a current context wins: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/#merging-kubeconfig-files
      if (next !== config) config.mergeConfig(next, Boolean(config.currentContext));
    } catch (error) {
      throw unusable(`cannot read the kubeconfig ${file}: ${firstLine(error)}`, error);
    }
  }
  if (context !== undefined) config.setCurrentContext(context);
  return config;
}

function fromPod({ host, port }: { readonly host: string; readonly port: string }, folder: string): KubeConfig {
  const name = "in-cluster";
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [
      {
        name,
        caFile: join(folder, "ca.crt"),
        server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
        skipTLSVerify: false,
      },
    ],
    users: [{ name, authProvider: { name: "tokenFile", config: { tokenFile: join(folder, "token") } } }],
    contexts: [{ name, cluster: name, user: name, namespace: readOrNothing(join(folder, "namespace")) }],
    currentContext: name,
  });
  return config;
}

function isReadable(file: string): boolean {
  return readOrNothing(file) !== undefined;
}

function readOrNothing(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return undefined;
  }
}

function firstLine(error: unknown): string {
  return error instanceof Error ? (error.message.split("\n")[0] ?? "") : "unreadable";
}

function unusable(message: string, origin?: unknown): OperatorError {
  return new OperatorError({ reason: "NoCluster", cause: "Platform", message, retry: "on-change" }, origin);
}
