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
  return new CountedPlaces(clock);
}

class CountedPlaces implements Places {
  readonly #clock;
  readonly #counts = new Map<string, number>();
  readonly #taken = new Map<string, Taken>();
  readonly #lacked = new Map<string, Need>();
  /** Rates whose time is waited for. */
  readonly #timed = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  #listener: (name: string) => void = () => undefined;

  readonly #nameOf = (need: Need): string => ("place" in need ? need.place : need.rate);

  readonly #count = (name: string): number => this.#counts.get(name) ?? 0;

  readonly #isThere = (need: Need): boolean =>
    "place" in need
      ? this.#count(need.place) < need.max
      : need.isOwed === true || need.share.freeAt(need.rate) <= this.#clock.elapsed();

  readonly hasRoom = (name: string): boolean => {
    const need = this.#lacked.get(name);
    if (need && !this.#isThere(need)) return false;
    this.#lacked.delete(name);
    return true;
  };

  readonly #waitFor = (name: string): void => {
    const need = this.#lacked.get(name);
    if (!need || "place" in need || this.#timed.has(name)) return;
    this.#timed.add(name);
    const wait = Math.max(Math.ceil(need.share.freeAt(name) - this.#clock.elapsed()), 0);
    this.#clock.schedule(Temporal.Duration.from({ milliseconds: wait }), () => {
      this.#timed.delete(name);
      this.#changed(name);
    });
  };

  readonly #changed = (name: string): void => {
    if (!this.#lacked.has(name)) return;
    if (this.hasRoom(name)) this.#listener(name);
    else this.#waitFor(name);
  };

  readonly #free = ({ place }: PlaceNeed): void => {
    const left = this.#count(place) - 1;
    if (left > 0) this.#counts.set(place, left);
    else this.#counts.delete(place);
    this.#changed(place);
  };

  readonly enter: Places["enter"] = (key, needs) => {
    if (this.#taken.has(key)) throw new Error(`the key ${key} has places already`);
    const missing = needs.find((need) => !this.#isThere(need));
    if (missing) {
      this.#lacked.set(this.#nameOf(missing), missing);
      this.#waitFor(this.#nameOf(missing));
      return this.#nameOf(missing);
    }
    if (needs.length === 0) return undefined;
    const placeNeeds = needs.filter((need) => "place" in need);
    const rates = needs.filter((need) => "rate" in need);
    for (const { place } of placeNeeds) this.#counts.set(place, this.#count(place) + 1);
    for (const { rate, share } of rates) share.spend(rate, 1, this.#clock.elapsed());
    this.#taken.set(key, { places: new Set(placeNeeds), rates });
    return undefined;
  };

  readonly isNewestFirst: Places["isNewestFirst"] = (name) => this.#lacked.get(name)?.newestFirst === true;

  readonly has: Places["has"] = (key, step) => {
    for (const { until } of this.#taken.get(key)?.places ?? []) if (until === step) return true;
    return false;
  };

  readonly spend: Places["spend"] = (key) => {
    const mine = this.#taken.get(key);
    if (mine) mine.rates = [];
  };

  readonly move: Places["move"] = (key, from, to) => {
    const mine = this.#taken.get(key);
    if (!mine || !to.every(this.#isThere)) return false;
    const left = [...mine.places].filter(({ place }) => from.includes(place));
    for (const need of to) {
      mine.places.add(need);
      this.#counts.set(need.place, this.#count(need.place) + 1);
    }
    for (const need of left) mine.places.delete(need);
    for (const need of left) this.#free(need);
    return true;
  };

  readonly giveBack: Places["giveBack"] = (key, step) => {
    const mine = this.#taken.get(key);
    if (!mine) return;
    const ended = [...mine.places].filter(({ until }) => until === step);
    for (const need of ended) mine.places.delete(need);
    if (mine.places.size === 0 && mine.rates.length === 0) this.#taken.delete(key);
    for (const need of ended) this.#free(need);
  };

  readonly leave: Places["leave"] = (key) => {
    const mine = this.#taken.get(key);
    if (!mine) return;
    this.#taken.delete(key);
    for (const { rate, share } of mine.rates) share.spend(rate, -1, this.#clock.elapsed());
    for (const need of mine.places) this.#free(need);
    for (const { rate } of mine.rates) this.#changed(rate);
  };

  get size() {
    return this.#taken.size;
  }

  readonly taken = this.#count;

  readonly onRoom: Places["onRoom"] = (call) => {
    this.#listener = call;
  };
}
