// Watches of the pull-secret controller: which pull Secrets an event concerns, and how urgently.
import { type Request, type Skip, watch, type Watch, watchTogether } from "../../runtime/queue/controllers.ts";
import type { CredentialRecord } from "../../cluster/records.ts";
import type { Change } from "../../runtime/watch/store.ts";
import type { Context } from "../context.ts";
import { concernsTenants, isAnotherIdentity } from "../changes.ts";
import { concernedNames, concernedNamespaces, marked, namesConcerning, namesKnownIn } from "../concerned-namespaces.ts";
import { secretKey, writer } from "../keys.ts";

export function pullSecretWatches(context: Context): readonly Watch<Request | Skip>[] {
  const { stores, namesSynced } = context.cluster;
  const { index: credentialIndex, judged } = context.credentials;
  const { signals } = context.queue;
  const { settings } = context;
  const { namespaces } = stores;

  /** Under each of the names wherever it may mean something, behind what somebody waits for. */
  function* everywhere(names: Iterable<string>): Generator<{ namespace: string; name: string } | Skip> {
    const wanted = new Set(names);
    if (wanted.size === 0) return;
    for (const namespace of namespaces.values()) {
      yield undefined;
      const meant = new Set(credentialIndex.namesIn(namespace)).union(namesKnownIn(context, namespace.name));
      for (const name of meant) if (wanted.has(name)) yield { namespace: namespace.name, name };
    }
  }

  function* asked(names: Iterable<string>): Generator<Request | Skip> {
    for (const each of everywhere(names))
      yield each && { key: secretKey(each.namespace, each.name), options: { lane: "bulk" } };
  }

  /** Where they mean nothing, nobody wants anything: as a run would find. */
  function* called(names: readonly string[]): Generator<Request | Skip> {
    // Runs that came before the name was known, and wait for that.
    const early = new Map(names.map((name) => [name, new Set(judged.open(name))]));
    for (const each of everywhere(names)) {
      if (each) {
        judged.unjudged(each.namespace, each.name);
        early.get(each.name)?.delete(each.namespace);
      }
      yield each && { key: secretKey(each.namespace, each.name), options: { lane: "bulk" } };
    }
    for (const [name, others] of early) areKnown(judged, name, others);
  }

  /** Where it concerns somebody. */
  function* whereConcerned(change: Change<CredentialRecord>): Generator<Request | Skip> {
    const options = { lane: "bulk", flow: change.key } as const;
    const names = concernedNames(context, change);
    for (const namespace of concernedNamespaces(context, change)) {
      if (namespace === undefined) yield undefined;
      else for (const name of names) yield { key: secretKey(namespace, name), options };
    }
    for (const each of marked(context, change)) {
      yield each && { key: secretKey(each.namespace, each.name), options };
    }
  }

  return [
    watch(stores.credentials, (change) =>
      concernsTenants(change.before?.credential, change.after?.credential) ? whereConcerned(change) : [],
    ),
    // A namespace that has just appeared overtakes everything: somebody waits for its first pod.
    watch(namespaces, (change) => {
      const names = namesConcerning(context, change);
      const lane = change.before ? "normal" : "interactive";
      return names.map((name) => ({ key: secretKey(change.key, name), options: { lane } }));
    }),
    // Grants of TenantServiceAccount entries are made from these.
    watch(stores.serviceAccounts, (change) => {
      const record = change.after ?? change.before;
      if (!record || !isAnotherIdentity(change)) return [];
      const namespace = namespaces.get(record.namespace);
      const names = namespace ? credentialIndex.namesIn(namespace) : credentialIndex.names();
      return names.map((name) => ({ key: secretKey(record.namespace, name) }));
    }),
    // An account of the operator's own namespace may ask for the tokens of every namespace.
    watch(stores.serviceAccounts, (change) =>
      (change.after ?? change.before)?.namespace === settings.namespace && isAnotherIdentity(change)
        ? asked(credentialIndex.names())
        : [],
    ),
    // The first list of a name queues all of its keys when it is complete.
    watch(stores.pullSecrets, ({ before, after, by }) => {
      if (by === writer.secret) return [];
      const record = after ?? before;
      if (!record || !namesSynced(record.name)) return [];
      return [{ key: secretKey(record.namespace, record.name), options: { lane: "normal" } }];
    }),
    // What was kept for a name that no RegistryCredential has any more goes: grants that nobody would need but for it, above all.
    watch({ subscribe: (listener: (lost: readonly string[]) => void) => credentialIndex.onNames(listener) }, (lost) =>
      asked(lost),
    ),
    // They can be judged, or judged anew: all of them, or those of one namespace.
    watchTogether(signals.secretsCalled, (events) =>
      called(events.flatMap(({ name, namespace }) => (namespace === undefined ? [name] : []))),
    ),
    watch(signals.secretsCalled, ({ name, namespace }): readonly Request[] =>
      namespace === undefined ? [] : [{ key: secretKey(namespace, name), options: { lane: "bulk" } }],
    ),
  ];
}

/** All Secrets of the name; it means nothing in these namespaces. */
function areKnown(judged: Context["credentials"]["judged"], name: string, others: Iterable<string>): void {
  for (const namespace of others) judged.judged(namespace, name);
  judged.called(name);
}
