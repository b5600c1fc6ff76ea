// Watches of the credential controller: which RegistryCredentials an event concerns.
import { type Request, watch, type Watch } from "../../runtime/queue/controllers.ts";
import { changedNames, concernsNamespaces, isAnotherIdentity, isAnotherSchema } from "../changes.ts";
import type { Context } from "../context.ts";
import { credentialKey } from "../keys.ts";
import { statusSoon } from "../pull-secret/report.ts";

export function credentialWatches(context: Context): readonly Watch<Request>[] {
  const { stores, namesSynced } = context.cluster;
  const { index: credentialIndex } = context.credentials;
  const { signals } = context.queue;
  const { credentials } = stores;
  return [
    // What only a status tells, as its own next one does while a fan-out goes on, waits for more of it.
    watch(credentials, ({ key, before, after }) => {
      const isNews = after?.deleting === true || concernsNamespaces(before?.credential, after?.credential);
      return [{ key: credentialKey(key), options: isNews ? { lane: "interactive" } : statusSoon }];
    }),
    watch(stores.namespaces, ({ key, before, after }): Iterable<Request> => {
      const names = [before, after].flatMap((each) => (each ? credentialIndex.concerned(each) : []));
      // Of one that is gone it is known no more who was held in it, but for what was found.
      const found = before?.uid === after?.uid ? [] : foundIn(context.credentials.statusCache, key);
      return [...new Set([...names, ...found])].map((name) => ({ key: credentialKey(name), options: statusSoon }));
    }),
    watch(stores.pullSecrets, ({ before, after }) => {
      const record = after ?? before;
      if (!record || !namesSynced(record.name)) return [];
      // A tenant may list names that no RegistryCredential has.
      return changedNames(before?.credentials, after?.credentials)
        .filter((name) => credentialIndex.exists(name))
        .map((name) => ({ key: credentialKey(name), options: statusSoon }));
    }),
    // A status tells of grants, whatever is found of Secrets: where nothing may be written, nothing else is.
    watch(stores.serviceAccounts, (change) => {
      const account = change.after ?? change.before;
      if (!account || !isAnotherIdentity(change)) return [];
      return credentialIndex.askingAs(account).map((name) => ({ key: credentialKey(name), options: statusSoon }));
    }),
    watch(stores.crds, (change) => (isAnotherSchema(change) ? eachCredential(credentials.values()) : [])),
    watch(signals.permissions, () => eachCredential(credentials.values())),
    watch(signals.clockSteps, () => eachCredential(credentials.values())),
  ];
}

/** Of whom something was found there. */
function foundIn(statusCache: Context["credentials"]["statusCache"], namespace: string): readonly string[] {
  const secrets = [...statusCache.secretNames(namespace)].flatMap((name) => [
    ...(statusCache.secret(namespace, name)?.credentials.keys() ?? []),
  ]);
  return [...secrets, ...(statusCache.references(namespace)?.generations.keys() ?? [])];
}

export function* eachCredential(
  credentials: Iterable<{ readonly name: string }>,
  options?: Request["options"],
): Generator<Request> {
  for (const { name } of credentials) yield { key: credentialKey(name), options };
}
