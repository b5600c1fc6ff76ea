// What is the operator made of? The only place that builds concrete things; it reads as the data flow.
import type { Cancel, Clock, Random } from "./clock.ts";
import { clusterStores } from "./operator/cluster-stores.ts";
import { clusterWatches } from "./operator/cluster-watches.ts";
import { OperatorError } from "./errors.ts";
import { clusterObjects } from "./kube/cluster-objects.ts";
import { type Connection, ownAudiences } from "./kube/connection.ts";
import { leases } from "./kube/leases.ts";
import { leaseName, neededPermissions, preflight } from "./kube/preflight.ts";
import { transport, userAgent } from "./kube/transport.ts";
import { withMetrics } from "./kube/with-metrics.ts";
import { withFence } from "./kube/write-fence.ts";
import { aborted } from "./operator/aborted.ts";
import { leadership, undisputed } from "./operator/leadership.ts";
import { news } from "./operator/news.ts";
import { operatorMetrics } from "./operator/operator-metrics.ts";
import { queues } from "./operator/queues.ts";
import type { OperatorSettings } from "./operator/operator-settings.ts";
import { modeText } from "./plan/mode.ts";
import { keyOf, secretKey, tokenKey } from "./plan/keys.ts";
import type { GuardedHttp } from "./providers/http/guarded-http.ts";
import { runWorkers, type Workers } from "./queue/run-workers.ts";
import { askForWork } from "./reconcile/ask-for-work.ts";
import { board } from "./reconcile/board.ts";
import { watchClockSteps } from "./reconcile/clock-steps.ts";
import type { Context } from "./reconcile/context.ts";
import { entitlements } from "./reconcile/entitlements.ts";
import { followCrd } from "./reconcile/follow-crd.ts";
import { grantKeys } from "./reconcile/grant-keys.ts";
import { clusterClaim } from "./reconcile/cluster-claim.ts";
import { lookAtReachAgain, lookAtTimesAgain } from "./reconcile/look-again.ts";
import { loops } from "./reconcile/loops.ts";
import { reach } from "./reconcile/reach.ts";
import { scopes } from "./reconcile/scope-of.ts";
import { recordedMembers, storeAllMembers } from "./reconcile/store-members.ts";
import { tokenBook } from "./reconcile/token-book.ts";
import { healthServer } from "./report/health-server.ts";
import type { HttpServer } from "./report/http-server.ts";
import type { Log } from "./report/log.ts";
import { errorFields } from "./report/log-watch.ts";
import { metricsServer } from "./report/metrics-server.ts";
import { secureServing } from "./operator/secure-serving.ts";
import type { Timing } from "./operator/timing.ts";
import { countWatch } from "./report/watch-metrics.ts";
import { refusal } from "./operator/refusal.ts";
import { wayOut } from "./operator/way-out.ts";

export interface OperatorOptions {
  readonly connection: Connection;
  readonly settings: OperatorSettings;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  /** Of regcred. */
  readonly version: string;
  /** Which replica: the name of the pod or host. */
  readonly instance: string;
  /** The way out to registries and clouds; as the settings allow, if absent. */
  readonly network?: GuardedHttp;
  readonly timing?: Timing;
}

export interface Operator {
  /** Resolves once everything is known, so that work begins or could begin; rejects with an OperatorError where it cannot start. */
  readonly started: Promise<void>;
  /** Rejects with an OperatorError when it must not go on; pends otherwise. */
  readonly failed: Promise<never>;
  /** Whether this replica does the work. */
  leading(): boolean;
  /** Lets runs end within the limit, then closes every connection. */
  stop(limit: Temporal.Duration): Promise<void>;
}

// Longer than the few requests of a run take at 5 s each.
const runDeadline = Temporal.Duration.from({ seconds: 45 });
// Token runs mostly wait, for a cloud or for their turn. They have places of their own, so that a cloud that hangs holds up
// no Secret; the budgets let through far fewer at once, and serve this many well within a run's deadline.
const tokenConcurrency = 64;
const leaseDeadline = Temporal.Duration.from({ seconds: 5 });
const recordLimit = 2_000;
const eventsLimit = Temporal.Duration.from({ seconds: 2 });

