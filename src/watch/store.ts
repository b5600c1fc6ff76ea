// What did the cluster look like when we last heard, our own writes included?
import { type KnownAbsent, knownAbsent, type NotKnown, type Sighting } from "../plan/presence.ts";
import type { StoredObject } from "../plan/snapshot.ts";
import { hasPassed, type Horizon, horizonOf as newHorizon, unrecorded } from "./horizon.ts";
import { atLeast, olderThan } from "./resource-version.ts";
import { type ShareLimits, shares } from "./shares.ts";

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
  /** Calls `listener` after each change, synchronously; returns the way to end that. */
  subscribe(listener: Listener<R>): () => void;
}

/** How one reflector brings in what it hears. */
export interface Feed<R extends StoredObject> {
  readonly synced: boolean;
  /**
   * A full list begins; what an unfinished one has seen is forgotten. `again`: it may say more of a version than is stored of
   * it, and takes its place then.
   */
  begin(how?: { readonly again: boolean }): void;
  /** An object of the list, or an ADDED or MODIFIED event. */
  observed(record: R): void;
  /**
   * An object is there, but cannot be read as a record: what is stored of it stays. Where it has not even a key, this
   * list removes nothing at all.
   */
  unreadable(key: string | undefined): void;
  /** A DELETED event, or an object that is of no interest any more. */
  vanished(key: string, resourceVersion: string): void;
  /** The watch has passed this resource version: a bookmark. */
  passed(resourceVersion: string): void;
  /** The full list is over: what it has not shown, and is not newer than it, is gone. */
  completed(resourceVersion: string): void;
  /** Nothing is heard for now: until the next event or, where a list is needed, its end. */
  blind(why: NotKnown["kind"]): void;
  /** What came from here leaves the store; nobody is told, because nothing is known of it any more. */
  close(): void;
}

/** A store together with its way in. */
export interface FedStore<R extends StoredObject> extends Store<R> {
  /** `covers` says which keys this feed answers for (default: all). Feeds must not overlap. */
  feed(covers?: (key: string) => boolean): Feed<R>;
}

export interface StoreOptions<R> {
  /** The value by which `byIndex` finds a record. It must never change for a key. */
  readonly indexBy?: (record: R) => string | undefined;
  /** What the records of one index value may take together; what does not fit is not kept. Left out: there is no limit. */
  readonly share?: { readonly limits: ShareLimits; readonly bytesOf: (record: R) => number };
  /** Told what a listener threw; the other listeners go on. */
  readonly listenerFailed?: (error: unknown) => void;
}

/**
 * A store without records. A key is absent until a feed that covers it, or our own write, brings it.
 *
 * The answer to a write and the watch event for it race on two connections. What keeps the store right:
 * - a record is never replaced by an older version;
 * - our own DELETE leaves a tombstone, until watch or list have passed the version that was deleted;
 * - an answer that the watch has passed already says nothing new: its object may have been deleted since.
 */
