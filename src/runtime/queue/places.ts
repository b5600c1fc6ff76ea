// Places with a limit and a time: a semaphore that also paces.
import type { Clock } from "../clock.ts";
import type { Shares } from "./shares.ts";

/** One of a number of places; a name has the same number each time. It is given back with the run, or with a step of it. */
export interface PlaceNeed {
  readonly place: string;
  readonly max: number;
  readonly until: string;
  /** See `Gate`. Default: false. */
  readonly newestFirst?: boolean;
}

/** One unit of what the name may have in time. What is not spent comes back with the run. */
export interface RateNeed {
  readonly rate: string;
  readonly share: Shares;
  /** It is taken even where it is not there: others wait for it until it has come back. Default: false. */
  readonly isOwed?: boolean;
  /** See `Gate`. Default: false. */
  readonly newestFirst?: boolean;
}

export type Need = PlaceNeed | RateNeed;

export interface Places {
  /** Takes all of it for the key, or nothing; the name of the first that has no room, if one has none. */
  enter(key: string, needs: readonly Need[]): string | undefined;
  /** Whether there is room for one that lacked this. */
  hasRoom(lacked: string): boolean;
  isNewestFirst(lacked: string): boolean;
  /** The key has taken what this step needs, and not given it back. */
  has(key: string, step: string): boolean;
  /** The step begins: what the key has taken of rates is spent. */
  spend(key: string): void;
  /** The key goes on in these places beside or in place of what it has, or, if one has no room, as it was: then false. */
  move(key: string, from: readonly string[], to: readonly PlaceNeed[]): boolean;
  /** The step has ended, in whatever way. */
  giveBack(key: string, step: string): void;
  /** The run has ended, in whatever way. Harmless for one that has nothing. */
  leave(key: string): void;
  /** Keys that have taken anything. */
  readonly size: number;
  /** How many of these places are taken. */
  taken(place: string): number;
  /** One listener, the last one set: there is room for one that lacked this. */
  onRoom(listener: (lacked: string) => void): void;
}

interface Taken {
  readonly places: Set<PlaceNeed>;
  rates: readonly RateNeed[];
}

/** Keeps nothing of names of which everything is free. */
export function places(clock: Clock): Places {
  const counts = new Map<string, number>();
  const taken = new Map<string, Taken>();
  const lacked = new Map<string, Need>();
  /** Rates whose time is waited for. */
  const timed = new Set<string>();
  let listener: (name: string) => void = () => undefined;

  const nameOf = (need: Need): string => ("place" in need ? need.place : need.rate);
  const count = (name: string): number => counts.get(name) ?? 0;
  const isThere = (need: Need): boolean =>
    "place" in need
      ? count(need.place) < need.max
      : need.isOwed === true || need.share.freeAt(need.rate) <= clock.elapsed();

  const hasRoom = (name: string): boolean => {
    const need = lacked.get(name);
    if (need && !isThere(need)) return false;
    lacked.delete(name);
    return true;
  };

  const waitFor = (name: string): void => {
    const need = lacked.get(name);
    if (!need || "place" in need || timed.has(name)) return;
    timed.add(name);
    const wait = Math.max(Math.ceil(need.share.freeAt(name) - clock.elapsed()), 0);
    clock.schedule(Temporal.Duration.from({ milliseconds: wait }), () => {
      timed.delete(name);
      news(name);
    });
  };

  const news = (name: string): void => {
    if (!lacked.has(name)) return;
    if (hasRoom(name)) listener(name);
    else waitFor(name);
  };

  const free = ({ place }: PlaceNeed): void => {
    const left = count(place) - 1;
    if (left > 0) counts.set(place, left);
    else counts.delete(place);
    news(place);
  };

  return {
    enter: (key, needs) => {
      if (taken.has(key)) throw new Error(`the key ${key} has places already`);
      const missing = needs.find((need) => !isThere(need));
      if (missing) {
        lacked.set(nameOf(missing), missing);
        waitFor(nameOf(missing));
        return nameOf(missing);
      }
      if (needs.length === 0) return undefined;
      const placeNeeds = needs.filter((need) => "place" in need);
      const rates = needs.filter((need) => "rate" in need);
      for (const { place } of placeNeeds) counts.set(place, count(place) + 1);
      for (const { rate, share } of rates) share.spend(rate, 1, clock.elapsed());
      taken.set(key, { places: new Set(placeNeeds), rates });
      return undefined;
    },
    hasRoom,
    isNewestFirst: (name) => lacked.get(name)?.newestFirst === true,
    has: (key, step) => {
      for (const { until } of taken.get(key)?.places ?? []) if (until === step) return true;
      return false;
    },
    spend: (key) => {
      const mine = taken.get(key);
      if (mine) mine.rates = [];
    },
    move: (key, from, to) => {
      const mine = taken.get(key);
      if (!mine || !to.every(isThere)) return false;
      const left = [...mine.places].filter(({ place }) => from.includes(place));
      for (const need of to) {
        mine.places.add(need);
        counts.set(need.place, count(need.place) + 1);
      }
      for (const need of left) mine.places.delete(need);
      for (const need of left) free(need);
      return true;
    },
    giveBack: (key, step) => {
      const mine = taken.get(key);
      if (!mine) return;
      const ended = [...mine.places].filter(({ until }) => until === step);
      for (const need of ended) mine.places.delete(need);
      if (mine.places.size === 0 && mine.rates.length === 0) taken.delete(key);
      for (const need of ended) free(need);
    },
    leave: (key) => {
      const mine = taken.get(key);
      if (!mine) return;
      taken.delete(key);
      for (const { rate, share } of mine.rates) share.spend(rate, -1, clock.elapsed());
      for (const need of mine.places) free(need);
      for (const { rate } of mine.rates) news(rate);
    },
    get size() {
      return taken.size;
    },
    taken: count,
    onRoom: (call) => {
      listener = call;
    },
  };
}
