// Settings of which cluster is meant, and as whom it is asked: kubectl's flags of the same names.
import type { ConnectionOptions } from "../runtime/client/connection.ts";
import { goDuration, type Setting, type Values } from "./setting.ts";

const text = {
  fallback: undefined,
  parse: (value: string) => value || undefined,
};

const kubeconfig: Setting<string | undefined> = {
  ...text,
  flag: "--kubeconfig",
  placeholder: "<file>",
  variables: ["KUBECONFIG"],
  meaning: "how to reach the cluster; several files are joined as in PATH, in the variable only",
  fallbackText: "the ServiceAccount in a pod, ~/.kube/config elsewhere",
  instead: "the path of a kubeconfig",
};

const context: Setting<string | undefined> = {
  ...text,
  flag: "--context",
  placeholder: "<name>",
  variables: ["REGCRED_CONTEXT"],
  meaning: "which context of the kubeconfig",
  fallbackText: "its current context",
  instead: "a name that kubectl config get-contexts lists",
};

const cluster: Setting<string | undefined> = {
  ...text,
  flag: "--cluster",
  placeholder: "<name>",
  variables: [],
  meaning: "which cluster of the kubeconfig",
  fallbackText: "that of the context",
  instead: "a name that kubectl config get-clusters lists",
};

const user: Setting<string | undefined> = {
  ...text,
  flag: "--user",
  placeholder: "<name>",
  variables: [],
  meaning: "which user of the kubeconfig",
  fallbackText: "that of the context",
  instead: "a name that kubectl config get-users lists",
};

const as: Setting<string | undefined> = {
  ...text,
  flag: "--as",
  placeholder: "<user>",
  variables: [],
  meaning: "whom to impersonate: a user, or system:serviceaccount:NAMESPACE:NAME",
  fallbackText: "nobody, or whom the kubeconfig says",
  instead: "the name of a user",
};

const asGroups: Setting<readonly string[] | undefined> = {
  flag: "--as-group",
  placeholder: "<group>",
  variables: [],
  meaning: "with --as, a group of that user; may be repeated",
  fallback: undefined,
  fallbackText: "none, or those that the kubeconfig says",
  repeated: true,
  parse: (lines) => {
    const groups = lines.split("\n");
    return groups.includes("") ? undefined : groups;
  },
  instead: "the name of a group",
};

const asUid: Setting<string | undefined> = {
  ...text,
  flag: "--as-uid",
  placeholder: "<uid>",
  variables: [],
  meaning: "with --as, the uid of that user",
  fallbackText: "none, or that which the kubeconfig says",
  instead: "a uid",
};

const requestTimeout: Setting<Temporal.Duration | undefined> = {
  flag: "--request-timeout",
  placeholder: "<time>",
  variables: [],
  meaning: "how long one request to the API server may take; 0: as long as is usual here, half a minute",
  fallback: undefined,
  fallbackText: "0",
  parse: goDuration,
  instead: "a time such as 10s, 1m or 1m30s",
};

/** Those that the operator has, too. */
export const clusterSettings = { kubeconfig, context };

/** Those that it has not: it acts as itself. */
export const personSettings = { cluster, user, as, asGroups, asUid, requestTimeout };

export type ClusterChoice = Pick<
  ConnectionOptions,
  "kubeconfig" | "kubeconfigs" | "context" | "cluster" | "user" | "as" | "asGroups" | "asUid" | "inCluster"
>;

/** What is chosen, and how long a request may take; undefined: as is usual. */
export interface ClusterConfig {
  readonly cluster: ClusterChoice;
  readonly requestTimeout: Temporal.Duration | undefined;
}

/** @param environment where KUBECONFIG and the kubelet's variables are */
export function clusterConfig(
  { kubeconfig: file, requestTimeout: timeout, ...chosen }: Values<typeof clusterSettings & typeof personSettings>,
  flags: Readonly<Record<string, string | undefined>>,
  environment: Readonly<Record<string, string | undefined>>,
): ClusterConfig {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment;
  const isFlag = flags[kubeconfig.flag] !== undefined;
  // Whoever names a part of a kubeconfig means one, in a pod too.
  const meansKubeconfig = [chosen.context, chosen.cluster, chosen.user].some((name) => name !== undefined);
  return {
    cluster: {
      kubeconfig: isFlag ? file : undefined,
      kubeconfigs: isFlag ? undefined : file,
      ...chosen,
      inCluster: host && port && !meansKubeconfig ? { host, port } : undefined,
    },
    requestTimeout: timeout?.sign === 1 ? timeout : undefined,
  };
}
