// Steps that fix what the status of a RegistryCredential names by its reason alone.
import type { Entry } from "../../api/registry-credential.ts";
import { cureOf } from "../../api/reasons.ts";
import { kubectl, type Step } from "../../runtime/steps.ts";
import { grantsOf, isFailure } from "../../providers/grant.ts";
import { consentTo, createCertificates, createServiceAccount, createSource } from "../../cluster/install-steps.ts";
import { scopeOf, type ExplainInput } from "./input.ts";
import { there } from "../seen.ts";

/**
 * From the spec and the names that were asked about: what a status says is for people, and may quote others. Empty where
 * the reason says nothing of what to type.
 */
export function knownSteps(reason: string, entry: Entry, input: ExplainInput): readonly Step[] {
  const { namespaceName, operatorNamespace } = input;
  const cure = cureOf(reason);
  switch (cure) {
    case "source": {
      const source = sourceOf(entry, input);
      return source ? createSource({ ...source, operatorNamespace }) : [];
    }
    case "certificates":
      return "caSecretName" in entry && entry.caSecretName !== undefined
        ? [createCertificates(operatorNamespace, entry.caSecretName)]
        : [];
    case "kind":
      return [{ message: "bring the kind up to date", command: kubectl`apply -f crds/` }];
    case "consent":
    case "account": {
      const { identity } = entry;
      if (identity.from !== "ServiceAccount" && identity.from !== "TenantServiceAccount") return [];
      const home = identity.from === "ServiceAccount" ? operatorNamespace : namespaceName;
      return cure === "consent"
        ? consentTo(home, identity.name, `${operatorNamespace}:regcred`)
        : [createServiceAccount(home, identity.name)];
    }
    case undefined:
      return [];
  }
}

/** The source that the entry names for this namespace; undefined where the namespace was not seen. */
function sourceOf(
  entry: Entry,
  input: ExplainInput,
): { readonly namespace: string; readonly name: string } | undefined {
  const namespace = there(input.namespace);
  if (entry.provider !== "Static" || !namespace) return undefined;
  for (const { grant } of grantsOf(entry, scopeOf(input, namespace))) {
    if (!isFailure(grant) && grant.provider === "Static") return grant;
  }
  return undefined;
}
