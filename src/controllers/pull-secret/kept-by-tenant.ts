// Is it a tenant that keeps a Secret from being taken away, and not the platform?
import type { RegistryCredential } from "../../api/registry-credential.ts";
import type { Failure } from "../../runtime/errors.ts";
import type { Context } from "../context.ts";
import { isMerged } from "../members/controller.ts";

type Known = Pick<Context, "statusCache" | "stores">;

/**
 * The last run on the Secrets of these names there, for the spec as it is, has failed by what a tenant has made of its own
 * objects.
 */
export function isKeptByTenant(
  { statusCache, stores }: Known,
  { name, generation, spec }: RegistryCredential,
  namespace: string,
  secretNames: readonly string[],
): boolean {
  const retains = spec.deletionPolicy === "Retain";
  const failures = secretNames.flatMap((secretName) => {
    const found = statusCache.secret(namespace, secretName)?.credentials.get(name);
    if (found?.generation !== generation) return [];
    return found.failures.map((failure) => isTenants({ stores }, `${namespace}/${secretName}`, failure, retains));
  });
  return failures.length > 0 && failures.every(Boolean);
}

function isTenants({ stores }: Pick<Known, "stores">, key: string, failure: Failure, retains: boolean): boolean {
  const { reason, restrained } = failure;
  if (!restrained && reason !== "Rejected") return isForTenant(failure);
  // It is not as we leave our own: deleting that one needs nothing but our marks, and is refused for the platform's reasons only.
  const record = stores.pullSecrets.get(key);
  if (!record) return false;
  const isMarked = record.labelled || record.credentials.length > 0;
  return !isMarked || record.immutable || record.terminating || isMerged(record) || retains;
}

/** Policies and webhooks are the platform's, whoever must ask for an exemption. */
export function isForTenant({ cause, reason }: Failure): boolean {
  return cause === "Tenant" && reason !== "AdmissionDenied";
}
