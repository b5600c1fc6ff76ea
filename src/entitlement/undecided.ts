// Logins in a pull Secret about which nothing can be decided: of RegistryCredentials that cannot be read, and of those that are gone.
import type { Stores } from "../cluster/kinds.ts";
import { finalizer } from "../api/names.ts";
import type { CredentialRecord, SecretRecord } from "../cluster/records.ts";
import type { Contributor, CredentialIndex } from "./credential-index.ts";
import type { Place, Members } from "./members.ts";

interface Known {
  readonly stores: Pick<Stores, "credentials">;
  readonly index: Pick<CredentialIndex, "unreadable" | "exists">;
  readonly members: Pick<Members, "recorded" | "holds" | "holders">;
}

export type Named = Pick<CredentialRecord, "name" | "uid">;

/**
 * RegistryCredentials that cannot be read, and that may have a login in it. A tenant can write any name on its Secret: one that
 * never wrote to tenants has no finalizer, and the record says where the others did, unless an earlier release kept none.
 */
export function unreadableIn(
  { stores, index: credentialIndex, members }: Known,
  place: Place,
  { uid, credentials }: SecretRecord,
): readonly Named[] {
  const unreadable = [...credentialIndex.unreadable()].flatMap((name) => stores.credentials.get(name) ?? []);
  return unreadable.filter((each) => {
    return members.recorded(each.uid)
      ? members.holds(place, uid, each.uid)
      : each.finalizers.includes(finalizer) && credentials.includes(each.name);
  });
}

/** Of some RegistryCredential that has written to tenants nothing can be read. */
export function hasUnreadable({ stores, index: credentialIndex }: Omit<Known, "members">): boolean {
  for (const name of credentialIndex.unreadable()) {
    if (stores.credentials.get(name)?.finalizers.includes(finalizer) === true) return true;
  }
  return false;
}

// A tenant can write any name on its Secret. So it takes two: the operator's own record says that somebody who is gone has a login in
// this very Secret, and the Secret names a RegistryCredential that there is not. Which hosts are theirs, only the Secret can say.

export interface Orphaned {
  /** Names on the Secret. */
  readonly names: readonly string[];
  /** Those who are gone, as the record has them. */
  readonly uids: readonly string[];
  /** The same, and where the Secret may name them though a namesake is there, who has its login in it next. Whose it is they say. */
  readonly gone: readonly string[];
}

const nobody: Orphaned = { names: [], uids: [], gone: [] };

export function orphanedIn(
  { stores, members, index: credentialIndex }: Known,
  place: Place,
  record: SecretRecord | undefined,
  contributors: readonly Contributor[],
): Orphaned {
  if (!record) return nobody;
  const there = new Set(contributors.map(({ credential }) => credential.uid));
  const uids = members
    .holders(place, record.uid)
    .filter((uid) => !there.has(uid) && stores.credentials.find((each) => each.uid === uid).kind !== "there");
  if (uids.length === 0) return nobody;
  const named = new Set(contributors.map(({ name }) => name));
  const names = record.credentials.filter((name) => !named.has(name) && !credentialIndex.exists(name));
  const isNamesake = ({ name, credential }: Contributor): boolean =>
    record.credentials.includes(name) && !members.holds(place, record.uid, credential.uid);
  const isNamed = names.length > 0;
  return { names, uids: isNamed ? uids : [], gone: isNamed || contributors.some(isNamesake) ? uids : [] };
}
