// How does a credential that is deleted leave every tenant, and what keeps it?
import { crdName, finalizer, forceFinalizeAnnotation } from "../api/names.ts";
import type { RegistryCredential } from "../api/registry-credential.ts";
import type { Failure } from "../errors.ts";
import { crdOutdated } from "../plan/crd-outdated.ts";
import { referencesKey, secretKey } from "../plan/keys.ts";
import { modeText } from "../plan/mode.ts";
import { dockerConfigKey } from "../plan/pull-secret-plan.ts";
import { recordedReferences } from "../plan/references.ts";
import type { CredentialRecord } from "../plan/snapshot.ts";
import { statusOf } from "../plan/status.ts";
import type { Lasting, StatusSnapshot } from "../plan/status-snapshot.ts";
import { withoutLogins } from "../plan/pull-secret-body.ts";
import { needsNothing } from "../plan/terminating-secret.ts";
import type { Outcome } from "../queue/work-queue.ts";
import type { Context } from "./context.ts";
import { done, soonest } from "./outcome.ts";
import { encoded } from "./secret-wire.ts";
import { setFinalizers } from "./set-finalizers.ts";
import { isMerged } from "./store-members.ts";
import { writeStatus } from "./write-status.ts";

// References to Secrets that are gone harm nobody, nor do our marks on Secrets that are none of ours, and tenants can go on
// adding both; and a tenant can see to it that its Secret cannot be taken away, whose login it has had anyway. So a deletion
// waits no longer than this for either, in milliseconds. What can be taken off afterwards is.
const patience = 10_000;
// What has held it up for so long is told, whatever it is.
const worthTelling = Temporal.Duration.from({ seconds: 10 });

const lookAgain = 1_000;
// Examples in a message.
const mostNamed = 3;

export type Drain = (
  context: Context,
  record: CredentialRecord,
  credential: RegistryCredential,
  signal: AbortSignal,
) => Promise<Outcome>;

/** What a deletion has waited for so far, in elapsed milliseconds. */
interface Waiting {
  /** Since when nothing is left that it waits for without end. */
  last: number | undefined;
  /** By namespace: since when it is a tenant that keeps the Secret. */
  readonly kept: Map<string, number>;
}

/** The finalizer goes when nothing of the credential is left with any tenant but what tenants keep, or when a person gives up on it. */
export function drainer(): Drain {
  // By uid of a credential that is deleted.
  const waitings = new Map<string, Waiting>();
  return async (context, record, credential, signal) => {
    const { log, clock } = context;
    if (!credential.finalizers.includes(finalizer)) {
      waitings.delete(credential.uid);
      return done;
    }
    const { secrets, harmless } = leftWith(context, credential);
    const left = [...secrets.union(harmless)].toSorted();
    const waiting = waitings.get(credential.uid) ?? { last: undefined, kept: new Map<string, number>() };
    waitings.set(credential.uid, waiting);
    const isDrained = isOver(context, credential, { secrets, harmless }, waiting);
    const forced = credential.annotations[forceFinalizeAnnotation] === "true";
    if (isDrained || forced) {
      await setFinalizers(
        context,
        credential,
        credential.finalizers.filter((each) => each !== finalizer),
        signal,
      );
      waitings.delete(credential.uid);
      if (isDrained) context.entitlements.drained(credential);
      const keptByTenants = [...secrets].toSorted();
      if (keptByTenants.length > 0) {
        log.warn("RegistryCredential left with tenants", {
          credential: credential.name,
          namespaces: keptByTenants.length,
          examples: keptByTenants.slice(0, mostNamed).join(", "),
        });
      }
      log.info("RegistryCredential released", { credential: credential.name, left: left.length, forced });
      return done;
    }
    const blocked: Lasting[] = left.flatMap((namespace) => holdUps(context, credential, namespace));
    const hidden = hiddenFrom(context, credential);
    if (hidden) blocked.unshift({ failure: hidden, since: clock.now() });
    const snapshot: StatusSnapshot = {
      credential,
      now: clock.now(),
      entries: [],
      namespaces: [],
      lacking: [],
      outdated: crdOutdated(context.stores.crds.get(crdName)),
      mode: modeText(context.settings.mode),
      held: undefined,
      // The name under which tenants were served stays: it is what the drain goes by.
      secretName: credential.status?.secretName ?? credential.spec.pullSecret.name,
      retiring: credential.status?.retiring ?? [],
      extraReferences: credential.status?.extraReferences ?? [],
      draining: { left: left.length, blocked, examples: left.slice(0, mostNamed) },
    };
    await writeStatus(context, record, credential, statusOf(snapshot), snapshot.namespaces, signal);
    return soonest(lookAgain);
  };
}

