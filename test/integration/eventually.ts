// Waits for a condition of the cluster.
import { systemClock } from "../../src/runtime/clock.ts";

// Milliseconds.
const [shortestPause, longestPause] = [10, 100];
const pauseGrowth = 1.3;

/** Asks until the answer is true; fails with what was waited for, and with what was thrown last, after the limit. */
export async function eventually(
  what: string,
  ask: () => Promise<boolean>,
  limit: Temporal.Duration = Temporal.Duration.from({ seconds: 30 }),
): Promise<void> {
  const clock = systemClock();
  const end = clock.elapsed() + limit.total("milliseconds");
  let last: unknown;
  // What comes at once is seen at once; who waits long asks seldom, and leaves the machine to what is waited for.
  for (let pause = shortestPause; ; pause = Math.min(pause * pauseGrowth, longestPause)) {
    try {
      if (await ask()) return;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (clock.elapsed() > end) {
      const why = last instanceof Error ? `; at last: ${last.message}` : "";
      throw new Error(`waited ${limit.toString()} in vain: ${what}${why}`, { cause: last });
    }
    await clock.sleep(Temporal.Duration.from({ milliseconds: Math.round(pause) }));
  }
}
