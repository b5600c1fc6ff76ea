// The doctor on guardrails: whether admission policies (config/restraint) limit what a stolen token of the operator could do.
import type { Session } from "../session.ts";
import { admission } from "./admission.ts";
import { type Finding, fixedBy, notSeen, well } from "./finding.ts";
import type { InstallNames, Named } from "./install-names.ts";
import { applyPolicies } from "../../cluster/install-steps.ts";

/** Those of config/restraint, by the names that an install gives them. */
export function guardrailPolicies({ prefix }: InstallNames): readonly string[] {
  return [
    "secrets",
    "service-accounts",
    "token-requests",
    "registry-credentials",
    "leases",
    "events",
    "nothing-else",
  ].map((each) => `${prefix}-${each}`);
}

export async function guardrailsAreInForce(
  session: Pick<Session, "objects" | "operatorNamespace"> & Named,
): Promise<Finding> {
  const check = "restraint";
  const found = await admission(session);
  if (!found) return notSeen(check, "ValidatingAdmissionPolicies");
  const missing = guardrailPolicies(session.names).filter((name) => !found.enforces(name));
  return missing.length === 0
    ? well(check, "policies hold the operator to what it says it does")
    : fixedBy(
        check,
        `only RBAC holds the operator back where these policies are not in force: ${missing.join(", ")}`,
        applyPolicies(session.operatorNamespace, session.names.prefix),
      );
}
