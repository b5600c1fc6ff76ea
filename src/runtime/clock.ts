// The clock: time, timers and sleep. The only file that may ask the machine.

/** Stops a scheduled call; harmless when the call has run already. */
export type Cancel = () => void;

/**
 * Time as an argument. Wall time (`now`) is for expiry, which other machines judge too; elapsed time is for waiting,
 * because it neither jumps when the wall clock is set nor goes back.
 */
export interface Clock {
  /** Wall time. */
  now(): Temporal.Instant;
  /** Milliseconds since an arbitrary start; monotonic. */
  elapsed(): number;
  /** Runs `call` once after `delay`. */
  schedule(delay: Temporal.Duration, call: () => void): Cancel;
  /** Resolves after `delay`; rejects with the signal's reason when it aborts first. */
  sleep(delay: Temporal.Duration, signal?: AbortSignal): Promise<void>;
}

// setTimeout takes a signed 32-bit number of milliseconds and fires at once above it:
// https://nodejs.org/api/timers.html#settimeoutcallback-delay-args
const longestTimer = 2 ** 31 - 1;

/** The machine's own clock. */
export function systemClock(): Clock {
  const schedule = (delay: Temporal.Duration, call: () => void): Cancel => {
    const timer = setTimeout(call, Math.min(Math.max(delay.total("milliseconds"), 0), longestTimer));
    return () => clearTimeout(timer);
  };
  return {
    now: () => Temporal.Now.instant(),
    elapsed: () => performance.now(),
    schedule,
    sleep: sleepOn(schedule),
  };
}

/** How a clock that can schedule sleeps. */
export function sleepOn(schedule: Clock["schedule"]): Clock["sleep"] {
  return (delay, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const onAbort = (): void => {
        cancel();
        reject(signal?.reason as Error);
      };
      const cancel = schedule(delay, () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      });
      signal?.addEventListener("abort", onAbort, { once: true });
    });
}

/** A fraction in [0, 1), as `Math.random` gives; an argument wherever jitter is wanted. */
export type Random = () => number;

/** The machine's own. */
export const systemRandom: Random = () => Math.random();
