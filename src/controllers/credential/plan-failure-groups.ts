// Failure groups of a status: a few lines, however many namespaces there are.
import type { FailureGroup } from "../../api/registry-credential.ts";
import type { Failure } from "../../runtime/errors.ts";
import { firstOf } from "./plan-drain.ts";
import type { Reported, Troubled } from "./plan-types.ts";
import { earliestInstant, timeText } from "../../runtime/time-text.ts";
import { groupKey } from "./plan-status-text.ts";

// Bounds of docs/design.md: a status must not grow with the cluster.
const maxGroups = 16;

interface Group {
  readonly reason: string;
  readonly cause: Failure["cause"];
  /** By namespace: since when. */
  readonly members: Map<string, Temporal.Instant>;
}

/** Namespaces that fail alike are one line: reason and cause, how many, since when, three of them. Largest first. */
export function failureGroups(namespaces: readonly Troubled[], reported: Reported["since"]): readonly FailureGroup[] {
  const groups = new Map<string, Group>();
  for (const { name, troubles } of namespaces) {
    for (const { failure, since, foundAtStart } of troubles) {
      const { reason, cause } = failure;
      const key = groupKey(failure);
      const group = groups.get(key) ?? { reason, cause, members: new Map() };
      groups.set(key, group);
      const before = foundAtStart ? reported.get(key) : undefined;
      group.members.set(name, earliestInstant([group.members.get(name) ?? since, since, before ?? since]));
    }
  }
  return [...groups.values()]
    .toSorted((one, other) => other.members.size - one.members.size || (one.reason < other.reason ? -1 : 1))
    .slice(0, maxGroups)
    .map(({ reason, cause, members }) => ({
      reason,
      cause,
      count: members.size,
      oldestSince: timeText(earliestInstant([...members.values()])),
      examples: [...firstOf(members.keys())],
    }));
}
