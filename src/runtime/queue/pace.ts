// Paces work that looks at many things, so that one subject does not take all the time.
import type { Clock } from "../clock.ts";

export interface Pace {
  /** Milliseconds until the subject may have its next run; 0: now. */
  rest(subject: string): number;
  /** A run for the subject has just ended that looked at so many things. */
  looked(subject: string, things: number): void;
  forget(subject: string): void;
}

// Milliseconds that a look at one thing takes: to count 10,000 namespaces with one entry takes some 200 ms.
const perThing = 0.02;
// All subjects together take a quarter of the time at most.
const restForWork = 4;

/**
 * To count ten thousand namespaces takes a while, and whoever may change one of them can have them counted anew: the more
 * is looked at, and the more others rest for the same reason, the seldomer it is done. The time that went by meanwhile says
 * nothing: others worked in it, and have it to answer for themselves.
 */
export function pace(clock: Clock): Pace {
  const restsUntil = new Map<string, number>();
  return {
    rest: (subject) => Math.max((restsUntil.get(subject) ?? 0) - clock.elapsed(), 0),
    looked: (subject, things) => {
      const now = clock.elapsed();
      for (const [each, until] of restsUntil) if (until <= now) restsUntil.delete(each);
      restsUntil.delete(subject);
      restsUntil.set(subject, now + things * perThing * restForWork * (restsUntil.size + 1));
    },
    forget: (subject) => void restsUntil.delete(subject),
  };
}
