// The doctor on restraint: whether something holds the operator back, should its token be stolen.
import type { Session } from "../session.ts";
import { admission } from "./admission.ts";
import { type Finding, mendedBy, notSeen, well } from "./finding.ts";
import { applyPolicies } from "../../cluster/install-steps.ts";

/** Those of config/restraint. */
export const restrainingPolicies = [
  "regcred-secrets",
  "regcred-service-accounts",
  "regcred-token-requests",
  "regcred-registry-credentials",
  "regcred-leases",
  "regcred-events",
  "regcred-nothing-else",
];

export async function operatorIsRestrained(session: Pick<Session, "objects" | "operatorNamespace">): Promise<Finding> {
  const check = "restraint";
  const found = await admission(session);
  if (!found) return notSeen(check, "ValidatingAdmissionPolicies");
  const missing = restrainingPolicies.filter((name) => !found.enforces(name));
  return missing.length === 0
    ? well(check, "policies hold the operator to what it says it does")
    : mendedBy(
        check,
        `only RBAC holds the operator back where these policies are not in force: ${missing.join(", ")}`,
        applyPolicies(session.operatorNamespace),
      );
}
