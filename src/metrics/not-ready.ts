// Counts and a few names of namespaces that are not served, where ten thousand may fail at once.
import type { NamespaceView } from "../controllers/credential/plan-types.ts";

/** Namespaces of one credential that fail alike. */
interface Group {
  readonly reason: string;
  readonly cause: string;
  /** All of them. */
  readonly count: number;
  /** The first that were seen, as many as could ever be shown. */
  readonly namespaces: readonly string[];
}

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

/** Pending ones have no reason and go by themselves: regcred_namespaces counts them. */
export function notReadyOf(namespaces: readonly NamespaceView[]): NotReady {
  const groups = new Map<string, { reason: string; cause: string; count: number; namespaces: string[] }>();
  for (const { name, failures } of namespaces) {
    // A namespace that fails twice for one reason is one.
    const counted = new Set<string>();
    for (const { failure } of failures) {
      const { reason, cause } = failure;
      const key = `${reason}/${cause}`;
      if (counted.has(key)) continue;
      counted.add(key);
      const group = groups.get(key) ?? { reason, cause, count: 0, namespaces: [] };
      groups.set(key, group);
      group.count += 1;
      if (group.namespaces.length < maxSeries) group.namespaces.push(name);
    }
  }
  return [...groups.values()];
}

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
  for (const { credential, reason, cause, namespaces } of groups.toSorted((a, b) => a.count - b.count)) {
    for (const name of namespaces.slice(0, maxSeries - series.length)) {
      series.push({ credential, target_namespace: name, reason, cause, count: 1 });
    }
  }
  return { series, omitted: groups.reduce((sum, { count }) => sum + count, 0) - series.length };
}
