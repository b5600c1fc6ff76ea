// Applying a plan to one pull Secret, and noting who is about to have a login in it, and who has one.
import { hasTrait } from "../../api/reasons.ts";
import type { FieldsEntry } from "../../cluster/managed-fields.ts";
import { asDone, type PullSecretAction, type PullSecretPlan } from "./plan-types.ts";
import { type PlannedSecret, emptiedBody, withoutLogins } from "../../cluster/pull-secret-object.ts";
import { encoded, secretJson, liveSecret } from "../../cluster/pull-secret-wire.ts";
import { dockerConfigKey, dockerConfigType } from "../../registry/docker-config.ts";
import type { SecretRecord } from "../../cluster/records.ts";
import type { Context } from "../context.ts";
import { afterWrite, waitBeforeWrite } from "../../runtime/queue/conflict-backoff.ts";
import { secretKey, writer } from "../keys.ts";
import { done, earliest, failed } from "../outcome.ts";
import { planPullSecret } from "./plan.ts";
import { type Run, takenBack } from "./run.ts";
import { type Snapshot, settledBy } from "./observe.ts";
import { findingWithout, type Decision, ownObject, type Result, resultOfPlan, resultOfSuspension } from "./report.ts";
import { credentialsAnnotation } from "../../api/names.ts";
import { anyUid } from "../../cluster/member-rows.ts";
import type { Contributor } from "../../entitlement/credential-index.ts";
import type { Place } from "../../entitlement/members.ts";
import { isMerged } from "../../cluster/marks.ts";

export type SecretWrite = Exclude<PullSecretAction, { readonly kind: "none" | "read" }>;

/** What the answer says, in the texts that are kept anyway where its event came first: they are remembered for as long as the Secret stands. */
function withTextsOf(stored: SecretRecord | undefined, answer: SecretRecord): SecretRecord {
  if (stored === answer || stored?.uid !== answer.uid || stored.resourceVersion !== answer.resourceVersion)
    return answer;
  return { ...answer, uid: stored.uid, resourceVersion: stored.resourceVersion };
}

export async function applyPlan(run: Run, decision: Decision, signal: AbortSignal): Promise<Result> {
  const { context, namespace, name, memory } = run;
  const { clock, log } = context.runtime;
  const { snapshot, plan } = decision;
  const { action } = plan;
  const { content, gathered } = snapshot;
  const planned = resultOfPlan(run, decision);
  const { state } = planned.finding;
  // A Secret that leaves waits for its references first, which are not to be taken either.
  if ((action.kind !== "none" || state === "leaving") && isSuspended([...snapshot.contributing, ...snapshot.leaving])) {
    return resultOfSuspension(run, snapshot, state);
  }
  if (action.kind === "none" || action.kind === "read") return leaveAsItIs(run, decision, planned);
  const purpose = content ? gathered.signature : `gone ${gathered.signature}`;
  const wait = waitBeforeWrite(memory.reverts, purpose, clock.elapsed());
  if (wait > 0) return { ...planned, outcome: earliest(wait) };
  if (leftForRecord(run, action, snapshot, signal)) return { finding: undefined, outcome: done };
  memory.recording = undefined;
  const answer = await writeSecret(run, action, snapshot, signal);
  memory.unrecordable = undefined;
  log.debug("pull Secret written", { namespace: namespace.name, secret: name, action: action.kind });
  // It may have gone before its answer came.
  const stored = answer && context.cluster.stores.pullSecrets.get(answer.key);
  const stands = stored !== undefined;
  const written = answer && withTextsOf(stored, answer);
  if (stands && written && isAsPlanned(snapshot, plan, written)) memory.lost = undefined;
  // The answer may be other than what was sent, and what was found of others may be other with it.
  else if (written) context.queue.enqueue(secretKey(namespace.name, name), { lane: "normal" });
  const place = { namespaceUid: namespace.uid, secretName: name };
  if (written && plan.state === "usable") noteMembers(context, place, written, snapshot);
  else context.credentials.members.note(place, undefined, written ? snapshot.frozenUids : []);
  if (!content) {
    run.remember(written ? undefined : takenBack);
    return { finding: findingWithout(written), outcome: done };
  }
  memory.ours = written?.labelled ? written.uid : undefined;
  memory.settled = settledBy(snapshot, asDone(plan), written);
  memory.reverts = afterWrite(memory.reverts, purpose, clock.elapsed());
  return resultOfPlan(run, decision);
}

