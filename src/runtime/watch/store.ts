// The store: what the cluster looked like when last heard of, our own writes included.
import { type KnownAbsent, knownAbsent, type Sighting } from "./presence.ts";
import type { StoredObject } from "./object-meta.ts";
import type { Feed } from "./feed.ts";
import { hasPassed, type Horizon, horizonOf as newHorizon, isSuperseded, unrecorded } from "./horizon.ts";
import { type IndexOptions, indexedRecords } from "./indexed-records.ts";
import { listeners } from "./listeners.ts";
import { isNotOlder, olderThan } from "./resource-version.ts";

export type { Feed } from "./feed.ts";

/** `after` without `before`: new. `gone`: deleted. Neither `after` nor `gone`: what is there did not fit. */
export interface Change<R> {
  readonly key: string;
  readonly before?: R;
  readonly after?: R;
  readonly gone?: KnownAbsent;
  /** What a write of theirs has brought, as far as is known: told once more, without it, where it was not that. See `send`. */
  readonly by?: string;
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
  /**
   * Sends a write of our own, and notes the answer as `wrote` does. What it brings is told with `by`, whether its event comes before
   * the answer or not: who goes by the answer need hear nothing else.
   */
  send(key: string, by: string, write: () => Promise<R | undefined>): Promise<R | undefined>;
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
  /**
   * Told, before who listens is, that a full list, our own GET, or how far the API server is, is older than what was known before
   * it: etcd was restored.
   */
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
  return new IndexedStore<R>(options);
}

class IndexedStore<R extends StoredObject> implements FedStore<R> {
  readonly #wentBack;
  readonly #records;
  readonly #tombstones = new Map<string, string>();
  readonly #tell;
  readonly #horizons = new Set<Horizon>();
  /** Writes that are under way. */
  readonly #sent = new Map<string, Sent>();
  readonly subscribe;

  constructor(options: StoreOptions<R>) {
    const { listenerFailed, wentBack } = options;
    this.#wentBack = wentBack;
    this.#records = indexedRecords(options);
    const { tell, subscribe } = listeners<Change<R>>(listenerFailed ?? (() => undefined));
    this.#tell = tell;
    this.subscribe = subscribe;
  }

  readonly #horizonOf = (key: string): Horizon | undefined => {
    for (const horizon of this.#horizons) if (horizon.covers(key)) return horizon;
    return undefined;
  };

