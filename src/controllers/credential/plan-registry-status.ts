// Plans the status of one entry of spec.registries, its grants taken together.
import { worstState } from "../../api/entry-states.ts";
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
    state: worstState(grants.map((grant) => stateOf(grant, now))),
    ...(worst?.failure && { reason: worst.failure.reason, message: textWithSteps(worst.failure, longestMessage) }),
    ...(former && { former }),
  };
}

function stateOf(grant: GrantView, now: Temporal.Instant): RegistryStatus["state"] {
  const { token, failure } = grant;
  if (token && lacksToken(grant, now)) return "Expired";
  if (failure) return "Failing";
  return token?.state ?? "Pending";
}
