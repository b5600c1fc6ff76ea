// Notices that the wall clock has jumped, or the machine slept.
import type { Cancel, Clock } from "./clock.ts";

// A step is noticed within this time: short against the minutes that a token has left when it is renewed.
const lookEvery = Temporal.Duration.from({ seconds: 30 });
// Slewing corrects 0.5 ms a second at most (adjtime), 15 ms between two looks; time daemons step only for more than 0.1 s.
const maxDrift = 5_000;

/**
 * Tells of each wall-clock step and each suspend (during which Linux' monotonic clock stands still), with how far the
 * wall clock went ahead of elapsed time; negative when it was set back.
 */
export function watchClockSteps(clock: Clock, onStep: (ahead: Temporal.Duration) => void): Cancel {
  let cancel: Cancel = () => undefined;
  const offset = (): number => clock.now().epochMilliseconds - Math.round(clock.elapsed());
  const look = (before: number): void => {
    cancel = clock.schedule(lookEvery, () => {
      const now = offset();
      look(now);
      if (Math.abs(now - before) > maxDrift) onStep(Temporal.Duration.from({ milliseconds: now - before }));
    });
  };
  look(offset());
  return () => cancel();
}