/** Nothing is left to wait for: of what is, tenants have kept it for long enough. */
function isOver(
  context: Context,
  credential: RegistryCredential,
  { secrets, harmless }: Left,
  waiting: Waiting,
): boolean {
  const now = context.clock.elapsed();
  const kept = new Set([...secrets].filter((namespace) => isKeptByTenant(context, credential, namespace)));
  for (const namespace of kept) if (!waiting.kept.has(namespace)) waiting.kept.set(namespace, now);
  // One who keeps it only now and then starts nothing anew.
  waiting.last = [...secrets].every((namespace) => waiting.kept.has(namespace)) ? (waiting.last ?? now) : undefined;
  const isLong = (since: number | undefined): boolean => since !== undefined && now - since >= patience;
  return (
    [...secrets].every((namespace) => kept.has(namespace) && isLong(waiting.kept.get(namespace))) &&
    (harmless.size === 0 || isLong(waiting.last))
  );
}

/** The last run on the Secret, since the credential is deleted, has failed by what a tenant has made of its own objects. */
function isKeptByTenant(context: Context, credential: RegistryCredential, namespace: string): boolean {
  const isTenants = (name: string, { reason, cause, restrained }: Failure): boolean => {
    if (restrained || reason === "Rejected") return isAltered(context, credential, `${namespace}/${name}`);
    // Policies and webhooks are the platform's.
    return cause === "Tenant" && reason !== "AdmissionDenied";
  };
  const failures = namesOf(context, credential).flatMap((name) => {
    const found = context.board.secret(namespace, name)?.credentials.get(credential.name);
    if (found?.generation !== credential.generation) return [];
    return found.failures.map((failure) => isTenants(name, failure));
  });
  return failures.length > 0 && failures.every(Boolean);
}

/** It is not as we leave our own: deleting that one needs nothing but our marks, and is refused for the platform's reasons only. */
function isAltered({ stores }: Context, { spec }: RegistryCredential, key: string): boolean {
  const record = stores.pullSecrets.get(key);
  if (!record) return false;
  const isMarked = record.labelled || record.credentials.length > 0;
  return !isMarked || record.immutable || record.terminating || isMerged(record) || spec.deletionPolicy === "Retain";
}

/** What was found in the namespace that keeps the credential from leaving it; what ails others in a Secret that it shares does not. */
function obstaclesIn(context: Context, credential: RegistryCredential, namespace: string): readonly Failure[] {
  const { board } = context;
  return [
    ...namesOf(context, credential).flatMap(
      (name) => board.secret(namespace, name)?.credentials.get(credential.name)?.failures ?? [],
    ),
    ...(board.references(namespace)?.failures ?? []),
  ];
}

/** Somebody must mend something there, and the loop that was refused tries it slowly. */
function isRefused({ board }: Context, names: readonly string[], namespace: string): boolean {
  const failures = [
    ...names.flatMap((name) =>
      [...(board.secret(namespace, name)?.credentials.values() ?? [])].flatMap((found) => found.failures),
    ),
    ...(board.references(namespace)?.failures ?? []),
  ];
  return failures.some(({ retry }) => retry === "slowly");
}

/** What somebody must mend before the credential can leave the namespace, and whatever else has held it up for long. */
function holdUps(context: Context, credential: RegistryCredential, namespace: string): readonly Lasting[] {
  const { board, clock } = context;
  const deletedAt = credential.deletionTimestamp ?? clock.now();
  return obstaclesIn(context, credential, namespace)
    .map((failure) => board.lasting(namespace, failure))
    .filter(({ failure, since }) => {
      const began = Temporal.Instant.compare(since, deletedAt) < 0 ? deletedAt : since;
      return failure.retry === "slowly" || Temporal.Instant.compare(began.add(worthTelling), clock.now()) <= 0;
    });
}

