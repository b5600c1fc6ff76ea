// With what does a RegistryCredential go on whose spec cannot be read any more?
import type { RegistryCredential } from "../api/registry-credential.ts";
import type { CredentialRecord } from "../cluster/records.ts";

/** The spec as it was last read, with what the object says of itself now. */
export function asLastRead(
  before: RegistryCredential | undefined,
  { resourceVersion, finalizers, annotations, deleting, uid }: CredentialRecord,
  now: Temporal.Instant,
): RegistryCredential | undefined {
  if (before?.uid !== uid) return undefined;
  const deletionTimestamp = deleting ? (before.deletionTimestamp ?? now) : undefined;
  return { ...before, resourceVersion, finalizers, annotations, ...(deletionTimestamp && { deletionTimestamp }) };
}
