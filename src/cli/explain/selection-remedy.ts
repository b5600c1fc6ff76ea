// Remedies for a namespace that a credential does not select.
import { ignoreAnnotation } from "../../api/names.ts";
import type { RegistryCredential } from "../../api/registry-credential.ts";
import { kubectl } from "../../runtime/steps.ts";
import type { NamespaceRecord } from "../../cluster/records.ts";
import type { SelectionBlocker } from "../../entitlement/selection.ts";
import { credentialPatch, type Blocker, type Remedy } from "./blocker.ts";

export function notSelected(
  { name, spec }: Pick<RegistryCredential, "name" | "spec">,
  namespace: Pick<NamespaceRecord, "name">,
  blocker: SelectionBlocker,
): Blocker {
  const { why, cause, ...remedy } = remedyFor(name, spec.namespaces, namespace.name, blocker);
  return {
    reason: "NotSelected",
    cause,
    others: 0,
    why: `RegistryCredential ${name} does not serve namespace ${namespace.name}: ${why}`,
    remedy,
  };
}

function remedyFor(
  credential: string,
  { include = [], exclude = [] }: RegistryCredential["spec"]["namespaces"],
  namespace: string,
  blocker: SelectionBlocker,
): Remedy & Pick<Blocker, "why" | "cause"> {
  switch (blocker.kind) {
    case "optedOut":
      return {
        why: `the namespace has opted out (${ignoreAnnotation})`,
        cause: "Tenant",
        change: "take the annotation off",
        commands: [kubectl`annotate namespace ${namespace} ${ignoreAnnotation}-`],
      };
    case "excluded": {
      const rest = exclude.filter((glob) => glob !== blocker.glob);
      return {
        why: `its namespaces.exclude has ${blocker.glob}`,
        cause: "Platform",
        change: "take that out of the list, or write it so that it does not match",
        // An empty list is refused; null takes the field away.
        commands: [credentialPatch(credential, { namespaces: { exclude: rest.length > 0 ? rest : null } })],
      };
    }
    case "reserved":
      return {
        why: "a namespace of the system is served only if namespaces.include names it in full",
        cause: "Platform",
        ...included(credential, include, namespace),
      };
    case "notIncluded":
      return {
        why: `none of its namespaces.include matches (${include.join(", ")})`,
        cause: "Platform",
        ...included(credential, include, namespace),
      };
    case "label": {
      const { key, operator, values = [] } = blocker.expression;
      const wanted = operator === "In" || operator === "Exists";
      return {
        why: wanted
          ? `its namespaces.selector wants the label ${key}${operator === "In" ? `=${values.join(" or ")}` : ""}`
          : `its namespaces.selector refuses the label ${key}${operator === "NotIn" ? `=${values.join(" or ")}` : ""}`,
        cause: "Platform",
        change: wanted ? "label the namespace, if it is meant to have these logins" : "take the label off",
        commands: [
          wanted
            ? kubectl`label namespace ${namespace} ${key}=${values[0] ?? "true"} --overwrite`
            : kubectl`label namespace ${namespace} ${key}-`,
        ],
      };
    }
  }
}

function included(credential: string, include: readonly string[], namespace: string): Remedy {
  return {
    change: "add it to the list",
    commands: [credentialPatch(credential, { namespaces: { include: [...include, namespace] } })],
  };
}
