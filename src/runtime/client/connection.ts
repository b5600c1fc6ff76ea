// The connection to an API server: address, certificates and credentials, from kubeconfig or the pod.
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { type Clock, systemClock } from "../clock.ts";
import { type Proxy, proxyFor, proxyUrl } from "../network/proxy-for.ts";
import type { Redacted } from "../redacted.ts";
import { jwtClaims } from "../jwt-claims.ts";
import { type Access, accessFrom, type Choice, nobody, unusable } from "./kubeconfig/access.ts";
import { authorityOf, clientCredentials, type Found, unreadable } from "./kubeconfig/client-credentials.ts";
import { type PluginCredential, type PluginTerminal, runPlugin } from "./kubeconfig/exec-plugin.ts";
import { type KubeconfigFiles, readKubeconfigs } from "./kubeconfig/kubeconfig-files.ts";
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
  readonly headers: Readonly<Record<string, string | string[]>>;
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
   * Rejects with an OperatorError that says which file, or which plugin, and why.
   */
  credentials(options: { readonly reread: boolean }): Promise<Credentials>;
  /** The program that gives them, where one does: it may take its time. */
  readonly plugin?: string;
  /** Through which all calls go. */
  readonly proxy?: Proxy;
  /** The sockets to that origin; undici's, if absent. */
  readonly pools?: (origin: string) => Pools;
}

export interface ConnectionOptions extends Choice {
  /** --kubeconfig. */
  readonly kubeconfig?: string | undefined;
  /** The value of KUBECONFIG: one path, or several joined as PATH is. */
  readonly kubeconfigs?: string | undefined;
  /** KUBERNETES_SERVICE_HOST and _PORT, which the kubelet sets in each pod. */
  readonly inCluster?: { readonly host: string; readonly port: string } | undefined;
  /** Before `~/.kube/config`, as an operator looks; after it, as kubectl does, if absent. */
  readonly podFirst?: boolean;
  /** What a plugin gets, and where the proxy is named. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly terminal?: PluginTerminal | undefined;
  /** The machine's, if absent. */
  readonly clock?: Pick<Clock, "now">;
  readonly home?: string;
  readonly serviceAccountFolder?: string;
}

// https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/#directly-accessing-the-rest-api
const podFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * A kubeconfig that was named comes first, then `~/.kube/config` or the pod that this runs in.
 * Throws an OperatorError that says what to set when there is none, or when it cannot be used.
 */
export function loadConnection(options: ConnectionOptions): Connection {
  const load = sourceOf(options);
  let access = load();
  const { server, context, namespace, user } = access;
  const proxy = proxyOf(access, options);
  const clock = options.clock ?? systemClock();
  let plugin: PluginCredential | undefined;

  const found = async (reread: boolean): Promise<Found> => {
    const { exec, token, tokenFile, authProvider } = access.user;
    if (token !== "" || tokenFile !== "") return {};
    if (authProvider) return { token: await (await import("./kubeconfig/open-id.ts")).openIdToken(access.user) };
    if (!exec) return {};
    const isOver = plugin?.expiresAt && Temporal.Instant.compare(plugin.expiresAt, clock.now()) <= 0;
    if (reread || !plugin || isOver) {
      plugin = await runPlugin(exec, {
        access,
        ca: authorityOf(access.cluster),
        environment: options.environment ?? {},
        terminal: options.terminal,
      });
    }
    return { plugin };
  };

  /** What was refused may have been replaced in the kubeconfig itself; its current context may be another one by now. */
  const loadedAgain = (): Access => {
    const again = load(context);
    // Whatever logs in there must not be sent here.
    if (again.server !== server) throw unreadable("the kubeconfig names another server by now: start again");
    return again;
  };

  return {
    server,
    context,
    ...(namespace !== "" && { namespace }),
    ...(user.exec && { plugin: user.exec.command }),
    ...(proxy && { proxy }),
    credentials: async ({ reread }) => {
      if (reread) access = loadedAgain();
      return clientCredentials(access, await found(reread));
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

/** `proxy-url` of the cluster holds for all calls, HTTPS_PROXY for those that NO_PROXY does not exempt. */
function proxyOf({ context, cluster, server }: Access, { environment = {} }: ConnectionOptions): Proxy | undefined {
  if (cluster.proxyUrl !== "") {
    const url = proxyUrl(cluster.proxyUrl);
    // It may hold a password, and is not quoted.
    if (!url)
      throw unusable(
        "its proxy-url is not the URL of a proxy: write it like http://proxy.example:3128, with http, https or socks5",
      );
    return { url, setting: "proxy-url" };
  }
  // A pod reaches its own API server past any proxy of the company's.
  return context === inCluster ? undefined : proxyFor(environment)(new URL(server));
}

const inCluster = "in-cluster";

/** What loads it, each time anew; with the context that was found the first time. */
function sourceOf(options: ConnectionOptions): (context?: string) => Access {
  const { kubeconfig, kubeconfigs } = options;
  const folder = options.serviceAccountFolder ?? podFolder;
  const from =
    (files: KubeconfigFiles) =>
    (context = options.context) =>
      fromFiles(files, { ...options, context });
  if (kubeconfig) return from({ explicit: kubeconfig });
  if (kubeconfigs) return from({ list: kubeconfigs });
  const ownConfig = join(options.home ?? homedir(), ".kube", "config");
  const hasOwn = isReadable(ownConfig);
  const pod = options.inCluster;
  if (pod && isReadable(join(folder, "token")) && (options.podFirst || !hasOwn))
    return () => fromPod(pod, folder, options);
  if (hasOwn) return from({ explicit: ownConfig });
  throw unusable("no cluster: set KUBECONFIG or run in a pod");
}

function fromFiles(files: KubeconfigFiles, choice: Choice): Access {
  const config = readKubeconfigs(files);
  if (!config) {
    const named = "list" in files ? files.list.split(delimiter).filter(Boolean) : [];
    throw unusable(`no cluster: none of the files that KUBECONFIG names exists (${named.join(", ")})`);
  }
  return accessFrom(config, choice);
}

function fromPod(
  { host, port }: { readonly host: string; readonly port: string },
  folder: string,
  choice: Choice,
): Access {
  const file = join(folder, "kubeconfig");
  const config = {
    currentContext: inCluster,
    clusters: new Map([
      [
        inCluster,
        {
          file,
          server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
          tlsServerName: "",
          insecure: false,
          caFile: "ca.crt",
          caData: undefined,
          proxyUrl: "",
          extensions: new Map<string, unknown>(),
        },
      ],
    ]),
    users: new Map([[inCluster, { ...nobody, file, tokenFile: "token" }]]),
    contexts: new Map([
      [inCluster, { cluster: inCluster, user: inCluster, namespace: readOrNothing(join(folder, "namespace")) ?? "" }],
    ]),
  };
  const { as, asGroups, asUid } = choice;
  return accessFrom(config, { as, asGroups, asUid });
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