function leaveAsItIs(run: Run, { snapshot, plan }: Decision, planned: Result): Result {
  const { context, namespace, name, memory } = run;
  const { record, leaving, frozenUids } = snapshot;
  const place = { namespaceUid: namespace.uid, secretName: name };
  memory.lost = undefined;
  memory.unrecordable = undefined;
  memory.recording = undefined;
  // Of one that is too large to be read nobody knows what stands in it.
  const isSeen = plan.state === "usable" && !(plan.failure && hasTrait(plan.failure, "unread"));
  if (isSeen && record) noteMembers(context, place, record, snapshot);
  // What could not be taken back is still there, and so may be what its tenant has made unreadable.
  const isKept = plan.failure !== undefined && (leaving.length > 0 || snapshot.knownAsMerged);
  if (plan.state === "foreign" && !isKept) context.credentials.members.note(place, undefined, frozenUids);
  if (plan.failure && plan.failure.retry !== "on-change") {
    return { ...planned, outcome: failed(plan.failure, ownObject(namespace.name, name)) };
  }
  return planned;
}

/**
 * What another run would find, as the answer to the write says: nothing would be left to do or to tell. Said only of a Secret in
 * which nobody has a part but those who contribute, each by the token of its entry as it is; all else is found by another run.
 */
function isAsPlanned(snapshot: Snapshot, plan: PullSecretPlan, written: SecretRecord): boolean {
  const { leaving, copied, orphaned, frozen, hidden, gathered } = snapshot;
  if (leaving.length + copied.length + orphaned.names.length + frozen.length > 0 || hidden) return false;
  if (gathered.waiting !== undefined || plan.failure || plan.keptUntil || plan.decided) return false;
  const hasFormers = gathered.contributions.some(({ entries }) =>
    entries.some(({ formers = [] }) => formers.length > 0),
  );
  if (hasFormers) return false;
  const { action, state, failure } = planPullSecret({
    ...snapshot,
    record: written,
    live: undefined,
    settled: undefined,
    knownAsOurs: true,
    knownAsMerged: false,
  });
  return action.kind === "none" && state === plan.state && !failure;
}

/**
 * Many are left for one write of the record, which takes longer than that of a Secret: another run writes what it then finds. What
 * cannot be recorded is served.
 */
function leftForRecord(
  { context, namespace, name, memory }: Run,
  action: SecretWrite,
  { record }: Pick<Snapshot, "record">,
  signal: AbortSignal,
): boolean {
  if (action.kind !== "create" && action.kind !== "replace") return false;
  const place = { namespaceUid: namespace.uid, secretName: name };
  const unrecorded = noteComing(context, {
    place,
    body: action.body,
    before: record,
    stays: action.kind === "replace",
  });
  // Until the Secret is written: one that is refused as well has failed, and comes back as seldom as what has failed.
  if (unrecorded.length === 0 || memory.unrecordable) return false;
  // Those who come one after the other, as at a start, have one run together.
  const recording = (memory.recording ??= { asked: 0 });
  recording.asked += 1;
  const goOn = (isStored: boolean): void => {
    recording.asked -= 1;
    if (memory.recording !== recording) return;
    if (!isStored) memory.unrecordable = true;
    if (recording.asked > 0) return;
    memory.recording = undefined;
    // In turn with those that have not asked yet, so that as many as can be wait for the same write.
    context.queue.enqueue(secretKey(namespace.name, name), { lane: "bulk", flow: "recorded" });
  };
  void storeComing(context, unrecorded, signal).then(goOn, () => goOn(false));
  return true;
}

