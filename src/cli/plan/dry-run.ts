// The dry run: the operator's own controllers on a cluster in memory, until nothing is left to do.
import { listenerFailed } from "../../runtime/observability/log-watch.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { ClusterStores } from "../../cluster/cluster-stores.ts";
import { credentialKey, keyOf, referencesKey, secretKey } from "../../controllers/keys.ts";
import type { Mode } from "../../cluster/install-mode.ts";
import { Redacted } from "../../runtime/redacted.ts";
import type { Provider } from "../../providers/provider.ts";
import { staticProvider } from "../../providers/static/fetch.ts";
import type { Grant } from "../../providers/grant.ts";
import { statusCache } from "../../controllers/status-cache.ts";
import type { Context } from "../../controllers/context.ts";
import { regcredControllers } from "../../controllers/index.ts";
import { permissions, type Denials } from "../../cluster/permissions.ts";
import { derive, newContext } from "../../operator/context.ts";
import type { Log } from "../../runtime/observability/log.ts";
import { virtualQueue } from "./virtual-queue.ts";
import type { InMemoryCluster } from "./in-memory-cluster.ts";

export interface DryRun {
  /** Runs until nothing is left to do. */
  settle(): Promise<void>;
  /** Grants whose token would be fetched from a cloud, since the start. */
  readonly fetched: ReadonlySet<string>;
  readonly statusCache: Context["credentials"]["statusCache"];
  readonly credentialIndex: Context["credentials"]["index"];
}

export interface DryRunOptions {
  readonly cluster: InMemoryCluster;
  readonly known: ClusterStores;
  /** Of which only the wall time counts: waiting takes none. */
  readonly clock: Clock;
  readonly operatorNamespace: string;
  readonly sourceNamespaces: readonly string[];
  readonly maxConfigBytes: number;
}

// A fetched token lives at least so long: no cloud hands out a shorter one that is worth a pull Secret.
const assumedLife = Temporal.Duration.from({ hours: 1 });
const never = new AbortController().signal;
// With which rights the operator was installed is not known here: what it may not do is told by its own status.
const everything: Mode = { pullSecretNames: [], watchNamespaces: [], podRecovery: true };
const nothingRefused: Denials = {
  pullSecrets: { refused: () => false, refusedSome: () => false, refusedAll: () => false },
  serviceAccountsRefused: () => false,
  refusedElsewhere: () => [],
};
const silent = (): void => undefined;
const quiet: Log = { debug: silent, info: silent, warn: silent, error: silent };

export function dryRun(options: DryRunOptions): DryRun {
  const { cluster, known, operatorNamespace, sourceNamespaces, maxConfigBytes } = options;
  const work = virtualQueue(options.clock);
  const { clock } = work;
  const derived = derive(known, clock, operatorNamespace, listenerFailed(quiet));
  const { stores } = derived.cluster;
  const { tokens, grantKey } = derived.grants;
  const { index: credentialIndex } = derived.credentials;
  const secret: Parameters<typeof staticProvider>[0]["secret"] = (key) => stores.operatorSecrets.get(key);
  const fetched = new Set<string>();
  const ofSources = staticProvider({ secret, operatorNamespace, sourceNamespaces, clock });
  /** Sources are read as the operator reads them; no cloud is asked. */
  const provider: Provider = {
    fetch: async (grant: Grant, signal) => {
      if (grant.provider === "Static") return ofSources.fetch(grant, signal);
      const key = grantKey(grant);
      fetched.add(key);
      const logins = tokens.token(key)?.logins ?? { all: { username: "planned", password: new Redacted("planned") } };
      return { logins, issuedAt: clock.now(), expiresAt: clock.now().add(assumedLife) };
    },
  };
  // Nothing is killed between a record and its Secret, so nobody waits for a record, which would take time.
  const members = { ...derived.credentials.members, isStored: () => true };
  const credentials = { ...derived.credentials, members };
  const context = newContext(
    { ...derived, credentials },
    {
      settings: { namespace: operatorNamespace, mode: everything, maxConfigBytes },
      cluster: {
        api: cluster.api,
        namesSynced: () => true,
        permissions: permissions(everything, nothingRefused, operatorNamespace),
      },
      grants: { provider, verify: async () => ({ verification: "Inconclusive" }) },
      runtime: {
        events: { publish: silent },
        log: quiet,
        metrics: { publish: silent, forget: silent },
        shareReached: silent,
      },
      credentials: { statusCache: statusCache(clock) },
      queue: { enqueue: (key, how) => work.add(key, how) },
    },
  );
  cluster.appear();
  const { begin, run } = regcredControllers(context);
  begin();
  for (const { key } of stores.namespaces.values()) {
    for (const name of credentialIndex.names()) work.add(secretKey(key, name));
    work.add(referencesKey(key));
  }
  return {
    settle: async () => {
      for (let key = work.next(); key !== undefined; key = work.next()) {
        const outcome = await run(key, never);
        work.ended(key, outcome, keyOf(key).controller);
      }
      // Counts and conditions come last: a status is written when all that it counts has been looked at.
      for (const { name } of stores.credentials.values()) await run(credentialKey(name), never);
    },
    fetched,
    statusCache: context.credentials.statusCache,
    credentialIndex,
  };
}
