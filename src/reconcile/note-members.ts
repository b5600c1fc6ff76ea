// Who is known to have a login in a pull Secret after a run?
import type { SecretRecord } from "../plan/snapshot.ts";
import type { Context } from "./context.ts";
import type { Participant } from "./entitlements.ts";
import type { Place } from "./members.ts";
import type { Orphaned } from "./orphaned.ts";
import { isMerged } from "./store-members.ts";

/** Whose logins stand in the Secret as it is now: of those who are entitled, the ones that the comparison has found there. */
export function noteMembers(
  { members }: Context,
  place: Place,
  record: SecretRecord,
  contributing: readonly Participant[],
  orphaned: Orphaned,
): void {
  members.note(place, {
    secretUid: record.uid,
    merged: isMerged(record),
    credentials: [
      ...contributing.filter(({ name }) => record.credentials.includes(name)).map(({ credential }) => credential.uid),
      ...(orphaned.names.some((name) => record.credentials.includes(name)) ? orphaned.uids : []),
    ],
  });
}
