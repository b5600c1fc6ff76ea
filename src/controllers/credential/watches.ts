// Watches of the credential controller: which RegistryCredentials an event concerns.
import { type Request, watch, type Watch } from "../../runtime/queue/controllers.ts";
import { changedNames, isAnotherIdentity, isAnotherSchema } from "../changes.ts";
import type { Context } from "../context.ts";
import { credentialKey } from "../keys.ts";
import { statusSoon } from "../pull-secret/report.ts";

export function credentialWatches(context: Context): readonly Watch<Request>[] {
  const { stores, namesSynced } = context.cluster;
  const { index: credentialIndex } = context.credentials;
  const { signals } = context.queue;
  const { credentials } = stores;
  return [
    watch(credentials, ({ key }) => [{ key: credentialKey(key), options: { lane: "interactive" } }]),
    // Of one that is gone it is known no more who was held in it.
    watch(stores.namespaces, ({ before, after }): Iterable<Request> => {
      if (!after || (before && before.uid !== after.uid)) return eachCredential(credentials.values(), statusSoon);
      const names = [before ?? after, after].flatMap((each) => credentialIndex.concerned(each));
      return [...new Set(names)].map((name) => ({ key: credentialKey(name), options: statusSoon }));
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

export function* eachCredential(
  credentials: Iterable<{ readonly name: string }>,
  options?: Request["options"],
): Generator<Request> {
  for (const { name } of credentials) yield { key: credentialKey(name), options };
}
