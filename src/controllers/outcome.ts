// How does a run end, in the queue's words?
import type { Failure } from "../runtime/errors.ts";
import type { Outcome } from "../runtime/queue/work-queue.ts";
import { textOfWaited, type Waited } from "./waits.ts";

/** Nothing is left undone: whatever changes brings the key by itself. */
export const done: Outcome = {};

export function requeueAfter(milliseconds: number): Outcome {
  return { requeueAfter: Temporal.Duration.from({ milliseconds: Math.max(Math.ceil(milliseconds), 1) }) };
}

/** The rest in another run, so that others have their turn between. */
export const goOn: Outcome = { requeueAfter: Temporal.Duration.from({ milliseconds: 1 }), unfinished: true };

/** Something is left undone until one of these changes. */
export function waitsFor(...all: readonly [Waited, ...Waited[]]): Outcome {
  return { waitsFor: all.map(textOfWaited) };
}

/** `on`: what can cure a failure that no time cures. */
export function failed({ retry, retryAfter }: Failure, ...on: readonly [Waited, ...Waited[]]): Outcome {
  if (retry === "on-change") return { failed: true, retry, ...waitsFor(...on) };
  return { failed: true, retry, ...(retryAfter && { retryAfter }) };
}

/** The earlier of two times to come back: earliest wins. */
export function earliest(...waits: readonly (number | undefined)[]): Outcome {
  const given = waits.filter((wait) => wait !== undefined);
  return given.length === 0 ? done : requeueAfter(Math.min(...given));
}
