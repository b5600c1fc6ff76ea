// What keeps namespaces from being served, told in a few lines however many there are?
import type { FailureGroup } from "../api/registry-credential.ts";
import type { Failure } from "../errors.ts";
import type { Lasting } from "./status-snapshot.ts";
import { earliest, timeText } from "./status-text.ts";

// Bounds of design.md section 2: a status must not grow with the cluster.
const mostGroups = 16;
const mostExamples = 3;

export interface Troubled {
  readonly name: string;
  readonly troubles: readonly Lasting[];
}

interface Group {
  readonly reason: string;
  readonly cause: Failure["cause"];
  /** By namespace: since when. */
  readonly members: Map<string, Temporal.Instant>;
}

/** Namespaces that fail alike are one line: reason and cause, how many, since when, three of them. Largest first. */
export function failureGroups(namespaces: readonly Troubled[]): readonly FailureGroup[] {
  const groups = new Map<string, Group>();
  for (const { name, troubles } of namespaces) {
    for (const { failure, since } of troubles) {
      const { reason, cause } = failure;
      const group = groups.get(`${reason}/${cause}`) ?? { reason, cause, members: new Map() };
      groups.set(`${reason}/${cause}`, group);
      group.members.set(name, earliest([group.members.get(name) ?? since, since]));
    }
  }
  return [...groups.values()]
    .toSorted((one, other) => other.members.size - one.members.size || (one.reason < other.reason ? -1 : 1))
    .slice(0, mostGroups)
    .map(({ reason, cause, members }) => ({
      reason,
      cause,
      count: members.size,
      oldestSince: timeText(earliest([...members.values()])),
      examples: [...members.keys()].toSorted().slice(0, mostExamples),
    }));
}
