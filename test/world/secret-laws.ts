// What must hold at every write of a Secret.
import { credentialsAnnotation, entriesAnnotation, finalizer, managedByLabel } from "../../src/api/names.ts";
import type { Status } from "../../src/api/registry-credential.ts";
import type { ClusterObject } from "../../src/cluster/cluster-api.ts";
import { recordedEntries } from "../../src/cluster/entries-annotation.ts";
import type { ModelEvent } from "../../src/cluster/in-memory/in-memory-server.ts";
import { grantKeys } from "../../src/providers/grant-keys.ts";
import { tokenSecretName } from "../../src/grants/grant-tracker.ts";
import { isServedUnder } from "./former-names.ts";
import type { Ledger } from "./ledger.ts";
import { loginsIn, otherData } from "./logins.ts";
import { isUnrecorded, isUseUnstored } from "./on-record.ts";
import { type Claim, isOfEntry, selects, underName } from "./truth.ts";
import { hosts, secretNames } from "./words.ts";

const ourHosts: ReadonlySet<string> = new Set(hosts);
const shortKey = grantKeys();
// Pods hold a former name until they are replaced: src/entitlement/rename-grace.ts. A minute more or less.
const keptUnderFormerName = 59 * 60_000;
/** What is asked in vain has been answered by then: src/cluster/cluster-objects.ts. */
const deletionTakes = 10_000;
/** Of what is on its way while it ends. */
const lateness = 60_000;

/** In a tenant's namespace. */
export function judgeTenantsSecret(ledger: Ledger, event: ModelEvent): void {
  const { type, object, before } = event;
  const { clock } = ledger;
  const after = type === "DELETED" ? undefined : object;
  const { uid } = object.metadata;
  if (!before) ledger.ours.add(uid);
  if (before && !ledger.ours.has(uid)) keepsForeign(ledger, before, after);
  staysSuspended(ledger, object, before);
  const [had, has] = [loginsIn(before), loginsIn(after)];
  for (const [key, password] of had) {
    if (before && !ledger.touched.has(uid) && has.get(key) !== password) goes(ledger, before, [key, password], after);
  }
  if (!after) return removed(ledger, object);
  for (const [key, password] of has) if (had.get(key) !== password) comes(ledger, after, key, password);
  const { namespace, name, deletionTimestamp } = after.metadata;
  // Where it could not be deleted, it loses our logins all the same.
  const isKept = clock.elapsed() - (ledger.deletionAskedAt.get(uid) ?? -Infinity) < deletionTakes;
  if (has.size === 0 && deletionTimestamp === undefined && ledger.ours.has(uid) && !isKept)
    ledger.complain(`an empty docker config in ${namespace}/${name}`);
  // It is left to the tenant as it stands.
  if (before?.metadata.labels?.[managedByLabel] !== undefined && after.metadata.labels?.[managedByLabel] === undefined)
    ledger.ours.delete(uid);
}

/** In a namespace of an install: tokens and the record of members. */
export function judgeOwnSecret(ledger: Ledger, event: ModelEvent): void {
  const { ours, past, believedSince, complain } = ledger;
  const { uid, namespace, name } = event.object.metadata;
  if (!event.before) ours.add(uid);
  else if (!ours.has(uid)) complain(`${namespace}/${name} is none of the operator's`);
  if (event.type !== "DELETED") return;
  for (const { grant, grantKey, identity, credential } of past.now().claims) {
    if (!grant || grantKey === undefined || name !== tokenSecretName(shortKey(grant))) continue;
    if (isUnbound(ledger, credential.name)) continue;
    if (past.hadAllThrough(grantKey, identity, believedSince())) complain(`${name} deleted, the token of ${identity}`);
  }
}

/**
 * It has no finalizer, for want of a right or because it cannot be read, or an install that has moved has not taken it over: nothing
 * is written for it before, and no token asked for.
 */
