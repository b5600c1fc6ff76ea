// The controllers with their stores, queues and watches, on whatever API server and clouds they are given; a part of the
// composition root.
import type { Cancel, Clock, Random } from "../runtime/clock.ts";
import type { ClusterApi } from "../cluster/cluster-api.ts";
import type { LeaseView } from "../runtime/leader/lease-state.ts";
import type { Watched } from "../runtime/client/list-watch.ts";
import { modeText } from "../cluster/install-mode.ts";
import { keyOf, tokenKey } from "../controllers/keys.ts";
import { budgets } from "../providers/authority.ts";
import type { Controllers as Reconcilers } from "../runtime/queue/controllers.ts";
import { runWorkers, type Workers } from "../runtime/queue/run-workers.ts";
import { statusCache } from "../controllers/status-cache.ts";
import { watchClockSteps } from "../runtime/clock-steps.ts";
import { type ClusterClaim, clusterClaim } from "../controllers/cluster-claim/claim.ts";
import type { Context } from "../controllers/context.ts";
import { regcredControllers } from "../controllers/index.ts";
import { requeueAfter } from "../controllers/outcome.ts";
import { permissions } from "../cluster/permissions.ts";
import { storeAllMembers } from "../controllers/members/apply.ts";
import { asksProvider } from "../controllers/token/observe.ts";
import { tokenAdmission } from "../controllers/token/admission.ts";
import type { Log } from "../runtime/observability/log.ts";
import { errorFields, listenerFailed } from "../runtime/observability/log-watch.ts";
import { countWatch } from "../metrics/watch-metrics.ts";
import type { ListWatch } from "../runtime/watch/list-watch.ts";
import { listeners } from "../runtime/watch/listeners.ts";
import { clusterStores } from "../cluster/cluster-stores.ts";
import { type ClusterWatches, clusterWatches } from "../cluster/cluster-watches.ts";
import { derive, newContext } from "./context.ts";
import { news } from "./events.ts";
import { oneHistory } from "../cluster/one-history.ts";
import type { OperatorMetrics } from "./operator-metrics.ts";
import type { OperatorSettings } from "../config/config.ts";
import { type Queues, queues } from "./queues.ts";
import type { Timing } from "../controllers/timing.ts";
import type { Egress, EgressOptions } from "./egress.ts";

/** What the way out to registries and clouds asks of the rest. */
export type AskedByEgress = Pick<EgressOptions, "secret" | "token" | "insists" | "admittance" | "registries">;

export interface ControllersOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Of regcred. */
  readonly version: string;
  /** Which replica: the name of the pod or host. */
  readonly instance: string;
  readonly settings: Pick<
    OperatorSettings,
    "namespace" | "sourceNamespaces" | "mode" | "maxConfigBytes" | "concurrency" | "leaderElection"
  >;
  readonly timing?: Timing | undefined;
  readonly api: ClusterApi;
  readonly listWatch: (watched: Watched) => ListWatch;
  /** The Lease by which the install of that namespace elects its leader; undefined where there is none. */
  readonly leaseOf: (namespace: string) => Promise<LeaseView | undefined>;
  /** This replica may work. */
  readonly leading: () => boolean;
  readonly egress: (asked: AskedByEgress) => Egress;
  readonly measured: Pick<OperatorMetrics, "credentials" | "show"> & {
    readonly instruments: Pick<OperatorMetrics["instruments"], "count" | "observe" | "show">;
  };
}

export interface Controllers {
  readonly context: Context;
  readonly watches: ClusterWatches;
  readonly queues: Queues;
  readonly claim: ClusterClaim;
  /** Of a key. */
  readonly run: Reconcilers["run"];
  /** Fills the stores; resolves when they are full but for the pull Secrets. */
  start(ended: Promise<never>): Promise<void>;
  /** Everything is known that has to be before a Secret is judged. */
  knowsCluster(): boolean;
  /** Does the work from now on: for the leader of the install that serves the cluster. */
  begin(): void;
  /** Has begun, and may go on. */
  working(): boolean;
  /** Cuts calls to registries and clouds that are under way. */
  closeEgress(): Promise<void>;
  /** Somebody else has found out that etcd was restored. */
  wentBack(): void;
  /** The API server has answered 429. */
  throttled(retryAfter: Temporal.Duration | undefined): void;
  /** Lets runs end within the limit, and stores and tells what waits for it. The watches go on. */
  drain(limit: Temporal.Duration): Promise<void>;
}

// Longer than the few requests of a run take at 5 s each.
const runDeadline = Temporal.Duration.from({ seconds: 45 });
// Beside those that wait for a cloud or registry, in places of their own: what is left is a write or two. They have workers
// of their own, so that a burst of tokens holds up no Secret.
const tokenConcurrency = 64;
const recordLimit = 2_000;
// Milliseconds after which a key is looked at again that came while all is read again.
const whileReading = 1_000;
const eventsLimit = Temporal.Duration.from({ seconds: 2 });