/** A write for one that is not suspended serves the others too. */
function isSuspended(actors: readonly Contributor[]): boolean {
  return actors.every(({ credential, deleting }) => credential.spec.suspend && !deleting);
}

/** The record of what stands there now, which is in the store too; undefined where the Secret was deleted. */
export async function writeSecret(
  { context, namespace: { name: namespace }, name }: Pick<Run, "context" | "namespace" | "name">,
  action: SecretWrite,
  { record, content, leaving }: Pick<Snapshot, "record" | "content" | "leaving">,
  signal: AbortSignal,
): Promise<SecretRecord | undefined> {
  const { api, stores, transforms } = context.cluster;
  const namespaceUid = stores.namespaces.get(namespace)?.uid;
  const noteFor = async (body: PlannedSecret, stays: boolean): Promise<void> => {
    if (namespaceUid === undefined) return;
    const place = { namespaceUid, secretName: name };
    await storeComing(context, noteComing(context, { place, body, before: record, stays }), signal);
  };
  const remove = async (): Promise<void> => {
    if (!record) return;
    const { uid, resourceVersion } = record;
    await api.deleteSecret(namespace, name, { uid, resourceVersion }, signal);
    stores.pullSecrets.removed(record.key, resourceVersion);
  };
  // Ten thousand namespaces share the rendered text; a merged or released Secret has a text of its own.
  const json = (body: PlannedSecret, before?: SecretRecord, managedFields?: readonly FieldsEntry[]): string => {
    const { dockerConfig: text } = body;
    const shared = text === content?.text ? content?.encodedConfig : undefined;
    const config = text === undefined ? undefined : (shared ?? encoded(text));
    return secretJson(
      { namespace, name },
      body,
      config,
      before && { ...before, ...(managedFields && { managedFields }) },
    );
  };
  const send = (write: () => Promise<unknown>): Promise<SecretRecord | undefined> =>
    stores.pullSecrets.send(`${namespace}/${name}`, writer.secret, async () => transforms.secret(await write()));
  const replace = (json: string) => send(() => api.replaceSecret(namespace, name, json, signal));
  const create = (json: string) => send(() => api.createSecret(namespace, json, signal));
  switch (action.kind) {
    case "delete":
      await remove().catch(async (error: unknown) => {
        if (record) await takeLoginsOut(context, record, error, signal);
        throw error;
      });
      return undefined;
    case "recreate": {
      const anew = json(action.body);
      // Of what stands there nothing is left to anybody where the new one is refused.
      if (!action.takesBack && leaving.length === 0) await api.tryCreateSecret(namespace, anew, signal);
      await noteFor(action.body, false);
      await remove();
      return create(anew);
    }
    case "create":
      await noteFor(action.body, false);
      return create(json(action.body));
    case "replace": {
      const { body, othersFields } = action;
      await noteFor(body, true);
      const written = await replace(json(body, record));
      if (!written || !othersFields) return written;
      // A request of its own: whatever the one that writes a field says, the field is its. If it fails, the login is there all the
      // same, and who holds it has to be known; the next look finds that something is still to be given up.
      return replace(json(body, written, othersFields)).catch(() => written);
    }
    case "giveUp":
      return replace(json(action.body, record, action.othersFields));
  }
}

/**
 * A policy or a missing right keeps the Secret, but nobody what was taken back. References are off it by now.
 * @param refused why the deletion has failed; it is what is told, whatever comes of this
 */
