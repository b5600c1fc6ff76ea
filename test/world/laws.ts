// What must hold at every write of the operator, whatever happens. What does not is complained of.
import {
  finalizer,
  forceFinalizeAnnotation,
  ignoreAnnotation,
  managedByLabel,
  referencesAnnotation,
} from "../../src/api/names.ts";
import type { RegistryCredential, Status } from "../../src/api/registry-credential.ts";
import type { ClusterObject, ServiceAccountObject } from "../../src/cluster/cluster-api.ts";
import type { ModelEvent } from "../../src/cluster/in-memory/in-memory-server.ts";
import { recordedReferences } from "../../src/controllers/service-account/plan.ts";
import type { Request } from "./faults.ts";
import { drainedMemory, isSystems, type Ledger } from "./ledger.ts";
import { loginsIn } from "./logins.ts";
import { judgeOwnSecret, judgeTenantsSecret } from "./secret-laws.ts";
import { isUnrecorded } from "./on-record.ts";
import { isOrphaned } from "./oracle.ts";
import { secretNames } from "./words.ts";

/** Of what is on its way while it ends. */
const lateness = 60_000;

/** It names the version that it replaces, the object and version that it deletes. */
export function judgeRequest({ complain, clock, deletionAskedAt }: Ledger, request: Request, body: unknown): void {
  const { verb, resource, namespace, name } = request;
  if (verb === "get" || verb === "create" || resource === "events") return;
  const { metadata, resourceVersion, uid } = (typeof body === "string" ? JSON.parse(body) : body) as {
    readonly metadata?: { readonly resourceVersion?: string };
    readonly resourceVersion?: string;
    readonly uid?: string;
  };
  if (verb === "delete" && resource === "secrets" && uid !== undefined) deletionAskedAt.set(uid, clock.elapsed());
  const isNamed = verb === "delete" ? resourceVersion && uid : metadata?.resourceVersion;
  if (!isNamed) complain(`${verb} of ${resource} ${namespace}/${name} names no version`);
}

export function judgeWrite(ledger: Ledger, event: ModelEvent): void {
  switch (event.resource) {
    case "secrets":
      if (isSystems(event.object.metadata.namespace)) judgeOwnSecret(ledger, event);
      else judgeTenantsSecret(ledger, event);
      return;
    case "serviceaccounts":
      return judgeAccount(ledger, event);
    case "registrycredentials":
      return judgeCredential(ledger, event);
    case "namespaces":
      return ledger.complain("the operator wrote a Namespace");
    case "events":
      return;
  }
}

/** What somebody else has written is no longer the operator's alone, and may be wanted otherwise. */
export function noteOthers(ledger: Ledger, { type, resource, object, before }: ModelEvent): void {
  const {
    clock,
    touched,
    namespaceChangedAt,
    foreignReferences,
    noteCreated,
    noteDrained,
    noteUnheard,
    isListening,
    departed,
    past,
    look,
    unrecorded,
  } = ledger;
  const { uid, namespace, name, deletionTimestamp } = object.metadata;
  if (resource === "registrycredentials" && !before) noteCreated(name);
  if (resource === "namespaces") namespaceChangedAt.set(name, clock.elapsed());
  // The deletion was seen before somebody took the finalizer off: what is on its way by then arrives.
  if (resource === "registrycredentials" && type === "DELETED" && deletionTimestamp !== undefined) {
    const listening = isListening();
    const last = past.now().credentials.find((each) => each.uid === uid);
    if (last) departed.set(name, last);
    noteRetained(ledger, object, lateness);
    if (listening === "now") noteDrained(name, true);
    if (listening === "later") noteUnheard(name);
  }
  if (resource === "secrets" && !isSystems(namespace)) {
    touched.add(uid);
    if (isUnmarked(before, object) && isUnrecorded(ledger, object.metadata)) unrecorded.add(uid);
  }
  if (resource === "serviceaccounts") {
    const isKnown = object.metadata.annotations?.[referencesAnnotation] !== undefined;
    const theirs = namesIn(object).filter((each) => !isKnown || !namesIn(before).includes(each));
    foreignReferences.set(uid, new Set([...(foreignReferences.get(uid) ?? []), ...theirs]));
  }
  if (resource !== "events" && resource !== "secrets") look();
}

