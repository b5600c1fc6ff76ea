// Whether the record of members could say by now whose logins a Secret has.
import type { ClusterObject, SecretObject } from "../../src/cluster/cluster-api.ts";
import { membersPartOf, rowsFromData } from "../../src/cluster/member-rows.ts";
import { tokenFromData } from "../../src/cluster/token-wire.ts";
import type { Ledger } from "./ledger.ts";

/** A moment after the Secret is made: src/controllers/members/watches.ts. Times are in whole seconds. */
const recordedWithin = 4_000;
/** Who begins to use a token is stored a second later, and a process that has ended has a successor after its Lease: world.ts. */
const knownAgainWithin = 17_000;

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

/**
 * That the claim has used the token with this login was never stored: the process that gave the login ended at once. Its successor
 * knows of no former login where the entry has been altered by then, for it believes nothing that stands with a tenant.
 */
export function isUseUnstored({ server, cloud, idleUntil }: Ledger, identity: string, login: Given): boolean {
  const [, , credential, entry] = identity.split(" ");
  const grantKey = cloud.minted.get(login.password)?.grantKey;
  const isStored = server.list("secrets").some((each) => {
    const token = tokenFromData((each as SecretObject).data, "");
    const isIts = token !== undefined && token.grantKey === grantKey;
    return isIts && token.makers?.some((maker) => maker.credential === credential && maker.entry === entry);
  });
  const successorAfter = idleUntil() - login.at;
  return !isStored && successorAfter > 0 && successorAfter < knownAgainWithin;
}

/** Of a login. */
interface Given {
  readonly password: string;
  /** Elapsed milliseconds. */
  readonly at: number;
}
