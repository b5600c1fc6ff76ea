// What is believed of a status that was reported before: how long something has lasted, and nothing about tenants.
import type { FailureGroup, Status } from "../../api/registry-credential.ts";
import { timeOfText } from "../../runtime/foreign-numbers.ts";

/** What a status that was told is compared with. */
export interface Told {
  /** The status as it was told last. */
  readonly status: Status | undefined;
  /** By reason and cause: since when a failure had lasted when the operator started. */
  readonly since: ReadonlyMap<string, Temporal.Instant>;
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
export function toldSince(
  status: Status | undefined,
  creationTimestamp: Temporal.Instant,
  now: Temporal.Instant,
): Told["since"] {
  return new Map(
    (status?.failures ?? []).flatMap((group) => {
      const at = believedTime(group.oldestSince, creationTimestamp, now);
      return at ? [[groupKey(group), at] as const] : [];
    }),
  );
}
