// Stores the record of members, in parts, each over the version of its Secret that is known.
import { managedBy, managedByLabel, membersSecretType } from "../../api/names.ts";
import { type MemberRow, type MembersPart, membersSecretName, rowsToData } from "../../cluster/member-rows.ts";
import type { Outcome } from "../../runtime/queue/work-queue.ts";
import type { Context } from "../context.ts";
import { done, failed, notSeen, requeueAfter } from "../outcome.ts";

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
