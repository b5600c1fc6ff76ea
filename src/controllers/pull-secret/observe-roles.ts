// Roles in one pull Secret: who contributes, leaves, is frozen, is gone, or is only named by a copy.
import type { Remembered } from "./run.ts";
import { canonical, type Content, type Tokenless } from "../../content/content.ts";
import { keptItem } from "../../grants/token-makers.ts";
import { grantsOf, isFailure } from "../../providers/grant.ts";
import type { RegistryCredential } from "../../api/registry-credential.ts";
import { type Named, unreadableIn, type Orphaned } from "../../entitlement/undecided.ts";
import type { Frozen } from "../../content/frozen.ts";
import type { Context } from "../context.ts";
import type { SecretRecord, NamespaceRecord } from "../../cluster/records.ts";
import type { Place } from "../../entitlement/members.ts";
import type { Run } from "./run.ts";
import type { Waited } from "../outcome.ts";
import { type Contributor, secretNamesOf } from "../../entitlement/credential-index.ts";
import type { Snapshot } from "./observe.ts";

interface Roles extends Pick<Snapshot, "contributing" | "leaving" | "copied"> {
  readonly contributors: readonly Contributor[];
  readonly entitled: readonly Contributor[];
  /** Entitled and in it, and not confirmed yet. */
  readonly unconfirmed: readonly Contributor[];
  /** To leave it, if what is known so far is all, which has yet to come: see `waits`. */
  readonly unjudged: readonly Contributor[];
  readonly waits: readonly Waited[];
}

/** Who has what to do with the Secret. */
export function rolesIn(
  { context, namespace, name, memory }: Omit<Run, "remember">,
  place: Place,
  record: SecretRecord | undefined,
): Roles {
  const { index: credentialIndex, members } = context.credentials;
  // Marks may have been stripped from a Secret that we remember.
  const remembered = record !== undefined && memory.ours === record.uid && record.credentials.length === 0;
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
  const isWitnessed = witnessOf(context, place, record, memory);
  const named = contributors.filter((each) => !entitled.includes(each) && (isIn(each) || remembered));
  const inIt = named.filter(isWitnessed);
  // A start knows the names of a credential one by one, and the removal guard must have counted them all.
  const isCounted = (each: string): boolean =>
    context.cluster.namesSynced(each) || context.cluster.permissions.name(each) !== undefined;
  const waitedBy = ({ credential, deleting }: Contributor): readonly Waited[] => [
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
  { members }: Context["credentials"],
  place: Place,
  {
    contributing,
    leaving,
    orphaned,
    frozenUids,
  }: Pick<Snapshot, "contributing" | "leaving" | "orphaned" | "frozenUids">,
): void {
  if (contributing.length + leaving.length === 0) return;
  const isDeleted = leaving.filter(({ deleting }) => deleting);
  const stays = [...contributing, ...isDeleted].map(({ credential }) => credential.uid);
  members.judged(
    place,
    [...stays, ...orphaned.gone, ...frozenUids],
    leaving.map(({ credential }) => credential.uid),
  );
}

/**
 * Whether a Secret that carries the marks of a credential which does not select its namespace is that one's to remove. Anybody can
 * copy marks, and people and tools do. Ours is what the operator's own record knows, for the Secret or for the namespace; what it
 * remembers; what it has written in a moment that the record does not know, as `managedFields` tell; and all that carries
 * marks where there is no record: an earlier release has left none, or the credential is drained and gone. Who lies about it has a Secret of its own removed, or keeps what it could
 * as well keep under another name.
 */
function witnessOf(
  { credentials: { members } }: Context,
  place: Place,
  record: SecretRecord | undefined,
  { ours, tookBack = false }: Remembered,
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
  /** Tokens of theirs that are not to be collected: see `keptItem`. They are not renewed meanwhile. */
  readonly kept: ReadonlySet<string>;
  /** Equal texts: the same is to be kept. */
  readonly signature: string;
}

/**
 * @param unconfirmed who is entitled and not confirmed, and has something in the Secret
 * @param unjudged who has to leave it, if what is known of it so far is all
 */
export function frozenIn(
  context: Context,
  { namespace, ...place }: Place & { readonly namespace: NamespaceRecord },
  record: SecretRecord | undefined,
  {
    unconfirmed,
    unjudged,
  }: { readonly unconfirmed: readonly Contributor[]; readonly unjudged: readonly Contributor[] },
): FrozenOnes {
  if (!record) return { parts: [], uids: [], kept: new Set(), signature: "" };
  const part = ({ name, uid }: Named, hosts: readonly string[] | undefined): Frozen => {
    return { credential: name, hosts, recorded: context.credentials.members.holds(place, record.uid, uid) };
  };
  const unreadable = unreadableIn({ stores: context.cluster.stores, ...context.credentials }, place, record);
  const parts = [
    ...unconfirmed.map(({ credential }) => part(credential, hostsOf(credential))),
    ...unjudged.map(({ credential }) => part(credential, undefined)),
    ...unreadable.map((each) => part(each, undefined)),
  ];
  const contributors = [...unconfirmed, ...unjudged].map(({ credential }) => credential);
  return {
    parts,
    uids: [...contributors, ...unreadable].map(({ uid }) => uid),
    kept: new Set(unconfirmed.flatMap(({ credential }) => tokensOf(context, namespace, credential))),
    signature: parts.length === 0 ? "" : JSON.stringify(parts),
  };
}

/** What its entries are rendered to here, as far as there are tokens. */
function tokensOf(
  { grants: { grantKey, scopeOf, tokens } }: Context,
  namespace: NamespaceRecord,
  { uid, spec }: RegistryCredential,
): readonly string[] {
  const scope = scopeOf(namespace);
  return spec.registries.flatMap((entry) =>
    grantsOf(entry, scope).flatMap(({ grant }) => {
      const key = isFailure(grant) ? undefined : grantKey(grant);
      return key !== undefined && tokens.token(key) ? [keptItem(key, uid, entry.name)] : [];
    }),
  );
}

function hostsOf({ spec }: RegistryCredential): readonly string[] {
  return spec.registries.flatMap(({ hosts }) => hosts.map(canonical));
}

/** What they have stays as it stands, but for hosts of those who leave: whose login that is cannot be told. */
export function withOrphaned(
  context: Context,
  namespace: NamespaceRecord,
  content: Content,
  { orphaned: { names }, leaving }: { readonly orphaned: Orphaned; readonly leaving: readonly Contributor[] },
): Content {
  if (names.length === 0) return content;
  const taken = new Set(leaving.flatMap((each) => hostsWithTokens(context, namespace, each)));
  const standing = names.map((credential): Tokenless => {
    return { credential, entry: undefined, grantKey: "", hosts: ["*"], except: taken, ended: false, held: true };
  });
  return { ...content, tokenless: [...content.tokenless, ...standing] };
}

function hostsWithTokens(
  { grants: { scopeOf, grantKey, tokens } }: Context,
  namespace: NamespaceRecord,
  { credential }: Contributor,
): readonly string[] {
  const scope = scopeOf(namespace);
  const grants = credential.spec.registries.flatMap((entry) => grantsOf(entry, scope));
  return [
    ...hostsOf(credential),
    ...grants.flatMap(({ grant }) => {
      const token = isFailure(grant) ? undefined : tokens.token(grantKey(grant));
      return token && "byHost" in token.logins ? [...token.logins.byHost.keys()] : [];
    }),
  ];
}
