// How long the bench waits for what happens to every namespace before it gives up.

// A tenth of what an API server that others load, too, has done for each of ten thousand.
const perItemMs = 60;
const leastMs = 120_000;

/** For so many writes, of which each is awaited. */
export function patience(count: number): Temporal.Duration {
  return Temporal.Duration.from({ milliseconds: leastMs + count * perItemMs });
}
