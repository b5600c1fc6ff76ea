// Whether the record of members could say by now whose logins a Secret has.
import type { ClusterObject, SecretObject } from "../../src/cluster/cluster-api.ts";
import { membersPartOf, rowsFromData } from "../../src/cluster/member-rows.ts";
import type { Ledger } from "./ledger.ts";

/** A moment after the Secret is made: src/controllers/members/watches.ts. Times are in whole seconds. */
const recordedWithin = 2_000;

/**
 * The record does not name it, or not as one of this RegistryCredential, for it is new, or could not be written since: the process that
 * made it may have ended at once.
 */
export function isUnrecorded(
  { server, clock, storingRefusedAt, idleUntil }: Ledger,
  metadata: ClusterObject["metadata"],
  credentialUid?: string,
): boolean {
  const isNamed = server.list("secrets").some((each) => {
    const part = membersPartOf(each.metadata.name);
    if (!part || (credentialUid ?? part.credentialUid) !== part.credentialUid) return false;
    return rowsFromData((each as SecretObject).data).some(({ secretUid }) => secretUid === metadata.uid);
  });
  const age = clock
    .now()
    .since(metadata.creationTimestamp ?? clock.now())
    .total("milliseconds");
  const [now, worked] = [clock.elapsed(), clock.elapsed() - idleUntil()];
  return !isNamed && (Math.min(age, worked) < recordedWithin || now - storingRefusedAt() < age);
}
