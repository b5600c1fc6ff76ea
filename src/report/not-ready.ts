// Which namespaces are named as not served, where ten thousand may fail at once?
import type { NamespaceView } from "../plan/status-snapshot.ts";

/** Namespaces of one credential that fail alike. */
interface Group {
  readonly reason: string;
  readonly cause: string;
  /** All of them. */
  readonly count: number;
  /** The first by name, as many as could ever be shown. */
  readonly namespaces: readonly string[];
}

export type NotReady = readonly Group[];

interface NotReadySeries {
  readonly credential: string;
  readonly target_namespace: string;
  readonly reason: string;
  readonly cause: string;
}

// Issue 6: a time series for each namespace of a large cluster is more than a Prometheus should be asked to keep.
const mostSeries = 200;

/** Pending ones have no reason and go by themselves: regcred_namespaces counts them. */
export function notReadyOf(namespaces: readonly NamespaceView[]): NotReady {
  const groups = new Map<string, { reason: string; cause: string; names: Set<string> }>();
  for (const { name, failures } of namespaces) {
    for (const {
      failure: { reason, cause },
    } of failures) {
      const key = `${reason}/${cause}`;
      const group = groups.get(key) ?? { reason, cause, names: new Set<string>() };
      groups.set(key, group);
      group.names.add(name);
    }
  }
  return [...groups.values()].map(({ reason, cause, names }) => ({
    reason,
    cause,
    count: names.size,
    namespaces: [...names].toSorted().slice(0, mostSeries),
  }));
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
    for (const name of namespaces.slice(0, mostSeries - series.length)) {
      series.push({ credential, target_namespace: name, reason, cause });
    }
  }
  return { series, omitted: groups.reduce((sum, { count }) => sum + count, 0) - series.length };
}
