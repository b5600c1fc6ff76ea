// Which entries can no longer be renewed, why, and how long is left of what tenants have?
import type { RegistryStatus } from "../api/registry-credential.ts";
import { leftText } from "./status-text.ts";

export interface TokenNews {
  readonly reason: string;
  /** Names the entry. */
  readonly message: string;
}

/** Those that were in another state, or there for another reason, when the status was last written. */
export function tokenNews(
  before: readonly RegistryStatus[],
  after: readonly RegistryStatus[],
  now: Temporal.Instant,
): readonly TokenNews[] {
  return after.flatMap(({ name, state, reason = state, message = "it cannot be renewed", expiresAt, refreshedAt }) => {
    if (state !== "Failing" && state !== "Expired") return [];
    const last = before.find((entry) => entry.name === name);
    if (last?.state === state && (last.reason ?? state) === reason) return [];
    return [{ reason, message: `entry ${name}: ${message}; ${remainder(expiresAt, refreshedAt, now)}` }];
  });
}

function remainder(expiresAt: string | undefined, refreshedAt: string | undefined, now: Temporal.Instant): string {
  if (refreshedAt === undefined) return "tenants have nothing of it yet";
  if (expiresAt === undefined) return "what tenants have names no end";
  const left = now.until(Temporal.Instant.from(expiresAt));
  return left.sign > 0
    ? `what tenants have lives until ${expiresAt} (${leftText(left)} left)`
    : `what tenants had ended at ${expiresAt}`;
}
