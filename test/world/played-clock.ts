// How time passes for one process of several, and stands still for good when that one is killed.
import { type Cancel, type Clock, sleepOn } from "../../src/runtime/clock.ts";

export interface MortalClock extends Clock {
  /** Nothing that was scheduled is called any more. */
  kill(): void;
  /** How many calls wait for their time. */
  pending(): number;
}

export function mortalClock(clock: Clock): MortalClock {
  const cancels = new Set<Cancel>();
  let dead = false;
  const schedule: Clock["schedule"] = (delay, call) => {
    if (dead) return () => undefined;
    const cancel = clock.schedule(delay, () => {
      cancels.delete(ended);
      call();
    });
    const ended = (): void => {
      cancel();
      cancels.delete(ended);
    };
    cancels.add(ended);
    return ended;
  };
  return {
    now: () => clock.now(),
    elapsed: () => clock.elapsed(),
    schedule,
    sleep: sleepOn(schedule),
    kill: () => {
      dead = true;
      for (const cancel of cancels) cancel();
    },
    pending: () => cancels.size,
  };
}
