// Measures how fast this machine is at the moment.
import { createHash } from "node:crypto";

const repeats = 5;
const rounds = 40;
const block = Buffer.alloc(1024 * 1024, "x");

/** Seconds that a fixed piece of work takes, the median of a few. */
export function yardstick(): number {
  const taken = Array.from({ length: repeats }, () => {
    const startedAt = performance.now();
    const hash = createHash("sha512");
    for (let round = 0; round < rounds; round += 1) hash.update(block);
    hash.digest();
    return (performance.now() - startedAt) / 1000;
  });
  return taken.toSorted((one, other) => one - other)[Math.floor(repeats / 2)] ?? 0;
}
