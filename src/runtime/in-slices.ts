// Iterates over many items in slices, so that others have a turn in between.
import type { Clock } from "./clock.ts";

/** Milliseconds after which the event loop has a turn: one event may begin several, whose slices follow each other. */
const longestSlice = 2;
const nextTurn = new Temporal.Duration();

/** What takes less than a slice is done when this returns. What comes meanwhile is seen where `items` is live, as those of a Map are. */
export async function inSlices<T>(
  clock: Pick<Clock, "elapsed" | "sleep">,
  items: Iterable<T>,
  each: (item: T) => void,
): Promise<void> {
  let began = clock.elapsed();
  for (const item of items) {
    if (clock.elapsed() - began >= longestSlice) {
      await clock.sleep(nextTurn);
      began = clock.elapsed();
    }
    each(item);
  }
}
