// How do changes in the stores become keys in the queue?
import { grantSources } from "../providers/grant-sources.ts";
import { credentialKey, membersKey, podsKey, referencesKey, secretKey, tokenKey } from "./keys.ts";
import type { ServiceAccountRecord } from "../cluster/records.ts";
import type { AddOptions } from "../runtime/queue/work-queue.ts";
import type { Change } from "../runtime/watch/store.ts";
import {
  concernsNamespaces,
  credentialTriggers,
  isAnotherIdentity,
  isIdentityOf,
  namespaceTriggers,
  secretTriggers,
  serviceAccountTriggers,
  type Trigger,
} from "./triggers.ts";
import type { Context } from "./context.ts";
import { inSlices } from "../runtime/in-slices.ts";
import { keepRecord } from "./members/controller.ts";
import { tokenSecretName } from "./token/grant-tracker.ts";
import { changedIn } from "./waits.ts";

type Known = Pick<
  Context,
  | "clock"
  | "stores"
  | "credentialIndex"
  | "members"
  | "tokens"
  | "statusCache"
  | "settings"
  | "enqueue"
  | "waits"
  | "namesSynced"
>;

/** Pods of one owner get stuck together. */
const lookAtPods: AddOptions = { lane: "normal", debounced: true };

/**
 * To be called when the stores are synced, but for those of pull Secrets: what they hold is queued at once, what changes from
 * then on as it comes. The keys of a pull Secret's name are queued by whoever hears that all of its Secrets are known.
 */
export function handleEvents(known: Known): void {
  const { clock, stores, credentialIndex, tokens, statusCache, settings, enqueue } = known;
  const ask = (triggers: Iterable<Trigger>): void => {
    void inSlices(clock, triggers, ({ key, options }) => enqueue(key, options));
  };

  keepRecord(known);
  followNames(known);
  followWaits(known);
  stores.credentials.subscribe((change) => {
    const { before, after } = change;
    if (before && before.uid !== after?.uid) enqueue(membersKey(before.uid));
    ask(credentialTriggers(change, keysOf(stores.namespaces.values()), credentialIndex.names()));
    for (const namespace of new Set([...stores.pods.values()].map((pod) => pod.namespace))) {
      enqueue(podsKey(namespace), lookAtPods);
    }
  });
  stores.namespaces.subscribe((change) => {
    if (change.gone) statusCache.forget(change.key, change.gone);
    ask(namespaceTriggers(change, credentialIndex.names(), [...keysOf(stores.credentials.values())]));
  });
  stores.serviceAccounts.subscribe((change) => {
    const names = credentialIndex.names();
    ask(serviceAccountTriggers(change, names, madeWith(known, change)));
    // An account of the operator's own namespace may ask for the tokens of every namespace.
    if ((change.after ?? change.before)?.namespace !== settings.namespace || !isAnotherIdentity(change)) return;
    void inSlices(clock, stores.namespaces.values(), ({ key }) => {
      for (const name of names) enqueue(secretKey(key, name), { lane: "bulk" });
    });
  });
  // Its references are what stuck pods wait for.
  stores.serviceAccounts.subscribe(({ after }) => {
    if (after && stores.pods.byIndex(after.namespace).length > 0) enqueue(podsKey(after.namespace), lookAtPods);
  });
  stores.pods.subscribe(({ after }) => {
    if (after) enqueue(podsKey(after.namespace), lookAtPods);
  });
  stores.pullSecrets.subscribe((change) => {
    // The first list of a name queues all of its keys when it is complete.
    const name = (change.after ?? change.before)?.name;
    if (name === undefined || !known.namesSynced(name)) return;
    // A tenant may list names that no RegistryCredential has.
    ask(secretTriggers(change, (each) => credentialIndex.exists(each)));
  });
  stores.operatorSecrets.subscribe(({ key, before, after }) => {
    const kind = (after ?? before)?.kind;
    // One that nobody wants, such as a late write of another replica's, is collected in time; and somebody may live by one that
    // is gone.
    const token = after ?? before;
    if (token?.kind === "token" && token.token) enqueue(tokenKey(token.token.grantKey), { lane: "bulk" });
    for (const [grantKey, grant] of tokens.wanted()) {
      const concerned =
        kind === "token"
          ? key === `${settings.namespace}/${tokenSecretName(grantKey)}`
          : grantSources(grant, settings.namespace).includes(key);
      if (concerned) enqueue(tokenKey(grantKey), { lane: "interactive" });
    }
  });

  for (const { key } of stores.namespaces.values()) enqueue(referencesKey(key), { lane: "bulk" });
  for (const { name } of stores.credentials.values()) enqueue(credentialKey(name));
  for (const { namespace } of stores.pods.values()) enqueue(podsKey(namespace), lookAtPods);
  for (const record of stores.operatorSecrets.values()) {
    if (record.kind === "token" && record.token) enqueue(tokenKey(record.token.grantKey), { lane: "bulk" });
  }
}

/** RegistryCredentials whose entries name the account as their identity. */
function madeWith(
  { stores, credentialIndex, settings }: Known,
  { before, after }: Change<ServiceAccountRecord>,
): readonly string[] {
  const account = after ?? before;
  if (!account || !isAnotherIdentity({ before, after })) return [];
  return [...keysOf(stores.credentials.values())].filter((name) => {
    const credential = credentialIndex.readable(name);
    return credential !== undefined && isIdentityOf(account, credential, settings.namespace);
  });
}

/** What was kept for a name that no RegistryCredential has any more goes: grants that nobody would need but for it, above all. */
function followNames({ clock, stores, credentialIndex, enqueue }: Known): void {
  let before = credentialIndex.names();
  credentialIndex.onNames(() => {
    const now = credentialIndex.names();
    const lost = before.filter((name) => !now.includes(name));
    before = now;
    if (lost.length === 0) return;
    const keys = [...stores.namespaces.values()].flatMap(({ key }) => lost.map((name) => secretKey(key, name)));
    void inSlices(clock, keys, (key) => enqueue(key, { lane: "bulk" }));
  });
}

/** Objects that somebody waits for. Whoever hears of watches tells of those: `secretsCalled`, and `permissions`. */
function followWaits(known: Known): void {
  const { stores } = known;
  const changed = changedIn(known);
  stores.credentials.subscribe(({ key, before, after }) => {
    // Not for each count in a status.
    if (concernsNamespaces(before?.credential, after?.credential)) changed({ of: "credentials", object: key });
  });
  for (const kind of ["namespaces", "pullSecrets", "operatorSecrets", "crds"] as const) {
    stores[kind].subscribe(({ key }: { readonly key: string }) => changed({ of: kind, object: key }));
  }
}

function* keysOf(records: Iterable<{ readonly key: string }>): Iterable<string> {
  for (const { key } of records) yield key;
}
