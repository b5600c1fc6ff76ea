// Sees to it that all that is known is of one history. After a restore of etcd each watch finds out by itself, at its own time; who
// judged by some stores of before and some of after would give logins that nothing entitles to any more.
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/observability/log.ts";

export interface OneHistory {
  /** A list shows that versions have gone back: all is read again. */
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
const longest = Temporal.Duration.from({ minutes: 1 }).total("milliseconds");

export function oneHistory({ clock, log, readAll }: OneHistoryOptions): OneHistory {
  let began = -Infinity;
  let isReading = false;
  return {
    wentBack: () => {
      // What the same restore makes others find out, while all is read again and a little longer.
      if (clock.elapsed() - began < longest) return;
      log.warn("versions went back: etcd was restored, and everything is read again");
      began = clock.elapsed();
      isReading = true;
      const mine = began;
      // Not in the middle of the list that has told it.
      void Promise.resolve()
        .then(readAll)
        .then(() => {
          if (began === mine) isReading = false;
        });
    },
    isKnown: () => !isReading || clock.elapsed() - began >= longest,
  };
}