export function store<R extends StoredObject>(options: StoreOptions<R> = {}): FedStore<R> {
  const { indexBy, listenerFailed, share } = options;
  const room = share && shares(share.limits);
  const bytesOf = (record: R | undefined): number => (record && share ? share.bytesOf(record) : 0);
  const records = new Map<string, R>();
  const tombstones = new Map<string, string>();
  const index = new Map<string, string[]>();
  const listeners = new Set<Listener<R>>();
  const horizons = new Set<Horizon>();

  const horizonOf = (key: string): Horizon | undefined => {
    for (const horizon of horizons) if (horizon.covers(key)) return horizon;
    return undefined;
  };

  const tell = (change: Change<R>): void => {
    for (const listener of listeners) {
      try {
        listener(change);
      } catch (error) {
        listenerFailed?.(error);
      }
    }
  };
  const enterIndex = (record: R): void => {
    const value = indexBy?.(record);
    if (value === undefined) return;
    const keys = index.get(value);
    if (keys) keys.push(record.key);
    else index.set(value, [record.key]);
  };
  const leaveIndex = (record: R): void => {
    const value = indexBy?.(record);
    const keys = value === undefined ? undefined : index.get(value);
    if (value === undefined || keys === undefined) return;
    if (keys.length === 1) index.delete(value);
    else keys.splice(keys.indexOf(record.key), 1);
  };

  const put = (record: R, again = false): void => {
    const { key, resourceVersion } = record;
    const tombstone = tombstones.get(key);
    if (tombstone !== undefined) {
      if (atLeast(tombstone, resourceVersion)) return;
      tombstones.delete(key);
    }
    const before = records.get(key);
    if (before?.resourceVersion === resourceVersion) {
      // Who listens need not hear of what says the same.
      if (!again || JSON.stringify(before) === JSON.stringify(record)) return;
    } else if (before && olderThan(resourceVersion, before.resourceVersion)) return;
    const place = indexBy?.(record);
    if (room && place !== undefined && !room.take(place, bytesOf(record), bytesOf(before))) {
      const horizon = horizonOf(key);
      const isNews = horizon?.exceeded.has(place) === false;
      horizon?.exceeded.add(place);
      horizon?.exceeding?.add(place);
      // An older version of it would be wrong.
      if (before) {
        drop(before);
        tell({ key, before });
      }
      if (isNews) tell({ key });
      return;
    }
    records.set(key, record);
    if (!before) enterIndex(record);
    tell(before ? { key, before, after: record } : { key, after: record });
  };
  const bury = (key: string, resourceVersion: string): void => {
    const tombstone = tombstones.get(key);
    if (tombstone === undefined || !olderThan(resourceVersion, tombstone)) tombstones.set(key, resourceVersion);
  };
  const drop = (record: R): void => {
    records.delete(record.key);
    leaveIndex(record);
    const place = indexBy?.(record);
    if (place !== undefined) room?.give(place, bytesOf(record));
  };

  const feed = (covers: (key: string) => boolean = () => true): Feed<R> => {
    const horizon = newHorizon(covers);
    horizons.add(horizon);
    let conclusive = true;
    let readsAgain = false;

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
      begin: ({ again } = { again: false }) => {
        readsAgain = again;
        horizon.seen = new Set();
        horizon.exceeding = new Set();
        conclusive = true;
      },
      observed: (record) => {
        horizon.unreadable.delete(record.key);
        put(record, readsAgain);
        // What is not kept needs not be remembered either.
        if (records.has(record.key)) horizon.seen?.add(record.key);
        passed(record.resourceVersion);
      },
      unreadable: (key) => {
        if (key === undefined) {
          conclusive = false;
          horizon.keyless = true;
        } else {
          horizon.seen?.add(key);
          if (!records.has(key)) horizon.unreadable.add(key);
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
        if (!before || olderThan(resourceVersion, before.resourceVersion)) return;
        drop(before);
        tell({ key, before, gone: knownAbsent });
      },
      passed,
      blind: (why) => void (horizon.blind = why),
      completed: (resourceVersion) => {
        readsAgain = false;
        if (horizon.exceeding) horizon.exceeded = horizon.exceeding;
        horizon.exceeding = undefined;
        const shown = horizon.seen;
        horizon.seen = undefined;
        horizon.through = resourceVersion;
        horizon.synced = true;
        horizon.blind = undefined;
        horizon.keyless = !conclusive;
        for (const key of horizon.unreadable) if (shown?.has(key) === false) horizon.unreadable.delete(key);
        for (const [key, deleted] of tombstones) {
          if (covers(key) && !olderThan(resourceVersion, deleted)) tombstones.delete(key);
        }
        if (!shown || !conclusive) return;
        for (const before of records.values()) {
          const { key } = before;
          if (shown.has(key) || !covers(key) || olderThan(resourceVersion, before.resourceVersion)) continue;
          drop(before);
          tell({ key, before, gone: knownAbsent });
        }
      },
      close: () => {
        horizons.delete(horizon);
        for (const key of tombstones.keys()) if (covers(key)) tombstones.delete(key);
        for (const record of records.values()) if (covers(record.key)) drop(record);
      },
    };
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
    byIndex: (value) => (index.get(value) ?? []).flatMap((key) => records.get(key) ?? []),
    exceeds: (value) => [...horizons].some(({ exceeded }) => exceeded.has(value)),
    wrote: (record) => {
      const horizon = horizonOf(record.key);
      if (!horizon) return; // nobody would ever correct it
      if (!records.has(record.key) && hasPassed(horizon, record.resourceVersion)) return;
      put(record);
    },
    removed: (key, resourceVersion) => {
      const horizon = horizonOf(key);
      if (!horizon) return;
      const before = records.get(key);
      if (before && olderThan(resourceVersion, before.resourceVersion)) return;
      // A list that is under way may have been taken before the delete.
      if (horizon.seen || !hasPassed(horizon, resourceVersion)) bury(key, resourceVersion);
      if (!before) return;
      drop(before);
      tell({ key, before, gone: knownAbsent });
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    feed,
  };
}