function isUnbound({ server, home }: Ledger, credential: string): boolean {
  const raw = server.get({ resource: "registrycredentials", name: credential });
  const { status } = (raw ?? {}) as { readonly status?: Status };
  return (
    raw !== undefined && (raw.metadata.finalizers?.includes(finalizer) !== true || status?.operatorNamespace !== home())
  );
}

function keepsForeign({ complain }: Ledger, before: ClusterObject, after: ClusterObject | undefined): void {
  const { namespace, name } = before.metadata;
  const has = loginsIn(after);
  for (const [key, password] of loginsIn(before)) {
    if (!ourHosts.has(key) && has.get(key) !== password) complain(`foreign login ${key} lost in ${namespace}/${name}`);
  }
  if (JSON.stringify(otherData(before)) !== JSON.stringify(otherData(after)))
    complain(`foreign data lost in ${namespace}/${name}`);
}

function staysSuspended(ledger: Ledger, { metadata }: ClusterObject, before: ClusterObject | undefined): void {
  const { past, believedSince, complain } = ledger;
  const { namespace = "", name } = metadata;
  const since = believedSince();
  const { credentials, of } = past.now();
  const claims = of(namespace, name).filter(({ identity }) => past.wantedAllThrough(identity, since));
  const isSuspended = claims.length > 0 && claims.every(({ credential }) => past.suspendedSince(credential.uid, since));
  const known = new Set(credentials.map((each) => each.name));
  const isAnothers =
    credentials.some(({ spec, deletionTimestamp }) => !spec.suspend || deletionTimestamp) ||
    // Who has gone since leaves it.
    listedOn(before).some((each) => !known.has(each)) ||
    ledger.isLeaving();
  if (isSuspended && !isAnothers) complain(`suspended, and ${namespace}/${name} was written`);
}

/**
 * A login that was there is there no more, or another one is. What a claim has been given is taken back when the claim goes, even for
 * a moment: as another one it is owed what it renders then.
 */
function goes(
  ledger: Ledger,
  before: ClusterObject,
  [key, password]: readonly [string, string],
  after: ClusterObject | undefined,
): void {
  const { server, clock, past, isAlive, believedSince, complain } = ledger;
  const { uid, name, namespace = "" } = before.metadata;
  const identity = ledger.writtenFor(uid, key, password);
  if (identity === undefined || !isAlive(password, identity) || isAlive(loginsIn(after).get(key))) return;
  const home = server.get({ resource: "namespaces", name: namespace });
  if (!home || home.metadata.deletionTimestamp !== undefined) return;
  const since = believedSince();
  const at = ledger.writtenAt(uid, key, password);
  if (past.wantedAllThrough(identity, Math.min(since, at ?? since))) {
    if (at !== undefined && isUseUnstored(ledger, identity, { password, at })) return;
    complain(`taken: ${key} (${password}) from ${namespace}/${name}, which is still to have it: ${identity}`);
    return;
  }
  const elsewhere = secretNames.map((each) => identity.replace(` ${name} `, ` ${each} `));
  const isRenamed = elsewhere.some((each) => each !== identity && past.wantedAllThrough(each, since));
  const left = clock.elapsed() - (past.lastWanted(identity) ?? 0);
  if (isRenamed && !past.wantedSince(identity, since) && left < keptUnderFormerName)
    complain(`taken: ${key} (${password}) from ${namespace}/${name}, a name that was left ${left} ms ago`);
}

