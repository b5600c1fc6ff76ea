// Sees to it that all that is known is of one history. After a restore of etcd each watch finds out by itself, at its own time; who
// judged by some stores of before and some of after would give logins that nothing entitles to any more.
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/observability/log.ts";

export interface OneHistory {
  /** A list, or the Lease, shows that versions have gone back: all is read again. */
  readonly wentBack: () => void;
  /** False until all has been read again, for a minute at most: what cannot be read must not hold up all others. */
  readonly isKnown: () => boolean;
}

export interface OneHistoryOptions {
  readonly clock: Clock;
  readonly log: Pick<Log, "warn">;
  /** Resolves when everything has been listed anew. */
  readonly readAll: () => Promise<unknown>;
}

// Longer than a watch waits for an answer, and pauses then.
const longestHold = Temporal.Duration.from({ minutes: 1 }).total("milliseconds");
// API servers of two histories behind one address would have all read again with each list.
const betweenReadings = Temporal.Duration.from({ seconds: 30 }).total("milliseconds");

export function oneHistory({ clock, log, readAll }: OneHistoryOptions): OneHistory {
  let began = -Infinity;
  let isReading = false;
  let isDue = false;
  const read = (): void => {
    log.warn("versions went back: etcd was restored, and everything is read again");
    began = clock.elapsed();
    isReading = true;
    isDue = false;
    const mine = began;
    // Not in the middle of the list that has told it.
    void Promise.resolve()
      .then(readAll)
      .then(() => {
        if (began === mine) isReading = false;
      });
  };
  const isHolding = (): boolean => isReading && clock.elapsed() - began < longestHold;
  return {
    wentBack: () => {
      // What the same restore makes others find out, while all is read again.
      if (isDue || isHolding()) return;
      const early = began + betweenReadings - clock.elapsed();
      if (early <= 0) return read();
      // An API server that went on with what it remembered has been started anew, and what was read of it meanwhile is no more
      // worth than before. A watch from a version of then would be silent.
      isDue = true;
      clock.schedule(Temporal.Duration.from({ milliseconds: Math.ceil(early) }), read);
    },
    isKnown: () => !isHolding(),
  };
}
