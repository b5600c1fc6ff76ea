// How long the bench waits for what happens to every namespace before it gives up.

// A tenth of what an API server that others load, too, has done for each of ten thousand.
const perItemMs = 60;
const leastMs = 120_000;

/** For so many writes, of which each is awaited. @param logins of each Secret that is written */
export function patience(count: number, logins = 1): Temporal.Duration {
  // Of each its RegistryCredential is asked, and recorded before: ten more take as long again as one.
  const perItem = perItemMs * (1 + (logins - 1) / 10);
  return Temporal.Duration.from({ milliseconds: Math.ceil(leastMs + count * perItem) });
}
