// The members controller: keeps in the operator's namespace which namespaces hold a login, and begins that record.
import { managedBy, managedByLabel, membersSecretType } from "../../api/names.ts";
import type { RegistryCredential } from "../../api/registry-credential.ts";
import { mergedHosts } from "../../cluster/marks.ts";
import { membersKey, partsOf } from "../keys.ts";
import {
  type MemberRow,
  type MembersPart,
  membersSecretName,
  rowsFromData,
  rowsToData,
} from "../../cluster/member-rows.ts";
import type { OperatorSecretRecord, SecretRecord } from "../../cluster/records.ts";
import { type Controller, type Request, watch } from "../../runtime/queue/controllers.ts";
import type { Outcome } from "../../runtime/queue/work-queue.ts";
import type { Store } from "../../runtime/watch/store.ts";
import type { Context, Needs } from "../context.ts";
import { type Members, members } from "../../entitlement/members.ts";
import { requeueAfter, done, failed, wake } from "../outcome.ts";
import { toldAsHeld } from "../../entitlement/removal-guard.ts";

/** What is not stored yet is lost with the process, and found again by the first run of each namespace; so it may wait for more. */
const soon = { lane: "normal", after: Temporal.Duration.from({ milliseconds: 300 }) } as const;

/** Milliseconds after which to look again for one of which it is not known whether it is there. */
const notSeen = 60_000;

/** Whom the record names, as it comes in, on every replica. */
export function recordedMembers(operatorSecrets: Pick<Store<OperatorSecretRecord>, "subscribe">): Members {
  const known = members();
  operatorSecrets.subscribe(({ before, after }) => {
    if (after?.kind === "members") known.observed(after.part, rowsFromData(after.data));
    else if (before?.kind === "members") known.observed(before.part, undefined);
  });
  return known;
}

export function membersController(context: Context): Controller {
  const { stores } = context.cluster;
  const { members } = context.credentials;
  const unsaved = (listener: (credentialUid: string) => void): void =>
    members.subscribe({ changed: () => undefined, unsaved: listener });
  return {
    name: "members",
    watches: [
      watch(stores.credentials, ({ before, after }): readonly Request[] =>
        before && before.uid !== after?.uid ? [{ key: membersKey(before.uid) }] : [],
      ),
      watch({ subscribe: unsaved }, (uid): readonly Request[] => [{ key: membersKey(uid), options: soon }]),
    ],
    initial: function* () {
      for (const record of stores.operatorSecrets.values()) {
        if (record.kind === "members") yield { key: membersKey(record.part.credentialUid), options: soon };
      }
    },
    begin: () => {
      members.lead();
      forgetGone(context);
    },
    reconcile: (key, signal) => context.credentials.storeMembers(context, partsOf(key)[0], signal),
  };
}

/** Members whose namespace has gone while nobody led. */
function forgetGone(known: Needs<{ runtime: "clock"; cluster: "stores"; credentials: "members" }>): void {
  const { clock } = known.runtime;
  const { stores } = known.cluster;
  const { members } = known.credentials;
  const living = new Set([...stores.namespaces.values()].map(({ uid }) => uid));
  const others = stores.namespaces.find(() => false);
  for (const record of stores.operatorSecrets.values()) {
    if (record.kind !== "members") continue;
    for (const uid of members.mayHold(record.part.credentialUid)) {
      // A uid is never used again.
      if (!living.has(uid) && others.kind === "absent") members.forgetNamespace(uid, others);
    }
  }
  // Those that are not seen now are seen to be gone later, but nobody tells of one that went before.
  if (others.kind !== "absent")
    clock.schedule(Temporal.Duration.from({ milliseconds: notSeen }), () => forgetGone(known));
}

/**
 * Begins the record of a RegistryCredential; until then nobody loses it by a selection. An earlier release kept none: if its
 * spec has changed since that release last told of it, or that release held a removal, its marks count this once, so that
 * an upgrade takes it from nobody unasked.
 * @returns whether there is a record
 */
export function beginRecord(context: Context, credential: RegistryCredential): boolean {
  const { members, index: credentialIndex } = context.credentials;
  const { stores, namesSynced, permissions } = context.cluster;
  const { name, uid, status, generation } = credential;
  if (members.recorded(uid)) return true;
  const isUnsettled = status?.observedGeneration !== generation || toldAsHeld(credential) !== undefined;
  if (status?.secretName !== undefined && isUnsettled) {
    const names = [
      credential.spec.pullSecret.name,
      ...credentialIndex.namesOf(name).map(({ secretName }) => secretName),
    ];
    if (!names.every((each) => namesSynced(each) || permissions.name(each) !== undefined)) return false;
    for (const record of stores.pullSecrets.values()) {
      if (record.labelled && record.credentials.includes(name)) join(context, record, uid);
    }
  }
  members.begin(uid);
  wake(context, { recordOf: uid });
  // Not soon but now: without it marks would count after a crash.
  context.queue.enqueue(membersKey(uid));
  return true;
}

