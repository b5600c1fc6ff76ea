// A clock that a test sets and advances.
import { type Cancel, type Clock, sleepOn } from "../src/runtime/clock.ts";

export interface FakeClock extends Clock {
  /**
   * Lets time pass: runs every call that falls due, in the order of its time (then of its scheduling), also those that
   * these calls schedule in turn; promises settle before, between and after. `clock.advance()` without a duration lets
   * no time pass, but runs what is due and lets promises settle.
   */
  advance(duration?: Temporal.Duration): Promise<void>;
  /** Sets the wall clock forth or back. No time elapses: so does a suspend look on Linux. */
  step(ahead: Temporal.Duration): void;
  /** How many calls wait for their time. */
  scheduled(): number;
}

interface Call {
  readonly at: number;
  readonly run: () => void;
}

// A call that schedules itself again without delay would keep `advance` busy for ever.
const maxCallsPerAdvance = 1_000_000;

/** A clock that stands still until `advance`. */
export function fakeClock(start: Temporal.Instant = Temporal.Instant.from("2026-01-01T00:00:00Z")): FakeClock {
  let elapsed = 0;
  let stepped = 0;
  const calls: Call[] = []; // sorted: latest first, so that the next one is popped

  const schedule = (delay: Temporal.Duration, run: () => void): Cancel => {
    const call = { at: elapsed + Math.max(delay.total("milliseconds"), 0), run };
    calls.splice(firstNotAfter(calls, call.at), 0, call);
    return () => {
      const index = calls.indexOf(call, firstNotAfter(calls, call.at));
      if (index >= 0) calls.splice(index, 1);
    };
  };

  // Asked for many times in a moment.
  let lastNow = { elapsed: 0, stepped: 0, instant: start };
  return {
    now: () => {
      if (lastNow.elapsed !== elapsed || lastNow.stepped !== stepped) {
        const instant = start.add({ nanoseconds: Math.round(elapsed * 1e6) }).add({ milliseconds: stepped });
        lastNow = { elapsed, stepped, instant };
      }
      return lastNow.instant;
    },
    elapsed: () => elapsed,
    schedule,
    sleep: sleepOn(schedule),
    advance: async (duration) => {
      const end = elapsed + (duration?.total("milliseconds") ?? 0);
      await promisesSettled();
      for (let ran = 0; ; ran += 1) {
        const next = calls.at(-1);
        if (!next || next.at > end) break;
        if (ran === maxCallsPerAdvance)
          throw new Error(`more than ${maxCallsPerAdvance} calls fell due in one advance`);
        calls.pop();
        elapsed = Math.max(elapsed, next.at);
        next.run();
        await promisesSettled();
      }
      elapsed = end;
    },
    step: (ahead) => {
      stepped += ahead.total("milliseconds");
    },
    scheduled: () => calls.length,
  };
}

/**
 * The first index whose call is due at `at` or earlier: a later call of the same time goes before it, and so runs
 * after it.
 */
function firstNotAfter(calls: readonly Call[], at: number): number {
  let low = 0;
  let high = calls.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const call = calls[middle];
    if (call && call.at > at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A turn of the event loop comes after every microtask, however long their chain. */
function promisesSettled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
