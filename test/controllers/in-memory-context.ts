// The context of an operator on a cluster in memory: static sources, every right, and nobody who listens to what it says.
import type { Context } from "../../src/controllers/context.ts";
import { keyOf } from "../../src/controllers/keys.ts";
import { statusCache } from "../../src/controllers/status-cache.ts";
import { type Derived, type Given, newContext } from "../../src/operator/context.ts";
import { staticProvider } from "../../src/providers/static/fetch.ts";
import type { WorkQueue } from "../../src/runtime/queue/work-queue.ts";
import { unrestricted } from "../mode.ts";
import { allPermitted } from "./all-permitted.ts";

interface InMemoryContextOptions
  extends Pick<Given["runtime"], "log" | "metrics">, Pick<Given["cluster"], "api" | "namesSynced"> {
  readonly namespace: string;
  readonly tenants: WorkQueue;
  readonly tokens: WorkQueue;
}

export function inMemoryContext(
  derived: Derived,
  { namespace, log, metrics, api, namesSynced, tenants, tokens }: InMemoryContextOptions,
): Context {
  const { clock } = derived.runtime;
  const { stores } = derived.cluster;
  const silent = (): void => undefined;
  return newContext(derived, {
    settings: { namespace, mode: unrestricted, maxConfigBytes: 65_536 },
    runtime: { log, events: { publish: silent }, metrics, shareReached: silent },
    cluster: { api, namesSynced, permissions: allPermitted },
    credentials: { statusCache: statusCache(clock) },
    grants: {
      provider: staticProvider({
        secret: (key) => stores.operatorSecrets.get(key),
        operatorNamespace: namespace,
        sourceNamespaces: [],
        clock,
      }),
      verify: async () => ({ verification: "Inconclusive" }),
    },
    queue: { enqueue: (key, how) => (keyOf(key).controller === "token" ? tokens : tenants).add(key, how) },
  });
}
