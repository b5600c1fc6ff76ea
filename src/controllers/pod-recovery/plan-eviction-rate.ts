// Plans how soon the next pod may be evicted.

export interface PastEviction {
  readonly namespace: string;
  /** Elapsed milliseconds. */
  readonly at: number;
}

// Controllers make new pods at once, and nodes pull for them at once: a registry and a tenant's rollout must bear it.
const window = 60_000;
const maxInNamespace = 5;
const maxOverall = 30;
// A namespace that has had more than its five within the hour has them all the time. All of those leave half of what there is
// to the others, so that no number of them keeps anybody waiting.
const memory = 60 * 60_000;
const maxOfRegulars = 15;

/** Milliseconds; 0: now. */
export function evictionWait(past: readonly PastEviction[], namespace: string, now: number): number {
  const recent = past.filter(({ at }) => now - at < window);
  const here = recent.filter((each) => each.namespace === namespace);
  const regulars = namespacesWithMore(past);
  const ofRegulars = regulars.has(namespace) ? recent.filter((each) => regulars.has(each.namespace)) : [];
  return Math.max(
    untilFewer(recent, maxOverall, now),
    untilFewer(here, maxInNamespace, now),
    untilFewer(ofRegulars, maxOfRegulars, now),
  );
}

/** What is older has no say any more. */
export function stillCounting(past: readonly PastEviction[], now: number): readonly PastEviction[] {
  return past.filter(({ at }) => now - at < memory);
}

function namespacesWithMore(past: readonly PastEviction[]): ReadonlySet<string> {
  const counts = new Map<string, number>();
  for (const { namespace } of past) counts.set(namespace, (counts.get(namespace) ?? 0) + 1);
  return new Set([...counts].filter(([, count]) => count > maxInNamespace).map(([namespace]) => namespace));
}

/** `past` in the order of time. */
function untilFewer(past: readonly PastEviction[], max: number, now: number): number {
  const blocking = past.at(-max);
  return blocking ? blocking.at + window - now : 0;
}
