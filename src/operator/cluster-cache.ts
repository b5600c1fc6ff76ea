// The cluster as it is known: stores, what is derived from them, and the watches that keep them up to date. A part of the
// composition root.
import { clusterStores } from "../cluster/cluster-stores.ts";
import { type ClusterWatches, clusterWatches } from "../cluster/cluster-watches.ts";
import type { Install } from "../cluster/install-mode.ts";
import { type OneHistory, oneHistory } from "../cluster/one-history.ts";
import type { Instruments } from "../metrics/instruments.ts";
import { countWatch } from "../metrics/watch-metrics.ts";
import type { Watched } from "../runtime/client/list-watch.ts";
import type { Clock, Random } from "../runtime/clock.ts";
import type { Log } from "../runtime/observability/log.ts";
import { listenerFailed } from "../runtime/observability/log-watch.ts";
import type { ListWatch } from "../runtime/watch/list-watch.ts";
import { listeners } from "../runtime/watch/listeners.ts";
import { type Derived, derive } from "./context.ts";

export interface ClusterCacheOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Of regcred. */
  readonly version: string;
  readonly settings: Install & { readonly maxConfigBytes: number };
  readonly listWatch: (watched: Watched) => ListWatch;
  readonly instruments: Pick<Instruments, "count">;
}

export interface ClusterCache {
  readonly derived: Derived;
  readonly watches: ClusterWatches;
  /** False while all is read again because etcd was restored. */
  readonly isKnown: OneHistory["isKnown"];
  /** Somebody else has found out that it was. */
  readonly wentBack: OneHistory["wentBack"];
}

export function clusterCache(options: ClusterCacheOptions): ClusterCache {
  const { clock, log, version, settings, instruments } = options;
  const failed = listenerFailed(log);
  const wentBack = listeners<void>(failed);
  const known = clusterStores(log, version, { labels: "asked for", wentBack: wentBack.tell });
  const derived = derive(known, clock, settings.namespace, failed);
  const { signals } = derived.queue;
  const watches = clusterWatches({
    ...options,
    ...known,
    observe: (watch, event) => countWatch(instruments, watch, event),
    onSecretsChanged: (name, namespace) => signals.secretsCalled.tell({ name, namespace }),
    onPermissions: signals.permissions.tell,
  });
  const history = oneHistory({ clock, log, readAll: watches.readAllAgain });
  wentBack.subscribe(history.wentBack);
  return { derived, watches, ...history };
}
