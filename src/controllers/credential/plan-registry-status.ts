// How does one entry of spec.registries fare, its grants taken together?
import type { RegistryStatus } from "../../api/registry-credential.ts";
import { textWithSteps } from "../../runtime/steps.ts";
import { type EntryView, type GrantView, lacksToken } from "./status-snapshot.ts";
import { earliest, timeText } from "./plan-status-text.ts";

// As the schema bounds it: src/api/status-schema.ts.
const longestMessage = 1024;

/** The earliest times and the worst state. */
export function registryStatus(
  { name, grants }: EntryView,
  now: Temporal.Instant,
  former: RegistryStatus["former"],
): RegistryStatus {
  const failing = grants.filter(({ failure }) => failure !== undefined);
  const worst = failing.find((grant) => lacksToken(grant, now)) ?? failing[0];
  const expiries = grants.flatMap(({ token }) => (token?.expiresAt ? [token.expiresAt] : []));
  const issues = grants.flatMap(({ token }) => (token ? [token.issuedAt] : []));
  return {
    name,
    identities: grants.length,
    failing: failing.length,
    ...(expiries.length > 0 && { expiresAt: timeText(earliest(expiries)) }),
    ...(issues.length > 0 && { refreshedAt: timeText(earliest(issues)) }),
    state: stateOf(grants, now),
    ...(worst?.failure && { reason: worst.failure.reason, message: textWithSteps(worst.failure, longestMessage) }),
    ...(former && { former }),
  };
}

function stateOf(grants: readonly GrantView[], now: Temporal.Instant): RegistryStatus["state"] {
  if (grants.some((grant) => grant.token !== undefined && lacksToken(grant, now))) return "Expired";
  if (grants.some(({ failure }) => failure !== undefined)) return "Failing";
  if (grants.length === 0 || grants.some(({ token }) => token === undefined)) return "Pending";
  if (grants.some(({ token }) => token?.state === "PublishedUnverified")) return "PublishedUnverified";
  if (grants.some(({ token }) => token?.state === "Issued")) return "Issued";
  return grants.some(({ token }) => token?.state === "Authenticated") ? "Authenticated" : "Verified";
}
