// Retry times of keys that failed: exponential backoff with jitter.
import type { Random } from "../clock.ts";

export interface Failed {
  readonly failed: true;
  /**
   * `on-change`: only when it is added again. `slowly`: after half a minute, then ever more slowly, for what somebody
   * must mend and nobody can watch. `backoff`: exponentially, with jitter.
   */
  readonly retry: "on-change" | "slowly" | "backoff";
  /**
   * The least wait before the key comes back by itself, because the other side asked for it; 15 minutes count at most. An
   * event brings the key forward all the same: it may be a person.
   */
  readonly retryAfter?: Temporal.Duration;
  /**
   * The longest wait, whatever `retry` and `retryAfter` say: a token must be tried again while there is life left.
   */
  readonly retryWithin?: Temporal.Duration;
}

export interface Failures {
  /**
   * Counts a failure at `now` (elapsed milliseconds); answers when the key comes back by itself, `undefined`: never.
   */
  failed(key: string, failure: Failed, now: number): number | undefined;
  /** The earliest time at which anyone may run the key again; `-Infinity` for a key that did not fail. */
  notBefore(key: string): number;
  /** Forgets the failures of a key that succeeded. */
  forget(key: string): void;
}

// client-go starts at 5 ms (default_rate_limiters.go) and sends a dozen useless requests in the first seconds of an
// outage; what a conflict needs, the watch event that shows the other write, arrives within some 10 ms.
const firstBackoff = 50;
// docs/design.md: stable within 60 s of a fault's end, however long it lasted. All of 10,000 keys together ask some
// 200 times a second, which an API server answers even while it refuses.
const longestBackoff = 60_000;
// What looks like somebody's decision may be a fault too (a 403 while RBAC is being installed anew, a policy put right at
// once), so the first look comes within that minute. From then on a key waits about as long as it has failed already:
// what has lasted for minutes needs a person.
const firstSlowInterval = 30_000;
const slowInterval = 5 * 60_000;
const slowJitter = 0.2;
// A server, or a proxy before it, may name a year.
const longestAsked = 15 * 60_000;

/**
 * An event brings a failing key forward (client-go and kube-rs do the same: the earliest time wins), because the event
 * may be the cure. It may also be our own doing: a run that writes and then fails wakes itself through the watch, and
 * would spin as fast as the API server answers. So an event does not reset the count of failures, and cannot shorten a
 * wait below the backoff or this, whichever is shorter: short for a person who waits for the cure to show, long for a
 * loop.
 */
const minWaitAfterFailures = 1_000;

interface History {
  count: number;
  /** Elapsed milliseconds of the first of them that was to come back slowly. */
  slowSince: number | undefined;
  notBefore: number;
}

/** Remembers the failures of keys until they succeed; keys that never fail cost nothing. */
export function failures(random: Random, firstSlow = firstSlowInterval): Failures {
  const histories = new Map<string, History>();
  return {
    failed: (key, failure, now) => {
      const { count = 0, slowSince = failure.retry === "slowly" ? now : undefined } = histories.get(key) ?? {};
      const longest = Math.min(firstBackoff * 2 ** count, longestBackoff);
      // Half is fixed: with full jitter some keys would come back at once, again and again.
      const backoff = longest / 2 + (longest / 2) * random();
      const asked = Math.min(milliseconds(failure.retryAfter) ?? 0, longestAsked);
      const within = milliseconds(failure.retryWithin) ?? Infinity;
      histories.set(key, {
        count: count + 1,
        slowSince,
        notBefore: now + Math.min(backoff, minWaitAfterFailures, within),
      });
      const wait = ownWait(failure.retry, backoff, Math.max(firstSlow, now - (slowSince ?? now)), random);
      const bounded = Math.min(wait === Infinity ? wait : Math.max(asked, wait), within);
      return bounded === Infinity ? undefined : now + bounded;
    },
    notBefore: (key) => histories.get(key)?.notBefore ?? -Infinity,
    forget: (key) => {
      histories.delete(key);
    },
  };
}

function ownWait(retry: Failed["retry"], backoff: number, slowly: number, random: Random): number {
  switch (retry) {
    case "on-change":
      return Infinity;
    case "slowly":
      return Math.min(slowly, slowInterval) * (1 + slowJitter * (2 * random() - 1));
    case "backoff":
      return backoff;
  }
}

function milliseconds(duration: Temporal.Duration | undefined): number | undefined {
  return duration?.total("milliseconds");
}
