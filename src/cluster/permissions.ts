// Permissions: what is out of the operator's reach, by the rights that it was installed with and by those that it is found to lack.
import { failure } from "../api/reasons.ts";
import type { RegistryCredential } from "../api/registry-credential.ts";
import type { Failure } from "../runtime/errors.ts";
import { grantRights } from "./install-steps.ts";
import {
  evictionNotPermitted,
  keysNotPermitted,
  type Mode,
  nameNotPermitted,
  namespaceNotPermitted,
} from "./install-mode.ts";
import type { Step } from "../runtime/steps.ts";

/** Which watches the API server refuses at the moment. */
export interface Denials {
  readonly pullSecrets: {
    readonly refused: (name: string, namespace: string) => boolean;
    readonly refusedSome: (name: string) => boolean;
    readonly refusedAll: (name: string) => boolean;
  };
  readonly serviceAccountsRefused: (namespace: string) => boolean;
  readonly refusedElsewhere: () => readonly string[];
}

/** Each answer is why not, for the person who can grant it; undefined where nothing is missing. No request is made for what is out of reach. */
export interface Permissions {
  /** The pull Secret of this name in this namespace. */
  readonly secret: (name: string, namespace: string) => Failure | undefined;
  /** Pull Secrets of this name, in whatever namespace. */
  readonly name: (name: string) => Failure | undefined;
  /** Every pull Secret of this name: where some are out of sight, none can be said to be gone. */
  readonly whole: (name: string) => Failure | undefined;
  readonly serviceAccounts: (namespace: string) => Failure | undefined;
  /** What the credential needs beside its Secrets and references. */
  readonly others: (credential: RegistryCredential) => readonly Failure[];
}

export function permissions(mode: Mode, denials: Denials, operatorNamespace: string): Permissions {
  const { pullSecrets } = denials;
  const granting = grantRights(operatorNamespace);
  const lacks = (what: string, namespace?: string, steps: readonly Step[] = [granting]): Failure => {
    return failure("NotPermitted", {
      message: `the operator may not ${what}${namespace === undefined ? "" : ` in the namespace ${namespace}`}`,
      steps: namespace === undefined ? steps : [bindThere],
    });
  };
  /** With a namespace: its own Role is what is missing. */
  const secretsRefused = (name: string, namespace?: string): Failure =>
    lacks(`get, list, watch, update and delete Secrets called ${name}`, namespace, [
      granting.command
        ? {
            ...granting,
            message: `add ${name} to the chart value pullSecretNames, or to resourceNames in config/rbac/cluster-role.yaml and apply it`,
          }
        : { message: `add ${name} to the chart value pullSecretNames` },
    ]);
  const boundIn = (namespace: string): string | undefined => (mode.watchNamespaces.length > 0 ? namespace : undefined);
  return {
    secret: (name, namespace) =>
      nameNotPermitted(mode, name) ??
      namespaceNotPermitted(mode, namespace) ??
      (pullSecrets.refused(name, namespace) ? secretsRefused(name, boundIn(namespace)) : undefined),
    name: (name) => nameNotPermitted(mode, name) ?? (pullSecrets.refusedAll(name) ? secretsRefused(name) : undefined),
    whole: (name) => nameNotPermitted(mode, name) ?? (pullSecrets.refusedSome(name) ? secretsRefused(name) : undefined),
    serviceAccounts: (namespace) =>
      denials.serviceAccountsRefused(namespace)
        ? lacks("get, list, watch and patch ServiceAccounts", boundIn(namespace))
        : undefined,
    others: (credential) => {
      const eviction = evictionNotPermitted(mode, credential);
      return [
        ...denials.refusedElsewhere().map((what) => lacks(`list and watch ${what}`)),
        ...(eviction ? [eviction] : []),
        ...keysNotPermitted(mode, credential),
      ];
    },
  };
}

const bindThere: Step = {
  message: "bind its Role there, as the chart does for what is in watchNamespaces, or exclude the namespace",
};
