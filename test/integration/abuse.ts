// The type of an abuse of the operator's own token, and the objects on which abuses are tried.

/** RBAC: there is no such right. The others are policies of config/restraint, which hold even for a cluster administrator. */
export type RefusedBy =
  | "RBAC"
  | "regcred-secrets"
  | "regcred-service-accounts"
  | "regcred-token-requests"
  | "regcred-registry-credentials"
  | "regcred-leases"
  | "regcred-events"
  | "regcred-nothing-else";

export interface Abuse {
  /** Completes "it cannot ...". */
  readonly what: string;
  readonly refusedBy: RefusedBy;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: object;
}

/** The tenant whom all this is tried on: a Secret `database`, a pull Secret of its own in `tenant-own`, a ServiceAccount `app`. */
export const victim = "team-victim";
/** Where the Secret with the name of a pull Secret is the tenant's own. */
export const owner = "team-owner";
/** Where a pull Secret of the operator's has a label, an annotation and a finalizer of others. */
export const served = "team-served";

export const secrets = (namespace: string, name = ""): string =>
  `/api/v1/namespaces/${namespace}/secrets${name && `/${name}`}`;
export const accounts = (namespace: string, name = ""): string =>
  `/api/v1/namespaces/${namespace}/serviceaccounts${name && `/${name}`}`;
export const credentials = "/apis/regcred.dev/v1alpha1/registrycredentials";
export const dockerConfig = { ".dockerconfigjson": btoa('{"auths":{"registry.example.com":{"auth":"YTpi"}}}') };
