// Where a change of a RegistryCredential has to be looked at.
import type { RegistryCredential } from "../api/registry-credential.ts";
import type { CredentialRecord, NamespaceRecord } from "../cluster/records.ts";
import { retiredNames } from "../entitlement/rename-grace.ts";
import { selectsNamespace } from "../entitlement/selection.ts";
import { listedNames } from "../entitlement/selections.ts";
import type { Skip } from "../runtime/queue/controllers.ts";
import type { Change } from "../runtime/watch/store.ts";
import type { Context } from "./context.ts";

/**
 * Names of the namespaces that it selects now, or did before the change, and of those in which it has, or may have, something, or has
 * been found. All, where that cannot be said: of one that cannot be read, or leaves traces anywhere. Undefined for each of the others.
 */
export function* concernedNamespaces(context: Context, change: Change<CredentialRecord>): Generator<string | Skip> {
  const {
    settings,
    cluster: { stores },
    credentials: { index, statusCache },
  } = context;
  const versions = versionsOf(change);
  const names = concernedNames(context, change);
  const isAnywhere =
    isUnread(change.before) || isUnread(change.after) || versions.some((each) => index.concernsAll(each));
  const listed = versions.map(({ spec }) => listedNames(spec.namespaces.include));
  if (!isAnywhere && change.after && listed.every((each) => each !== undefined)) {
    const named = new Set(listed.flat());
    for (const name of named) if (stores.namespaces.get(name)) yield name;
    for (const name of index.mayHold(change.key)) {
      yield name !== undefined && !named.has(name) && stores.namespaces.get(name) ? name : undefined;
    }
    return;
  }
  for (const namespace of stores.namespaces.values()) {
    const isConcerned =
      isAnywhere ||
      index.mayHoldIn(change.key, namespace) ||
      versions.some(({ spec }) => selectsNamespace(spec.namespaces, namespace, settings.namespace)) ||
      // Of one that is gone nothing else tells.
      names.some((name) => statusCache.secret(namespace.name, name) !== undefined);
    yield isConcerned ? namespace.name : undefined;
  }
}

/**
 * Secret names under which it has to be looked at: those that it has, or had before the change. All, where it could not be read, or
 * cannot be: what stands in a Secret of another name may be its.
 */
export function concernedNames(
  { runtime: { clock }, credentials: { index } }: Context,
  change: Change<CredentialRecord>,
): readonly string[] {
  if (isUnread(change.before) || isUnread(change.after)) return index.names();
  const names = versionsOf(change).flatMap((each) => [
    each.spec.pullSecret.name,
    ...retiredNames(each, clock).map(({ secretName }) => secretName),
  ]);
  return [...new Set(names)];
}

/** Secrets of whatever name that name it: whose it is what stands there changes when it comes or goes. Undefined for each other. */
export function* marked(
  { cluster: { stores } }: Context,
  { key, before, after }: Change<CredentialRecord>,
): Generator<{ readonly namespace: string; readonly name: string } | Skip> {
  if (before?.uid === after?.uid) return;
  for (const record of stores.pullSecrets.values()) yield record.credentials.includes(key) ? record : undefined;
}

function versionsOf({ before, after }: Change<CredentialRecord>): readonly RegistryCredential[] {
  return [before?.credential, after?.credential].filter((each) => each !== undefined);
}

function isUnread(record: CredentialRecord | undefined): boolean {
  return record !== undefined && record.credential === undefined;
}

/**
 * The names under which a change of the namespace has to be looked at. Of all others nobody wants anything there, and nothing is
 * there.
 */
export function namesConcerning(context: Context, { key, before, after }: Change<NamespaceRecord>): readonly string[] {
  const { index } = context.credentials;
  const concerned = new Set([before, after].flatMap((each) => (each ? index.namesIn(each) : [])));
  if (before && before.uid === after?.uid) return [...concerned];
  const known = [...namesKnownIn(context, key)].filter((name) => index.isInUse(name));
  return [...concerned.union(new Set(known))];
}

/** Names of the Secrets that are there, and of those of which something was found. */
export function namesKnownIn(
  { cluster: { stores }, credentials: { statusCache } }: Context,
  namespace: string,
): ReadonlySet<string> {
  const there = stores.pullSecrets.byIndex(namespace).map(({ name }) => name);
  return new Set([...there, ...statusCache.secretNames(namespace)]);
}
