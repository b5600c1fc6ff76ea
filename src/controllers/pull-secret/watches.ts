// Watches of the pull-secret controller: which pull Secrets an event concerns, and how urgently.
import { type Request, watch, type Watch } from "../../runtime/queue/controllers.ts";
import type { Context, Needs } from "../context.ts";
import { concernsNamespaces, isAnotherIdentity } from "../changes.ts";
import { secretKey } from "../keys.ts";

type Known = Needs<{
  cluster: "stores" | "namesSynced";
  credentials: "index";
  settings: keyof Context["settings"];
  queue: "signals";
}>;

export function pullSecretWatches(context: Known): readonly Watch<Request>[] {
  const { stores, namesSynced } = context.cluster;
  const { index: credentialIndex } = context.credentials;
  const { signals } = context.queue;
  const { settings } = context;
  const { namespaces } = stores;

  /** Under every name in every namespace, behind what somebody waits for. */
  function* everywhere(names: readonly string[], options: Request["options"]): Generator<Request> {
    for (const { key } of namespaces.values()) for (const name of names) yield { key: secretKey(key, name), options };
  }

  return [
    watch(stores.credentials, ({ key, before, after }) =>
      concernsNamespaces(before?.credential, after?.credential)
        ? everywhere(credentialIndex.names(), { lane: "bulk", flow: key })
        : [],
    ),
    // A namespace that has just appeared overtakes everything: somebody waits for its first pod.
    watch(namespaces, ({ key, before }) =>
      credentialIndex
        .names()
        .map((name) => ({ key: secretKey(key, name), options: { lane: before ? "normal" : "interactive" } })),
    ),
    // Grants of TenantServiceAccount entries are made from these.
    watch(stores.serviceAccounts, (change) => {
      const record = change.after ?? change.before;
      if (!record || !isAnotherIdentity(change)) return [];
      return credentialIndex.names().map((name) => ({ key: secretKey(record.namespace, name) }));
    }),
    // An account of the operator's own namespace may ask for the tokens of every namespace.
    watch(stores.serviceAccounts, (change) =>
      (change.after ?? change.before)?.namespace === settings.namespace && isAnotherIdentity(change)
        ? everywhere(credentialIndex.names(), { lane: "bulk" })
        : [],
    ),
    // The first list of a name queues all of its keys when it is complete.
    watch(stores.pullSecrets, ({ before, after }) => {
      const record = after ?? before;
      if (!record || !namesSynced(record.name)) return [];
      return [{ key: secretKey(record.namespace, record.name), options: { lane: "normal" } }];
    }),
    // What was kept for a name that no RegistryCredential has any more goes: grants that nobody would need but for it, above all.
    watch({ subscribe: (listener: (lost: readonly string[]) => void) => credentialIndex.onNames(listener) }, (lost) =>
      everywhere(lost, { lane: "bulk" }),
    ),
    // They can be judged, or judged anew: all of them, or those of one namespace.
    watch(signals.secretsCalled, ({ name, namespace }) =>
      namespace === undefined
        ? everywhere([name], { lane: "bulk" })
        : [{ key: secretKey(namespace, name), options: { lane: "bulk" } }],
    ),
  ];
}
