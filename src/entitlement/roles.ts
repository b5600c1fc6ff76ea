// Roles in one pull Secret: who contributes, leaves, is frozen, is gone, cannot be read, or is only named by a copy.
import { finalizer } from "../api/names.ts";
import type { RegistryCredential } from "../api/registry-credential.ts";
import type { Stores } from "../cluster/kinds.ts";
import type { Permissions } from "../cluster/permissions.ts";
import type { CredentialRecord, NamespaceRecord, SecretRecord } from "../cluster/records.ts";
import type { Frozen } from "../content/frozen.ts";
import { servedHost } from "../registry/host.ts";
import { type Contributor, type CredentialIndex, secretNamesOf } from "./credential-index.ts";
import type { Members, Place } from "./members.ts";

/** What is known of the RegistryCredentials, as the controllers' context has it. */
export interface KnownCredentials {
  readonly credentials: { readonly index: CredentialIndex; readonly members: Members };
  readonly cluster: {
    readonly stores: Pick<Stores, "credentials">;
    readonly namesSynced: (name: string) => boolean;
    readonly permissions: Pick<Permissions, "name">;
  };
}

/** The Secret, and what this process remembers of it. */
export interface SecretToJudge {
  readonly record: SecretRecord | undefined;
  /** Uid of the object that the operator has made its own. */
  readonly ours?: string | undefined;
  /** It has removed one from this very namespace. */
  readonly tookBack?: boolean | undefined;
}

/** What has yet to come before it can be said that somebody leaves. */
export type Unjudged =
  /** All Secrets of this name are known. */
  | { readonly secretsCalled: string }
  /** The record of who holds a login of the RegistryCredential with this uid is begun. */
  | { readonly recordOf: string };

export interface Roles {
  readonly contributors: readonly Contributor[];
  readonly entitled: readonly Contributor[];
  readonly contributing: readonly Contributor[];
  /** Entitled and in it, and not confirmed yet. */
  readonly unconfirmed: readonly Contributor[];
  /** Named by the Secret, and no longer contributing. */
  readonly leaving: readonly Contributor[];
  /** Named by the Secret, into which nobody has written a login of them: somebody has copied its marks. */
  readonly copied: readonly Contributor[];
  /** To leave it, if what is known so far is all, which has yet to come: see `waits`. */
  readonly unjudged: readonly Contributor[];
  readonly waits: readonly Unjudged[];
}

/** Who has what to do with the Secret. */
export function rolesIn(
  known: KnownCredentials,
  namespace: NamespaceRecord,
  name: string,
  { record, ours, tookBack }: SecretToJudge,
): Roles {
  const { index: credentialIndex, members } = known.credentials;
  const place = { namespaceUid: namespace.uid, secretName: name };
  // Marks may have been stripped from a Secret that we remember.
  const remembered = record !== undefined && ours === record.uid && record.credentials.length === 0;
  const contributors = credentialIndex.contributors(namespace, name, remembered ? "everybody" : "concerned");
  /** By its marks, or by the record where they were stripped. */
  const isIn = ({ name: credentialName, credential: { uid } }: Contributor): boolean =>
    record !== undefined && (record.credentials.includes(credentialName) || members.holds(place, record.uid, uid));
  const entitled = contributors.filter(
    (each) => each.entitled && (each.role === "current" || (each.role === "retiring" && isIn(each))),
  );
  // The finalizer and the Secret's name are confirmed before the first write to a tenant; the event queues the key again.
  const contributing = entitled.filter(({ confirmed }) => confirmed);
  const unconfirmed = entitled.filter(({ confirmed }) => !confirmed);
  const isWitnessed = witnessOf(members, place, { record, ours, tookBack });
  // Of whom there is a record it is known where they may be, marks or not.
  const mayBeIn = ({ credential: { uid } }: Contributor): boolean =>
    remembered && (!members.recorded(uid) || members.mayHoldIn(uid, namespace.uid));
  const named = contributors.filter((each) => !entitled.includes(each) && (isIn(each) || mayBeIn(each)));
  const inIt = named.filter(isWitnessed);
  // A start knows the names of a credential one by one, and the removal guard must have counted them all.
  const isCounted = (each: string): boolean =>
    known.cluster.namesSynced(each) || known.cluster.permissions.name(each) !== undefined;
  const waitedBy = ({ credential, deleting }: Contributor): readonly Unjudged[] => [
    ...secretNamesOf(credentialIndex, credential).flatMap((each) => (isCounted(each) ? [] : [{ secretsCalled: each }])),
    ...(deleting || members.recorded(credential.uid) ? [] : [{ recordOf: credential.uid }]),
  ];
  const unjudged = inIt.filter((each) => waitedBy(each).length > 0);
  const leaving = inIt.filter((each) => !unjudged.includes(each));
  const waits = unjudged.flatMap(waitedBy);
  return {
    contributors,
    entitled,
    contributing,
    unconfirmed: unconfirmed.filter(isIn),
    leaving,
    copied: named.filter((each) => !inIt.includes(each)),
    unjudged,
    waits,
  };
}

/** Who has to leave is a member no more from now on: a tenant that keeps it from being done gains nothing by a later hold. */
export function noteWhoStays(
  members: Pick<Members, "judged">,
  place: Place,
  { contributing, leaving }: Pick<Roles, "contributing" | "leaving">,
  { orphaned, frozen }: { readonly orphaned: Pick<Orphaned, "gone">; readonly frozen: Pick<FrozenOnes, "uids"> },
): void {
  if (contributing.length + leaving.length === 0) return;
  const isDeleted = leaving.filter(({ deleting }) => deleting);
  const stays = [...contributing, ...isDeleted].map(({ credential }) => credential.uid);
  members.judged(
    place,
    [...stays, ...orphaned.gone, ...frozen.uids],
    leaving.map(({ credential }) => credential.uid),
  );
}

