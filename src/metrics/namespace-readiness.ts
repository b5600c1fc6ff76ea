// The time that a new namespace waits until its pods can pull.
import { LRUCache } from "lru-cache";
import type { Clock } from "../runtime/clock.ts";
import type { NamespaceRecord } from "../cluster/records.ts";
import type { StatusCache } from "../controllers/status-cache.ts";
import type { Store } from "../runtime/watch/store.ts";
import type { Instruments } from "./instruments.ts";

export interface NamespaceReadiness {
  /** The same cache, overheard. */
  readonly statusCache: StatusCache;
  /** From now on a namespace that appears is a new one. */
  readonly begin: () => void;
}

export interface NamespaceReadinessOptions {
  readonly statusCache: StatusCache;
  readonly namespaces: Pick<Store<NamespaceRecord>, "subscribe">;
  readonly hasServiceAccounts: (namespace: string) => boolean;
  readonly clock: Clock;
}

// Namespaces that nobody selects are never ready: the oldest are given up.
const maxAwaited = 1_000;

/** Ready: its pull Secret stands without a failure, and afterwards its ServiceAccounts refer to it. */
export function namespaceReadiness(
  { observe }: Pick<Instruments, "observe">,
  { statusCache, namespaces, hasServiceAccounts, clock }: NamespaceReadinessOptions,
): NamespaceReadiness {
  const usable = new Set<string>();
  const arrivedAt = new LRUCache<string, number>({
    max: maxAwaited,
    dispose: (_at, namespace) => void usable.delete(namespace),
  });
  const forget = (namespace: string): void => void arrivedAt.delete(namespace);
  return {
    statusCache: {
      ...statusCache,
      setSecret: (namespace, name, finding) => {
        const failing = [...finding.credentials.values()].some(({ failures }) => failures.length > 0);
        if (finding.state === "usable" && !failing && arrivedAt.has(namespace)) usable.add(namespace);
        return statusCache.setSecret(namespace, name, finding);
      },
      setReferences: (namespace, finding) => {
        const at = arrivedAt.peek(namespace);
        const refers = finding.failures.length === 0 && hasServiceAccounts(namespace);
        if (at !== undefined && refers && usable.has(namespace)) {
          observe("regcred_namespace_ready_duration_seconds", {}, (clock.elapsed() - at) / 1000);
          forget(namespace);
        }
        return statusCache.setReferences(namespace, finding);
      },
      forget: (namespace, gone) => {
        forget(namespace);
        statusCache.forget(namespace, gone);
      },
    },
    begin: () => {
      namespaces.subscribe(({ key, before, after }) => {
        if (!before && after) arrivedAt.set(key, clock.elapsed());
        if (!after) forget(key);
      });
    },
  };
}
