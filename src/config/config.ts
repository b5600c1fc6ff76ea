// What may be set from outside, by which flag or variable, and what holds when nothing is? The only reader of the environment.
import { defaultOperatorNamespace } from "../api/names.ts";
import type { Endpoints } from "../providers/endpoints.ts";
import type { Mode } from "../cluster/install-mode.ts";
import type { LogLevel } from "../runtime/observability/log.ts";
import type { ListenAddress } from "../runtime/observability/http-server.ts";
import { clusterConfig, type ClusterConfig, context, kubeconfig } from "./cluster-settings.ts";
import { endpointSettings, endpointsFrom, withoutIgnored } from "./endpoint-settings.ts";
import {
  podRecovery,
  pullSecretAnnotations,
  pullSecretLabels,
  pullSecretNames,
  tokenAudiences,
  watchNamespaces,
} from "./mode-settings.ts";
import { healthAddress, metricsAccess, metricsAddress, metricsCertificate } from "./serving-settings.ts";
import {
  hostGlobs,
  namespaceName,
  namespaces,
  oneOf,
  type Setting,
  trueOrFalse,
  wholeNumber,
} from "./setting.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a flag on the command line was given, by its name with the dashes: `{ "--concurrency": "4" }`. */
export type Flags = Readonly<Record<string, string | undefined>>;

/** A flag or a variable has a value that it cannot have. The message is one sentence that says what to write. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

// A Secret holds at most 1 MiB: https://kubernetes.io/docs/concepts/configuration/secret/#restriction-data-size
const mostConfigBytes = 1024 * 1024;
// One small docker config with a cloud token of 4 KiB would not fit into less.
const leastConfigBytes = 8 * 1024;
// Sixteen connections carry the writes (src/runtime/client/pools.ts): more runs than this only wait for one.
const mostConcurrency = 256;
// Kubernetes waits for 30 s by default before it kills: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination
const drainSeconds = 20;
const longestDrainSeconds = 3600;

const namespace: Setting<string | undefined> = {
  flag: "--namespace",
  placeholder: "<name>",
  variables: ["REGCRED_NAMESPACE", "POD_NAMESPACE"],
  meaning: "the operator's own namespace, where source and token Secrets live",
  fallback: undefined,
  fallbackText: `the pod's own in a cluster, ${defaultOperatorNamespace} elsewhere`,
  parse: namespaceName,
  instead: `the name of one namespace (small letters, digits and dashes), such as ${defaultOperatorNamespace}`,
};

const sourceNamespaces: Setting<readonly string[]> = {
  flag: "--source-namespaces",
  placeholder: "<names>",
  variables: ["REGCRED_SOURCE_NAMESPACES"],
  meaning: 'other namespaces whose Secrets labelled regcred.dev/source: "true" may be sources',
  fallback: [],
  fallbackText: "none",
  parse: namespaces,
  instead: "names of namespaces with commas between them, such as team-a,team-b",
};

const maxConfigBytes: Setting<number> = {
  flag: "--max-config-bytes",
  placeholder: "<bytes>",
  variables: ["REGCRED_MAX_CONFIG_BYTES"],
  meaning: "the largest docker config that is written to a pull Secret",
  fallback: 64 * 1024,
  fallbackText: String(64 * 1024),
  parse: wholeNumber(leastConfigBytes, mostConfigBytes),
  instead: `a whole number from ${leastConfigBytes} to ${mostConfigBytes}`,
};

const concurrency: Setting<number> = {
  flag: "--concurrency",
  placeholder: "<runs>",
  variables: ["REGCRED_CONCURRENCY"],
  meaning: "how much is worked on at once, at most",
  fallback: 16,
  fallbackText: "16",
  parse: wholeNumber(1, mostConcurrency),
  instead: `a whole number from 1 to ${mostConcurrency}`,
};

const allowedHostGlobs: Setting<readonly string[]> = {
  flag: "--allowed-hosts",
  placeholder: "<globs>",
  variables: ["REGCRED_ALLOWED_HOSTS"],
  meaning:
    "hosts, beside the clouds' own, that may be asked for tokens or tried with them; port 443 unless one is given",
  fallback: [],
  fallbackText: "none",
  parse: hostGlobs,
  instead: "globs of hosts with commas between them, such as registry.example.com,*.corp.example:5000",
};

const allowedPrivateHostGlobs: Setting<readonly string[]> = {
  flag: "--allowed-private-hosts",
  placeholder: "<globs>",
  variables: ["REGCRED_ALLOWED_PRIVATE_HOSTS"],
  meaning: "those of the allowed hosts that may have private addresses",
  fallback: [],
  fallbackText: "none",
  parse: hostGlobs,
  instead: "globs of hosts with commas between them, such as *.corp.example",
};

const leaderElection: Setting<boolean> = {
  flag: "--leader-election",
  placeholder: "<true|false>",
  variables: ["REGCRED_LEADER_ELECTION"],
  meaning: "whether it works only while it holds the Lease regcred in its namespace, and stands by otherwise",
  fallback: true,
  fallbackText: "true",
  parse: trueOrFalse,
  instead: "true or false",
};

const logLevel: Setting<LogLevel> = {
  flag: "--log-level",
  placeholder: "<level>",
  variables: ["REGCRED_LOG_LEVEL"],
  meaning: "the least that is logged: debug, info, warn or error",
  fallback: "info",
  fallbackText: "info",
  parse: oneOf(["debug", "info", "warn", "error"]),
  instead: "debug, info, warn or error",
};

const logFormat: Setting<"auto" | "json" | "pretty"> = {
  flag: "--log-format",
  placeholder: "<format>",
  variables: ["REGCRED_LOG_FORMAT"],
  meaning: "json, pretty, or auto: pretty on a terminal, json elsewhere",
  fallback: "auto",
  fallbackText: "auto",
  parse: oneOf(["auto", "json", "pretty"]),
  instead: "auto, json or pretty",
};

const drainTimeout: Setting<Temporal.Duration> = {
  flag: "--drain-timeout",
  placeholder: "<time>",
  variables: ["REGCRED_DRAIN_TIMEOUT"],
  meaning: "how long what is under way may take to end when the operator is stopped",
  fallback: Temporal.Duration.from({ seconds: drainSeconds }),
  fallbackText: `${drainSeconds}s`,
  parse: (text) => {
    const seconds = /^\d{1,4}s$/.test(text) ? Number.parseInt(text, 10) : longestDrainSeconds + 1;
    return seconds <= longestDrainSeconds ? Temporal.Duration.from({ seconds }) : undefined;
  },
  instead: `seconds from 0s to ${longestDrainSeconds}s, such as 20s`,
};

/** Every setting of the operator, in the order of the help. */
export const settings = [
  kubeconfig,
  context,
  namespace,
  sourceNamespaces,
  pullSecretNames,
  pullSecretLabels,
  pullSecretAnnotations,
  watchNamespaces,
  podRecovery,
  tokenAudiences,
  maxConfigBytes,
  concurrency,
  allowedHostGlobs,
  allowedPrivateHostGlobs,
  ...endpointSettings,
  metricsAddress,
  metricsAccess,
  metricsCertificate,
  healthAddress,
  leaderElection,
  logLevel,
  logFormat,
  drainTimeout,
] as const;

