// Shrinks a history to the part that is enough for a failure.
import type { Step } from "./steps.ts";

/** What is tried for the pause of a step that need not be longer, in milliseconds. */
const plainPauses = [5_000, 30_000, 12 * 60_000];

/**
 * Leaves out as many steps as it can, large parts first, and shortens the pauses of the others, as long as it may go on.
 * fast-check's own way of shrinking an array takes ten times as long.
 */
export async function shortest(
  history: readonly Step[],
  fails: (history: readonly Step[]) => Promise<boolean>,
  mayGoOn: () => boolean,
): Promise<readonly Step[]> {
  let best = history;
  const tries = async (candidate: readonly Step[]): Promise<boolean> => {
    if (!mayGoOn() || !(await fails(candidate))) return false;
    best = candidate;
    return true;
  };
  for (let size = Math.ceil(history.length / 2), smaller = true; smaller && mayGoOn(); size = Math.ceil(size / 2)) {
    const before = best.length;
    for (let from = best.length - size; from > -size; from -= size) {
      await tries(best.toSpliced(Math.max(from, 0), size + Math.min(from, 0)));
    }
    smaller = size > 1 || best.length < before;
  }
  for (const index of best.keys()) {
    for (const pause of plainPauses) {
      const step = best[index];
      if (step && step.pause > pause && (await tries(best.with(index, { ...step, pause })))) break;
    }
  }
  return best;
}
