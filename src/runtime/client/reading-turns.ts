// How long answers are read in one turn of the event loop: a list of thousands comes faster than it can be read.
import type { Clock } from "../clock.ts";

/** An answer that can be left in its socket for a while: undici's DispatchController. */
export interface Pausable {
  pause(): void;
  /** Reads what has come meanwhile before it returns. */
  resume(): void;
}

/** All answers that are read by the same function share the time of each turn. */
export type ReadInTurns = (answer: Pausable, read: () => void) => void;

// Milliseconds, after which the lease, probes and what tenants wait for have theirs.
const longest = 5;
const nextTurn = new Temporal.Duration();

/** Reads at once, and pauses the answer until the next turn where this one has no time left. */
export function readInTurns(clock: Pick<Clock, "elapsed" | "schedule">): ReadInTurns {
  let began: number | undefined;
  const paused = new Set<Pausable>();

  const begin = (): number => {
    clock.schedule(nextTurn, () => {
      began = undefined;
      // Each goes on by a piece at least, whatever the others take.
      const all = [...paused];
      paused.clear();
      for (const answer of all) answer.resume();
    });
    return clock.elapsed();
  };

  return (answer, read) => {
    began ??= begin();
    read();
    if (clock.elapsed() - began < longest) return;
    answer.pause();
    paused.add(answer);
  };
}
