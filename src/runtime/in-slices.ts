// Iterates over many items in slices, so that others have a turn of the event loop in between.
import type { Clock } from "./clock.ts";

/**
 * What fits into what is left of the turn's slice is done when this returns. What comes meanwhile is seen where `items` is live,
 * as those of a Map are.
 */
export type InSlices = <T>(items: Iterable<T>, each: (item: T) => void) => Promise<void>;

/** Milliseconds of a turn, for all iterations together: one event may begin several, and one turn brings many events. */
const slice = 2;
const nextTurn = new Temporal.Duration();

/** Does an item; false: there was none any more. */
type Step = () => boolean;

/** All that is iterated over by what this returns shares the slice of each turn, item by item. */
export function inSlices(clock: Pick<Clock, "elapsed" | "schedule">): InSlices {
  /** Who has waited for longest first. */
  const waiting = new Set<Step>();
  /** When this turn's slice began; undefined: nothing was done in this turn. */
  let began: number | undefined;

  const turn = (): void => {
    began = clock.elapsed();
    clock.schedule(nextTurn, () => {
      began = undefined;
      if (waiting.size > 0) turn();
    });
    // However little time a turn has had: it goes on all the same.
    for (const step of waiting) {
      once(step);
      break;
    }
    work(began);
  };
  const once = (step: Step): void => {
    waiting.delete(step);
    if (step()) waiting.add(step);
  };
  const work = (since: number): void => {
    // One that has been added again is met again.
    for (const step of waiting) {
      if (clock.elapsed() - since >= slice) return;
      once(step);
    }
  };

  return (items, each) => {
    const iterator = items[Symbol.iterator]();
    const over = Promise.withResolvers<void>();
    waiting.add(() => {
      try {
        const next = iterator.next();
        if (next.done !== true) each(next.value);
        else over.resolve();
        return next.done !== true;
      } catch (error) {
        over.reject(error);
        return false;
      }
    });
    if (began === undefined) turn();
    else work(began);
    return over.promise;
  };
}