/** Namespaces in which something of the credential is left. */
interface Left {
  /** Members: a Secret of ours. */
  readonly secrets: ReadonlySet<string>;
  /** What any tenant may have written, or nothing: a recorded reference, our marks on a Secret that is none of ours. */
  readonly harmless: ReadonlySet<string>;
}

/**
 * Each is queued again, but for those that are blocked: they are tried slowly, by the loop that was refused. A Secret that
 * is being deleted, and that somebody's finalizer holds, is not waited for once our logins are out of it.
 */
function leftWith(context: Context, credential: RegistryCredential): Left {
  const { stores, entitlements, members, enqueue } = context;
  const names = namesOf(context, credential);
  const unknown = (why: string): Left => ({ secrets: new Set([why]), harmless: new Set() });
  if (hiddenFrom(context, credential)) return unknown("(out of sight)");
  if (!names.every((name) => context.namesSynced(name))) return unknown("(not known yet)");
  const alive = (namespace: string): boolean => stores.namespaces.get(namespace)?.terminating === false;
  const digest = context.digest({ [dockerConfigKey]: encoded(withoutLogins) });
  const isHeld = (namespace: string): boolean => {
    const records = names.flatMap((name) => stores.pullSecrets.get(`${namespace}/${name}`) ?? []);
    const others = records.filter((record) => !needsNothing(record, digest));
    return others.length < records.length && !others.some(({ credentials }) => credentials.includes(credential.name));
  };
  // A Secret that was deleted, or made by somebody else since, keeps nothing, whatever keeps others from writing it again.
  const stands = (namespace: string, namespaceUid: string): boolean =>
    names.some((name) => {
      const found = stores.pullSecrets.get(`${namespace}/${name}`);
      if (!found) return false;
      const { uid, credentials } = found;
      return (
        credentials.includes(credential.name) || members.holds({ namespaceUid, secretName: name }, uid, credential.uid)
      );
    });
  // Without a record, as an earlier release left it, marks are all that there is to go by.
  const isMember = (namespace: string): boolean => {
    const uid = stores.namespaces.get(namespace)?.uid ?? "";
    if (members.recorded(credential.uid) && !members.has(credential.uid, uid)) return false;
    return stands(namespace, uid);
  };
  const places = [...entitlements.mayHold(credential.name)].filter(alive).filter((namespace) => !isHeld(namespace));
  const secrets = new Set(places.filter(isMember));
  const harmless = new Set(places.filter((namespace) => !isMember(namespace)));
  for (const namespace of places) {
    if (isRefused(context, names, namespace)) continue;
    for (const name of names) enqueue(secretKey(namespace, name));
  }
  // A name that another credential writes as well is that one's to take off.
  const ours = names.filter((name) => !sharedName(context, credential, name));
  for (const { namespace, record, terminating } of stores.serviceAccounts.values()) {
    if (record === undefined || terminating || !alive(namespace)) continue;
    const recorded = recordedReferences(record);
    if (!ours.some((name) => recorded.has(name))) continue;
    harmless.add(namespace);
    if (!isRefused(context, names, namespace)) enqueue(referencesKey(namespace));
  }
  return { secrets, harmless };
}

/** Why it cannot be said that nothing is left: where Secrets may not be seen, their absence says nothing. */
function hiddenFrom(context: Context, credential: RegistryCredential): Failure | undefined {
  return namesOf(context, credential)
    .map((name) => context.reach.whole(name))
    .find((failure) => failure !== undefined);
}

function sharedName({ stores, entitlements }: Context, credential: RegistryCredential, name: string): boolean {
  for (const { name: other } of stores.credentials.values()) {
    if (other === credential.name) continue;
    const readable = entitlements.readable(other);
    if (readable && !readable.deletionTimestamp && readable.spec.pullSecret.name === name) return true;
  }
  return false;
}

function namesOf({ entitlements }: Context, credential: RegistryCredential): readonly string[] {
  return [
    credential.spec.pullSecret.name,
    ...entitlements.namesOf(credential.name).map(({ secretName }) => secretName),
  ];
}
