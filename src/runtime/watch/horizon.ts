// The horizon of a feed: how much of a kind it has shown, and what may be said of what it has not.
import { knownAbsent, type KnownAbsent, type NotKnown } from "./presence.ts";
import { isNotOlder } from "./resource-version.ts";

export interface Horizon {
  readonly covers: (key: string) => boolean;
  /** Everything up to here is in the store: a watch delivers in the order of resource versions. */
  through: string | undefined;
  /** While a full list is under way: the keys that it has shown. */
  seen: Set<string> | undefined;
  /** The same, and the keys that our own calls have brought since it began: of all others the list knows better. */
  fresh: Set<string> | undefined;
  /** Until a full list is over: versions of our own deletes of before it, by key. What it shows was there after them. */
  readonly formerTombstones: Map<string, string>;
  synced: boolean;
  /** Why nothing is heard at the moment: the list or watch fails, or the API server refuses it. */
  blind: NotKnown["kind"] | undefined;
  /** Keys of objects that are there and could not be read as records. */
  readonly unreadable: Set<string>;
  /** Of the last full list, or since, one could not be read that has not even a key. */
  keyless: boolean;
  /** Index values of which something did not fit, since the last full list. */
  exceeded: Set<string>;
  /** While a full list is under way: the same, of it. */
  exceeding: Set<string> | undefined;
}

export function horizonOf(covers: (key: string) => boolean): Horizon {
  return {
    covers,
    through: undefined,
    seen: undefined,
    fresh: undefined,
    formerTombstones: new Map(),
    synced: false,
    blind: undefined,
    unreadable: new Set(),
    keyless: false,
    exceeded: new Set(),
    exceeding: undefined,
  };
}

export function hasPassed({ through }: Horizon, resourceVersion: string): boolean {
  return through !== undefined && isNotOlder(through, resourceVersion);
}

/** A list is under way, which began after it became known what is stored of the key: it knows better, also where it is older. */
export function isSuperseded(key: string, { fresh }: Horizon): boolean {
  return fresh?.has(key) === false;
}

/** What is to be said of a key of which there is no record; without a key, of whatever there is no record of. */
export function unrecorded(horizons: Iterable<Horizon>, key?: string): KnownAbsent | NotKnown {
  let isWatched = false;
  for (const horizon of horizons) {
    if (key !== undefined && !horizon.covers(key)) continue;
    isWatched = true;
    const { synced, blind, keyless, unreadable, exceeded } = horizon;
    if (blind) return { kind: blind };
    // Shares are by namespace. Of what did not fit nothing is kept, its keys least of all.
    const hides =
      key === undefined
        ? unreadable.size + exceeded.size > 0
        : unreadable.has(key) || exceeded.has(key.slice(0, key.indexOf("/")));
    if (!synced || keyless || hides) return { kind: "not-seen" };
  }
  return isWatched ? knownAbsent : { kind: "not-seen" };
}