/** What referred to its Secrets may be its tenants' own, whoever else has a part in them and wants it there no more in this time. */
function noteRetained({ leftRetained, clock }: Ledger, object: ClusterObject, within: number): void {
  const { spec } = object as { readonly spec?: Pick<RegistryCredential["spec"], "deletionPolicy"> };
  if (spec?.deletionPolicy === "Retain") leftRetained.set(object.metadata.uid, clock.elapsed() + within);
}

function isUnmarked(before: ClusterObject | undefined, after: ClusterObject): boolean {
  const isMarked = (each: ClusterObject | undefined): boolean => each?.metadata.labels?.[managedByLabel] === "regcred";
  return isMarked(before) && !isMarked(after);
}

function judgeAccount(ledger: Ledger, { object, before }: ModelEvent): void {
  const { complain, foreignReferences } = ledger;
  const { namespace, name, uid } = object.metadata;
  const where = `${namespace}/${name}`;
  const [had, has] = [namesIn(before), namesIn(object)];
  const dealt: readonly string[] = secretNames;
  for (const each of had.filter((lost) => !has.includes(lost))) {
    foreignReferences.get(uid)?.delete(each);
    if (isStillToHave(ledger, object, each))
      complain(`reference ${each} taken off ${where}, which is still to have it`);
  }
  for (const each of has.filter((kept) => isGivenUp(ledger, object, before, kept))) {
    foreignReferences.set(uid, (foreignReferences.get(uid) ?? new Set()).add(each));
  }
  for (const each of has.filter((gained) => !had.includes(gained))) {
    if (!dealt.includes(each)) complain(`reference ${each} given to ${where}`);
  }
  const foreign = (list: readonly string[]): string => list.filter((each) => !dealt.includes(each)).join();
  if (foreign(had) !== foreign(has)) complain(`foreign references of ${where} are others, or in another order`);
}

/**
 * It is no longer known as the operator's, for the sake of one who is deleted and leaves to the tenant what it has, because a tenant's
 * own Secret stands there that nobody is to serve, or because somebody went without a drain whose login stands there. Whoever has the
 * Secret afterwards does not know it as the operator's either.
 */
function isGivenUp(
  ledger: Ledger,
  account: ClusterObject,
  before: ClusterObject | undefined,
  secretName: string,
): boolean {
  const { past, clock, leftRetained } = ledger;
  const isRecorded = (each: ClusterObject | undefined): boolean =>
    recordedReferences(each?.metadata.annotations?.[referencesAnnotation]).has(secretName);
  if (!isRecorded(before) || isRecorded(account)) return false;
  if (isBehindTenants(ledger, account, secretName)) return true;
  const { namespace = "" } = account.metadata;
  const secret = ledger.server.get({ resource: "secrets", namespace, name: secretName });
  if (secret && isOrphaned(ledger, secret)) return true;
  const namespaceUid = past.now().namespaces.find(({ name }) => name === account.metadata.namespace)?.uid ?? "";
  const wasServed = (credentialUid: string): boolean =>
    past.lastLeft({ namespaceUid, secretName, credentialUid }) !== undefined;
  if ([...leftRetained].some(([uid, until]) => clock.elapsed() < until && wasServed(uid))) return true;
  return past.now().credentials.some(({ deletionTimestamp, spec: { deletionPolicy, pullSecret } }) => {
    return deletionTimestamp && deletionPolicy === "Retain" && pullSecret.name === secretName;
  });
}