function join(
  { credentials: { members }, cluster: { stores } }: Context,
  record: SecretRecord,
  credentialUid: string,
): void {
  const namespace = stores.namespaces.get(record.namespace);
  if (!namespace) return;
  members.note(
    { namespaceUid: namespace.uid, secretName: record.name },
    { secretUid: record.uid, merged: isMerged(record), credentials: [credentialUid] },
  );
}

export function isMerged({ metadata, merged = false }: SecretRecord): boolean {
  return metadata === undefined ? merged : mergedHosts(metadata) !== undefined;
}

/** Writes the parts of the record that have changed, for one who asks or for all who have asked meanwhile. */
export type MembersStore = (context: Context, credentialUid: string, signal: AbortSignal) => Promise<Outcome>;

/** Whoever asks while the record of the same credential is being written is served by the next write, with all who wait. */
export function membersStore(): MembersStore {
  const running = new Map<string, Promise<Outcome>>();
  const next = new Map<string, Promise<Outcome>>();
  return (context, uid, signal) => {
    const begin = (): Promise<Outcome> => {
      next.delete(uid);
      const begun = storeMembers(context, uid, signal).finally(() => {
        if (running.get(uid) === begun) running.delete(uid);
      });
      running.set(uid, begun);
      return begun;
    };
    const current = running.get(uid);
    if (!current) return begin();
    const waiting = next.get(uid) ?? current.then(begin, begin);
    next.set(uid, waiting);
    return waiting;
  };
}

/** Writes the parts that have changed. */
export async function storeMembers(context: Context, credentialUid: string, signal: AbortSignal): Promise<Outcome> {
  const { members } = context.credentials;
  const { stores } = context.cluster;
  const { settings } = context;
  const credential = stores.credentials.find(({ uid }) => uid === credentialUid);
  // What came before the record was begun is written with it.
  if (credential.kind === "there" && !members.recorded(credentialUid)) return done;
  // Of one that is gone, and has not been taken from everybody, it is still to be known who has it.
  const isOver = credential.kind === "absent" && [...members.mayHold(credentialUid)].length === 0;
  const parts = isOver ? partsLeft(context, credentialUid) : members.unsaved(credentialUid);
  for (const [number, rows] of parts) {
    const part = { credentialUid, part: number };
    members.saved(part);
    try {
      await storePart(context, part, rows, signal);
    } catch (error) {
      if (!isOver) members.spoiled(part);
      const { failure } = context.cluster.callFailure(error, `store the Secret ${membersSecretName(part)}`);
      const { namespace } = settings;
      const own = { of: "operatorSecrets", object: `${namespace}/${membersSecretName(part)}` } as const;
      return failed(failure, own, { of: "namespaces", object: namespace });
    }
  }
  if (credential.kind === "absent" && isOver) members.forgetCredential(credentialUid, credential);
  return credential.kind === "there" || credential.kind === "absent" ? done : requeueAfter(notSeen);
}

/** Before the process ends: what waits to be stored. What fails is found again after the start. */
export async function storeAllMembers(context: Context, signal: AbortSignal): Promise<void> {
  const uids = [...context.cluster.stores.credentials.values()].map(({ uid }) => uid);
  await Promise.all(uids.map((uid) => context.credentials.storeMembers(context, uid, signal)));
}

/** Of a RegistryCredential that is gone: every part goes. */
function partsLeft({ cluster: { stores } }: Context, credentialUid: string): ReadonlyMap<number, undefined> {
  const parts = new Map<number, undefined>();
  for (const record of stores.operatorSecrets.values()) {
    if (record.kind === "members" && record.part.credentialUid === credentialUid)
      parts.set(record.part.part, undefined);
  }
  return parts;
}

async function storePart(
  { cluster: { api, stores, transforms }, settings: { namespace } }: Context,
  part: MembersPart,
  rows: readonly MemberRow[] | undefined,
  signal: AbortSignal,
): Promise<void> {
  const name = membersSecretName(part);
  const before = stores.operatorSecrets.get(`${namespace}/${name}`);
  if (!rows) {
    if (!before) return;
    const { uid, resourceVersion } = before;
    await api.deleteSecret(namespace, name, { uid, resourceVersion }, signal);
    stores.operatorSecrets.removed(before.key, resourceVersion);
    return;
  }
  const metadata = {
    namespace,
    name,
    labels: { [managedByLabel]: managedBy },
    ...(before && { resourceVersion: before.resourceVersion }),
  };
  const body = { apiVersion: "v1", kind: "Secret", metadata, type: membersSecretType, data: rowsToData(rows) };
  const written = before
    ? await api.replaceSecret(namespace, name, body, signal)
    : await api.createSecret(namespace, body, signal);
  const record = transforms.operatorSecret(written);
  if (record) stores.operatorSecrets.wrote(record);
}