/**
 * Whether a Secret that carries the marks of a credential which does not select its namespace is that one's to remove. Anybody can
 * copy marks, and people and tools do. Ours is what the operator's own record knows, for the Secret or for the namespace; what it
 * remembers; what it has written in a moment that the record does not know, as `managedFields` tell; and all that carries
 * marks where there is no record: an earlier release has left none, or the credential is drained and gone. Who lies about it has a
 * Secret of its own removed, or keeps what it could as well keep under another name.
 */
function witnessOf(
  members: Pick<Members, "holders" | "recorded" | "mayHoldIn">,
  place: Place,
  { record, ours, tookBack = false }: SecretToJudge,
): (contributor: Contributor) => boolean {
  if (!record) return () => false;
  const isOurs =
    tookBack || record.writtenByUs === true || ours === record.uid || members.holders(place, record.uid).length > 0;
  return ({ credential: { uid } }) => isOurs || !members.recorded(uid) || members.mayHoldIn(uid, place.namespaceUid);
}

export interface FrozenOnes {
  /** What the plan has to know of them. */
  readonly parts: readonly Frozen[];
  /** As the record of members stays: uids. */
  readonly uids: readonly string[];
  /** Equal texts: the same is to be kept. */
  readonly signature: string;
}

const nobody: FrozenOnes = { parts: [], uids: [], signature: "" };

/** Who has something in the Secret about which nothing can be decided for the moment. */
export function frozenIn(
  known: KnownCredentials,
  place: Place,
  record: SecretRecord | undefined,
  { unconfirmed, unjudged }: Pick<Roles, "unconfirmed" | "unjudged">,
): FrozenOnes {
  if (!record) return nobody;
  const { credentials, cluster } = known;
  const part = ({ name, uid }: Named, hosts: readonly string[] | undefined): Frozen => {
    return { credential: name, hosts, recorded: credentials.members.holds(place, record.uid, uid) };
  };
  const unreadable = unreadableIn({ stores: cluster.stores, ...credentials }, place, record);
  const parts = [
    ...unconfirmed.map(({ credential }) => part(credential, hostsOf(credential))),
    ...unjudged.map(({ credential }) => part(credential, undefined)),
    ...unreadable.map((each) => part(each, undefined)),
  ];
  const contributors = [...unconfirmed, ...unjudged].map(({ credential }) => credential);
  return {
    parts,
    uids: [...contributors, ...unreadable].map(({ uid }) => uid),
    signature: parts.length === 0 ? "" : JSON.stringify(parts),
  };
}

function hostsOf({ spec }: RegistryCredential): readonly string[] {
  return spec.registries.flatMap(({ hosts }) => hosts.map(servedHost));
}

interface KnownUndecided {
  readonly stores: Pick<Stores, "credentials">;
  readonly index: Pick<CredentialIndex, "unreadable" | "exists">;
  readonly members: Pick<Members, "recorded" | "holds" | "holders" | "mayHoldIn">;
}

export type Named = Pick<CredentialRecord, "name" | "uid">;

/**
 * RegistryCredentials that cannot be read, and that may have a login in it. A tenant can write any name on its Secret: one that
 * never wrote to tenants has no finalizer, and the record says where the others did, unless an earlier release kept none. One that was
 * made anew just before the process ended is not on record yet; its namespace is, and `managedFields` tell who wrote it.
 */
export function unreadableIn(
  { stores, index: credentialIndex, members }: KnownUndecided,
  place: Place,
  { uid, credentials, writtenByUs }: SecretRecord,
): readonly Named[] {
  const unreadable = [...credentialIndex.unreadable()].flatMap((name) => stores.credentials.get(name) ?? []);
  return unreadable.filter((each) => {
    const isNamed = credentials.includes(each.name);
    if (!members.recorded(each.uid)) return isNamed && each.finalizers.includes(finalizer);
    const isMadeAnew = isNamed && writtenByUs === true && members.mayHoldIn(each.uid, place.namespaceUid);
    return isMadeAnew || members.holds(place, uid, each.uid);
  });
}

/** Of some RegistryCredential that has written to tenants nothing can be read. */
export function hasUnreadable({ stores, index: credentialIndex }: Omit<KnownUndecided, "members">): boolean {
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

const noneOrphaned: Orphaned = { names: [], uids: [], gone: [] };

export function orphanedIn(
  { stores, members, index: credentialIndex }: KnownUndecided,
  place: Place,
  record: SecretRecord | undefined,
  contributors: readonly Contributor[],
): Orphaned {
  if (!record) return noneOrphaned;
  const there = new Set(contributors.map(({ credential }) => credential.uid));
  const uids = members
    .holders(place, record.uid)
    .filter((uid) => !there.has(uid) && stores.credentials.find((each) => each.uid === uid).kind !== "there");
  if (uids.length === 0) return noneOrphaned;
  const named = new Set(contributors.map(({ name }) => name));
  const names = record.credentials.filter((name) => !named.has(name) && !credentialIndex.exists(name));
  const isNamesake = ({ name, credential }: Contributor): boolean =>
    record.credentials.includes(name) && !members.holds(place, record.uid, credential.uid);
  const isNamed = names.length > 0;
  return { names, uids: isNamed ? uids : [], gone: isNamed || contributors.some(isNamesake) ? uids : [] };
}
