// Counts and a few names of namespaces that are not served, where ten thousand may fail at once.

/** Namespaces of one credential that fail alike. */
interface Group {
  readonly reason: string;
  readonly cause: string;
  /** All of them. */
  readonly count: number;
  /** As they are when it is asked: only who reads the metrics goes through them. */
  readonly names: () => Iterable<string>;
}

/** Pending ones have no reason and go by themselves: regcred_namespaces counts them. */
export type NotReady = readonly Group[];

interface NotReadySeries {
  readonly credential: string;
  /** Empty where none is named. */
  readonly target_namespace: string;
  readonly reason: string;
  readonly cause: string;
  /** How many namespaces it is about. */
  readonly count: number;
}

// Issue 6: a time series for each namespace of a large cluster is more than a Prometheus should be asked to keep.
const maxSeries = 200;

/** For whoever reads: how many fail alike, and no names. */
export function countedNotReady(byCredential: ReadonlyMap<string, NotReady>): readonly NotReadySeries[] {
  return [...byCredential].flatMap(([credential, notReady]) =>
    notReady.map(({ reason, cause, count }) => ({ credential, target_namespace: "", reason, cause, count })),
  );
}

/** The smallest groups first: one tenant's own problem must not drown in what everybody has, and the status counts anyway. */
export function boundedNotReady(byCredential: ReadonlyMap<string, NotReady>): {
  readonly series: readonly NotReadySeries[];
  readonly omitted: number;
} {
  const groups = [...byCredential].flatMap(([credential, notReady]) =>
    notReady.map((group) => ({ credential, ...group })),
  );
  const series: NotReadySeries[] = [];
  for (const { credential, reason, cause, count, names } of groups.toSorted((a, b) => a.count - b.count)) {
    const shown = Iterator.from(names()).take(Math.min(count, maxSeries - series.length));
    for (const name of shown) {
      series.push({ credential, target_namespace: name, reason, cause, count: 1 });
    }
  }
  return { series, omitted: groups.reduce((sum, { count }) => sum + count, 0) - series.length };
}
