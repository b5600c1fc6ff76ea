// Predicates on changes of objects: those that mean more than another version.
import { finalizer } from "../api/names.ts";
import type { RegistryCredential } from "../api/registry-credential.ts";
import { isSameSpec } from "../entitlement/last-good-spec.ts";
import type { CrdRecord, ServiceAccountRecord } from "../cluster/records.ts";

/** A new spec concerns every namespace, and so does all that decides where may be written; a count in the status does not. */
export function concernsNamespaces(
  before: RegistryCredential | undefined,
  after: RegistryCredential | undefined,
): boolean {
  if (!before || !after) return true;
  return (
    !isSameSpec(before, after) ||
    before.uid !== after.uid ||
    (before.deletionTimestamp === undefined) !== (after.deletionTimestamp === undefined) ||
    before.finalizers.includes(finalizer) !== after.finalizers.includes(finalizer) ||
    JSON.stringify(before.annotations) !== JSON.stringify(after.annotations) ||
    // A former name joins or leaves; and a new one is written under, or referred to, only once the status names it. So is whose
    // the cluster is: an install that has moved serves what it has taken over.
    before.status?.operatorNamespace !== after.status?.operatorNamespace ||
    before.status?.secretName !== after.status?.secretName ||
    JSON.stringify(before.status?.extraReferences) !== JSON.stringify(after.status?.extraReferences) ||
    JSON.stringify(before.status?.retiring) !== JSON.stringify(after.status?.retiring)
  );
}

/** The same for what is with tenants: under a name that no status holds yet nothing is written, finalizer or not. */
export function concernsTenants(
  before: RegistryCredential | undefined,
  after: RegistryCredential | undefined,
): boolean {
  const isUnnamed = before && after && before.status?.secretName === undefined;
  return concernsNamespaces(before, isUnnamed ? { ...after, finalizers: before.finalizers } : after);
}

/** Which RegistryCredentials have come into a Secret, or have left it. Records of Secrets that are alike share their lists. */
export function changedNames(
  before: readonly string[] | undefined,
  after: readonly string[] | undefined,
): readonly string[] {
  if (before === after) return [];
  return [...new Set(before).symmetricDifference(new Set(after))];
}

/** What the account is to clouds has changed. */
export function isAnotherIdentity({
  before,
  after,
}: {
  readonly before?: ServiceAccountRecord | undefined;
  readonly after?: ServiceAccountRecord | undefined;
}): boolean {
  return before?.uid !== after?.uid || JSON.stringify(before?.cloud) !== JSON.stringify(after?.cloud);
}

/** It lacks something else than before. */
export function isAnotherSchema({
  before,
  after,
}: {
  readonly before?: CrdRecord;
  readonly after?: CrdRecord;
}): boolean {
  return before?.gaps.join() !== after?.gaps.join();
}
