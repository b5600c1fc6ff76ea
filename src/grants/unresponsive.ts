// Circuit breakers for whoever does not answer: when the next one may try, and who is called back when they answer again.
import { LRUCache } from "lru-cache";
import { maxEntries } from "../runtime/max-entries.ts";
import type { Clock, Random } from "../runtime/clock.ts";
import type { Failure } from "../runtime/errors.ts";

export interface Silence {
  /** What was told of it first. */
  readonly reported: Failure;
  readonly since: Temporal.Instant;
  /** Elapsed milliseconds at which one may try. */
  readonly tryAt: number;
}

/** A circuit breaker for each name that opens when nobody answers: timeouts, resets, refused connections, unknown names. */
export interface Silences {
  /** Undefined: nothing speaks against asking. */
  of(name: string): Silence | undefined;
  /** It has given what was asked for, and not fallen silent since. */
  isProven(name: string): boolean;
  /** The last one that asked was not answered. */
  isDoubted(name: string): boolean;
  /** It gave what was asked for. Returns whether it had been silent. */
  gave(name: string): boolean;
  /** It answered something else. Returns whether it had been silent. */
  answered(name: string): boolean;
  /** There was no answer to `witness`. */
  unanswered(name: string, reported: Failure, witness?: string): void;
}

export interface SilencesOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** So many different ones must have been left without an answer. Default: one. */
  readonly witnesses?: number;
}

/** One is an accident, two may be the same one retried; the third says what the next hundred would say. */
const unansweredToOpen = 3;
/** Milliseconds; doubled each time that the one who tries gets no answer. */
const firstOpen = 1_000;
// Less than the minute in which a key comes back by itself: the one who tries next is not late.
const longestOpen = 15_000;
// Names that nobody uses any more go first, and at worst are learnt again.
const maxRemembered = 10_000;

interface Known {
  isProven: boolean;
  /** In a row. */
  unanswered: number;
  readonly witnesses: Set<string>;
  silence: Silence | undefined;
  /** How often in a row who tried got no answer. */
  opened: number;
}

export function silences({ clock, random, witnesses = 1 }: SilencesOptions): Silences {
  const known = new LRUCache<string, Known>(maxEntries(maxRemembered));

  const recall = (name: string): Known => {
    const before = known.get(name);
    if (before) return before;
    const made: Known = { isProven: false, unanswered: 0, witnesses: new Set(), silence: undefined, opened: 0 };
    known.set(name, made);
    return made;
  };
  const isOpen = (it: Known): boolean => it.unanswered >= unansweredToOpen && it.witnesses.size >= witnesses;

  const heard = (name: string, isProof: boolean): boolean => {
    const it = isProof ? recall(name) : known.get(name);
    if (!it) return false;
    const was = isOpen(it);
    it.unanswered = 0;
    it.witnesses.clear();
    it.silence = undefined;
    it.opened = 0;
    it.isProven ||= isProof;
    return was;
  };

  return {
    of: (name) => {
      const it = known.get(name);
      return it && isOpen(it) ? it.silence : undefined;
    },
    isProven: (name) => known.get(name)?.isProven === true,
    isDoubted: (name) => (known.get(name)?.unanswered ?? 0) > 0,
    gave: (name) => heard(name, true),
    answered: (name) => heard(name, false),
    unanswered: (name, reported, witness = "") => {
      const it = recall(name);
      it.unanswered += 1;
      if (it.witnesses.size < witnesses) it.witnesses.add(witness);
      const now = clock.elapsed();
      const first = it.silence ?? { reported, since: clock.now(), tryAt: now };
      it.silence = first;
      if (!isOpen(it)) return;
      it.isProven = false;
      // Those that were under way when it opened do not lengthen the wait.
      if (first.tryAt > now) return;
      const longest = Math.min(firstOpen * 2 ** it.opened, longestOpen);
      it.opened += 1;
      it.silence = { ...first, tryAt: now + longest / 2 + (longest / 2) * random() };
    },
  };
}

export interface CalledBack {
  /** The key was turned away because nobody of this name answers. A key waits for one name at a time. */
  add(name: string, key: string): void;
  /** The keys that wait for the name, which wait no more. */
  take(name: string): Iterable<string>;
  /** The key is asked for no more. */
  forget(key: string): void;
  /** Keys that wait, for whatever name. */
  readonly size: number;
}

/** @param max keys of one name; what is beyond comes back by itself */
export function calledBack(max: number): CalledBack {
  const keys = new Map<string, Set<string>>();
  const names = new Map<string, string>();

  const forget = (key: string): void => {
    const name = names.get(key);
    if (name === undefined) return;
    names.delete(key);
    const waiting = keys.get(name);
    waiting?.delete(key);
    if (waiting?.size === 0) keys.delete(name);
  };

  return {
    add: (name, key) => {
      if (names.get(key) === name) return;
      forget(key);
      const waiting = keys.get(name) ?? new Set();
      if (waiting.size >= max) return;
      keys.set(name, waiting.add(key));
      names.set(key, name);
    },
    take: (name) => {
      const waiting = keys.get(name) ?? [];
      keys.delete(name);
      for (const key of waiting) names.delete(key);
      return waiting;
    },
    forget,
    get size() {
      return names.size;
    },
  };
}
