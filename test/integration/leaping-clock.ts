// Lets time pass for an operator on a real cluster, without waiting for it.
import { type Cancel, type Clock, sleepOn, systemClock } from "../../src/runtime/clock.ts";

export interface LeapingClock extends Clock {
  /**
   * It is so much later now, by the wall and by the time that has elapsed: what waits becomes due. The deadlines of
   * requests, too: a leap is for an operator that rests.
   */
  leap(duration: Temporal.Duration): void;
}

interface Call {
  readonly at: number;
  readonly run: () => void;
  cancel: Cancel;
}

/** The machine's own clock, but for the leaps. */
export function leapingClock(): LeapingClock {
  const real = systemClock();
  const calls = new Set<Call>();
  let ahead = 0;

  const elapsed = (): number => real.elapsed() + ahead;
  const arm = (call: Call): void => {
    const left = Math.max(Math.ceil(call.at - elapsed()), 0);
    call.cancel = real.schedule(Temporal.Duration.from({ milliseconds: left }), () => {
      calls.delete(call);
      call.run();
    });
  };
  const schedule = (delay: Temporal.Duration, run: () => void): Cancel => {
    const call: Call = { at: elapsed() + delay.total("milliseconds"), run, cancel: () => undefined };
    calls.add(call);
    arm(call);
    return () => {
      calls.delete(call);
      call.cancel();
    };
  };

  return {
    now: () => real.now().add({ milliseconds: ahead }),
    elapsed,
    schedule,
    sleep: sleepOn(schedule),
    leap: (duration) => {
      // An Instant takes whole ones only.
      ahead += Math.ceil(duration.total("milliseconds"));
      for (const call of [...calls].toSorted((one, other) => one.at - other.at)) {
        call.cancel();
        arm(call);
      }
    },
  };
}
