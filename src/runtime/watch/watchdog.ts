// A watchdog: notices that nothing has come for too long.
import type { Cancel, Clock } from "../clock.ts";

/**
 * Calls `silent` once nothing has been alive for `limit`, counted from now.
 * @param aliveAt when something was the last time, in milliseconds of `clock.elapsed`
 */
export function watchdog(
  clock: Clock,
  limit: Temporal.Duration,
  aliveAt: () => number | undefined,
  silent: () => void,
): Cancel {
  const began = clock.elapsed();
  let cancel: Cancel;
  const check = (): void => {
    const left = limit.total("milliseconds") - (clock.elapsed() - Math.max(began, aliveAt() ?? began));
    if (left <= 0) silent();
    else cancel = clock.schedule(milliseconds(left), check);
  };
  check();
  return () => cancel();
}

/** Whole ones: a Duration takes no fractions. */
export function milliseconds(count: number): Temporal.Duration {
  return new Temporal.Duration(0, 0, 0, 0, 0, 0, 0, Math.ceil(count));
}
