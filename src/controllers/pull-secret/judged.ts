// Which pull Secrets have yet to be judged, and so may need what nobody else is known to need.
import { keyOf, secretKey } from "../keys.ts";
import { goneBy, type KnownAbsent, knownAbsent, type NotKnown } from "../../runtime/watch/presence.ts";
import type { Needs } from "../context.ts";
import { hasUnreadable } from "./undecided.ts";

export interface Judged {
  /** Its run has decided which grants it needs, and by which tokens it lives; or there is no such Secret any more, or none in reach of this install. */
  judged(key: string): void;
  /** Its run has begun, and may end before it has seen enough. */
  unjudged(key: string): void;
  /** Whoever is not known to need a grant does not. */
  nobodyElse(): KnownAbsent | NotKnown;
}

type Known = Needs<{ cluster: "stores"; credentials: "index" }>;

/** To be called when the stores are synced, but for those of pull Secrets. */
export function judgedSecrets(known: Known): Judged {
  const { stores } = known.cluster;
  const { index: credentialIndex } = known.credentials;
  // By name, so that thousands of a name that goes are forgotten at once.
  const open = new Map<string, Set<string>>();
  let names = credentialIndex.names();
  const wait = (name: string, key: string): void => {
    const keys = open.get(name) ?? new Set();
    open.set(name, keys.add(key));
  };
  const settle = (name: string, key: string): void => {
    const keys = open.get(name);
    keys?.delete(key);
    if (keys?.size === 0) open.delete(name);
  };

  for (const { key } of stores.namespaces.values()) for (const name of names) wait(name, secretKey(key, name));
  stores.namespaces.subscribe((change) => {
    const { key, before, after } = change;
    if (after && !before) for (const name of names) wait(name, secretKey(key, name));
    // While this replica stands by, no run finds it gone.
    if (goneBy(change) && !after) for (const name of names) settle(name, secretKey(key, name));
  });
  credentialIndex.onNames(() => {
    const before = new Set(names);
    names = credentialIndex.names();
    for (const name of before.difference(new Set(names))) open.delete(name);
    for (const name of names) {
      if (before.has(name)) continue;
      for (const { key } of stores.namespaces.values()) wait(name, secretKey(key, name));
    }
  });

  return {
    judged: (key) => settle(nameIn(key), key),
    unjudged: (key) => wait(nameIn(key), key),
    nobodyElse: () => {
      if (open.size > 0) return { kind: "not-seen" };
      for (const store of [stores.credentials, stores.namespaces]) {
        const others = store.find(() => false);
        if (others.kind === "not-seen" || others.kind === "not-permitted") return others;
      }
      // Of a spec that cannot be read nobody knows what it needs.
      return hasUnreadable(known) ? { kind: "not-seen" } : knownAbsent;
    },
  };
}

function nameIn(text: string): string {
  const key = keyOf(text);
  return key.loop === "secret" ? key.name : "";
}
