// Selection: the namespaces and the ServiceAccount names that a credential selects.
import type { NamespaceSelection, ServiceAccountSelection } from "../api/registry-credential.ts";
import { globMatches } from "../runtime/glob.ts";
import type { NamespaceRecord } from "../cluster/records.ts";

type LabelSelector = NonNullable<NamespaceSelection["selector"]>;

type LabelExpression = NonNullable<LabelSelector["matchExpressions"]>[number];

/** Why a namespace is not served by a credential. */
export type SelectionBlocker =
  | { readonly kind: "optedOut" }
  | { readonly kind: "excluded"; readonly glob: string }
  /** It holds the keys of the cluster, and no include names it without a wildcard. */
  | { readonly kind: "reserved" }
  | { readonly kind: "notIncluded" }
  | { readonly kind: "label"; readonly expression: LabelExpression };

/**
 * (No include, or one include matches) and selector and no exclude and no opt-out. `kube-*` and the operator's own
 * namespace hold the keys of the cluster, so a wildcard never reaches them: they must be named.
 */
export function selectsNamespace(
  selection: NamespaceSelection,
  namespace: NamespaceRecord,
  operatorNamespace: string,
): boolean {
  return selectionBlocker(selection, namespace, operatorNamespace) === undefined;
}

/** The first reason why the namespace is not selected; undefined where it is. */
export function selectionBlocker(
  selection: NamespaceSelection,
  namespace: NamespaceRecord,
  operatorNamespace: string,
): SelectionBlocker | undefined {
  const { name } = namespace;
  if (namespace.optedOut) return { kind: "optedOut" };
  const glob = selection.exclude?.find((each) => globMatches(each, name));
  if (glob !== undefined) return { kind: "excluded", glob };
  if (name === operatorNamespace || name.startsWith("kube-")) {
    if (!selection.include?.includes(name)) return { kind: "reserved" };
  } else if (selection.include && !selection.include.some((each) => globMatches(each, name))) {
    return { kind: "notIncluded" };
  }
  const expression = selection.selector && unmatched(selection.selector, namespace.labels);
  return expression && { kind: "label", expression };
}

/** Names only: entitlement belongs to the namespace, so a ServiceAccount's labels say nothing here. */
export function selectsServiceAccount(selection: ServiceAccountSelection, name: string): boolean {
  return (
    selection.include.some((glob) => globMatches(glob, name)) &&
    !selection.exclude?.some((glob) => globMatches(glob, name))
  );
}

/** LabelSelector semantics of apimachinery: the first of matchLabels and matchExpressions that does not hold. */
function unmatched(selector: LabelSelector, labels: Readonly<Record<string, string>>): LabelExpression | undefined {
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    if (labelOf(labels, key) !== value) return { key, operator: "In", values: [value] };
  }
  return (selector.matchExpressions ?? []).find((expression) => !holds(expression, labels));
}

function holds({ key, operator, values = [] }: LabelExpression, labels: Readonly<Record<string, string>>): boolean {
  const value = labelOf(labels, key);
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
  }
}

/** `constructor` is a valid label key, and nothing that an object inherits is a label. */
function labelOf(labels: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
