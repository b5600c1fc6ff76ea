// Watches of the service-account controller: in which namespaces an event may change what ServiceAccounts must refer to.
import { type Request, type Skip, watch, type Watch, watchTogether } from "../../runtime/queue/controllers.ts";
import type { CredentialRecord } from "../../cluster/records.ts";
import type { Change } from "../../runtime/watch/store.ts";
import { changedNames, concernsTenants } from "../changes.ts";
import { concernedNamespaces, marked } from "../concerned-namespaces.ts";
import type { Context } from "../context.ts";
import { referencesKey, writer } from "../keys.ts";
import { recordedReferences } from "./plan.ts";

export function referencesWatches(context: Context): readonly Watch<Request | Skip>[] {
  const {
    cluster: { stores, namesSynced },
    credentials: { index, statusCache },
    queue: { signals },
  } = context;
  const { namespaces } = stores;

  const ask = (namespace: string, options: Request["options"]): Request | Skip =>
    comesBySecrets(context, namespace) ? undefined : { key: referencesKey(namespace), options };

  function* whereConcerned(change: Change<CredentialRecord>): Generator<Request | Skip> {
    const options = { lane: "bulk", flow: change.key } as const;
    for (const namespace of concernedNamespaces(context, change)) {
      yield namespace === undefined ? undefined : ask(namespace, options);
    }
    for (const each of marked(context, change)) yield each && ask(each.namespace, options);
  }

  function* referring(
    events: readonly { readonly name: string; readonly namespace?: string | undefined }[],
  ): Generator<Request | Skip> {
    const called = Map.groupBy(events, ({ name }) => name);
    for (const { namespace, record } of stores.serviceAccounts.values()) {
      const isMeant = recordedReferences(record)
        .keys()
        .some((name) => called.get(name)?.some((each) => each.namespace === undefined || each.namespace === namespace));
      yield isMeant ? ask(namespace, { lane: "bulk" }) : undefined;
    }
  }

  return [
    watch(stores.credentials, (change) =>
      concernsTenants(change.before?.credential, change.after?.credential) ? whereConcerned(change) : [],
    ),
    watch(namespaces, ({ key, before, after }) =>
      after ? [ask(key, { lane: before ? "normal" : "interactive" })] : [],
    ),
    watch(stores.serviceAccounts, ({ key, before, after, by }) => {
      if (by === writer.references) return [];
      // One that did not fit: its namespace is told so.
      if (!before && !after) return [ask(key.slice(0, key.indexOf("/")), { lane: "normal" })];
      return after ? [ask(after.namespace, { lane: before ? "normal" : "interactive" })] : [];
    }),
    // Which references stay depends on who is in it, not only on whether it is there: also where it is made anew at once.
    watch(stores.pullSecrets, ({ before, after }) => {
      const record = before ?? after;
      if (!record || !namesSynced(record.name)) return [];
      const isSame = before?.uid === after?.uid;
      const isChanged = changedNames(before?.credentials, after?.credentials).length > 0;
      // Of one that has come its finding tells, but where the same was found of one before it: a run may have looked between them.
      const isReportedElsewhere = !before && statusCache.secret(record.namespace, record.name)?.state !== "usable";
      if (isReportedElsewhere || (isSame && !isChanged)) return [];
      return [ask(record.namespace, { lane: "normal" })];
    }),
    // What is known to be nobody's is run under no name, so nothing else tells.
    watchTogether(signals.secretsCalled, referring),
    // What is on record under a name that nobody has any more waits for nothing: nothing of that name will be seen.
    watch({ subscribe: (listener: (lost: readonly string[]) => void) => index.onNames(listener) }, (lost) =>
      lost.length === 0 ? [] : referring(lost.map((name) => ({ name }))),
    ),
    watch(signals.permissions, () => referencesEverywhere(context)),
  ];
}

export function* referencesEverywhere(context: Context): Generator<Request | Skip> {
  for (const { key } of context.cluster.stores.namespaces.values()) {
    yield comesBySecrets(context, key) ? undefined : { key: referencesKey(key), options: { lane: "bulk" } };
  }
}

/**
 * None of the Secrets that somebody wants there has been judged yet: all references would be left as they are. The first that is
 * judged asks for them, see `reportSecret`.
 */
function comesBySecrets(
  { cluster: { stores }, credentials: { index, statusCache } }: Context,
  namespace: string,
): boolean {
  if ([...statusCache.secretNames(namespace)].length > 0) return false;
  const record = stores.namespaces.get(namespace);
  return record !== undefined && index.isNamed(record);
}
