// With which rights was the operator installed, and what does a credential ask for beyond them?
import type { RegistryCredential } from "../api/registry-credential.ts";
import type { Failure } from "../errors.ts";

/** What the install says that it has rights for. */
export interface Mode {
  /** Pull Secrets may have these names only; empty: any, as far as is known. */
  readonly pullSecretNames: readonly string[];
  /** Secrets and ServiceAccounts are in reach in these namespaces only; empty: in all. */
  readonly watchNamespaces: readonly string[];
  /** Pods may be evicted. */
  readonly podRecovery: boolean;
}

/** Of a long list that many are told; the others are counted. */
const mostTold = 5;

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

function notPermitted(message: string): Failure {
  return { reason: "NotPermitted", cause: "Platform", retry: "slowly", message };
}

function listed(names: readonly string[]): string {
  const told = names.slice(0, mostTold).join(", ");
  return names.length > mostTold ? `${told} and ${names.length - mostTold} more` : told;
}