/** A login is there that was not. */
function comes(ledger: Ledger, after: ClusterObject, key: string, password: string): void {
  const { server, clock, cloud, past, believedSince, isBlind, complain } = ledger;
  const { uid, name, namespace = "" } = after.metadata;
  const mint = cloud.minted.get(password);
  if (!mint) return complain(`made up: ${key} (${password}) in ${namespace}/${name}`);
  const namespaceUid = server.get({ resource: "namespaces", name: namespace })?.metadata.uid ?? "";
  const since = believedSince() - 1;
  const isHere = (identity: string): boolean => {
    const [ofNamespace, , , , ofHost] = identity.split(" ");
    return ofNamespace === namespaceUid && ofHost === key;
  };
  // What an entry was to have before it was altered, it may be given as long as it has nothing else.
  const isStillToHave = (holder: string): boolean =>
    secretNames
      .map((each) => underName(holder, each))
      .some((each) => past.wantedSince(each, since) || past.now().claims.some((claim) => isOfEntry(claim, each)));
  const before = past.withGrant(mint.grantKey, 0).filter(isStillToHave);
  const candidates = [...past.withGrant(mint.grantKey, since), ...before].filter(
    (each) => isHere(each) && isServedUnder(ledger, each, name),
  );
  const identity = holderOf(ledger, after, candidates);
  if (identity === undefined) {
    const believing = isBlind() ? believedOf(ledger, [namespaceUid, name], key) : new Set<string>();
    if (believing.size === 0)
      return complain(`given: ${key} (${password}) to ${namespace}/${name}, which nothing selects for it`);
    // What is missing by now was believed to be there, or to be named by the entry: the login is its entry's all the same.
    const named = new Set(past.withGrant(mint.grantKey, since).map(anywhere));
    const believed = past
      .now()
      .of(namespace, name)
      .find((each) => each.host === key && (isUnrendered(each, mint.grantKey) || named.has(anywhere(each.identity))));
    // Of one that was gone before it could have a claim here it is known by its claims elsewhere whose login it is.
    const elsewhere = past.withGrant(mint.grantKey, 0).find((each) => {
      const [, , credentialUid = "", , ofHost] = each.split(" ");
      return believing.has(credentialUid) && ofHost === key;
    });
    const holder = believed?.identity ?? (elsewhere && `${namespaceUid} ${name} ${anywhere(elsewhere)}`);
    if (holder !== undefined) ledger.noteWritten(uid, key, password, holder);
    return;
  }
  const claim = past.now().claims.find((each) => each.identity === identity);
  // Who has the same grant may be another one than whose the login is.
  if (claim && listedOn(after).includes(claim.credential.name)) isConfirmed(ledger, claim.credential.name, name);
  if (mint.expiresAt <= clock.elapsed() - lateness) complain(`stale: ${key} (${password}) to ${namespace}/${name}`);
  ledger.noteWritten(uid, key, password, identity);
}

/**
 * Who cannot hear may put together what was not there at one moment: a RegistryCredential of then, and a Namespace of now. Uids of those
 * who may have the host there by that.
 */
function believedOf(
  ledger: Ledger,
  [namespaceUid, secretName]: readonly [string, string],
  host: string,
): ReadonlySet<string> {
  const { credentials, namespaces } = ledger.past.seenSince(ledger.believedSince() - 1);
  const homes = [...namespaces].filter(({ uid, terminating }) => uid === namespaceUid && !terminating);
  const believed = [...credentials].filter(({ uid, spec }) => {
    const isClaimed = spec.registries.some(({ hosts }) => hosts.includes(host));
    const place = [namespaceUid, spec.pullSecret.name, uid].join(" ");
    if (!isClaimed || !isServedUnder(ledger, place, secretName)) return false;
    return homes.some((each) => selects(spec.namespaces, each));
  });
  return new Set(believed.map(({ uid }) => uid));
}

/**
 * Of several who may have it, who is named on the Secret, and of these the oldest: it has the host, under a former name too. Who comes
 * after it has nothing there to keep, and cannot be given it while it cannot be read.
 */