export async function takeLoginsOut(
  { cluster: { api, digest, callFailure, stores, transforms } }: Context,
  record: SecretRecord,
  refused: unknown,
  signal: AbortSignal,
): Promise<void> {
  const { kind } = callFailure(refused, "");
  if (kind !== "admissionDenied" && kind !== "forbidden") return;
  const { namespace, name, type, immutable, resourceVersion } = record;
  if (immutable || type !== dockerConfigType) return;
  const config = encoded(withoutLogins);
  if (record.digest === digest({ [dockerConfigKey]: config })) return;
  try {
    const object = await api.getSecret(namespace, name, signal);
    if (object?.metadata.resourceVersion !== resourceVersion) {
      stores.pullSecrets.found(record, object && transforms.secret(object));
      return;
    }
    const json = secretJson({ namespace, name }, emptiedBody(liveSecret(object)), config, record);
    const written = transforms.secret(await api.replaceSecret(namespace, name, json, signal));
    if (written) stores.pullSecrets.wrote(written);
  } catch {
    // It is tried again with the deletion.
  }
}

/** Whose logins stand in the Secret as it is now: of those who are entitled, the ones that the comparison has found there. */
export function noteMembers(
  { credentials: { members } }: Context,
  place: Place,
  record: SecretRecord,
  { contributing, orphaned, frozenUids }: Pick<Snapshot, "contributing" | "orphaned" | "frozenUids">,
): void {
  const standing = {
    secretUid: record.uid,
    merged: isMerged(record),
    credentials: [
      ...contributing.filter(({ name }) => record.credentials.includes(name)).map(({ credential }) => credential.uid),
      ...(orphaned.names.some((name) => record.credentials.includes(name)) ? orphaned.uids : []),
    ],
  };
  members.note(place, standing, frozenUids);
}

/** What is about to be written. */
export interface Coming {
  readonly place: Place;
  readonly body: PlannedSecret;
  /** The Secret as it is, if it is there. */
  readonly before: SecretRecord | undefined;
  /** It is written into that one, and not made anew. */
  readonly stays: boolean;
}

/**
 * Before a login comes into a Secret in which others have a part, or of one that cannot be read, the record says so: a crash in
 * between, with a spec that cannot be read at the next start, would take it out again for their sake. A record that cannot be written keeps nobody from being served.
 * The write may fail yet, so nobody's own Secret becomes ours by this.
 * @returns of whom it is not stored yet: uids of RegistryCredentials
 */
export function noteComing(
  { credentials: { members, index: credentialIndex }, cluster: { stores } }: Context,
  { place, body, before, stays }: Coming,
): readonly string[] {
  const names = (body.annotations[credentialsAnnotation] ?? "").split(",");
  const uids = names.flatMap((name) => credentialIndex.readable(name)?.uid ?? []);
  const present = before ? members.holders(place, before.uid) : [];
  // Who leaves it with this very write may have to be taken out of it once more after a crash.
  const areLeaving = stays && present.some((uid) => !uids.includes(uid));
  // A start knows nothing of what it had, and whoever joins later has no reason to spare it.
  const isUnreadable = names.some((name) => {
    const record = stores.credentials.get(name);
    return record && !record.credential;
  });
  if (names.length < 2 && !areLeaving && !isUnreadable) return [];
  const coming = stays ? uids.filter((uid) => !present.includes(uid)) : uids;
  if (coming.length > 0) {
    const uid = before && stays ? before.uid : anyUid;
    const merged = members.merged(place, uid);
    const secretUid = merged || members.owns(place, uid) ? uid : anyUid;
    members.note(place, { secretUid, merged, credentials: coming }, present);
  }
  // Another run may have noted them meanwhile. Whose login stands there already has nothing to wait for.
  const standing = stays
    ? (before?.credentials ?? []).flatMap((name) => credentialIndex.readable(name)?.uid ?? [])
    : [];
  const isComing = (uid: string): boolean => coming.includes(uid) || !standing.includes(uid);
  return uids.filter((uid) => isComing(uid) && members.recorded(uid) && !members.isStored(place, uid));
}

/** With what else is to be stored by then; whether that is done. */
async function storeComing(context: Context, uids: readonly string[], signal: AbortSignal): Promise<boolean> {
  const { membersStore } = context.credentials;
  const stored = await Promise.all(uids.map((uid) => membersStore.soon(context, uid, signal)));
  return stored.every(({ failed = false }) => !failed);
}