export interface Config extends ClusterConfig {
  readonly namespace: string | undefined;
  readonly sourceNamespaces: readonly string[];
  readonly mode: Mode;
  /** Undefined: any. */
  readonly tokenAudiences: readonly string[] | undefined;
  readonly maxConfigBytes: number;
  readonly concurrency: number;
  readonly allowedHosts: readonly string[];
  readonly allowedPrivateHosts: readonly string[];
  /** For what others read in it: proxies, and where the clouds' SDKs find the operator's own identity. */
  readonly environment: Environment;
  /** Undefined: metrics are not served. */
  readonly metricsAddress: ListenAddress | undefined;
  readonly metricsAccess: "open" | "token";
  /** Undefined: it is self-made. */
  readonly metricsCertificate: string | undefined;
  /** Undefined: probes are not answered. */
  readonly healthAddress: ListenAddress | undefined;
  readonly leaderElection: boolean;
  readonly logLevel: LogLevel;
  readonly logFormat: "auto" | "json" | "pretty";
  readonly drainTimeout: Temporal.Duration;
}

/** Throws ConfigError at the first value that is none. */
export function configFrom(flags: Flags, environment: Environment = process.env): Config {
  const read = <T>(setting: Setting<T>): T => valueOf(setting, flags, environment);
  return {
    ...clusterConfig(read, flags, environment),
    namespace: read(namespace),
    sourceNamespaces: read(sourceNamespaces),
    mode: {
      pullSecretNames: read(pullSecretNames),
      watchNamespaces: read(watchNamespaces),
      podRecovery: read(podRecovery),
      pullSecretLabels: read(pullSecretLabels),
      pullSecretAnnotations: read(pullSecretAnnotations),
    },
    tokenAudiences: read(tokenAudiences),
    maxConfigBytes: read(maxConfigBytes),
    concurrency: read(concurrency),
    allowedHosts: read(allowedHostGlobs),
    allowedPrivateHosts: read(allowedPrivateHostGlobs),
    environment,
    metricsAddress: read(metricsAddress),
    metricsAccess: read(metricsAccess),
    metricsCertificate: read(metricsCertificate),
    healthAddress: read(healthAddress),
    leaderElection: read(leaderElection),
    logLevel: read(logLevel),
    logFormat: read(logFormat),
    drainTimeout: read(drainTimeout),
  };
}

/** What only the operator itself needs: a person's own AWS_ENDPOINT_URL must not keep the other commands from working. */
export interface OperatorConfig extends Config {
  /** Where calls to clouds go, if not to the vendors' own hosts. */
  readonly endpoints: Endpoints;
}

/** Throws ConfigError at the first value that is none. */
export function operatorConfigFrom(flags: Flags, environment: Environment = process.env): OperatorConfig {
  const read = <T>(setting: Setting<T>): T => valueOf(setting, flags, withoutIgnored(environment));
  return { ...configFrom(flags, environment), endpoints: endpointsFrom(read) };
}

/** The operator's own namespace: what was set, else the pod's, else the default. */
export function operatorNamespace(
  { namespace: chosen }: Pick<Config, "namespace">,
  connection: { readonly context: string; readonly namespace?: string },
): string {
  // The namespace of a kubeconfig's context is where its user happens to work, and no place for tokens.
  const ofPod = connection.context === "in-cluster" ? connection.namespace : undefined;
  return chosen ?? ofPod ?? defaultOperatorNamespace;
}

function valueOf<T>(setting: Setting<T>, flags: Flags, environment: Environment): T {
  const { flag, variables, fallback, parse, instead } = setting;
  const variable = variables.find((name) => environment[name]);
  const written = flags[flag];
  const [source, text] = written === undefined ? [variable ?? "", environment[variable ?? ""]] : [flag, written];
  if (text === undefined) return fallback;
  const value = parse(text);
  if (value !== undefined) return value;
  // A URL may hold a login, which is everything before the last @.
  const login = text.includes("://") ? text.lastIndexOf("@") : -1;
  const shown = login < 0 ? text : `...${text.slice(login)}`;
  throw new ConfigError(`${source} cannot be ${JSON.stringify(shown)}: write ${instead}`);
}
