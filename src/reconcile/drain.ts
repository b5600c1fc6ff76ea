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
import { needsNothing, withoutLogins } from "../plan/terminating-secret.ts";
import type { Outcome } from "../queue/work-queue.ts";
import type { Context } from "./context.ts";
import { done, soonest } from "./outcome.ts";
import { encoded } from "./secret-wire.ts";
import { setFinalizers } from "./set-finalizers.ts";
import { writeStatus } from "./write-status.ts";

// References to Secrets that are gone harm nobody, nor do our marks on Secrets that are none of ours, and tenants can go on
// adding both. So a deletion waits no longer than this for the last of them, in milliseconds; they are taken off afterwards.
const patience = 10_000;
// What has held it up for so long is told, whatever it is.
const worthTelling = Temporal.Duration.from({ seconds: 10 });

const lookAgain = 1_000;

export type Drain = (
  context: Context,
  record: CredentialRecord,
  credential: RegistryCredential,
  signal: AbortSignal,
) => Promise<Outcome>;

/** The finalizer goes when nothing of the credential is left with any tenant, or when a person gives up on it. */
export function drainer(): Drain {
  // By uid of a credential that is deleted: since when no Secret of it is left, in elapsed milliseconds.
  const onlyHarmless = new Map<string, number>();
  return async (context, record, credential, signal) => {
    const { log, clock } = context;
    if (!credential.finalizers.includes(finalizer)) return done;
    const { secrets, harmless } = leftWith(context, credential);
    const left = [...secrets.union(harmless)].toSorted();
    const since = onlyHarmless.get(credential.uid) ?? clock.elapsed();
    if (secrets.size === 0) onlyHarmless.set(credential.uid, since);
    else onlyHarmless.delete(credential.uid);
    const isBlocked = left.some((namespace) => blockedBy(context, credential, namespace).length > 0);
    const isDrained =
      secrets.size === 0 && (harmless.size === 0 || (!isBlocked && clock.elapsed() - since >= patience));
    const forced = credential.annotations[forceFinalizeAnnotation] === "true";
    if (isDrained || forced) {
      await setFinalizers(
        context,
        credential,
        credential.finalizers.filter((each) => each !== finalizer),
        signal,
      );
      onlyHarmless.delete(credential.uid);
      if (isDrained) context.entitlements.drained(credential);
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
      draining: { left: left.length, blocked, examples: left.slice(0, 3) },
    };
    await writeStatus(context, record, credential, statusOf(snapshot), snapshot.namespaces, signal);
    return soonest(lookAgain);
  };
}

/** What was found in the namespace that keeps the credential from leaving it. */
function obstaclesIn(context: Context, credential: RegistryCredential, namespace: string): readonly Failure[] {
  const { board } = context;
  return [
    ...namesOf(context, credential).flatMap((name) =>
      [...(board.secret(namespace, name)?.credentials.values() ?? [])].flatMap(({ failures }) => failures),
    ),
    ...(board.references(namespace)?.failures ?? []),
  ];
}

/** What somebody must mend before the credential can leave the namespace. */
function blockedBy(context: Context, credential: RegistryCredential, namespace: string): readonly Failure[] {
  return obstaclesIn(context, credential, namespace).filter(({ retry }) => retry === "slowly");
}

/** The same, and whatever else has held it up for long. */
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
  /** What any tenant may have written: a recorded reference, our marks on a Secret that is none of ours. */
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
  // Without a record, as an earlier release left it, marks are all that there is to go by.
  const isMember = (namespace: string): boolean =>
    !members.recorded(credential.uid) || members.has(credential.uid, stores.namespaces.get(namespace)?.uid ?? "");
  const places = [...entitlements.mayHold(credential.name)].filter(alive).filter((namespace) => !isHeld(namespace));
  const secrets = new Set(places.filter(isMember));
  const harmless = new Set(places.filter((namespace) => !isMember(namespace)));
  for (const namespace of places) {
    if (blockedBy(context, credential, namespace).length > 0) continue;
    for (const name of names) enqueue(secretKey(namespace, name));
  }
  // A name that another credential writes as well is that one's to take off.
  const ours = names.filter((name) => !sharedName(context, credential, name));
  for (const { namespace, record, terminating } of stores.serviceAccounts.values()) {
    if (record === undefined || terminating || !alive(namespace)) continue;
    const recorded = recordedReferences(record);
    if (!ours.some((name) => recorded.has(name))) continue;
    harmless.add(namespace);
    if (blockedBy(context, credential, namespace).length === 0) enqueue(referencesKey(namespace));
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
