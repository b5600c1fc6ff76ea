// Observes what is left with tenants of a RegistryCredential that is being deleted, or has another name by now, and what keeps it.
import { isMerged } from "../../cluster/marks.ts";
import { failure, hasTrait, isForTenant } from "../../api/reasons.ts";
import type { RegistryCredential } from "../../api/registry-credential.ts";
import type { Failure } from "../../runtime/errors.ts";
import { referencesKey, secretKey } from "../keys.ts";
import { withoutLogins } from "../../cluster/pull-secret-object.ts";
import { encoded } from "../../cluster/pull-secret-wire.ts";
import { dockerConfigKey } from "../../registry/docker-config.ts";
import { recordedReferences } from "../service-account/plan.ts";
import type { NamespaceRecord, SecretRecord } from "../../cluster/records.ts";
import { needsNothing } from "../pull-secret/plan-removal.ts";
import { secretNamesOf } from "../../entitlement/credential-index.ts";
import type { Outcome } from "../../runtime/queue/work-queue.ts";
import type { Context } from "../context.ts";
import { done, waitsFor } from "../outcome.ts";
import type { Left } from "./plan-drain.ts";
import type { HeldUp } from "./plan-types.ts";

// What has held it up for so long is told, whatever it is.
const worthTelling = Temporal.Duration.from({ seconds: 10 });

/**
 * Each is queued again, but for those where something has failed: the controller that did comes back by itself, ever more slowly. A Secret that
 * is being deleted, and that somebody's finalizer holds, is not waited for once our logins are out of it.
 */
export async function leftWith(context: Context, credential: RegistryCredential): Promise<Left> {
  const { inSlices } = context.runtime;
  const { stores } = context.cluster;
  const { index: credentialIndex } = context.credentials;
  const { enqueue } = context.queue;
  const names = secretNamesOf(context.credentials.index, credential);
  const secrets = new Set<string>();
  const kept = new Set<string>();
  const unexplained = new Set<string>();
  const harmless = new Set<string>();
  /** Undefined where it is gone or going, and takes with it what is left. */
  const aliveOf = (name: string): NamespaceRecord | "not seen" | undefined => {
    const namespace = stores.namespaces.look(name);
    if (namespace.kind !== "there") return namespace.kind === "absent" ? undefined : "not seen";
    return namespace.record.terminating ? undefined : namespace.record;
  };
  const holds = holderOf(context, credential);
  const isHeld = heldOf(context, credential, names);
  await inSlices(credentialIndex.mayHold(credential.name), (name) => {
    if (name === undefined) return;
    const namespace = aliveOf(name);
    if (namespace === "not seen") secrets.add(name);
    if (!namespace || namespace === "not seen" || isHeld(name)) return;
    if (names.some((each) => holds(namespace, each))) secrets.add(name);
    else if (!isCopied(context, credential, name, names)) harmless.add(name);
    if (secrets.has(name) && isKeptByTenant(context, credential, name, names)) kept.add(name);
    else if (secrets.has(name) && isUnexplained(context, credential, name, names)) unexplained.add(name);
    if (!comesBack(context, credential, names, name)) for (const each of names) enqueue(secretKey(name, each));
  });
  // A name that another credential writes as well is that one's to take off.
  const ours = names.filter((name) => !sharedName(context, credential, name));
  await inSlices(stores.serviceAccounts.values(), ({ namespace, record, terminating }) => {
    if (record === undefined || terminating || !aliveOf(namespace)) return;
    const recorded = recordedReferences(record);
    if (!ours.some((name) => recorded.has(name))) return;
    harmless.add(namespace);
    if (!comesBack(context, credential, names, namespace)) enqueue(referencesKey(namespace));
  });
  return { secrets, kept, unexplained, harmless };
}

/** The last run on each of the Secrets, for the spec as it is, has not failed. */
function isUnexplained(
  { credentials: { statusCache } }: Context,
  { name, generation }: RegistryCredential,
  namespace: string,
  names: Names,
): boolean {
  const findings = names.flatMap((each) => statusCache.secret(namespace, each)?.credentials.get(name) ?? []);
  return (
    findings.length > 0 && findings.every((found) => found.generation === generation && found.failures.length === 0)
  );
}

/** The last run has found that somebody has copied our marks: there is nothing of ours to take off. */
function isCopied(
  { credentials: { statusCache } }: Context,
  { name }: RegistryCredential,
  namespace: string,
  names: Names,
): boolean {
  const findings = names.flatMap((each) => statusCache.secret(namespace, each)?.credentials.get(name) ?? []);
  return (
    findings.length > 0 && findings.every(({ failures }) => failures.some((failure) => hasTrait(failure, "noneOfOurs")))
  );
}

type Names = readonly string[];

/**
 * Whether a login of the credential stands in the Secret of that name, as far as is known. A Secret that was deleted, or made by
 * somebody else since, holds none, whatever keeps others from writing it again.
 */
export function holderOf(
  { cluster: { stores }, credentials: { members } }: Context,
  { name, uid }: RegistryCredential,
) {
  // Without a record, as an earlier release left it, marks are all that there is to go by.
  const isRecorded = members.recorded(uid);
  return (namespace: NamespaceRecord, secretName: string): boolean => {
    const found = stores.pullSecrets.look(`${namespace.name}/${secretName}`);
    // One that is not seen may be there.
    if (found.kind !== "there") return found.kind !== "absent" && (!isRecorded || members.has(uid, namespace.uid));
    const { record } = found;
    const isListed = record.credentials.includes(name);
    if (!isRecorded) return isListed;
    const isNoted = members.holds({ namespaceUid: namespace.uid, secretName }, record.uid, uid);
    return isNoted || (isListed && members.has(uid, namespace.uid));
  };
}

