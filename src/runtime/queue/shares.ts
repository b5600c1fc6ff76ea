// Shares of owners: token buckets that forget whoever has not come lately.

export interface Share {
  /** Units that come back each second. */
  readonly perSecond: number;
  /** Units at once after a rest. */
  readonly burst: number;
}

/** Times are elapsed milliseconds. */
export interface Shares {
  /** When the owner may have more: now, if that is past. */
  freeAt(owner: string): number;
  spend(owner: string, units: number, now: number): void;
  /** Units that have not come back yet. */
  spent(owner: string, now: number): number;
  /** Owners of whom anything is remembered. */
  readonly size: number;
}

// More owners than a large cluster has namespaces; the one that has had nothing for the longest goes first. Who spends more
// than its share is never that one.
const maxRemembered = 20_000;

/**
 * A token bucket for each owner, kept as one number: when it will be full again. One that is full is forgotten, and none
 * before: an owner that goes and comes back under its name finds what it has left behind.
 */
export function shares({ perSecond, burst }: Share): Shares {
  const interval = 1_000 / perSecond;
  // In the order of the last spending. Not lru-cache: who is forgotten is told by what has come back, not by the room alone.
  const fullAt = new Map<string, number>();

  const forgetFull = (now: number): void => {
    // Two for each one that is put in: it shrinks as fast as it grows.
    for (const [owner, at] of take(fullAt, 2)) {
      if (at <= now || fullAt.size > maxRemembered) fullAt.delete(owner);
    }
  };

  return {
    freeAt: (owner) => {
      const at = fullAt.get(owner);
      return at === undefined ? -Infinity : at - (burst - 1) * interval;
    },
    spend: (owner, units, now) => {
      const before = Math.max(fullAt.get(owner) ?? 0, now);
      fullAt.delete(owner);
      forgetFull(now);
      fullAt.set(owner, before + units * interval);
    },
    spent: (owner, now) => Math.max((fullAt.get(owner) ?? 0) - now, 0) / interval,
    get size() {
      return fullAt.size;
    },
  };
}

function* take<T>(items: Iterable<T>, count: number): Iterable<T> {
  let left = count;
  for (const item of items) {
    if (left === 0) return;
    left -= 1;
    yield item;
  }
}
