// Paces work that takes long, so that one subject does not take all the time.
import type { Clock } from "../clock.ts";

export interface Pace {
  /** Milliseconds until the subject may have its next run; 0: now. */
  rest(subject: string): number;
  /** A run for the subject, one of so many, has just ended that began at `began` (elapsed milliseconds). */
  ended(subject: string, began: number, subjects: number): void;
  forget(subject: string): void;
}

// All subjects together take a quarter of the time at most.
const restForWork = 4;

/**
 * To count ten thousand namespaces takes a while, and whoever may change one of them can have them counted anew: the more
 * time that takes, the seldomer it is done.
 */
export function pace(clock: Clock): Pace {
  const restsUntil = new Map<string, number>();
  return {
    rest: (subject) => Math.max((restsUntil.get(subject) ?? 0) - clock.elapsed(), 0),
    ended: (subject, began, subjects) => {
      const now = clock.elapsed();
      restsUntil.set(subject, now + (now - began) * restForWork * subjects);
    },
    forget: (subject) => void restsUntil.delete(subject),
  };
}
