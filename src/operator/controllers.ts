// The controllers with their stores, queues and watches, on whatever API server and clouds they are given; a part of the
// composition root.
import type { Cancel, Clock, Random } from "../runtime/clock.ts";
import type { ClusterApi } from "../cluster/cluster-api.ts";
import type { LeaseView } from "../runtime/leader/lease-state.ts";
import { modeText } from "../cluster/install-mode.ts";
import { keyOf, tokenKey } from "../controllers/keys.ts";
import type { Controllers as Reconcilers } from "../runtime/queue/controllers.ts";
import { statusCache } from "../controllers/status-cache.ts";
import { watchClockSteps } from "../runtime/clock-steps.ts";
import { type ClusterClaim, clusterClaim } from "../controllers/cluster-claim/claim.ts";
import type { Context } from "../controllers/context.ts";
import { regcredControllers } from "../controllers/index.ts";
import { requeueAfter } from "../controllers/outcome.ts";
import { permissions } from "../cluster/permissions.ts";
import { storeAllMembers } from "../controllers/members/apply.ts";
import { storeAllMakers } from "../controllers/token/apply.ts";
import type { Log } from "../runtime/observability/log.ts";
import type { ClusterWatches } from "../cluster/cluster-watches.ts";
import { type ClusterCache, clusterCache, type ClusterCacheOptions } from "./cluster-cache.ts";
import { newContext } from "./context.ts";
import { type EventReporter, eventReporter } from "./events.ts";
import { type Minting, minting, type MintingOptions } from "./minting.ts";
import type { OperatorMetrics } from "./operator-metrics.ts";
import type { OperatorSettings } from "../config/config.ts";
import { type Queues, queues } from "./queues.ts";
import type { Timing } from "../controllers/timing.ts";
import { queueWorkers } from "./workers.ts";

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
  readonly listWatch: ClusterCacheOptions["listWatch"];
  /** The Lease by which the install of that namespace elects its leader; undefined where there is none. */
  readonly leaseOf: (namespace: string) => Promise<LeaseView | undefined>;
  /** This replica may work. */
  readonly leading: () => boolean;
  readonly egress: MintingOptions["egress"];
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

// Milliseconds.
const recordLimit = 2_000;
// Milliseconds after which a key is looked at again that came while all is read again.
const whileReading = 1_000;
const eventsLimit = Temporal.Duration.from({ seconds: 2 });

export function controllers(options: ControllersOptions): Controllers {
  const { clock, measured, settings, leading, timing = {} } = options;
  const { instruments } = measured;
  const cache = clusterCache({ ...options, instruments });
  const { derived, watches } = cache;
  const { namespaces } = derived.cluster.stores;
  const reporter = eventReporter({ ...options, instruments, namespaces });
  const tokens = minting(options, derived);
  const { admission } = tokens;
  const workQueues = queues({ ...options, timing, instruments, shareReached: reporter.shareReached, gate: admission });
  const workers = queueWorkers({
    ...options,
    queues: workQueues,
    concurrency: settings.concurrency,
    away: admission.away,
    leading,
  });
  const readiness = measured.show({
    stores: derived.cluster.stores,
    statusCache: statusCache(clock),
    credentialIndex: derived.credentials.index,
    queues: workQueues,
    asked: admission.asked,
    tokens: derived.grants.tokens,
    watches: watches.status,
    isLeader: () => workers.working(),
  });
  const context = contextOf({
    options,
    cache,
    reporter,
    tokens,
    queues: workQueues,
    statusCache: readiness.statusCache,
  });
  tokens.again.subscribe((key) => workQueues.tokens.add(tokenKey(key)));
  derived.unused.subscribe((key) => workQueues.tokens.add(tokenKey(key), { lane: "bulk" }));
  const { begin, run } = regcredControllers(context);
  const names = pullSecretNames(context, watches);
  let forgetClockSteps: Cancel = () => undefined;

  return {
    context,
    watches,
    queues: workQueues,
    run,
    claim: clusterClaim({ ...context, random: options.random, leaseOf: options.leaseOf }),
    start: async (ended) => {
      await Promise.race([watches.start(), ended]);
      names.follow();
    },
    knowsCluster: names.known,
    begin: () => {
      readiness.begin();
      begin();
      workers.begin(async (key, signal) => (cache.isKnown() ? run(key, signal) : requeueAfter(whileReading)));
      names.tellKnown();
      forgetClockSteps = followClockSteps(context);
      logStarted(context);
    },
    working: () => workers.working(),
    closeEgress: () => tokens.egress.close(),
    wentBack: cache.wentBack,
    throttled: (retryAfter) => workers.throttled(retryAfter),
    drain: async (limit) => {
      forgetClockSteps();
      await workers.drain(limit);
      if (workers.working()) {
        const signal = AbortSignal.timeout(recordLimit);
        await Promise.all([storeAllMembers(context, signal), storeAllMakers(context, signal)]);
      }
      await reporter.events.close(eventsLimit);
    },
  };
}

interface Parts {
  readonly options: ControllersOptions;
  readonly cache: ClusterCache;
  readonly reporter: EventReporter;
  readonly tokens: Minting;
  readonly queues: Queues;
  readonly statusCache: Context["credentials"]["statusCache"];
}

function contextOf({ options, cache, reporter, tokens, queues: workQueues, ...parts }: Parts): Context {
  const { settings, timing, api, log, measured } = options;
  const { watches } = cache;
  return newContext(cache.derived, {
    settings: { ...settings, timing },
    runtime: { log, events: reporter.events, shareReached: reporter.shareReached, metrics: measured.credentials },
    cluster: {
      api,
      namesSynced: watches.pullSecrets.synced,
      permissions: permissions(settings.mode, watches, settings.namespace),
    },
    credentials: { statusCache: parts.statusCache },
    grants: { provider: tokens.egress.provider, verify: tokens.egress.verify },
    queue: {
      enqueue: (key, how) => (keyOf(key).controller === "token" ? workQueues.tokens : workQueues.tenants).add(key, how),
    },
  });
}

/** The pull Secrets of the names in use, which are watched by name. */
function pullSecretNames({ credentials: { index }, queue: { signals } }: Context, { pullSecrets }: ClusterWatches) {
  const watchNames = (): void => pullSecrets.watchNames(new Set(index.names()));
  return {
    /** From now on. */
    follow: (): void => {
      index.onNames(watchNames);
      watchNames();
    },
    known: (): boolean => index.names().every(pullSecrets.known),
    /** To the controllers, of those that were known before they listened. */
    tellKnown: (): void => {
      for (const name of index.names()) if (pullSecrets.known(name)) signals.secretsCalled.tell({ name });
    },
  };
}

function followClockSteps({ runtime: { clock, log }, queue: { signals } }: Context): Cancel {
  return watchClockSteps(clock, (ahead) => {
    log.warn("the wall clock has jumped, or the machine slept", { ahead: ahead.toString() });
    signals.clockSteps.tell();
  });
}

function logStarted({ settings, runtime: { log }, cluster: { stores } }: Context): void {
  log.info("started", {
    mode: modeText(settings.mode),
    credentials: stores.credentials.size,
    namespaces: stores.namespaces.size,
    serviceAccounts: stores.serviceAccounts.size,
  });
}