function heldOf({ cluster: { stores, digest } }: Context, credential: RegistryCredential, names: Names) {
  const empty = digest({ [dockerConfigKey]: encoded(withoutLogins) });
  return (namespace: string): boolean => {
    const records = names.flatMap((name) => stores.pullSecrets.get(`${namespace}/${name}`) ?? []);
    const others = records.filter((record) => !needsNothing(record, empty));
    return others.length < records.length && !others.some(({ credentials }) => credentials.includes(credential.name));
  };
}

/** Something has failed there, and the controller that it was comes back by itself: who has failed is not to be asked once a second. */
function comesBack(
  { credentials: { statusCache } }: Context,
  credential: RegistryCredential,
  names: Names,
  namespace: string,
): boolean {
  const isTimed = ({ retry }: Failure): boolean => retry !== "on-change";
  for (const name of names) {
    // Of the one that leaves: what others' entries lack brings no run back.
    if (statusCache.secret(namespace, name)?.credentials.get(credential.name)?.failures.some(isTimed)) return true;
  }
  return statusCache.references(namespace)?.failures.some(isTimed) === true;
}

function sharedName(
  { cluster: { stores }, credentials: { index: credentialIndex } }: Context,
  credential: RegistryCredential,
  name: string,
): boolean {
  for (const { name: other } of stores.credentials.values()) {
    if (other === credential.name) continue;
    const readable = credentialIndex.readable(other);
    if (readable && !readable.deletionTimestamp && readable.spec.pullSecret.name === name) return true;
  }
  return false;
}

export interface Unknown {
  /** Undefined while it may come in a moment. */
  readonly failure: Failure | undefined;
}

/**
 * Why it cannot be said that nothing is left: where Secrets may not be seen, or have not been, their absence says nothing.
 * @param waited for so many milliseconds by now
 */
export function whyUnknown(context: Context, credential: RegistryCredential, waited: number): Unknown | undefined {
  const names = secretNamesOf(context.credentials.index, credential);
  const denied = names.map((name) => context.cluster.permissions.whole(name)).find((each) => each !== undefined);
  if (denied) return { failure: denied };
  const unseen = names.find((name) => !context.cluster.namesSynced(name));
  if (unseen === undefined) return undefined;
  return { failure: waited < worthTelling.total("milliseconds") ? undefined : notListed(unseen) };
}

function notListed(name: string): Failure {
  return failure("ApiUnavailable", {
    message: `the API server has not shown all Secrets called ${name} since the operator started, so that it is not known what is left: the operator's log says why`,
  });
}

/** What somebody must mend before the credential can leave a namespace, and whatever else has held it up for long. */
export function heldUpIn(
  context: Context,
  credential: RegistryCredential,
  { secrets, harmless }: Left,
): readonly HeldUp[] {
  const names = secretNamesOf(context.credentials.index, credential);
  return [...secrets.union(harmless)].flatMap((namespace) => heldUpBy(context, credential, namespace, names));
}

function heldUpBy(
  { credentials: { statusCache }, runtime: { clock }, cluster: { permissions } }: Context,
  { name, deletionTimestamp }: RegistryCredential,
  namespace: string,
  names: Names,
): readonly HeldUp[] {
  const deletedAt = deletionTimestamp ?? clock.now();
  // What ails others in a Secret that it shares does not keep it.
  const failures = [
    // What is not permitted is found by no run for one that is deleted.
    ...names.flatMap((each) => permissions.secret(each, namespace) ?? []),
    ...names.flatMap((each) => statusCache.secret(namespace, each)?.credentials.get(name)?.failures ?? []),
    ...(statusCache.references(namespace)?.failures ?? []),
  ];
  return failures
    .map((each): HeldUp => ({ ...statusCache.lasting(namespace, each), namespace }))
    .filter((each) => {
      const began = Temporal.Instant.compare(each.since, deletedAt) < 0 ? deletedAt : each.since;
      const isLong = Temporal.Instant.compare(began.add(worthTelling), clock.now()) <= 0;
      return each.failure.retry === "slowly" || isForTenant(each.failure) || isLong;
    });
}

/** Until all Secrets of its names are known, or may be seen again. */
export function waitsForSecrets(
  { credentials: { index: credentialIndex } }: Context,
  credential: RegistryCredential,
): Outcome {
  const [present, ...former] = secretNamesOf(credentialIndex, credential).map((secretsCalled) => ({ secretsCalled }));
  return present ? waitsFor(present, ...former) : done;
}

/**
 * The last run on the Secrets of these names there, for the spec as it is, has failed by what a tenant has made of its own
 * objects.
 */
export function isKeptByTenant(
  { credentials: { statusCache }, cluster: { stores } }: Context,
  { name, generation, spec }: RegistryCredential,
  namespace: string,
  secretNames: readonly string[],
): boolean {
  const retains = spec.deletionPolicy === "Retain";
  const failures = secretNames.flatMap((secretName) => {
    const found = statusCache.secret(namespace, secretName)?.credentials.get(name);
    if (found?.generation !== generation) return [];
    const record = stores.pullSecrets.get(`${namespace}/${secretName}`);
    return found.failures.map((failure) => isTenants(record, failure, retains));
  });
  return failures.length > 0 && failures.every(Boolean);
}

function isTenants(record: SecretRecord | undefined, failure: Failure, retains: boolean): boolean {
  if (!failure.byOwnPolicy && !hasTrait(failure, "byObject")) return isForTenant(failure);
  // It is not as we leave our own: deleting that one needs nothing but our marks, and is refused for the platform's reasons only.
  if (!record) return false;
  const isMarked = record.labelled || record.credentials.length > 0;
  return !isMarked || record.immutable || record.terminating || isMerged(record) || retains;
}
