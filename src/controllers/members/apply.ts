// Stores the record of members, in parts, each over the version of its Secret that is known.
import { managedBy, managedByLabel, membersSecretType } from "../../api/names.ts";
import { type MemberRow, type MembersPart, membersSecretName, rowsToData } from "../../cluster/member-rows.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Outcome } from "../../runtime/queue/work-queue.ts";
import type { Context } from "../context.ts";
import { done, failed, notSeen, requeueAfter } from "../outcome.ts";

/** Writes what has changed of a record. */
export interface MembersStore {
  /** What is to be stored soon, with what others ask for meanwhile: in a moment, if records have just been written. */
  soon(context: Context, credentialUid: string, signal: AbortSignal): Promise<Outcome>;
  /** All, at once. */
  all(context: Context, credentialUid: string, signal: AbortSignal): Promise<Outcome>;
  /** It is about to be written. */
  isComing(credentialUid: string): boolean;
}

/** Records that are written together. */
interface Round {
  /** By uid of the credential. */
  readonly written: Map<string, Promise<Outcome>>;
  readonly begins: Promise<void>;
}

// Milliseconds for each record that is written: who asks for sixty of them is joined by hundreds who do before the next sixty are
// written, and who asks for two waits for hardly anybody. Where the API server is slow, as long as the last ones have taken: so they
// take half of the time at most.
const gatheredFor = 10;
export const longestGathered = 1_000;

export function membersStore(): MembersStore {
  const running = new Map<string, Promise<Outcome>>();
  // Behind one that is under way, whose rows are read when they begin: whoever asks meanwhile is served by them.
  const waiting = { soon: new Map<string, Promise<Outcome>>(), all: new Map<string, Promise<Outcome>>() };
  let next: Round | undefined;
  /** Elapsed milliseconds. */
  let freeAt = 0;

  const write = (context: Context, uid: string, signal: AbortSignal, which: Which): Promise<Outcome> => {
    const same = waiting.all.get(uid) ?? waiting[which].get(uid);
    if (same) return same;
    const before = running.get(uid);
    const begin = (): Promise<Outcome> => {
      waiting[which].delete(uid);
      return storeMembers(context, uid, signal, which);
    };
    const current = (before ? before.then(begin, begin) : begin()).finally(() => {
      if (running.get(uid) === current) running.delete(uid);
    });
    if (before) waiting[which].set(uid, current);
    running.set(uid, current);
    return current;
  };

  return {
    soon: (context, uid, signal) => {
      const { clock } = context.runtime;
      const begin = (): Promise<Outcome> => {
        const began = clock.elapsed();
        freeAt = Math.min(Math.max(freeAt, began) + gatheredFor, began + longestGathered);
        return write(context, uid, signal, "soon").finally(() => {
          const now = clock.elapsed();
          freeAt = Math.max(freeAt, now + Math.min(now - began, longestGathered));
        });
      };
      const wait = freeAt - clock.elapsed();
      if (!next && !running.has(uid) && wait <= 0) return begin();
      const round = (next ??= roundIn(clock, wait, () => (next = undefined)));
      const written = round.written.get(uid) ?? round.begins.then(begin);
      round.written.set(uid, written);
      return written;
    },
    all: (context, uid, signal) => write(context, uid, signal, "all"),
    isComing: (uid) => next?.written.has(uid) === true,
  };
}

function roundIn(clock: Clock, milliseconds: number, onBegin: () => void): Round {
  const { promise: begins, resolve } = Promise.withResolvers<void>();
  clock.schedule(Temporal.Duration.from({ milliseconds: Math.ceil(Math.max(milliseconds, 0)) }), () => {
    onBegin();
    resolve();
  });
  return { written: new Map(), begins };
}

/** What is to be stored soon, or all that has changed. */
type Which = "soon" | "all";

/** Writes the parts that have changed. */
export async function storeMembers(
  context: Context,
  credentialUid: string,
  signal: AbortSignal,
  which: Which = "all",
): Promise<Outcome> {
  const { members } = context.credentials;
  const { stores } = context.cluster;
  const { settings } = context;
  const credential = stores.credentials.find(({ uid }) => uid === credentialUid);
  // What came before the record was begun is written with it.
  if (credential.kind === "there" && !members.recorded(credentialUid)) return done;
  // Of one that is gone, and has not been taken from everybody, it is still to be known who has it.
  const isOver = credential.kind === "absent" && isEmpty(members.mayHold(credentialUid));
  const parts = isOver ? partsLeft(context, credentialUid) : members.unsaved(credentialUid, which);
  for (const number of parts) {
    const part = { credentialUid, part: number };
    // As it is by now: it may have changed while those before it were written.
    const rows = isOver ? undefined : members.rows(part);
    members.saved(part);
    try {
      await storePart(context, part, rows, signal);
      members.stored(part);
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

function isEmpty(items: Iterable<string>): boolean {
  for (const _item of items) return false;
  return true;
}

/** Before the process ends: what waits to be stored. What fails is found again after the start. */
export async function storeAllMembers(context: Context, signal: AbortSignal): Promise<void> {
  const uids = [...context.cluster.stores.credentials.values()].map(({ uid }) => uid);
  await Promise.all(uids.map((uid) => context.credentials.membersStore.all(context, uid, signal)));
}

/** Of a RegistryCredential that is gone: every part goes. */
function partsLeft({ cluster: { stores } }: Context, credentialUid: string): readonly number[] {
  return [...stores.operatorSecrets.values()].flatMap((record) =>
    record.kind === "members" && record.part.credentialUid === credentialUid ? [record.part.part] : [],
  );
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
