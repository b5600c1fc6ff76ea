// Backoff of a reflector after a failure.
import type { Random } from "../clock.ts";

// client-go's reflector: 800 ms doubling to 30 s, endless (tools/cache/reflector.go, NewReflectorWithOptions).
const first = 800;
const longest = 30_000;

/**
 * The pause after the `failures`-th failure in a row (1, 2, ...): random within a range that doubles up to 15–30 s.
 * Never shorter than `atLeast` (Retry-After), on top of which up to half of it is random, so that the watches that
 * were turned away together do not come back together: a minute at most, since Retry-After is bounded where it is read.
 */
export function backoff(failures: number, random: Random, min?: Temporal.Duration): Temporal.Duration {
  const low = Math.min(first * 2 ** (failures - 1), longest / 2);
  const own = low + random() * low;
  const asked = (min?.total("milliseconds") ?? 0) * (1 + random() / 2);
  return Temporal.Duration.from({ milliseconds: Math.round(Math.max(own, asked)) });
}
