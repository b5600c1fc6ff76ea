// Failure groups of a status: a few lines, however many namespaces there are.
import type { FailureGroup } from "../../api/registry-credential.ts";
import type { Reported, TroubleGroup } from "./plan-types.ts";
import { earliestInstant, timeText } from "../../runtime/time-text.ts";
import { groupKey } from "./plan-status-text.ts";

// Bounds of docs/design.md: a status must not grow with the cluster.
const maxGroups = 16;

/** Largest first. */
export function largestFirst(groups: readonly TroubleGroup[]): readonly TroubleGroup[] {
  return groups.toSorted((one, other) => other.count - one.count || (one.reason < other.reason ? -1 : 1));
}

/** Namespaces that fail alike are one line: reason and cause, how many, since when, three of them. Largest first. */
export function failureGroups(groups: readonly TroubleGroup[], reported: Reported["since"]): readonly FailureGroup[] {
  return largestFirst(groups)
    .slice(0, maxGroups)
    .map((group) => {
      const { reason, cause, count, since, foundAtStart, examples } = group;
      const before = foundAtStart ? reported.get(groupKey(group)) : undefined;
      return {
        reason,
        cause,
        count,
        oldestSince: timeText(earliestInstant([since, before ?? since])),
        examples: [...examples],
      };
    });
}
