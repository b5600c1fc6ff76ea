// What does an entry grant to one namespace?
import type { Entry } from "../api/registry-credential.ts";
import type { Failure } from "../errors.ts";
import { hasPlaceholders, rendered } from "./placeholders.ts";
import type { NamespaceRecord } from "./snapshot.ts";

/**
 * An entry rendered for a namespace: all that decides which token is needed, and nothing else (no hosts, no names of
 * entries), so that namespaces that render alike share one token.
 */
export type Grant = StaticGrant;

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

/** DNS-1123 subdomain, the form of Secret names: apimachinery's validation.IsDNS1123Subdomain. */
const secretName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Renders the entry; a failure concerns this entry in this namespace only. */
export function grantOf(entry: Entry, namespace: NamespaceRecord, operatorNamespace: string): Grant | Failure {
  if (entry.provider !== "Static") {
    return {
      reason: "ProviderUnavailable",
      cause: "Platform",
      retry: "on-change",
      message: `this version serves the provider Static only, not ${entry.provider}: keep the credential in a Secret and name it in static.secretName`,
    };
  }
  const perTenant = hasPlaceholders(entry.static.secretName);
  const name = rendered(entry.static.secretName, namespace);
  if (typeof name !== "string") return name;
  if (name.length > 253 || !secretName.test(name)) {
    return {
      reason: "InvalidSecretName",
      cause: perTenant ? "Tenant" : "Platform",
      retry: "on-change",
      message: `static.secretName becomes "${name}", which no Secret can be called: use lower-case letters, digits, - and .`,
    };
  }
  return {
    provider: "Static",
    namespace: entry.static.secretNamespace ?? operatorNamespace,
    name,
    usernameKey: entry.static.usernameKey,
    passwordKey: entry.static.passwordKey,
    perTenant,
  };
}

/** Tells the two answers of `grantOf` apart. */
export function isFailure<T extends object>(value: T | Failure): value is Failure {
  return "reason" in value && "retry" in value;
}
