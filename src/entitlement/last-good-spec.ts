// The last good spec of each RegistryCredential: one that cannot be read any more goes on as it was last read.
import type { RegistryCredential } from "../api/registry-credential.ts";
import type { CredentialRecord } from "../cluster/records.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Change, Store } from "../runtime/watch/store.ts";

export interface LastGoodSpecs {
  get(name: string): RegistryCredential | undefined;
  ofUid(uid: string): RegistryCredential | undefined;
  values(): Iterable<RegistryCredential>;
  /** Oldest first; of the same age by name. */
  byAge(): readonly RegistryCredential[];
  /** The place among them. */
  rank(name: string): number | undefined;
  /** Calls `listener` with each change of a RegistryCredential, after it. */
  subscribe(listener: (change: SpecChange) => void): void;
}

export interface SpecChange {
  /** What the object itself has become. */
  readonly object: Change<CredentialRecord>;
  readonly before: RegistryCredential | undefined;
  /** Undefined where it is gone, or was never readable. */
  readonly after: RegistryCredential | undefined;
}

export function lastGoodSpecs(clock: Clock, credentials: Pick<Store<CredentialRecord>, "subscribe">): LastGoodSpecs {
  const readable = new Map<string, RegistryCredential>();
  const nameByUid = new Map<string, string>();
  const listeners: ((change: SpecChange) => void)[] = [];
  let byAge: readonly RegistryCredential[] | undefined;
  // By name. What changes with each count in a status is not who is older.
  let ranks: ReadonlyMap<string, number> | undefined;

  credentials.subscribe((object) => {
    const { key, after: record } = object;
    byAge = undefined;
    const before = readable.get(key);
    if (before && before.uid !== record?.uid) {
      readable.delete(key);
      nameByUid.delete(before.uid);
    }
    const after = record && (record.credential ?? asLastRead(before, record, clock.now()));
    if (after) {
      readable.set(key, after);
      nameByUid.set(after.uid, key);
    }
    if (before?.uid !== after?.uid) ranks = undefined;
    for (const listener of listeners) listener({ object, before, after });
  });

  const ranking = (): ReadonlyMap<string, number> =>
    (ranks ??= new Map(
      [...readable.values()]
        .toSorted(
          (a, b) => Temporal.Instant.compare(a.creationTimestamp, b.creationTimestamp) || (a.name < b.name ? -1 : 1),
        )
        .map(({ name }, rank) => [name, rank]),
    ));

  return {
    get: (name) => readable.get(name),
    ofUid: (uid) => readable.get(nameByUid.get(uid) ?? ""),
    values: () => readable.values(),
    byAge: () => (byAge ??= [...ranking().keys()].flatMap((name) => readable.get(name) ?? [])),
    rank: (name) => ranking().get(name),
    subscribe: (listener) => void listeners.push(listener),
  };
}

/**
 * One object's two versions say the same. After a restore of etcd, and where the schema has changed, one generation stands for
 * several specs.
 */
export function isSameSpec(one: RegistryCredential, other: RegistryCredential): boolean {
  return one.generation === other.generation && JSON.stringify(one.spec) === JSON.stringify(other.spec);
}

/** The spec as it was last read, with what the object says of itself now. */
function asLastRead(
  before: RegistryCredential | undefined,
  { resourceVersion, finalizers, annotations, deleting, uid, status = before?.status }: CredentialRecord,
  now: Temporal.Instant,
): RegistryCredential | undefined {
  if (before?.uid !== uid) return undefined;
  const deletionTimestamp = deleting ? (before.deletionTimestamp ?? now) : undefined;
  return {
    ...before,
    resourceVersion,
    finalizers,
    annotations,
    ...(deletionTimestamp && { deletionTimestamp }),
    ...(status && { status }),
  };
}
