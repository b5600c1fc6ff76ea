// Observes who holds a login: whom the stored record names, who has gone unseen, and whom marks name where no record was kept yet.
import type { RegistryCredential } from "../../api/registry-credential.ts";
import { isMerged } from "../../cluster/marks.ts";
import { rowsFromData } from "../../cluster/member-rows.ts";
import type { OperatorSecretRecord, SecretRecord } from "../../cluster/records.ts";
import { secretNamesOf } from "../../entitlement/credential-index.ts";
import { type Members, members } from "../../entitlement/members.ts";
import { reportedAsHeld } from "../../entitlement/removal-guard.ts";
import type { Store } from "../../runtime/watch/store.ts";
import type { Context } from "../context.ts";
import { membersKey } from "../keys.ts";
import { notSeen, wake } from "../outcome.ts";

/** Whom the record names, as it comes in, on every replica. */
export function recordedMembers(operatorSecrets: Pick<Store<OperatorSecretRecord>, "subscribe">): Members {
  const known = members();
  operatorSecrets.subscribe(({ before, after }) => {
    if (after?.kind === "members") {
      const { data } = after;
      // Told once more of the same version: it has been followed.
      if (!data) return;
      known.observed(after.part, () => rowsFromData(data));
      // Nobody reads it again: it is a hundred bytes for each namespace.
      after.data = undefined;
    } else if (before?.kind === "members") known.observed(before.part, undefined);
  });
  return known;
}

/** Members whose namespace has gone while nobody led. */
export function forgetGone(known: Context): void {
  const { clock } = known.runtime;
  const { stores } = known.cluster;
  const { members } = known.credentials;
  const living = new Set([...stores.namespaces.values()].map(({ uid }) => uid));
  const others = stores.namespaces.find(() => false);
  for (const record of stores.operatorSecrets.values()) {
    if (record.kind !== "members") continue;
    for (const uid of members.mayHold(record.part.credentialUid)) {
      // A uid is never used again.
      if (!living.has(uid) && others.kind === "absent") members.forgetNamespace(uid, others);
    }
  }
  // Those that are not seen now are seen to be gone later, but nobody tells of one that went before.
  if (others.kind !== "absent")
    clock.schedule(Temporal.Duration.from({ milliseconds: notSeen }), () => forgetGone(known));
}

/**
 * Begins the record of a RegistryCredential; until then nobody loses it by a selection. An earlier release kept none: if its
 * spec has changed since that release last told of it, or that release held a removal, its marks count this once, so that
 * an upgrade takes it from nobody unasked.
 * @returns whether there is a record
 */
export function beginRecord(context: Context, credential: RegistryCredential): boolean {
  const { members, index: credentialIndex } = context.credentials;
  const { stores, namesSynced, permissions } = context.cluster;
  const { name, uid, status, generation } = credential;
  if (members.recorded(uid)) return true;
  const isUnsettled = status?.observedGeneration !== generation || reportedAsHeld(credential) !== undefined;
  if (status?.secretName !== undefined && isUnsettled) {
    const names = secretNamesOf(credentialIndex, credential);
    if (!names.every((each) => namesSynced(each) || permissions.name(each) !== undefined)) return false;
    for (const record of stores.pullSecrets.values()) {
      if (record.labelled && record.credentials.includes(name)) join(context, record, uid);
    }
  }
  members.begin(uid);
  wake(context, { recordOf: uid });
  // Not soon but now: without it marks would count after a crash.
  context.queue.enqueue(membersKey(uid));
  return true;
}

function join(
  { credentials: { members }, cluster: { stores } }: Context,
  record: SecretRecord,
  credentialUid: string,
): void {
  const namespace = stores.namespaces.get(record.namespace);
  if (!namespace) return;
  members.note(
    { namespaceUid: namespace.uid, secretName: record.name },
    { secretUid: record.uid, merged: isMerged(record), credentials: [credentialUid] },
  );
}
