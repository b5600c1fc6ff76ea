// Tracks which pull Secrets have yet to be judged, and so may need what nobody else is known to need.
import type { CredentialIndex } from "./credential-index.ts";
import type { Stores } from "../cluster/kinds.ts";
import { goneBy, type KnownAbsent, knownAbsent, type NotKnown } from "../runtime/watch/presence.ts";
import { hasUnreadable } from "./roles.ts";

export interface Judged {
  /** Its run has decided which grants it needs, and by which tokens it lives; or there is no such Secret any more, or none in reach of this install. */
  judged(namespace: string, name: string): void;
  /** Its run is to come, or has begun and may end before it has seen enough. */
  unjudged(namespace: string, name: string): void;
  /** Namespaces in which the Secret of this name has yet to be judged. */
  open(name: string): Iterable<string>;
  /** All Secrets of the name are known, and each whose run may find that it needs something is unjudged, or judged by now. */
  called(name: string): void;
  /** Whoever is not known to need a grant does not. */
  nobodyElse(): KnownAbsent | NotKnown;
}

interface Known {
  readonly stores: Pick<Stores, "credentials" | "namespaces">;
  readonly index: CredentialIndex;
}

/** To be called when the stores are synced, but for those of pull Secrets. */
export function judgedSecrets(known: Known): Judged {
  const { stores, index: credentialIndex } = known;
  // Namespaces by name, so that thousands of a name that goes are forgotten at once.
  const open = new Map<string, Set<string>>();
  let names = credentialIndex.names();
  const wait = (name: string, namespace: string): void => {
    const namespaces = open.get(name) ?? new Set();
    open.set(name, namespaces.add(namespace));
  };
  const settle = (name: string, namespace: string): void => {
    const namespaces = open.get(name);
    namespaces?.delete(namespace);
    if (namespaces?.size === 0) open.delete(name);
  };

  // Of each that is not called yet, any namespace may need something under it.
  const uncalled = new Set(names);
  stores.namespaces.subscribe((change) => {
    const { key, before, after } = change;
    if (after && !before) for (const name of credentialIndex.namesIn(after)) wait(name, key);
    // While this replica stands by, no run finds it gone.
    if (goneBy(change) && !after) for (const name of open.keys()) settle(name, key);
  });
  credentialIndex.onNames(() => {
    const before = new Set(names);
    names = credentialIndex.names();
    for (const name of before.difference(new Set(names))) {
      open.delete(name);
      uncalled.delete(name);
    }
    for (const name of names) if (!before.has(name)) uncalled.add(name);
  });

  return {
    judged: (namespace, name) => settle(name, namespace),
    unjudged: (namespace, name) => wait(name, namespace),
    open: (name) => open.get(name) ?? [],
    called: (name) => void uncalled.delete(name),
    nobodyElse: () => {
      if (open.size + uncalled.size > 0) return { kind: "not-seen" };
      for (const store of [stores.credentials, stores.namespaces]) {
        const others = store.find(() => false);
        if (others.kind === "not-seen" || others.kind === "not-permitted") return others;
      }
      // Of a spec that cannot be read nobody knows what it needs.
      return hasUnreadable(known) ? { kind: "not-seen" } : knownAbsent;
    },
  };
}
