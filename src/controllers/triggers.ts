// Which work does a change in the cluster call for?
import { finalizer } from "../api/names.ts";
import type { RegistryCredential } from "../api/registry-credential.ts";
import { credentialKey, referencesKey, secretKey } from "./keys.ts";
import type { CredentialRecord, NamespaceRecord, SecretRecord, ServiceAccountRecord } from "../cluster/records.ts";
import type { AddOptions } from "../runtime/queue/work-queue.ts";
import type { Change } from "../runtime/watch/store.ts";

export interface Trigger {
  readonly key: string;
  readonly options?: AddOptions;
}

/** Reports are put together: one status for many changes. */
const soon: AddOptions = { lane: "normal", debounced: true };

/** A namespace that has just appeared overtakes everything: somebody waits for its first pod. */
export function namespaceTriggers(
  { key, before, after }: Change<NamespaceRecord>,
  names: readonly string[],
  credentials: readonly string[],
): Trigger[] {
  const options: AddOptions = { lane: before ? "normal" : "interactive" };
  const counts = credentials.map((name) => ({ key: credentialKey(name), options: soon }));
  if (!after) return [...names.map((name) => ({ key: secretKey(key, name), options })), ...counts];
  return [
    ...names.map((name) => ({ key: secretKey(key, name), options })),
    { key: referencesKey(key), options },
    ...counts,
  ];
}

/** @param credentials whose entries name it as their identity */
export function serviceAccountTriggers(
  { key, before, after }: Change<ServiceAccountRecord>,
  names: readonly string[],
  credentials: readonly string[],
): Trigger[] {
  const record = after ?? before;
  // One that did not fit: its namespace is told so.
  if (!record) return [{ key: referencesKey(key.slice(0, key.indexOf("/"))), options: { lane: "normal" } }];
  // Grants of TenantServiceAccount entries are made from these.
  const grants = isAnotherIdentity({ before, after })
    ? [
        ...names.map((name): Trigger => ({ key: secretKey(record.namespace, name) })),
        // A status tells of grants, whatever is found of Secrets: where nothing may be written, nothing else is.
        ...credentials.map((name): Trigger => ({ key: credentialKey(name), options: soon })),
      ]
    : [];
  if (!after) return grants;
  return [...grants, { key: referencesKey(after.namespace), options: { lane: before ? "normal" : "interactive" } }];
}

/** An entry of it asks for its tokens as this ServiceAccount, in one namespace at least. */
export function isIdentityOf(
  { namespace, name }: Pick<ServiceAccountRecord, "namespace" | "name">,
  { spec }: RegistryCredential,
  operatorNamespace: string,
): boolean {
  return spec.registries.some(({ identity }) => {
    if (identity.from === "ServiceAccount") return namespace === operatorNamespace && identity.name === name;
    return identity.from === "TenantServiceAccount" && identity.name === name;
  });
}

/** What the account is to clouds has changed. */
export function isAnotherIdentity({
  before,
  after,
}: {
  readonly before?: ServiceAccountRecord | undefined;
  readonly after?: ServiceAccountRecord | undefined;
}): boolean {
  return before?.uid !== after?.uid || JSON.stringify(before?.cloud) !== JSON.stringify(after?.cloud);
}

export function secretTriggers(
  { before, after }: Change<SecretRecord>,
  exists: (credentialName: string) => boolean,
): Trigger[] {
  const record = after ?? before;
  if (!record) return [];
  const were = new Set(before?.credentials);
  const are = new Set(after?.credentials);
  const news = [...were.symmetricDifference(are)];
  const options: AddOptions = { lane: "normal" };
  return [
    { key: secretKey(record.namespace, record.name), options },
    // Which references stay depends on who is in it, not only on whether it is there.
    ...(before && after && news.length > 0 ? [{ key: referencesKey(record.namespace), options }] : []),
    ...news.filter(exists).map((name) => ({ key: credentialKey(name), options: soon })),
  ];
}

/** A new spec concerns every namespace, and so does all that decides where may be written; a count in the status does not. */
export function* credentialTriggers(
  { key, before, after }: Change<CredentialRecord>,
  namespaces: Iterable<string>,
  names: readonly string[],
): Generator<Trigger> {
  yield { key: credentialKey(key), options: { lane: "interactive" } };
  if (!concernsNamespaces(before?.credential, after?.credential)) return;
  const options: AddOptions = { lane: "bulk", flow: key };
  for (const namespace of namespaces) {
    for (const name of names) yield { key: secretKey(namespace, name), options };
    yield { key: referencesKey(namespace), options };
  }
}

export function concernsNamespaces(
  before: RegistryCredential | undefined,
  after: RegistryCredential | undefined,
): boolean {
  if (!before || !after) return true;
  return (
    before.generation !== after.generation ||
    before.uid !== after.uid ||
    (before.deletionTimestamp === undefined) !== (after.deletionTimestamp === undefined) ||
    before.finalizers.includes(finalizer) !== after.finalizers.includes(finalizer) ||
    JSON.stringify(before.annotations) !== JSON.stringify(after.annotations) ||
    // A former name joins or leaves; and a new one is written under, or referred to, only once the status names it. So is whose
    // the cluster is: an install that has moved serves what it has taken over.
    before.status?.operatorNamespace !== after.status?.operatorNamespace ||
    before.status?.secretName !== after.status?.secretName ||
    JSON.stringify(before.status?.extraReferences) !== JSON.stringify(after.status?.extraReferences) ||
    JSON.stringify(before.status?.retiring) !== JSON.stringify(after.status?.retiring)
  );
}
