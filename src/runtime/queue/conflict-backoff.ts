// Backoff for a write that somebody keeps reverting, and when that is a fight.

/** What is remembered of one object. Times are elapsed milliseconds. */
export interface Reverts {
  /** What we want there; wanting something else starts afresh. */
  readonly wanted: string;
  readonly count: number;
  readonly lastAt: number;
}

// An honest accident (a deploy that applies an old list, a person with kubectl) happens a few times in a row; a controller
// that reverts us does so for ever. Five repairs at once, then twice as long between each, up to five minutes.
const freely = 5;
const firstWait = 1_000;
const longestWait = 5 * 60_000;
/** A quiet time after which the next revert is a new story. */
const forgetAfter = 10 * 60_000;

// Thousands are written one after the other, and hardly any of them twice: those of one moment share what is remembered of them.
const moment = 100;
let first: Reverts = { wanted: "", count: 1, lastAt: 0 };

export function afterWrite(before: Reverts | undefined, wanted: string, now: number): Reverts {
  const same = before && before.wanted === wanted && now - before.lastAt < forgetAfter;
  if (same) return { wanted, count: before.count + 1, lastAt: now };
  const lastAt = Math.ceil(now / moment) * moment;
  if (first.wanted !== wanted || first.lastAt !== lastAt) first = { wanted, count: 1, lastAt };
  return first;
}

/** What is remembered of many objects, of each for as long as it matters. */
export interface RevertsByKey {
  of(key: string): Reverts | undefined;
  set(key: string, reverts: Reverts | undefined): void;
  /** Of how many objects. */
  readonly size: number;
}

export function revertsByKey(): RevertsByKey {
  // In the order of the last write. Not lru-cache: who is forgotten is told by the time.
  const known = new Map<string, Reverts>();
  const forgetPast = (now: number): void => {
    let left = 2;
    for (const [key, { lastAt }] of known) {
      if (left === 0 || now - lastAt < forgetAfter) return;
      left -= 1;
      known.delete(key);
    }
  };
  return {
    of: (key) => known.get(key),
    set: (key, reverts) => {
      if (known.get(key) === reverts) return;
      known.delete(key);
      if (!reverts) return;
      known.set(key, reverts);
      // Two for each one that is put in: it shrinks as fast as it grows.
      forgetPast(reverts.lastAt);
    },
    get size() {
      return known.size;
    },
  };
}

/**
 * Milliseconds until the next write may go out; 0 for at once.
 * @param free repairs that are made at once
 */
export function waitBeforeWrite(before: Reverts | undefined, wanted: string, now: number, free = freely): number {
  if (!before || before.wanted !== wanted || now - before.lastAt >= forgetAfter) return 0;
  if (before.count <= free) return 0;
  const wait = Math.min(firstWait * 2 ** (before.count - free - 1), longestWait);
  return Math.max(before.lastAt + wait - now, 0);
}

/** Milliseconds until it no longer counts as a fight; undefined where there is none. The first write is not a repair. */
export function contestedFor(reverts: Reverts | undefined, now: number, free = freely): number | undefined {
  if (!reverts || reverts.count <= free) return undefined;
  const left = reverts.lastAt + forgetAfter - now;
  return left > 0 ? left : undefined;
}
