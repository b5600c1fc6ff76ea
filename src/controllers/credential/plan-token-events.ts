// Events of tokens: which entries can no longer be renewed, why, and how long is left of what tenants have.
import type { RegistryStatus } from "../../api/registry-credential.ts";
import { timeOfText } from "../../runtime/foreign-numbers.ts";
import { formerText } from "./plan-status-text.ts";

export interface TokenEvent {
  readonly reason: string;
  /** Names the entry. */
  readonly message: string;
}

/** Those that were in another state, or there for another reason, or not altered, when the status was last written. */
export function tokenEvents(
  before: readonly RegistryStatus[],
  after: readonly RegistryStatus[],
  now: Temporal.Instant,
): readonly TokenEvent[] {
  return after.flatMap((entry) => {
    const last = before.find(({ name }) => name === entry.name);
    return [...failingEvent(entry, last, now), ...formerEvent(entry, last)];
  });
}

function failingEvent(
  entry: RegistryStatus,
  last: RegistryStatus | undefined,
  now: Temporal.Instant,
): readonly TokenEvent[] {
  const { name, state, reason = state, message = "it cannot be renewed" } = entry;
  if (state !== "Failing" && state !== "Expired") return [];
  if (last?.state === state && (last.reason ?? state) === reason) return [];
  return [{ reason, message: `entry ${name}: ${message}; ${remainder(entry, now)}` }];
}

function formerEvent({ name, former }: RegistryStatus, last: RegistryStatus | undefined): readonly TokenEvent[] {
  if (!former || last?.former) return [];
  const takenBack = "to take it back at once, give the entry another name";
  return [{ reason: "FormerLoginKept", message: `entry ${name}: ${formerText(former)}; ${takenBack}` }];
}

function remainder({ expiresAt, refreshedAt, former }: RegistryStatus, now: Temporal.Instant): string {
  if (former) return formerText(former);
  if (refreshedAt === undefined) return "tenants have nothing of it yet";
  const end = timeOfText(expiresAt ?? "");
  if (!end) return "what tenants have names no end";
  const left = now.until(end);
  return left.sign > 0
    ? `what tenants have lives until ${expiresAt} (${leftText(left)} left)`
    : `what tenants had ended at ${expiresAt}`;
}

/** As in `2 d 5 h`, `5 h 53 min` or `40 s`: rounded down, so that nobody counts on more than there is. */
function leftText(left: Temporal.Duration): string {
  const seconds = Math.max(Math.floor(left.total("seconds")), 0);
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}