function holderOf({ past }: Ledger, secret: ClusterObject, candidates: readonly string[]): string | undefined {
  const named = new Set(listedOn(secret));
  const { credentials } = past.now();
  const inOrder = [
    ...credentials.filter((each) => named.has(each.name)),
    ...credentials.filter((each) => !named.has(each.name)),
  ].filter(({ deletionTimestamp }) => !deletionTimestamp);
  const rank = (each: string): number => {
    const index = inOrder.findIndex(({ uid }) => uid === each.split(" ")[2]);
    return index === -1 ? inOrder.length : index;
  };
  const [first] = candidates.toSorted((a, b) => rank(a) - rank(b));
  return first === undefined ? undefined : underName(first, secret.metadata.name);
}

/** The same of an entry's claims on one host in every namespace and Secret. */
function anywhere(identity: string): string {
  return identity.split(" ").slice(2).join(" ");
}

/** Something that it names is missing, and what a label decides of it is in the grant. */
function isUnrendered({ grant, identity }: Claim, grantKey: string): boolean {
  const rendered = identity.split(" ")[5] ?? "";
  return grant === undefined && (rendered === "" || new RegExp(`[/-]${rendered}"`).test(grantKey));
}

/** All of it must be found again, whatever happens next. */
function isConfirmed({ server, complain }: Ledger, credential: string, secretName: string): void {
  const raw = server.get({ resource: "registrycredentials", name: credential });
  const { status } = (raw ?? {}) as { readonly status?: { readonly secretName?: string } };
  const isStored = raw?.metadata.finalizers?.includes(finalizer) === true && status?.secretName === secretName;
  if (raw && !isStored)
    complain(`unconfirmed: ${credential} is written to tenants before its finalizer and name are stored`);
}

/** A Secret is deleted. */
function removed(ledger: Ledger, object: ClusterObject): void {
  const { server, touched, past, departed, isDrained, complain } = ledger;
  const { uid, namespace = "", name, annotations = {} } = object.metadata;
  const listed = listedOn(object);
  const claims = past.now().of(namespace, name);
  // Whose a login is that stands for a host of one who leaves cannot be told.
  const leaving = past.now().credentials.filter((each) => {
    if (each.deletionTimestamp) return each.spec.pullSecret.name === name;
    return listed.includes(each.name) && !claims.some(({ credential }) => credential.uid === each.uid);
  });
  // Somebody may have given up on a deletion a moment before the last Secret went.
  const left = listed.flatMap((each) => departed.get(each) ?? []).filter((each) => each.deletionTimestamp);
  const taken = new Set([...leaving, ...left].flatMap(({ spec }) => spec.registries.flatMap((entry) => entry.hosts)));
  const entries = recordedEntries(annotations[entriesAnnotation]);
  for (const credential of listed) {
    if (touched.has(uid) || isDrained(credential) || isDeselectedUnheard(ledger, credential, namespace)) continue;
    // Only its marks say that it has something there, and anybody can write them.
    const last = departed.get(credential);
    if (last && isUnrecorded(ledger, object.metadata, last.uid)) continue;
    if (server.get({ resource: "registrycredentials", name: credential })) continue;
    const its = entries.filter((each) => each.name.startsWith(`${credential}/`)).flatMap(({ hosts: of }) => of);
    if (its.some((host) => !taken.has(host)))
      complain(`absence removed ${namespace}/${name}: it lists ${credential}, which is gone without a drain`);
  }
}

/** Who cannot hear that it is gone takes it from a namespace that it does not select any more. */
function isDeselectedUnheard(
  { isBlind, departed, past }: Ledger,
  credential: string,
  namespace: string | undefined,
): boolean {
  const last = departed.get(credential);
  const present = past.now().namespaces.find(({ name }) => name === namespace);
  return isBlind() && last !== undefined && present !== undefined && !selects(last.spec.namespaces, present);
}

function listedOn(
  secret: { readonly metadata: Pick<ClusterObject["metadata"], "annotations"> } | undefined,
): readonly string[] {
  return (secret?.metadata.annotations?.[credentialsAnnotation] ?? "").split(",").filter(Boolean);
}
