// The settings: which flag or variable sets what, and what holds when nothing is set. The only reader of the environment.
import { defaultOperatorNamespace } from "../api/names.ts";
import type { Endpoints } from "../providers/endpoints.ts";
import type { Mode } from "../cluster/install-mode.ts";
import type { LogLevel } from "../runtime/observability/log.ts";
import { clusterConfig, type ClusterConfig, clusterSettings, personSettings } from "./cluster-settings.ts";
import { endpointSettings, endpointsOf, withoutIgnored } from "./endpoint-settings.ts";
import { modeSettings, tokenAudiences } from "./mode-settings.ts";
import { servingSettings } from "./serving-settings.ts";
import {
  hostGlobs,
  namespaceName,
  namespaces,
  objectName,
  oneOf,
  type Setting,
  type Settings,
  trueOrFalse,
  type Values,
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
const maxConfigLimit = 1024 * 1024;
// One small docker config with a cloud token of 4 KiB would not fit into less.
const minConfigLimit = 8 * 1024;
// Sixteen connections carry the writes (src/runtime/client/pools.ts): more runs than this only wait for one.
const maxConcurrency = 256;
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

const serviceAccount: Setting<string> = {
  flag: "--service-account",
  placeholder: "<name>",
  variables: ["REGCRED_SERVICE_ACCOUNT"],
  meaning: "the operator's own ServiceAccount, for the commands by which tenants consent to it",
  fallback: "regcred",
  fallbackText: "regcred",
  parse: objectName,
  instead: "the name of a ServiceAccount (small letters, digits, dashes and dots), such as regcred",
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
  parse: wholeNumber(minConfigLimit, maxConfigLimit),
  instead: `a whole number from ${minConfigLimit} to ${maxConfigLimit}`,
};

const concurrency: Setting<number> = {
  flag: "--concurrency",
  placeholder: "<runs>",
  variables: ["REGCRED_CONCURRENCY"],
  meaning: "how much is worked on at once, at most",
  fallback: 16,
  fallbackText: "16",
  parse: wholeNumber(1, maxConcurrency),
  instead: `a whole number from 1 to ${maxConcurrency}`,
};

const allowedHosts: Setting<readonly string[]> = {
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

const allowedPrivateHosts: Setting<readonly string[]> = {
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

const ownSettings = { namespace, serviceAccount, sourceNamespaces };
const workSettings = { tokenAudiences, maxConfigBytes, concurrency, allowedHosts, allowedPrivateHosts };
const processSettings = { leaderElection, logLevel, logFormat, drainTimeout };

/** Every setting of the operator, in the order of the help. */
export const settings = Object.values<Setting<unknown>>({
  ...clusterSettings,
  ...ownSettings,
  ...modeSettings,
  ...workSettings,
  ...endpointSettings,
  ...servingSettings,
  ...processSettings,
});

type Flat = Values<typeof ownSettings & typeof workSettings & typeof servingSettings & typeof processSettings>;

/** Each setting by its name; undefined for what is not restricted, or not to be done. */
export interface Config extends ClusterConfig, Flat {
  readonly mode: Mode;
  /** For what others read in it: proxies, and where the clouds' SDKs find the operator's own identity. */
  readonly environment: Environment;
}

/** Throws ConfigError at the first value that is none. */
export function configFrom(flags: Flags, environment: Environment = process.env): Config {
  const read = <S extends Settings>(group: S): Values<S> => valuesOf(group, flags, environment);
  return {
    ...clusterConfig({ ...read(clusterSettings), ...read(personSettings) }, flags, environment),
    ...read(ownSettings),
    mode: read(modeSettings),
    ...read(workSettings),
    environment,
    ...read(servingSettings),
    ...read(processSettings),
  };
}

/** What only the operator itself needs: a person's own AWS_ENDPOINT_URL must not keep the other commands from working. */
export interface OperatorConfig extends Config {
  /** Where calls to clouds go, if not to the vendors' own hosts. */
  readonly endpoints: Endpoints;
}

/** Throws ConfigError at the first value that is none. */
export function operatorConfigFrom(flags: Flags, environment: Environment = process.env): OperatorConfig {
  return { ...configFrom(flags, environment), endpoints: endpointsFrom(environment, flags) };
}

/** What a credential provider on a node takes from its environment. Throws ConfigError at the first value that is none. */
export function nodeSettingsFrom(
  environment: Environment = process.env,
): Pick<OperatorConfig, "environment" | "endpoints"> {
  return { environment, endpoints: endpointsFrom(environment, {}) };
}

function endpointsFrom(environment: Environment, flags: Flags): Endpoints {
  return endpointsOf(valuesOf(endpointSettings, flags, withoutIgnored(environment)));
}

/** The operator's configuration once it is known which namespace is its own. */
export interface OperatorSettings extends OperatorConfig {
  readonly namespace: string;
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

function valuesOf<S extends Settings>(group: S, flags: Flags, environment: Environment): Values<S> {
  const values = Object.entries(group).map(([name, setting]) => [name, valueOf(setting, flags, environment)] as const);
  return Object.fromEntries(values) as Values<S>;
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
