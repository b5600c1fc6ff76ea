// Which facts decide the token of each registry kind?
import type { Failure } from "../runtime/errors.ts";
import type { TokenExchangeSettings } from "../api/registry-credential.ts";
import type { NotKnown } from "../runtime/watch/presence.ts";
import type { NamespaceRecord } from "../cluster/records.ts";

/** Who asks for the token. A ServiceAccount carries its uid: one that was made anew under the same name is another. */
export type GrantIdentity =
  | { readonly from: "Operator" }
  /** A Secret of the operator's namespace. */
  | { readonly from: "Secret"; readonly namespace: string; readonly name: string }
  | {
      readonly from: "ServiceAccount" | "TenantServiceAccount";
      readonly namespace: string;
      readonly name: string;
      readonly uid: string;
    };

interface CloudGrant {
  readonly identity: GrantIdentity;
  /** Secret of the operator's namespace with the CA certificates of the endpoint. */
  readonly caSecretName?: string;
}

export interface EcrGrant extends CloudGrant {
  readonly provider: "ECR";
  /** `aws`, `aws-cn`, `aws-us-gov`, ... */
  readonly partition: string;
  /** Of the registry, and so of the call. */
  readonly region: string;
  readonly endpoint: "standard" | "fips" | "dualstack";
  readonly roleARN?: string;
  readonly externalID?: string;
  /** Of the ServiceAccount's token, where its annotation names another than AWS's own. */
  readonly audience?: string;
}

export interface EcrPublicGrant extends CloudGrant {
  readonly provider: "ECRPublic";
  readonly roleARN?: string;
  readonly externalID?: string;
  /** Of the ServiceAccount's token, where its annotation names another than AWS's own. */
  readonly audience?: string;
}

export interface AcrGrant extends CloudGrant {
  readonly provider: "ACR";
  /** The login server. */
  readonly registry: string;
  /** Host of Entra in the registry's cloud. */
  readonly authority: string;
  readonly audience: string;
  readonly tenantID?: string;
  readonly clientID?: string;
  /** Sorted; pull-only for these instead of everything the identity may do. */
  readonly repositories?: readonly string[];
}

export interface GoogleGrant extends CloudGrant {
  readonly provider: "GCR" | "GAR";
  readonly impersonate?: string;
  readonly workloadIdentityProvider?: string;
  /** Sorted. */
  readonly scopes: readonly string[];
}

export interface OcirGrant extends CloudGrant {
  readonly provider: "OCIR";
  /** The registry answers for its own tokens. */
  readonly host: string;
}

export interface IcrGrant extends CloudGrant {
  readonly provider: "ICR";
  readonly trustedProfileID?: string;
}

export interface TokenExchangeGrant extends CloudGrant {
  readonly provider: "TokenExchange";
  readonly settings: TokenExchangeSettings;
}

export interface StaticGrant {
  readonly provider: "Static";
  /** The source Secret. */
  readonly namespace: string;
  readonly name: string;
  readonly usernameKey: string;
  readonly passwordKey: string;
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
