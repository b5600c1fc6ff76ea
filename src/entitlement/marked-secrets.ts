// The index of pull Secrets by the RegistryCredentials that they name. Tenants can write that name, so it says where to look, not
// who is entitled; and names that no RegistryCredential has cost nothing.
import type { SecretRecord } from "../cluster/records.ts";
import type { Store } from "../runtime/watch/store.ts";

export interface MarkedSecrets {
  /** One by one; one in which several Secrets name it comes as often. */
  namespaces(credentialName: string): Iterable<string>;
  has(credentialName: string, namespace: string): boolean;
  /** Names that Secrets of the namespace name, whoever has written them, some of them more than once. */
  inNamespace(namespace: string): Iterable<string>;
  /** Such a RegistryCredential is there. */
  follow(credentialName: string): void;
  forget(credentialName: string): void;
  /** Other names are watched no longer, so that nothing more will be heard of their Secrets. The same list: the same names. */
  watched(secretNames: readonly string[]): void;
}

export function markedSecrets(
  pullSecrets: Pick<Store<SecretRecord>, "values" | "byIndex" | "subscribe">,
): MarkedSecrets {
  // By name of the credential and of the Secret: the namespaces.
  const marked = new Map<string, Map<string, Set<string>>>();

  const mark = (bySecret: Map<string, Set<string>>, { name, namespace }: SecretRecord): void => {
    bySecret.set(name, (bySecret.get(name) ?? new Set()).add(namespace));
  };
  // Whoever is followed since may have Secrets of names that are not watched.
  let pruned: readonly string[] | undefined;
  pullSecrets.subscribe(({ before, after }) => {
    if (before?.credentials === after?.credentials) return;
    if (before) for (const each of before.credentials) marked.get(each)?.get(before.name)?.delete(before.namespace);
    if (!after) return;
    for (const each of after.credentials) {
      const bySecret = marked.get(each);
      if (bySecret) mark(bySecret, after);
    }
  });

  return {
    *namespaces(credentialName) {
      for (const namespaces of marked.get(credentialName)?.values() ?? []) yield* namespaces;
    },
    has: (credentialName, namespace) =>
      [...(marked.get(credentialName)?.values() ?? [])].some((namespaces) => namespaces.has(namespace)),
    *inNamespace(namespace) {
      for (const { credentials } of pullSecrets.byIndex(namespace)) yield* credentials;
    },
    follow: (credentialName) => {
      const bySecret = new Map<string, Set<string>>();
      marked.set(credentialName, bySecret);
      pruned = undefined;
      for (const record of pullSecrets.values())
        if (record.credentials.includes(credentialName)) mark(bySecret, record);
    },
    forget: (credentialName) => void marked.delete(credentialName),
    watched: (secretNames) => {
      if (pruned === secretNames) return;
      pruned = secretNames;
      const names = new Set(secretNames);
      for (const bySecret of marked.values()) {
        for (const name of bySecret.keys()) if (!names.has(name)) bySecret.delete(name);
      }
    },
  };
}
