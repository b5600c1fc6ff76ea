// Times, counts and texts of a status, as they are written, and what of them is believed when they are read back.
import type { FailureGroup, RegistryStatus, Status } from "../../api/registry-credential.ts";
import { timeOfText } from "../../runtime/foreign-numbers.ts";
import type { Reported } from "./plan-types.ts";

/** Of an entry that was altered and has no token yet, or none that fits. */
export function formerText({ namespaces, until }: NonNullable<RegistryStatus["former"]>): string {
  const end = until === undefined ? "and names no end" : `and lives until ${until}`;
  return `what the entry had before it was altered stays in ${namespacesText(namespaces)}, ${end}`;
}

export function namespacesText(count: number): string {
  return count === 1 ? "1 namespace" : `${count} namespaces`;
}

// Clocks of the API server, which dates the object, and of those that write its status differ by seconds; of broken ones no more
// can be said than that.
const clocksDiffer = Temporal.Duration.from({ minutes: 5 });

/** Anybody with the right may have written it: not before the object was there, and not in the future. */
export function believedTime(
  text: string,
  creationTimestamp: Temporal.Instant,
  now: Temporal.Instant,
): Temporal.Instant | undefined {
  const at = timeOfText(text);
  if (!at || Temporal.Instant.compare(at, now) > 0) return undefined;
  return Temporal.Instant.compare(at, creationTimestamp.subtract(clocksDiffer)) < 0 ? undefined : at;
}

export function groupKey({ reason, cause }: Pick<FailureGroup, "reason" | "cause">): string {
  return `${reason}/${cause}`;
}

/** To be asked once after a start: from then on the operator knows better itself. */
export function reportedSince(
  status: Status | undefined,
  creationTimestamp: Temporal.Instant,
  now: Temporal.Instant,
): Reported["since"] {
  return new Map(
    (status?.failures ?? []).flatMap((group) => {
      const at = believedTime(group.oldestSince, creationTimestamp, now);
      return at ? [[groupKey(group), at] as const] : [];
    }),
  );
}
