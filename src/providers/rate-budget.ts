// How often may something be done, and how long must the next one wait?
import type { Clock } from "../clock.ts";

export interface RateBudget {
  /** Resolves when it may be done; rejects with the signal's reason. A turn that is given up is lost, never doubled. */
  take(signal: AbortSignal): Promise<void>;
}

export interface RateBudgetOptions {
  readonly perSecond: number;
  /** How many at once after a rest, at least 1. */
  readonly burst: number;
  readonly clock: Clock;
}

/** A token bucket, kept as one number: the time at which it will be full again. Turns are given in the order of asking. */
export function rateBudget({ perSecond, burst, clock }: RateBudgetOptions): RateBudget {
  const interval = 1_000 / perSecond;
  let fullAt = 0;
  return {
    take: async (signal) => {
      signal.throwIfAborted();
      const now = clock.elapsed();
      const before = Math.max(fullAt, now);
      fullAt = before + interval;
      const wait = Math.ceil(before - (burst - 1) * interval - now);
      if (wait > 0) await clock.sleep(Temporal.Duration.from({ milliseconds: wait }), signal);
    },
  };
}
