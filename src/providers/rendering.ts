// Shared by every grant.ts: the identity, groups of hosts, failures.
import type { Identity } from "../api/entry-fields.ts";
import { failure, type FailureReason } from "../api/reasons.ts";
import { hasPlaceholders, rendered } from "../api/placeholders.ts";
import { createServiceAccount, grantRights } from "../cluster/install-steps.ts";
import type { Cause, Failure } from "../runtime/errors.ts";
import type { Identities } from "./definition.ts";
import type { AccountIdentity, GrantIdentity, HostGroup, RenderScope } from "./grant-types.ts";

export interface RenderedIdentity {
  readonly identity: GrantIdentity;
  /** The cloud annotations of the ServiceAccount; empty for other identities. A field of the spec wins over them. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** Who asks for the token of the entry in this namespace. */
export function identityOf(identity: Identity, scope: RenderScope, identities: Identities): RenderedIdentity | Failure {
  const { operatorNamespace } = scope;
  const may = identities[identity.from];
  if (may !== true) return invalid("IdentityUnsupported", may);
  switch (identity.from) {
    case "Operator":
      return { identity: { from: "Operator" }, annotations: {} };
    case "Secret":
      return { identity: { from: "Secret", namespace: operatorNamespace, name: identity.name }, annotations: {} };
    case "ServiceAccount":
    case "TenantServiceAccount": {
      const { from, name } = identity;
      const tenant = from === "TenantServiceAccount";
      const namespace = tenant ? scope.namespace.name : operatorNamespace;
      const found = scope.serviceAccount(namespace, name);
      if (!found) {
        return {
          ...invalid(
            "ServiceAccountMissing",
            `the ServiceAccount ${namespace}/${name} that should ask for the token does not exist`,
            tenant ? "Tenant" : "Platform",
          ),
          steps: [createServiceAccount(namespace, name)],
        };
      }
      if ("kind" in found) {
        return failure("NotPermitted", {
          // The ServiceAccounts of the namespace are watched, and come when they may be seen.
          retry: "on-change",
          message: `whether there is the ServiceAccount ${namespace}/${name} that should ask for the token cannot be seen: the operator is not shown the ServiceAccounts of that namespace`,
          steps: [grantRights(operatorNamespace)],
        });
      }
      return { identity: { from, namespace, name, uid: found.uid }, annotations: found.annotations };
    }
  }
}

/** All of them may ask. */
export const anyIdentity: Identities = {
  Operator: true,
  Secret: true,
  ServiceAccount: true,
  TenantServiceAccount: true,
};

export function isServiceAccount(identity: GrantIdentity): identity is AccountIdentity {
  return identity.from === "ServiceAccount" || identity.from === "TenantServiceAccount";
}

/** Who may write the annotations of the ServiceAccount. */
export function ownerOf({ from }: AccountIdentity): Cause {
  return from === "TenantServiceAccount" ? "Tenant" : "Platform";
}

/** What can be fixed only by changing what was written, by whoever wrote it. */
export function invalid(reason: FailureReason, message: string, cause: Cause = "Platform"): Failure {
  return failure(reason, { cause, message });
}

/** `undefined` stays so. A text that becomes nothing `isValid` is the failure that `refused` makes of it, of whoever chose it. */
export function renderedField(
  template: string | undefined,
  { namespace }: Pick<RenderScope, "namespace">,
  isValid: (text: string) => boolean,
  refused: (text: string, cause: Cause) => Failure,
): string | Failure | undefined {
  if (template === undefined) return undefined;
  const text = rendered(template, namespace);
  if (typeof text !== "string" || isValid(text)) return text;
  return refused(text, hasPlaceholders(template) ? "Tenant" : "Platform");
}

/** The fields that have a value: a grant leaves the others out. */
export function defined<T extends object>(fields: T): { readonly [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    readonly [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Hosts with the same key share a grant, which is made for the first of them; groups stand in the order of the hosts. */
export function groupedHosts<G>(
  hosts: readonly string[],
  keyOf: (host: string) => string,
  grantAt: (host: string) => G | Failure,
): readonly HostGroup<G>[] {
  const groups = Map.groupBy(hosts, keyOf);
  return [...groups.values()].map((group) => ({ hosts: group, grant: grantAt(group[0] ?? "") }));
}

/** One token serves all hosts that are the cloud's; each of the others fails by itself. */
export function sharedGrant<G>(
  hosts: readonly string[],
  isKnown: (host: string) => boolean,
  { grant, refused }: { readonly grant: () => G | Failure; readonly refused: (host: string) => Failure },
): readonly HostGroup<G>[] {
  const known = hosts.filter(isKnown);
  const wrong = hosts.filter((host) => !isKnown(host)).map((host) => ({ hosts: [host], grant: refused(host) }));
  return known.length === 0 ? wrong : [{ hosts: known, grant: grant() }, ...wrong];
}
