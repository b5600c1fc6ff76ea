// Types that the grants of all providers share: who asks, for which hosts, rendered against what.
import type { Failure } from "../runtime/errors.ts";
import type { NotKnown } from "../runtime/watch/presence.ts";
import type { NamespaceRecord } from "../cluster/records.ts";

/** Who asks for the token. A ServiceAccount carries its uid: one that was made anew under the same name is another. */
export type GrantIdentity = { readonly from: "Operator" } | SecretIdentity | AccountIdentity;

/** A Secret of the operator's namespace. */
export interface SecretIdentity {
  readonly from: "Secret";
  readonly namespace: string;
  readonly name: string;
}

export interface AccountIdentity {
  readonly from: "ServiceAccount" | "TenantServiceAccount";
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Facts that decide the token which somebody is asked for. */
export interface CloudGrant {
  readonly provider: string;
  readonly identity: GrantIdentity;
  /** Secret of the operator's namespace with the CA certificates of the endpoint. */
  readonly caSecretName?: string;
}

/** Of a login that is kept in a Secret: nobody is asked. */
export interface KeptGrant {
  readonly provider: string;
  /** The source Secret. */
  readonly namespace: string;
  readonly name: string;
  /** A placeholder made the name, so the Secret is a tenant's; no part of the key. */
  readonly perTenant: boolean;
}

/** Hosts of one entry that one token serves. */
export interface HostGroup<G> {
  readonly hosts: readonly string[];
  readonly grant: G | Failure;
}

/** What a ServiceAccount says to clouds. */
export interface ServiceAccountView {
  readonly uid: string;
  /** Its cloud annotations only. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** What an entry is rendered against. */
export interface RenderScope {
  readonly namespace: NamespaceRecord;
  readonly operatorNamespace: string;
  /** Undefined: there is none, as far as is known. */
  readonly serviceAccount: (namespace: string, name: string) => ServiceAccountView | NotKnown | undefined;
}
