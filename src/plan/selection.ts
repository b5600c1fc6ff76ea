// Which namespaces and which ServiceAccount names does a credential serve?
import type { NamespaceSelection, ServiceAccountSelection } from "../api/registry-credential.ts";
import { globMatches } from "./glob.ts";
import type { NamespaceRecord } from "./snapshot.ts";

type LabelSelector = NonNullable<NamespaceSelection["selector"]>;

/**
 * (No include, or one include matches) and selector and no exclude and no opt-out. `kube-*` and the operator's own
 * namespace hold the keys of the cluster, so a wildcard never reaches them: they must be named.
 */
export function selectsNamespace(
  selection: NamespaceSelection,
  namespace: NamespaceRecord,
  operatorNamespace: string,
): boolean {
  const { name } = namespace;
  if (namespace.optedOut) return false;
  if (selection.exclude?.some((glob) => globMatches(glob, name))) return false;
  if (name === operatorNamespace || name.startsWith("kube-")) {
    if (!selection.include?.includes(name)) return false;
  } else if (selection.include && !selection.include.some((glob) => globMatches(glob, name))) {
    return false;
  }
  return selection.selector === undefined || matchesLabels(selection.selector, namespace.labels);
}

/** Names only: entitlement belongs to the namespace, so a ServiceAccount's labels say nothing here. */
export function selectsServiceAccount(selection: ServiceAccountSelection, name: string): boolean {
  return (
    selection.include.some((glob) => globMatches(glob, name)) &&
    !selection.exclude?.some((glob) => globMatches(glob, name))
  );
}

/** LabelSelector semantics of apimachinery: all of matchLabels and all of matchExpressions. */
function matchesLabels(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    if (labelOf(labels, key) !== value) return false;
  }
  return (selector.matchExpressions ?? []).every((expression) => {
    const value = labelOf(labels, expression.key);
    switch (expression.operator) {
      case "In":
        return value !== undefined && (expression.values ?? []).includes(value);
      case "NotIn":
        return value === undefined || !(expression.values ?? []).includes(value);
      case "Exists":
        return value !== undefined;
      case "DoesNotExist":
        return value === undefined;
    }
  });
}

/** `constructor` is a valid label key, and nothing that an object inherits is a label. */
function labelOf(labels: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
