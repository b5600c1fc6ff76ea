// What beside a pull Secret itself says whether it may be written, or may go?
import { recordedReferences } from "../service-account/plan.ts";
import type { Context } from "../context.ts";

/**
 * How many ServiceAccounts a Secret which goes has to wait for. Those that may not be seen count as one, until the references
 * loop says that it has waited for long enough.
 */
export function referencesTo({ statusCache, stores, permissions }: Context, namespace: string, name: string): number {
  if (statusCache.references(namespace)?.left?.has(name)) return 0;
  const known = stores.serviceAccounts
    .byIndex(namespace)
    .filter(
      ({ references, record, terminating, tooLarge }) =>
        !terminating && !tooLarge && (references?.includes(name) ?? recordedReferences(record).has(name)),
    ).length;
  return permissions.serviceAccounts(namespace) ? known + 1 : known;
}

/** The name belongs to a source, or to a Secret of the operator's own. */
export function isReserved({ stores, settings }: Context, namespace: string, name: string): boolean {
  const record = stores.operatorSecrets.get(`${namespace}/${name}`);
  if (!record) return false;
  if (record.kind === "token" || record.kind === "members") return true;
  return record.kind === "source" && (namespace === settings.namespace || record.offered);
}
