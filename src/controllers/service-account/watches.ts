// Watches of the service-account controller: in which namespaces an event may change what ServiceAccounts must refer to.
import { type Request, watch, type Watch } from "../../runtime/queue/controllers.ts";
import type { Needs } from "../context.ts";
import { concernsNamespaces } from "../changes.ts";
import { referencesKey } from "../keys.ts";

type Known = Needs<{ cluster: "stores" | "namesSynced"; queue: "signals" }>;

export function referencesWatches({
  cluster: { stores, namesSynced },
  queue: { signals },
}: Known): readonly Watch<Request>[] {
  const { namespaces } = stores;
  return [
    watch(stores.credentials, ({ key, before, after }) =>
      concernsNamespaces(before?.credential, after?.credential)
        ? referencesEverywhere(namespaces.values(), { lane: "bulk", flow: key })
        : [],
    ),
    watch(namespaces, ({ key, before, after }) =>
      after ? [{ key: referencesKey(key), options: { lane: before ? "normal" : "interactive" } }] : [],
    ),
    watch(stores.serviceAccounts, ({ key, before, after }) => {
      // One that did not fit: its namespace is told so.
      if (!before && !after)
        return [{ key: referencesKey(key.slice(0, key.indexOf("/"))), options: { lane: "normal" } }];
      return after
        ? [{ key: referencesKey(after.namespace), options: { lane: before ? "normal" : "interactive" } }]
        : [];
    }),
    // Which references stay depends on who is in it, not only on whether it is there.
    watch(stores.pullSecrets, ({ before, after }) => {
      if (!before || !after || !namesSynced(after.name)) return [];
      const isChanged = new Set(before.credentials).symmetricDifference(new Set(after.credentials)).size > 0;
      return isChanged ? [{ key: referencesKey(after.namespace), options: { lane: "normal" } }] : [];
    }),
    watch(signals.permissions, () => referencesEverywhere(namespaces.values(), { lane: "bulk" })),
  ];
}

export function* referencesEverywhere(
  namespaces: Iterable<{ readonly key: string }>,
  options: Request["options"],
): Generator<Request> {
  for (const { key } of namespaces) yield { key: referencesKey(key), options };
}
