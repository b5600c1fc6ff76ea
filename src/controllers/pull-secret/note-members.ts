// Who is known to have a login in a pull Secret before a write and after it?
import { credentialsAnnotation } from "../../api/names.ts";
import { anyUid } from "../../cluster/member-rows.ts";
import type { SecretBody } from "./plan-types.ts";
import type { SecretRecord } from "../../cluster/records.ts";
import type { Context } from "../context.ts";
import type { Contributor } from "../../entitlement/credential-index.ts";
import type { Place } from "../../entitlement/members.ts";
import type { FrozenOnes } from "./frozen.ts";
import type { Orphaned } from "./orphaned.ts";
import { isMerged } from "../members/controller.ts";

/** Whose logins stand in the Secret as it is now: of those who are entitled, the ones that the comparison has found there. */
export function noteMembers(
  { members }: Context,
  place: Place,
  record: SecretRecord,
  contributing: readonly Contributor[],
  { orphaned, frozen }: { readonly orphaned: Orphaned; readonly frozen: FrozenOnes },
): void {
  const standing = {
    secretUid: record.uid,
    merged: isMerged(record),
    credentials: [
      ...contributing.filter(({ name }) => record.credentials.includes(name)).map(({ credential }) => credential.uid),
      ...(orphaned.names.some((name) => record.credentials.includes(name)) ? orphaned.uids : []),
    ],
  };
  members.note(place, standing, frozen.uids);
}

/** What is about to be written. */
export interface Coming {
  readonly place: Place;
  readonly body: SecretBody;
  /** The Secret as it is, if it is there. */
  readonly before: SecretRecord | undefined;
  /** It is written into that one, and not made anew. */
  readonly stays: boolean;
}

/**
 * Before a login comes into a Secret in which others have a part, the record says so: a crash in between, with a spec that cannot be
 * read at the next start, would take it out again for their sake. A record that cannot be written keeps nobody from being served.
 * The write may fail yet, so nobody's own Secret becomes ours by this.
 */
export async function noteComing(
  context: Context,
  { place, body, before, stays }: Coming,
  signal: AbortSignal,
): Promise<void> {
  const { members, credentialIndex, storeMembers } = context;
  const names = (body.annotations[credentialsAnnotation] ?? "").split(",");
  if (names.length < 2) return;
  const uids = names.flatMap((name) => credentialIndex.readable(name)?.uid ?? []);
  const present = before ? members.holders(place, before.uid) : [];
  const coming = stays ? uids.filter((uid) => !present.includes(uid)) : uids;
  if (coming.length === 0) return;
  const uid = before && stays ? before.uid : anyUid;
  const merged = members.merged(place, uid);
  const secretUid = merged || members.owns(place, uid) ? uid : anyUid;
  members.note(place, { secretUid, merged, credentials: coming }, present);
  await Promise.all(coming.map((each) => storeMembers(context, each, signal)));
}