export function controllers(options: ControllersOptions): Controllers {
  const { clock, settings, log, api, measured, timing = {} } = options;
  const { instruments } = measured;
  const { namespace: ownNamespace } = settings;

  // What is known, and what is derived from it.
  const reading: { watches?: ClusterWatches } = {};
  const history = oneHistory({ clock, log, readAll: async () => reading.watches?.readAllAgain() });
  const known = clusterStores(log, options.version, () => reading.watches?.readNamespacesAgain(), history.wentBack);
  const derived = derive(known, clock, ownNamespace, listenerFailed(log));
  const { stores, tokens, grantKey, credentialIndex } = derived;
  const { events, shareReached } = news({ ...options, instruments, namespaces: stores.namespaces });
  const again = listeners<string>(listenerFailed(log));
  const admission = tokenAdmission({
    ...options,
    budgets,
    tokens,
    grantKey,
    asks: (key) => asksProvider({ tokens, clock, stores, settings }, key),
    again: again.tell,
  });
  derived.forgotten.subscribe((key) => admission.forget(key));
  const out = options.egress({
    secret: (key) => stores.operatorSecrets.get(key),
    token: (grant) => tokens.token(grantKey(grant)),
    insists: (grant) => tokens.insists(grantKey(grant)),
    admittance: admission,
    registries: admission.registries,
  });

  // Keys and time.
  const made = queues({ ...options, timing, instruments, shareReached, gate: admission });
  const { tenants: queue, tokens: tokenQueue } = made;
  again.subscribe((key) => tokenQueue.add(tokenKey(key)));
  derived.unused.subscribe((key) => tokenQueue.add(tokenKey(key), { lane: "bulk" }));
  const workers: Workers[] = [];
  const working = (): boolean => workers.length > 0 && options.leading();

  // Events in.
  const rightsNews = listeners<void>(listenerFailed(log));
  const secretsNews = listeners<{ readonly name: string; readonly namespace?: string | undefined }>(
    listenerFailed(log),
  );
  const watches = clusterWatches({
    ...options,
    ...known,
    observe: (watch, event) => countWatch(instruments, watch, event),
    onSecretsNews: (name, namespace) => secretsNews.tell({ name, namespace }),
    onPermissions: rightsNews.tell,
  });
  reading.watches = watches;
  const readiness = measured.show({
    stores,
    statusCache: statusCache(clock),
    credentialIndex,
    queues: made,
    asked: admission.asked,
    tokens,
    watches: () => watches.status(),
    isLeader: working,
  });

  // Who does the work.
  const context = newContext(derived, {
    settings,
    timing,
    api,
    provider: out.provider,
    verify: out.verify,
    events,
    log,
    statusCache: readiness.statusCache,
    metrics: measured.credentials,
    enqueue: (key, how) => (keyOf(key).loop === "token" ? tokenQueue : queue).add(key, how),
    namesSynced: watches.pullSecrets.synced,
    permissions: permissions(settings.mode, watches, ownNamespace),
    shareReached,
  });
  const { signals } = context;
  rightsNews.subscribe(signals.permissions.tell);
  secretsNews.subscribe(signals.secretsCalled.tell);
  const reconcilers = regcredControllers(context);
  let forgetClockSteps: Cancel = () => undefined;

  return {
    context,
    watches,
    queues: made,
    run: reconcilers.run,
    claim: clusterClaim({ ...context, random: options.random, leaseOf: options.leaseOf }),
    start: async (ended) => {
      await Promise.race([watches.start(), ended]);
      const watchNames = (): void => watches.pullSecrets.watchNames(new Set(credentialIndex.names()));
      credentialIndex.onNames(watchNames);
      watchNames();
    },
    knowsCluster: () => credentialIndex.names().every(watches.pullSecrets.known),
    begin: () => {
      readiness.begin();
      reconcilers.begin();
      const onError = (key: string, error: unknown): void => log.error("run failed", { key, ...errorFields(error) });
      const run: Reconcilers["run"] = async (key, signal) =>
        history.isKnown() ? reconcilers.run(key, signal) : requeueAfter(whileReading);
      const each = { run, deadline: runDeadline, clock, onError };
      workers.push(runWorkers({ ...each, queue, concurrency: settings.concurrency }));
      workers.push(runWorkers({ ...each, queue: tokenQueue, concurrency: tokenConcurrency, away: admission.away }));
      for (const name of credentialIndex.names())
        if (watches.pullSecrets.known(name)) signals.secretsCalled.tell({ name });
      forgetClockSteps = watchClockSteps(clock, (ahead) => {
        log.warn("the wall clock has jumped, or the machine slept", { ahead: ahead.toString() });
        signals.clockSteps.tell();
      });
      log.info("started", {
        mode: modeText(settings.mode),
        credentials: stores.credentials.size,
        namespaces: stores.namespaces.size,
        serviceAccounts: stores.serviceAccounts.size,
      });
    },
    working,
    closeEgress: () => out.close(),
    wentBack: history.wentBack,
    throttled: (retryAfter) => workers.forEach((each) => each.throttled(retryAfter)),
    drain: async (limit) => {
      forgetClockSteps();
      await Promise.all(workers.map((each) => each.drain(limit)));
      if (working()) await storeAllMembers(context, AbortSignal.timeout(recordLimit));
      await events.close(eventsLimit);
    },
  };
}
