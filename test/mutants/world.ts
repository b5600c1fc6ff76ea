// Faults that the world of played failures finds, each within the fixed seeds of its test.
import type { Edit, Mutant } from "./mutant.ts";

const found = (name: string, ...edits: readonly Edit[]): Mutant => ({
  fault: "world",
  name,
  edits,
  foundBy: { phase: "unit", path: "test/world/world.test.ts" },
});

export const worldMutants: readonly Mutant[] = [
  found("a pull Secret is written whatever has become of it", {
    file: "src/reconcile/secret-wire.ts",
    from: "      ...(before && { resourceVersion: before.resourceVersion }),\n",
    to: "",
  }),
  found("a ServiceAccount is patched whatever has become of it", {
    file: "src/reconcile/refer.ts",
    from: "      metadata: { resourceVersion, annotations:",
    to: "      metadata: { annotations:",
  }),
  found("a token is stored over whatever is there", {
    file: "src/reconcile/store-token.ts",
    from: "      ...(before && { resourceVersion: before.resourceVersion }),\n",
    to: "",
  }),
  found("a namespace that opts out is served", {
    file: "src/plan/selection.ts",
    from: '  if (namespace.optedOut) return { kind: "optedOut" };\n',
    to: "",
  }),
  found("suspend is ignored", {
    file: "src/reconcile/pull-secret.ts",
    from: "credential.spec.suspend && !deleting",
    to: "credential.spec.suspend && deleting",
  }),
  found("under Retain a namespace that is merely not selected any more keeps its login", {
    file: "src/reconcile/pull-secret.ts",
    from: 'deleting && credential.spec.deletionPolicy === "Retain"',
    to: 'credential.spec.deletionPolicy === "Retain"',
  }),
  found("a renewed token is not rendered", {
    file: "src/reconcile/contributions.ts",
    from: "${entry.name}=${grantKey}.${source.revision}.",
    to: "${entry.name}=${grantKey}.",
  }),
  found("what a tenant does to a pull Secret is not noticed", {
    file: "src/watch/triggers.ts",
    from: "    { key: secretKey(record.namespace, record.name), options },\n",
    to: "",
  }),
  found("a new ServiceAccount is not noticed", {
    file: "src/watch/triggers.ts",
    from: "  return [...grants, { key: referencesKey(after.namespace)",
    to: "  return [...grants, { key: referencesKey(`${after.namespace}.`)",
  }),
  found("another label of a Namespace is not noticed", {
    file: "src/watch/triggers.ts",
    from: "  return [\n    ...names.map((name) => ({ key: secretKey(key, name), options })),\n    { key: referencesKey(key), options },",
    to: "  return [\n    { key: referencesKey(key), options },",
  }),
  found("another source is not noticed", {
    file: "src/reconcile/ask-for-work.ts",
    from: "grantSources(grant, settings.namespace).includes(key)",
    to: "grantSources(grant, settings.namespace).includes(`${key}.`)",
  }),
  found("foreign references are thrown out", {
    file: "src/plan/references.ts",
    from: "  const references = [...current.filter((name) => !removed.includes(name)), ...added];",
    to: "  const references = [...current.filter((name) => bySecret.has(name) && !removed.includes(name)), ...added];",
  }),
];
