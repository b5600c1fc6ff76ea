// How does a run end, in the queue's words?
import type { Failure } from "../errors.ts";
import type { Outcome } from "../queue/work-queue.ts";

/** Nothing more to do until something changes. */
export const done: Outcome = {};

export function comeBackIn(milliseconds: number): Outcome {
  return { requeueAfter: Temporal.Duration.from({ milliseconds: Math.max(Math.ceil(milliseconds), 1) }) };
}

/** The rest in another run, so that others have their turn between. */
export const goOn: Outcome = { requeueAfter: Temporal.Duration.from({ milliseconds: 1 }), unfinished: true };

export function failed({ retry, retryAfter }: Failure): Outcome {
  return { failed: true, retry, ...(retryAfter && { retryAfter }) };
}

/** The earlier of two times to come back: earliest wins. */
export function soonest(...waits: readonly (number | undefined)[]): Outcome {
  const given = waits.filter((wait) => wait !== undefined);
  return given.length === 0 ? done : comeBackIn(Math.min(...given));
}