  readonly #gone = (before: R): void => {
    this.#records.delete(before);
    this.#tell({ key: before.key, before, gone: knownAbsent });
  };

  readonly #keep = (record: R, horizon: Horizon | undefined): void => {
    const { key } = record;
    const before = this.#records.get(key);
    const full = this.#records.set(record);
    if (full === undefined) {
      horizon?.fresh?.add(key);
      const sent = this.#sent.get(key);
      sent?.heard.push(record.resourceVersion);
      const by = sent && { by: sent.by };
      this.#tell(before ? { key, before, after: record, ...by } : { key, after: record, ...by });
      return;
    }
    const isChanged = horizon?.exceeded.has(full) === false;
    horizon?.exceeded.add(full);
    horizon?.exceeding?.add(full);
    // An older version of it would be wrong.
    if (before) {
      this.#records.delete(before);
      this.#tell({ key, before });
    }
    if (isChanged) this.#tell({ key });
  };

  readonly #put = (record: R, horizon: Horizon | undefined): void => {
    const { key, resourceVersion } = record;
    const tombstone = this.#tombstones.get(key);
    if (tombstone !== undefined) {
      if (isNotOlder(tombstone, resourceVersion)) return;
      this.#tombstones.delete(key);
    }
    const before = this.#records.get(key);
    if (!before || !isNotOlder(before.resourceVersion, resourceVersion)) this.#keep(record, horizon);
  };

  /** Whatever is stored. Who listens need not hear of what says the same. */
  readonly #replace = (record: R, horizon: Horizon): void => {
    this.#tombstones.delete(record.key);
    if (olderThan(record.resourceVersion, this.#records.get(record.key)?.resourceVersion ?? "")) this.#wentBack?.();
    if (JSON.stringify(this.#records.get(record.key)) !== JSON.stringify(record)) this.#keep(record, horizon);
    else this.#records.set(record);
  };

  readonly #bury = (key: string, resourceVersion: string): void => {
    if (!olderThan(resourceVersion, this.#tombstones.get(key) ?? "")) this.#tombstones.set(key, resourceVersion);
  };

  /** A full list has ended: what it has not named is gone, but for what we have written since. */
  readonly #complete = (horizon: Horizon, conclusive: boolean, resourceVersion: string): void => {
    if (horizon.exceeding) horizon.exceeded = horizon.exceeding;
    horizon.exceeding = undefined;
    const { seen, fresh } = horizon;
    horizon.seen = undefined;
    horizon.fresh = undefined;
    if (olderThan(resourceVersion, horizon.through ?? "")) this.#wentBack?.();
    horizon.through = resourceVersion;
    horizon.synced = true;
    horizon.blind = undefined;
    horizon.keyless = !conclusive;
    for (const key of horizon.unreadable) if (seen?.has(key) === false) horizon.unreadable.delete(key);
    for (const [key, deleted] of this.#tombstones) {
      if (horizon.covers(key) && !olderThan(resourceVersion, deleted)) this.#tombstones.delete(key);
    }
    horizon.formerTombstones.clear();
    if (!seen || !conclusive) return;
    for (const before of this.#records.values()) {
      const { key } = before;
      if (seen.has(key) || !horizon.covers(key)) continue;
      // Written by us after the list was taken.
      if (fresh?.has(key) === true && olderThan(resourceVersion, before.resourceVersion)) continue;
      this.#gone(before);
    }
  };

  /** Its deletion was told. */
  readonly #vanish = (horizon: Horizon, key: string, resourceVersion: string): void => {
    horizon.seen?.delete(key);
    horizon.unreadable.delete(key);
    passed(horizon, resourceVersion);
    const tombstone = this.#tombstones.get(key);
    if (tombstone === undefined || !olderThan(resourceVersion, tombstone)) {
      // Until a list is over, nothing else tells that an answer to an earlier write is out of date.
      if (horizon.seen) this.#bury(key, resourceVersion);
      else this.#tombstones.delete(key);
    }
    const before = this.#records.get(key);
    const isKnownBetter = !isSuperseded(key, horizon) && before && olderThan(resourceVersion, before.resourceVersion);
    horizon.fresh?.add(key);
    if (before && !isKnownBetter) this.#gone(before);
  };

  readonly feed = (covers: (key: string) => boolean = () => true): Feed<R> => {
    const horizon = newHorizon(covers);
    this.#horizons.add(horizon);
    let conclusive = true;

    return {
      get synced() {
        return horizon.synced;
      },
      begin: () => {
        horizon.seen = new Set();
        horizon.fresh = new Set();
        horizon.exceeding = new Set();
        conclusive = true;
        for (const [key, deleted] of this.#tombstones) {
          if (!covers(key)) continue;
          this.#tombstones.delete(key);
          horizon.formerTombstones.set(key, deleted);
        }
      },
      observed: (record) => {
        horizon.unreadable.delete(record.key);
        if (isSuperseded(record.key, horizon)) this.#replace(record, horizon);
        else this.#put(record, horizon);
        // What is not kept needs not be remembered either.
        if (this.#records.get(record.key)) horizon.seen?.add(record.key);
        horizon.fresh?.add(record.key);
        passed(horizon, record.resourceVersion);
      },
      unreadable: (key) => {
        if (key === undefined) {
          conclusive = false;
          horizon.keyless = true;
        } else {
          horizon.seen?.add(key);
          if (!this.#records.get(key)) horizon.unreadable.add(key);
        }
      },
      vanished: (key, resourceVersion) => this.#vanish(horizon, key, resourceVersion),
      passed: (resourceVersion) => passed(horizon, resourceVersion),
      wentBack: () => this.#wentBack?.(),
      blind: (why) => void (horizon.blind = why),
      completed: (resourceVersion) => this.#complete(horizon, conclusive, resourceVersion),
      close: () => {
        this.#horizons.delete(horizon);
        for (const key of this.#tombstones.keys()) if (covers(key)) this.#tombstones.delete(key);
        for (const record of this.#records.values()) if (covers(record.key)) this.#records.delete(record);
      },
    };
  };

  readonly wrote = (record: R): void => {
    const horizon = this.#horizonOf(record.key);
    if (!horizon) return; // nobody would ever correct it
    const { key, resourceVersion } = record;
    if (!this.#records.get(key) && hasPassed(horizon, resourceVersion)) return;
    if (isNotOlder(horizon.formerTombstones.get(key) ?? "", resourceVersion)) return;
    this.#put(record, horizon);
  };

  readonly send: FedStore<R>["send"] = async (key, by, write) => {
    const sent: Sent = { by, heard: [] };
    let version: string | undefined;
    this.#sent.set(key, sent);
    try {
      const record = await write();
      if (record) this.wrote(record);
      version = record?.resourceVersion;
      return record;
    } finally {
      this.#sent.delete(key);
      const after = this.#records.get(key);
      // It was somebody else's, or nobody can tell.
      if (after && sent.heard.some((each) => each !== version)) this.#tell({ key, before: after, after });
    }
  };

  readonly removed = (key: string, resourceVersion: string): void => {
    const horizon = this.#horizonOf(key);
    if (!horizon) return;
    const before = this.#records.get(key);
    if (before && olderThan(resourceVersion, before.resourceVersion)) return;
    // A list that is under way may have been taken before the delete.
    if (horizon.seen || !hasPassed(horizon, resourceVersion)) this.#bury(key, resourceVersion);
    horizon.fresh?.add(key);
    if (before) this.#gone(before);
  };

  readonly get: FedStore<R>["get"] = (key) => this.#records.get(key);

  readonly look: FedStore<R>["look"] = (key) => {
    const record = this.#records.get(key);
    return record ? { kind: "there", record } : unrecorded(this.#horizons, key);
  };

  readonly find: FedStore<R>["find"] = (matches) => {
    for (const record of this.#records.values()) if (matches(record)) return { kind: "there", record };
    return unrecorded(this.#horizons);
  };

  readonly values: FedStore<R>["values"] = () => this.#records.values();

  get size() {
    return this.#records.size;
  }

  get synced() {
    return this.#horizons.size > 0 && [...this.#horizons].every((horizon) => horizon.synced);
  }

  readonly byIndex: FedStore<R>["byIndex"] = (value) => this.#records.byIndex(value);

  readonly exceeds: FedStore<R>["exceeds"] = (value) => [...this.#horizons].some(({ exceeded }) => exceeded.has(value));

  readonly found: FedStore<R>["found"] = (before, answer) => {
    const { key } = before;
    const horizon = this.#horizonOf(key);
    if (!horizon) return;
    if (this.#records.get(key) !== before) {
      // Watch or write have brought something meanwhile, which may be newer.
      if (answer) this.wrote(answer);
    } else if (answer) {
      if (answer.resourceVersion !== before.resourceVersion) this.#replace(answer, horizon);
    } else if (isSuperseded(key, horizon)) {
      horizon.formerTombstones.set(key, before.resourceVersion);
      this.#gone(before);
    } else this.removed(key, before.resourceVersion);
  };
}

interface Sent {
  readonly by: string;
  /** Versions that were told meanwhile. */
  readonly heard: string[];
}

// A list comes in the order of keys: only its end says how far it goes.
function passed(horizon: Horizon, resourceVersion: string): void {
  if (!horizon.seen) horizon.blind = undefined;
  if (horizon.seen || (horizon.through !== undefined && olderThan(resourceVersion, horizon.through))) return;
  horizon.through = resourceVersion;
}
