// How soon may the next pod be evicted?

export interface PastEviction {
  readonly namespace: string;
  /** Elapsed milliseconds. */
  readonly at: number;
}

// Controllers make new pods at once, and nodes pull for them at once: a registry and a tenant's rollout must bear it.
const window = 60_000;
const mostInNamespace = 5;
const mostOverall = 30;

/** Milliseconds; 0: now. */
export function evictionWait(past: readonly PastEviction[], namespace: string, now: number): number {
  const recent = stillCounting(past, now);
  const here = recent.filter((each) => each.namespace === namespace);
  return Math.max(untilFewer(recent, mostOverall, now), untilFewer(here, mostInNamespace, now));
}

/** What is older has no say any more. */
export function stillCounting(past: readonly PastEviction[], now: number): readonly PastEviction[] {
  return past.filter(({ at }) => now - at < window);
}

/** `past` in the order of time. */
function untilFewer(past: readonly PastEviction[], most: number, now: number): number {
  const blocking = past.at(-most);
  return blocking ? blocking.at + window - now : 0;
}
