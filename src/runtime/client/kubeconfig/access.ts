// Selects cluster, user and context of a kubeconfig, as kubectl's flags do. (pure)
import { OperatorError } from "../../errors.ts";
import { quotedText } from "../../foreign-text.ts";
import { execFault } from "./exec-schema.ts";
import type { Impersonation, Kubeconfig, KubeconfigCluster, KubeconfigUser } from "./kubeconfig.ts";

/** What the command line chooses beside what the kubeconfig says; undefined: what it says. */
export interface Choice {
  readonly context?: string | undefined;
  readonly cluster?: string | undefined;
  readonly user?: string | undefined;
  readonly as?: string | undefined;
  readonly asGroups?: readonly string[] | undefined;
  readonly asUid?: string | undefined;
}

export interface Access {
  /** The name of the context; `in-cluster` in a pod. */
  readonly context: string;
  readonly namespace: string;
  /** With a scheme, without a slash at the end. */
  readonly server: string;
  readonly cluster: KubeconfigCluster;
  readonly user: KubeconfigUser;
  readonly impersonate: Impersonation;
}

export const nobody: KubeconfigUser = {
  file: "",
  certificateFile: "",
  certificateData: undefined,
  keyFile: "",
  keyData: undefined,
  token: "",
  tokenFile: "",
  username: "",
  password: "",
  impersonate: { user: "", uid: "", groups: [], extra: {} },
  exec: undefined,
  authProvider: undefined,
};

/** Throws OperatorError NoCluster, which names what is missing or contradicts itself. */
export function accessFrom(config: Kubeconfig, choice: Choice): Access {
  const name = choice.context ?? config.currentContext;
  const context = config.contexts.get(name);
  // Who names both needs no context: k8s.io/client-go/tools/clientcmd/client_config.go, getContext
  if (!context && (name !== "" || choice.cluster === undefined)) throw noContext(config, name);
  const clusterName = choice.cluster ?? context?.cluster ?? "";
  const userName = choice.user ?? context?.user ?? "";
  const cluster = config.clusters.get(clusterName);
  if (!cluster) throw missing("cluster", clusterName, config.clusters.keys());
  const user = config.users.get(userName) ?? (userName === "" ? nobody : undefined);
  if (!user) throw missing("user", userName, config.users.keys());
  const fault = clusterFault(cluster) ?? userFault(user);
  if (fault !== undefined)
    throw unusable(`${fault} (cluster ${quotedText(clusterName)}, user ${quotedText(userName)})`);
  const own = user.impersonate;
  const impersonate: Impersonation = {
    user: choice.as ?? own.user,
    uid: choice.asUid ?? own.uid,
    groups: choice.asGroups ?? own.groups,
    extra: own.extra,
  };
  const { user: as, uid, groups, extra } = impersonate;
  if (as === "" && (uid !== "" || groups.length > 0 || Object.keys(extra).length > 0))
    throw unusable("a group, a uid or an extra is to be impersonated without a user: name one with --as");
  return {
    context: name,
    namespace: context?.namespace ?? "",
    server: serverOf(cluster),
    cluster,
    user,
    impersonate,
  };
}

function serverOf({ server, insecure }: KubeconfigCluster): string {
  if (server === "") throw unusable("its cluster names no server");
  const url = URL.parse(server);
  // kubectl takes what has no scheme for plain http, whatever is said of TLS beside it, and hears a 400.
  if (!url || !["http:", "https:"].includes(url.protocol))
    throw unusable(`the server ${quotedText(server)} is no URL with https: write it like https://api.example:6443`);
  if (url.username !== "" || url.password !== "")
    throw unusable("the server's URL holds a login: put it into the user of the kubeconfig");
  // Over plain http, a token is anybody's who listens: there it must be said that this is meant.
  if (url.protocol === "http:" && !insecure)
    throw unusable(
      `the server ${quotedText(server)} is reached without TLS: write https://, or set insecure-skip-tls-verify`,
    );
  return server.replace(/\/$/, "");
}

/** As ConfirmUsable and TLSConfigFor of client-go refuse. */
function clusterFault({ caFile, caData, insecure }: KubeconfigCluster): string | undefined {
  if (caFile !== "" && caData) return "certificate-authority and certificate-authority-data are both set";
  if (insecure && (caFile !== "" || caData)) return "a CA is set, and insecure-skip-tls-verify beside it";
  return undefined;
}

function userFault(user: KubeconfigUser): string | undefined {
  const { certificateFile, certificateData, keyFile, keyData, token, username, password, exec, authProvider } = user;
  if (token !== "" && (username !== "" || password !== "")) return "a token and a password are both set";
  if (certificateFile !== "" && certificateData) return "client-certificate and client-certificate-data are both set";
  if (certificateFile !== "" || certificateData) {
    if (keyFile !== "" && keyData) return "client-key and client-key-data are both set";
    if (keyFile === "" && !keyData) return "a client certificate is set, but no client-key or client-key-data";
  }
  if (exec && authProvider) return "exec and auth-provider are both set";
  // k8s.io/client-go/plugin/pkg/client/auth has removed the others
  if (authProvider && authProvider.name !== "oidc")
    return `the auth-provider ${quotedText(authProvider.name)} is known no more: use its exec plugin`;
  return exec && execFault(exec);
}

function noContext({ contexts }: Kubeconfig, name: string): OperatorError {
  const known = [...contexts.keys()].map((each) => quotedText(each)).join(", ") || "none";
  return unusable(
    name === ""
      ? `the kubeconfig has no current context: choose one with --context, of ${known}`
      : `the kubeconfig has no usable context ${quotedText(name)}; it has: ${known}`,
  );
}

function missing(what: "cluster" | "user", name: string, known: Iterable<string>): OperatorError {
  const others = [...known].map((each) => quotedText(each)).join(", ") || "none";
  return unusable(`the kubeconfig has no ${what} ${quotedText(name)}, which is asked for; it has: ${others}`);
}

export function unusable(message: string, origin?: unknown): OperatorError {
  return new OperatorError({ reason: "NoCluster", cause: "Platform", message, retry: "on-change" }, origin);
}
