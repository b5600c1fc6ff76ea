// The store: what the cluster looked like when last heard of, our own writes included.
import { type KnownAbsent, knownAbsent, type Sighting } from "./presence.ts";
import type { StoredObject } from "./object-meta.ts";
import type { Feed } from "./feed.ts";
import { hasPassed, type Horizon, horizonOf as newHorizon, isSuperseded, unrecorded } from "./horizon.ts";
import { type IndexOptions, indexedRecords } from "./indexed-records.ts";
import { listeners } from "./listeners.ts";
import { atLeast, olderThan } from "./resource-version.ts";

export type { Feed } from "./feed.ts";

/** `after` without `before`: new. `gone`: deleted. Neither `after` nor `gone`: what is there did not fit. */
export interface Change<R> {
  readonly key: string;
  readonly before?: R;
  readonly after?: R;
  readonly gone?: KnownAbsent;
}

export type Listener<R> = (change: Change<R>) => void;

/** The records of one kind. Events and answers to our own writes may arrive in any order: the newest version wins. */
export interface Store<R extends StoredObject> {
  /** What is stored: undefined says nothing of what is there. Whoever takes something away for it asks `look` or `find`. */
  get(key: string): R | undefined;
  look(key: string): Sighting<R>;
  /** The first record that matches; absent only where everything of the kind is known. */
  find(matches: (record: R) => boolean): Sighting<R>;
  values(): Iterable<R>;
  readonly size: number;
  /** Every feed has delivered its whole initial state: from now on a missing record says something. */
  readonly synced: boolean;
  /** The records whose `indexBy` gives `value`; empty without `indexBy`. */
  byIndex(value: string): readonly R[];
  /** Not all that there is for `value` is kept: its share is used up. */
  exceeds(value: string): boolean;
  /** The answer to our own POST, PUT or PATCH (or to a DELETE that a finalizer holds up). */
  wrote(record: R): void;
  /** Our own DELETE succeeded; `resourceVersion` is the one that it was conditional on. */
  removed(key: string, resourceVersion: string): void;
  /**
   * The answer to our own GET, undefined where there is no such object.
   * @param before what was stored when it was sent
   */
  found(before: R, answer: R | undefined): void;
  /** Calls `listener` after each change, synchronously; returns the way to end that. */
  subscribe(listener: Listener<R>): () => void;
}

/** A store together with its way in. */
export interface FedStore<R extends StoredObject> extends Store<R> {
  /** `covers` says which keys this feed answers for (default: all). Feeds must not overlap. */
  feed(covers?: (key: string) => boolean): Feed<R>;
}

export interface StoreOptions<R> extends IndexOptions<R> {
  /** Told what a listener threw; the other listeners go on. */
  readonly listenerFailed?: (error: unknown) => void;
  /** Told, before who listens is, that a full list or our own GET is older than what was known before it: etcd was restored. */
  readonly wentBack?: () => void;
}

/**
 * A store without records. A key is absent until a feed that covers it, or our own write, brings it.
 *
 * The answer to a write and the watch event for it race on two connections. What keeps the store right:
 * - a record is never replaced by an older version, but by a list that began after it was known, or by a GET sent then;
 * - our own DELETE leaves a tombstone, until watch or list have passed the version that was deleted;
 * - an answer that the watch has passed already says nothing new: its object may have been deleted since.
 */
