// Install mode: what the operator was installed for, with which rights, and what a credential asks for beyond them.
import { failure } from "../api/reasons.ts";
import type { RegistryCredential } from "../api/registry-credential.ts";
import type { Failure } from "../runtime/errors.ts";
import { globMatches } from "../runtime/glob.ts";

/** What the install says that it has rights for. */
export interface Mode {
  /** Pull Secrets may have these names only; empty: any, as far as is known. */
  readonly pullSecretNames: readonly string[];
  /** Secrets and ServiceAccounts are in reach in these namespaces only; empty: in all. */
  readonly watchNamespaces: readonly string[];
  /** Pods may be evicted. */
  readonly podRecovery: boolean;
  /** Globs of the keys that spec.pullSecret may set on pull Secrets; undefined: any. */
  readonly pullSecretLabels?: readonly string[] | undefined;
  readonly pullSecretAnnotations?: readonly string[] | undefined;
}

/** Where the operator is installed, and for what. */
export interface Install {
  /** Its own namespace. */
  readonly namespace: string;
  /** Other namespaces whose labelled Secrets may be sources. */
  readonly sourceNamespaces: readonly string[];
  readonly mode: Mode;
}

/** Of a long list that many are told; the others are counted. */
const maxShown = 5;

/** One line for log and status. */
export function modeText({ pullSecretNames, watchNamespaces, podRecovery }: Mode): string {
  return [
    `namespaces: ${listed(watchNamespaces) || "all"}`,
    `pull Secrets: ${listed(pullSecretNames) || "any name"}`,
    `pod recovery: ${podRecovery ? "on" : "off"}`,
  ].join("; ");
}

/** Why no Secret of this name may be written anywhere. */
export function nameNotPermitted({ pullSecretNames }: Mode, name: string): Failure | undefined {
  if (pullSecretNames.length === 0 || pullSecretNames.includes(name)) return undefined;
  return notPermitted(
    `the operator has rights on pull Secrets called ${listed(pullSecretNames)} only: add ${name} to the chart value pullSecretNames (--pull-secret-names, and resourceNames in config/rbac/cluster-role.yaml)`,
  );
}

/** Why nothing of this namespace may be read or written. */
export function namespaceNotPermitted({ watchNamespaces }: Mode, namespace: string): Failure | undefined {
  if (watchNamespaces.length === 0 || watchNamespaces.includes(namespace)) return undefined;
  return notPermitted(
    `the operator has rights in the namespaces ${listed(watchNamespaces)} only: add ${namespace} to the chart value watchNamespaces (--watch-namespaces, and a RoleBinding there), or exclude it`,
  );
}

/** Why pods that cannot pull are not evicted, though the credential wants it. */
export function evictionNotPermitted(
  { podRecovery }: Mode,
  { spec }: Pick<RegistryCredential, "spec">,
): Failure | undefined {
  if (podRecovery || spec.podRecovery !== "Evict") return undefined;
  return notPermitted(
    "spec.podRecovery: Evict needs the right to evict pods, which the operator does without: set the chart value podRecovery.enabled (--pod-recovery true), or write podRecovery: None",
  );
}

/** Which of the labels, or annotations, that a credential wants on its pull Secrets may be set. */
export function permittedKeys(
  words: Readonly<Record<string, string>>,
  permitted: readonly string[] | undefined,
): Readonly<Record<string, string>> {
  const isPermitted = (key: string): boolean => permitted?.some((glob) => globMatches(glob, key)) ?? true;
  if (Object.keys(words).every(isPermitted)) return words;
  return Object.fromEntries(Object.entries(words).filter(([key]) => isPermitted(key)));
}

/** Why some of them are not set: controllers of the cluster act on some, so the install lists them. */
export function keysNotPermitted(mode: Mode, { spec }: Pick<RegistryCredential, "spec">): readonly Failure[] {
  const { labels = {}, annotations = {} } = spec.pullSecret;
  const missing = (words: Readonly<Record<string, string>>, permitted: readonly string[] | undefined): string[] => {
    const set = permittedKeys(words, permitted);
    return Object.keys(words).filter((key) => !(key in set));
  };
  const failure = (what: string, keys: readonly string[], value: string, flag: string): readonly Failure[] =>
    keys.length === 0
      ? []
      : [
          notPermitted(
            `the ${what} ${listed(keys)} of spec.pullSecret is not set, because the install does not list it: add it to the chart value ${value} (${flag}, and the list in config/restraint/secrets.yaml), or remove it`,
          ),
        ];
  return [
    ...failure("label", missing(labels, mode.pullSecretLabels), "pullSecretLabels", "--pull-secret-labels"),
    ...failure(
      "annotation",
      missing(annotations, mode.pullSecretAnnotations),
      "pullSecretAnnotations",
      "--pull-secret-annotations",
    ),
  ];
}

function notPermitted(message: string): Failure {
  return failure("NotPermitted", { message });
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, maxShown).join(", ");
  return names.length > maxShown ? `${shown} and ${names.length - maxShown} more` : shown;
}
