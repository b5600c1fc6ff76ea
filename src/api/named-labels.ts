// The Namespace labels that a RegistryCredential asks for.
import type { RegistryCredential } from "./registry-credential.ts";
import { labelsInTemplate } from "./placeholders.ts";

/** Keys that its selector names or that its placeholders are filled from; no other label of a Namespace is ever looked at. */
export function namedLabels({ namespaces, registries }: RegistryCredential["spec"]): ReadonlySet<string> {
  const { matchLabels = {}, matchExpressions = [] } = namespaces.selector ?? {};
  return new Set([
    ...Object.keys(matchLabels),
    ...matchExpressions.map(({ key }) => key),
    // Wherever a placeholder may stand, now or in a later release: JSON escapes nothing that is in one.
    ...labelsInTemplate(JSON.stringify(registries)),
  ]);
}