export function store<R extends StoredObject>(options: StoreOptions<R> = {}): FedStore<R> {
  const { listenerFailed, wentBack } = options;
  const records = indexedRecords(options);
  const tombstones = new Map<string, string>();
  const { tell, subscribe } = listeners<Change<R>>(listenerFailed);
  const horizons = new Set<Horizon>();

  const horizonOf = (key: string): Horizon | undefined => {
    for (const horizon of horizons) if (horizon.covers(key)) return horizon;
    return undefined;
  };

  const gone = (before: R): void => {
    records.delete(before);
    tell({ key: before.key, before, gone: knownAbsent });
  };
  const keep = (record: R, horizon: Horizon | undefined): void => {
    const { key } = record;
    const before = records.get(key);
    const full = records.set(record);
    if (full === undefined) {
      horizon?.fresh?.add(key);
      tell(before ? { key, before, after: record } : { key, after: record });
      return;
    }
    const isNews = horizon?.exceeded.has(full) === false;
    horizon?.exceeded.add(full);
    horizon?.exceeding?.add(full);
    // An older version of it would be wrong.
    if (before) {
      records.delete(before);
      tell({ key, before });
    }
    if (isNews) tell({ key });
  };
  const put = (record: R, horizon: Horizon | undefined): void => {
    const { key, resourceVersion } = record;
    const tombstone = tombstones.get(key);
    if (tombstone !== undefined) {
      if (atLeast(tombstone, resourceVersion)) return;
      tombstones.delete(key);
    }
    const before = records.get(key);
    if (!before || !atLeast(before.resourceVersion, resourceVersion)) keep(record, horizon);
  };
  /** Whatever is stored. Who listens need not hear of what says the same. */
  const replace = (record: R, horizon: Horizon): void => {
    tombstones.delete(record.key);
    if (olderThan(record.resourceVersion, records.get(record.key)?.resourceVersion ?? "")) wentBack?.();
    if (JSON.stringify(records.get(record.key)) !== JSON.stringify(record)) keep(record, horizon);
    else records.set(record);
  };
  const bury = (key: string, resourceVersion: string): void => {
    if (!olderThan(resourceVersion, tombstones.get(key) ?? "")) tombstones.set(key, resourceVersion);
  };
  const feed = (covers: (key: string) => boolean = () => true): Feed<R> => {
    const horizon = newHorizon(covers);
    horizons.add(horizon);
    let conclusive = true;

    // A list comes in the order of keys: only its end says how far it goes.
    const passed = (resourceVersion: string): void => {
      if (!horizon.seen) horizon.blind = undefined;
      if (horizon.seen || (horizon.through !== undefined && olderThan(resourceVersion, horizon.through))) return;
      horizon.through = resourceVersion;
    };
    return {
      get synced() {
        return horizon.synced;
      },
      begin: () => {
        horizon.seen = new Set();
        horizon.fresh = new Set();
        horizon.exceeding = new Set();
        conclusive = true;
        for (const [key, deleted] of tombstones) {
          if (!covers(key)) continue;
          tombstones.delete(key);
          horizon.formerTombstones.set(key, deleted);
        }
      },
      observed: (record) => {
        horizon.unreadable.delete(record.key);
        if (isSuperseded(record.key, horizon)) replace(record, horizon);
        else put(record, horizon);
        // What is not kept needs not be remembered either.
        if (records.get(record.key)) horizon.seen?.add(record.key);
        horizon.fresh?.add(record.key);
        passed(record.resourceVersion);
      },
      unreadable: (key) => {
        if (key === undefined) {
          conclusive = false;
          horizon.keyless = true;
        } else {
          horizon.seen?.add(key);
          if (!records.get(key)) horizon.unreadable.add(key);
        }
      },
      vanished: (key, resourceVersion) => {
        horizon.seen?.delete(key);
        horizon.unreadable.delete(key);
        passed(resourceVersion);
        const tombstone = tombstones.get(key);
        if (tombstone === undefined || !olderThan(resourceVersion, tombstone)) {
          // Until a list is over, nothing else tells that an answer to an earlier write is out of date.
          if (horizon.seen) bury(key, resourceVersion);
          else tombstones.delete(key);
        }
        const before = records.get(key);
        const isKnownBetter =
          !isSuperseded(key, horizon) && before && olderThan(resourceVersion, before.resourceVersion);
        horizon.fresh?.add(key);
        if (before && !isKnownBetter) gone(before);
      },
      passed,
      blind: (why) => void (horizon.blind = why),
      completed: (resourceVersion) => {
        if (horizon.exceeding) horizon.exceeded = horizon.exceeding;
        horizon.exceeding = undefined;
        const { seen, fresh } = horizon;
        horizon.seen = undefined;
        horizon.fresh = undefined;
        if (olderThan(resourceVersion, horizon.through ?? "")) wentBack?.();
        horizon.through = resourceVersion;
        horizon.synced = true;
        horizon.blind = undefined;
        horizon.keyless = !conclusive;
        for (const key of horizon.unreadable) if (seen?.has(key) === false) horizon.unreadable.delete(key);
        for (const [key, deleted] of tombstones) {
          if (covers(key) && !olderThan(resourceVersion, deleted)) tombstones.delete(key);
        }
        horizon.formerTombstones.clear();
        if (!seen || !conclusive) return;
        for (const before of records.values()) {
          const { key } = before;
          if (seen.has(key) || !covers(key)) continue;
          // Written by us after the list was taken.
          if (fresh?.has(key) === true && olderThan(resourceVersion, before.resourceVersion)) continue;
          gone(before);
        }
      },
      close: () => {
        horizons.delete(horizon);
        for (const key of tombstones.keys()) if (covers(key)) tombstones.delete(key);
        for (const record of records.values()) if (covers(record.key)) records.delete(record);
      },
    };
  };

  const wrote = (record: R): void => {
    const horizon = horizonOf(record.key);
    if (!horizon) return; // nobody would ever correct it
    const { key, resourceVersion } = record;
    if (!records.get(key) && hasPassed(horizon, resourceVersion)) return;
    if (atLeast(horizon.formerTombstones.get(key) ?? "", resourceVersion)) return;
    put(record, horizon);
  };

  const removed = (key: string, resourceVersion: string): void => {
    const horizon = horizonOf(key);
    if (!horizon) return;
    const before = records.get(key);
    if (before && olderThan(resourceVersion, before.resourceVersion)) return;
    // A list that is under way may have been taken before the delete.
    if (horizon.seen || !hasPassed(horizon, resourceVersion)) bury(key, resourceVersion);
    horizon.fresh?.add(key);
    if (before) gone(before);
  };

  return {
    get: (key) => records.get(key),
    look: (key) => {
      const record = records.get(key);
      return record ? { kind: "there", record } : unrecorded(horizons, key);
    },
    find: (matches) => {
      for (const record of records.values()) if (matches(record)) return { kind: "there", record };
      return unrecorded(horizons);
    },
    values: () => records.values(),
    get size() {
      return records.size;
    },
    get synced() {
      return horizons.size > 0 && [...horizons].every((horizon) => horizon.synced);
    },
    byIndex: (value) => records.byIndex(value),
    exceeds: (value) => [...horizons].some(({ exceeded }) => exceeded.has(value)),
    wrote,
    removed,
    found: (before, answer) => {
      const { key } = before;
      const horizon = horizonOf(key);
      if (!horizon) return;
      if (records.get(key) !== before) {
        // Watch or write have brought something meanwhile, which may be newer.
        if (answer) wrote(answer);
      } else if (answer) {
        if (answer.resourceVersion !== before.resourceVersion) replace(answer, horizon);
      } else if (isSuperseded(key, horizon)) {
        horizon.formerTombstones.set(key, before.resourceVersion);
        gone(before);
      } else removed(key, before.resourceVersion);
    },
    subscribe,
    feed,
  };
}