export function operator(options: OperatorOptions): Operator {
  const { connection, settings, log, clock, random, timing = {} } = options;

  // What is measured.
  const measured = operatorMetrics({ clock, version: options.version, access: settings.metricsAccess });
  const { instruments } = measured;

  // The API server.
  const api = transport({
    connection,
    clock,
    random,
    userAgent: userAgent(options.version),
    observe: measured.exchanged,
    onThrottled: (retryAfter) => workers.forEach((each) => each.throttled(retryAfter)),
    deadline: timing.answer,
  });
  const { namespace: ownNamespace } = settings;
  const leads = settings.leaderElection
    ? leadership({ api, namespace: ownNamespace, instance: options.instance, clock, random, log })
    : undisputed();
  const fenced = leads.fence ? withFence(api, leads.fence) : api;
  const objects = withMetrics(clusterObjects(fenced, settings.maxConfigBytes), instruments);

  // What is known, and what is derived from it.
  const known = clusterStores(log, options.version, () => watches.readNamespacesAgain());
  const { stores } = known;
  const tokens = tokenBook({
    clock,
    secrets: stores.operatorSecrets,
    operatorNamespace: ownNamespace,
    onUnused: (grantKey) => tokenQueue.add(tokenKey(grantKey), { lane: "bulk" }),
  });
  const { events, shareReached } = news({ ...options, api: objects, instruments, namespaces: stores.namespaces });
  const holders = recordedMembers(stores.operatorSecrets);
  const rights = entitlements({ ...stores, clock, operatorNamespace: settings.namespace, members: holders });

  // The way out to registries and clouds.
  const grantKey = grantKeys();
  const out = wayOut({
    ...options,
    api: fenced,
    network: options.network,
    secret: (key) => stores.operatorSecrets.get(key),
    token: (grant) => tokens.token(grantKey(grant)),
    insists: (grant) => tokens.insists(grantKey(grant)),
    ownAudiences: () => ownAudiences(connection),
    instruments,
  });

  // Events in.
  const watches = clusterWatches({
    ...options,
    api,
    ...known,
    observe: (watch, event) => countWatch(instruments, watch, event),
    onSecretsNews: (name, namespace) => {
      if (workers.length > 0) askForName(name, namespace);
    },
    onReach: () => {
      if (workers.length > 0) lookAtReachAgain(context);
    },
  });
  const working = (): boolean => workers.length > 0 && leads.leading();
  const askForName = (name: string, namespace?: string): void => {
    const concerned = namespace === undefined ? [...stores.namespaces.values()].map(({ key }) => key) : [namespace];
    for (const key of concerned) queue.add(secretKey(key, name), { lane: "bulk" });
  };

  // Keys and time.
  const { tenants: queue, tokens: tokenQueue } = queues({ ...options, instruments, shareReached });
  const readiness = measured.show({
    stores,
    board: board(clock),
    entitlements: rights,
    queues: { tenants: queue, tokens: tokenQueue },
    watches: () => watches.status(),
    isLeader: working,
  });
  const context: Context = {
    clock,
    settings,
    ...known,
    api: objects,
    provider: out.provider,
    verify: out.verify,
    grantKey,
    scopeOf: scopes(stores, settings.namespace),
    events,
    log,
    tokens,
    members: holders,
    entitlements: rights,
    board: readiness.board,
    metrics: measured.credentials,
    refusal,
    enqueue: (key, how) => (keyOf(key).loop === "token" ? tokenQueue : queue).add(key, how),
    namesSynced: watches.pullSecrets.synced,
    reach: reach(settings.mode, watches),
    shareReached,
  };

  const work = loops(context);
  const leaseReader = leases(api);
  const claim = clusterClaim({
    ...context,
    random,
    leaseOf: async (namespace) => (await leaseReader.get({ namespace, name: leaseName }, leaseDeadline))?.view,
  });

  const workers: Workers[] = [];
  let forgetClockSteps: Cancel = () => undefined;
  let forgetClaim: Cancel = () => undefined;
  let warm = false;
  const servers: HttpServer[] = [];
  const stopping = new AbortController();

  /** Everything that a replica has which stands by: it answers probes, and its stores are full. */
  const start = async (): Promise<void> => {
    const { metricsAddress, healthAddress } = settings;
    const secure = settings.metricsAccess === "token" ? secureServing(settings, api, clock) : undefined;
    if (metricsAddress) servers.push(await metricsServer(metricsAddress, { metrics: instruments, log, clock, secure }));
    if (healthAddress) servers.push(await healthServer(healthAddress, health, log));
    await preflight({
      transport: api,
      namespace: ownNamespace,
      permissions: neededPermissions({ operatorNamespace: ownNamespace, ...settings }),
      audiences: { listed: settings.tokenAudiences ?? [], own: await ownAudiences(connection) },
      goesOnWithout: (detail) => log.warn("installed schema not compared", { detail }),
      signal: stopping.signal,
    });
    leads.start();
    await Promise.race([watches.start(), aborted(stopping.signal)]);
    const watchNames = (): void => watches.pullSecrets.watchNames(new Set(rights.names()));
    rights.onNames(watchNames);
    watchNames();
    warm = true;
  };
  const health = {
    live: () => (leads.stuck() ? "it leads by a lease that it has not renewed" : undefined),
    ready: () => {
      if (stopping.signal.aborted) return "it is being stopped";
      if (!warm || !rights.names().every(watches.pullSecrets.known)) return "it does not know the cluster yet";
      return claim.obstacle();
    },
  };

  /** What only the leader of the install does that serves the cluster; pends until it must not go on. */
  const lead = async (): Promise<never> => {
    await started;
    await leads.led;
    if (settings.leaderElection) await claim.claimed(stopping.signal);
    stopping.signal.throwIfAborted();
    readiness.begin();
    followCrd(context);
    askForWork(context);
    const onError = (key: string, error: unknown): void => log.error("run failed", { key, ...errorFields(error) });
    const each = { run: work.run, deadline: runDeadline, clock, onError };
    workers.push(runWorkers({ ...each, queue, concurrency: settings.concurrency }));
    workers.push(runWorkers({ ...each, queue: tokenQueue, concurrency: tokenConcurrency }));
    for (const name of rights.names()) if (watches.pullSecrets.known(name)) askForName(name);
    forgetClockSteps = watchClockSteps(clock, (ahead) => {
      log.warn("the wall clock has jumped, or the machine slept", { ahead: ahead.toString() });
      lookAtTimesAgain(context);
    });
    log.info("started", {
      mode: modeText(settings.mode),
      credentials: stores.credentials.size,
      namespaces: stores.namespaces.size,
      serviceAccounts: stores.serviceAccounts.size,
    });
    return new Promise((_resolve, reject) => {
      if (settings.leaderElection) forgetClaim = claim.watch(reject);
    });
  };
  const started = start();
  const failed = new Promise<never>((_resolve, reject) => {
    Promise.race([lead(), leads.lost]).catch((error: Error) => {
      // Who stops it need not hear that it does not go on.
      if (!stopping.signal.aborted) reject(error);
    });
  });
  // Nor need he who could not start it.
  failed.catch(() => undefined);

  return {
    started,
    failed,
    leading: working,
    stop: async (limit) => {
      stopping.abort(
        new OperatorError({
          reason: "Stopped",
          cause: "Platform",
          retry: "on-change",
          message: "the operator was stopped",
        }),
      );
      await started.catch(() => undefined);
      forgetClockSteps();
      forgetClaim();
      await Promise.all(workers.map((each) => each.drain(limit)));
      if (workers.length > 0 && leads.leading()) await storeAllMembers(context, AbortSignal.timeout(recordLimit));
      await events.close(eventsLimit);
      await leads.stop();
      await watches.stop();
      await out.close();
      await api.close();
      await Promise.all(servers.map((server) => server.close()));
      measured.stop();
    },
  };
}