function isBehindTenants({ server, ours, past, believedSince }: Ledger, account: ClusterObject, name: string): boolean {
  const { namespace = "" } = account.metadata;
  const secret = server.get({ resource: "secrets", namespace, name });
  const isServed = past
    .now()
    .of(namespace, name)
    .some(({ identity }) => past.wantedAllThrough(identity, believedSince()));
  return secret !== undefined && !ours.has(secret.metadata.uid) && !isServed;
}

/**
 * A reference stays with a living login that is still to be had: where there is none, both go, and what is taken off may be on its
 * way when a login comes.
 */
function isStillToHave(ledger: Ledger, account: ClusterObject, secretName: string): boolean {
  const { server, ours, touched, past, writtenFor, writtenAt, isAlive, believedSince } = ledger;
  const { namespace = "", name, annotations = {} } = account.metadata;
  const secret = server.get({ resource: "secrets", namespace, name: secretName });
  if (!secret || !ours.has(secret.metadata.uid) || touched.has(secret.metadata.uid)) return false;
  // And since when: with a claim that goes even for a moment, what it was given is taken back.
  const holders = new Map<string, number>();
  for (const [key, password] of loginsIn(secret)) {
    const { uid } = secret.metadata;
    const holder = writtenFor(uid, key, password);
    const at = writtenAt(uid, key, password) ?? 0;
    if (at > believedSince()) continue;
    if (holder !== undefined && isAlive(password, holder)) holders.set(holder, at);
  }
  return (
    annotations[ignoreAnnotation] !== "true" &&
    past
      .now()
      .of(namespace, secretName)
      .some(
        ({ identity, credential: { spec } }) =>
          holders.has(identity) &&
          past.wantedAllThrough(identity, holders.get(identity) ?? 0) &&
          spec.references === "ServiceAccounts" &&
          spec.serviceAccounts.exclude?.includes(name) !== true,
      )
  );
}

function judgeCredential(ledger: Ledger, { type, object, before }: ModelEvent): void {
  const { complain, isBlind, noteDrained, noteRenamed, noteUnheard, look } = ledger;
  const { name, uid, annotations = {}, deletionTimestamp } = object.metadata;
  if (!before) return complain(`the operator made the RegistryCredential ${name}`);
  const [formerName, secretName] = [reportedName(before), reportedName(object)];
  if (formerName !== undefined && formerName !== secretName) noteRenamed(uid, formerName);
  const specOf = (raw: ClusterObject): string => JSON.stringify((raw as { readonly spec?: unknown }).spec);
  if (specOf(before) !== specOf(object)) complain(`the spec of ${name} was changed`);
  const finalizersOf = ({ metadata }: ClusterObject): readonly string[] => metadata.finalizers ?? [];
  const others = (raw: ClusterObject): string =>
    finalizersOf(raw)
      .filter((each) => each !== finalizer)
      .join();
  if (others(before) !== others(object)) complain(`finalizers of others were changed on ${name}`);
  if (finalizersOf(before).includes(finalizer) && !finalizersOf(object).includes(finalizer)) {
    if (deletionTimestamp === undefined) complain(`the finalizer of ${name} was taken off before its deletion`);
    const isForced = annotations[forceFinalizeAnnotation] === "true";
    // Who cannot hear that it is gone goes on with it.
    if (isForced && isBlind()) noteUnheard(name);
    else noteDrained(name, isForced);
    if (!isForced) ledger.drainedUids.add(uid);
    noteRetained(ledger, before, drainedMemory);
  }
  if (type === "DELETED") look();
}

/** The name of the pull Secret, as its status tells it. */
function reportedName(credential: ClusterObject): string | undefined {
  return (credential as { readonly status?: Status }).status?.secretName;
}

function namesIn(object: ClusterObject | undefined): readonly string[] {
  const account: ServiceAccountObject | undefined = object;
  return (account?.imagePullSecrets ?? []).map(({ name }) => name ?? "");
}
