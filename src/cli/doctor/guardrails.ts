// The doctor on guardrails: whether admission policies (config/restraint) limit what a stolen token of the operator could do.
import type { Session } from "../session.ts";
import { admission } from "./admission.ts";
import { type Finding, fixedBy, notSeen, well } from "./finding.ts";
import { applyPolicies } from "../../cluster/install-steps.ts";

/** Those of config/restraint. */
export const guardrailPolicies = [
  "regcred-secrets",
  "regcred-service-accounts",
  "regcred-token-requests",
  "regcred-registry-credentials",
  "regcred-leases",
  "regcred-events",
  "regcred-nothing-else",
];

export async function guardrailsAreInForce(session: Pick<Session, "objects" | "operatorNamespace">): Promise<Finding> {
  const check = "restraint";
  const found = await admission(session);
  if (!found) return notSeen(check, "ValidatingAdmissionPolicies");
  const missing = guardrailPolicies.filter((name) => !found.enforces(name));
  return missing.length === 0
    ? well(check, "policies hold the operator to what it says it does")
    : fixedBy(
        check,
        `only RBAC holds the operator back where these policies are not in force: ${missing.join(", ")}`,
        applyPolicies(session.operatorNamespace),
      );
}
