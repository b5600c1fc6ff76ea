// The operator, put together. The only place that builds concrete things; it reads as the data flow, then as the lifecycle.
import { listenerFailed } from "./runtime/observability/log-watch.ts";
import { failure } from "./api/reasons.ts";
import type { Clock, Random } from "./runtime/clock.ts";
import { OperatorError } from "./runtime/errors.ts";
import { clusterObjects } from "./cluster/cluster-objects.ts";
import { type Connection, ownAudiences } from "./runtime/client/connection.ts";
import { leases } from "./runtime/leader/leases.ts";
import { listWatch } from "./runtime/client/list-watch.ts";
import { preflight } from "./operator/preflight.ts";
import { type Transport, transport, userAgent } from "./runtime/client/transport.ts";
import { unlessItStarts } from "./runtime/client/unless-it-starts.ts";
import { withMetrics } from "./metrics/write-metrics.ts";
import { withFence } from "./runtime/leader/write-fence.ts";
import { aborted } from "./runtime/aborted.ts";
import { type Controllers, controllers } from "./operator/controllers.ts";
import { type Leadership, leadership, undisputed } from "./operator/leadership.ts";
import { type Lifecycle, lifecycle, whyNotReady } from "./operator/lifecycle.ts";
import { leaseName } from "./cluster/needed-permissions.ts";
import { onceAnswered } from "./operator/once-answered.ts";
import { type OperatorMetrics, operatorMetrics } from "./operator/operator-metrics.ts";
import type { OperatorSettings } from "./config/config.ts";
import { secureServing } from "./operator/secure-serving.ts";
import type { Timing } from "./controllers/timing.ts";
import { egress } from "./operator/egress.ts";
import type { GuardedHttp } from "./providers/http/guarded-http.ts";
import { healthServer } from "./runtime/observability/health-server.ts";
import type { HttpServer } from "./runtime/observability/http-server.ts";
import type { Log } from "./runtime/observability/log.ts";
import { metricsServer } from "./runtime/observability/metrics-server.ts";
import { listeners } from "./runtime/watch/listeners.ts";
import type { ReflectorStatus } from "./runtime/watch/reflector.ts";

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
  /** Egress to registries and clouds; as the settings allow, if absent. */
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
  /** Nothing is to be done of what it knows, nor becomes due within this time. */
  idle(ahead: Temporal.Duration): boolean;
  /** By what is watched. */
  watches(): ReadonlyMap<string, ReflectorStatus>;
  /** Lets runs end within the limit, then closes every connection. */
  stop(limit: Temporal.Duration): Promise<void>;
}

const leaseDeadline = Temporal.Duration.from({ seconds: 5 });

export function operator(options: OperatorOptions): Operator {
  const it: Running = { options, ...partsOf(options), ...lifecycle(), servers: [], stopping: new AbortController() };
  const started = start(it);
  const failed = new Promise<never>((_resolve, reject) => {
    Promise.race([lead(it, started), it.leads.lost]).catch((error: Error) => {
      // Who stops it need not hear that it does not go on.
      if (it.phase().kind !== "stopping") reject(error);
    });
  });
  // Nor need he who could not start it.
  failed.catch(() => undefined);
  const { work } = it;
  return {
    started,
    failed,
    leading: () => work.working(),
    idle: (ahead) => work.queues.tenants.idle(ahead) && work.queues.tokens.idle(ahead),
    watches: () => work.watches.status(),
    stop: (limit) => stop(it, started, limit),
  };
}

interface Parts {
  readonly measured: OperatorMetrics;
  /** The API server. */
  readonly api: Transport;
  readonly leads: Leadership;
  /** What keeps the tenants right. */
  readonly work: Controllers;
}

interface Running extends Parts, Lifecycle {
  readonly options: OperatorOptions;
  readonly servers: HttpServer[];
  /** Aborts when it is stopped. */
  readonly stopping: AbortController;
}

/** From the API server, through stores, queues and controllers, back to it: by its own client, behind the fence of the leader. */
function partsOf(options: OperatorOptions): Parts {
  const { connection, settings, log, clock, random, timing = {} } = options;
  const measured = operatorMetrics({ clock, version: options.version, access: settings.metricsAccess });
  const { instruments } = measured;
  const throttled = listeners<Temporal.Duration | undefined>(listenerFailed(log));
  const api = transport({
    connection,
    clock,
    random,
    userAgent: userAgent(options.version),
    observe: measured.exchanged,
    onThrottled: throttled.tell,
    deadline: timing.answer,
  });
  const restored = listeners<void>(listenerFailed(log));
  const leads = settings.leaderElection
    ? leadership({ ...options, api, namespace: settings.namespace, wentBack: restored.tell })
    : undisputed();
  const fenced = leads.fence ? withFence(api, leads.fence) : api;
  const leaseReader = leases(api);
  const work = controllers({
    ...options,
    api: withMetrics(clusterObjects(fenced, settings.maxConfigBytes), instruments),
    listWatch: (watched) => listWatch(api, watched),
    leaseOf: async (namespace) => (await leaseReader.get({ namespace, name: leaseName }, leaseDeadline))?.view,
    leading: () => leads.leading(),
    egress: (asked) =>
      egress({
        ...options,
        ...asked,
        api: fenced,
        network: options.network,
        ownAudiences: () => ownAudiences(connection),
        instruments,
      }),
    measured,
  });
  restored.subscribe(() => work.wentBack());
  throttled.subscribe((retryAfter) => work.throttled(retryAfter));
  return { measured, api, leads, work };
}

/** Until it has everything that a replica has which stands by: it answers probes, and its stores are full. */
async function start(it: Running): Promise<void> {
  const { options, api, leads, work, enter } = it;
  const { settings, connection, clock, random, log } = options;
  const { signal } = it.stopping;
  await serve(it);
  const check = async (): Promise<void> =>
    preflight({
      transport: api,
      install: settings,
      audiences: { listed: settings.tokenAudiences ?? [], own: await ownAudiences(connection) },
      goesOnWithout: (detail) => log.warn("goes on without a right", { detail }),
      signal,
    });
  const tell = (waitsFor: string | undefined): void => enter({ kind: "starting", waitsFor });
  await onceAnswered(() => unlessItStarts(api, check), { clock, random, log, signal, tell });
  // Who is stopped meanwhile does not run for leader.
  signal.throwIfAborted();
  leads.start();
  await work.start(aborted(signal));
  enter({ kind: "standby" });
}

/** Metrics and probes. */
async function serve({ options, api, leads, work, measured, servers, phase }: Running): Promise<void> {
  const { settings, clock, log } = options;
  const { metricsAddress, healthAddress } = settings;
  const health = {
    live: () => (leads.stuck() ? "it leads by a lease that it has not renewed" : undefined),
    ready: () =>
      whyNotReady(phase(), {
        knowsCluster: () => work.knowsCluster(),
        refused: () => work.watches.refusedElsewhere(),
        blocker: () => work.claim.blocker(),
      }),
  };
  const secure = settings.metricsAccess === "token" ? secureServing(settings, api, clock) : undefined;
  const metrics = measured.instruments;
  if (metricsAddress) servers.push(await metricsServer(metricsAddress, { metrics, log, clock, secure }));
  if (healthAddress) servers.push(await healthServer(healthAddress, health, log));
}

/** Does what only the leader of the install does that serves the cluster; pends until it must not go on, and rejects then. */
async function lead(it: Running, started: Promise<void>): Promise<never> {
  const { options, leads, work, stopping, enter } = it;
  const { leaderElection } = options.settings;
  await started;
  await leads.led;
  if (leaderElection) await work.claim.claimed(stopping.signal);
  stopping.signal.throwIfAborted();
  work.begin();
  return new Promise((_resolve, reject) => {
    enter({ kind: "leading", forgetClaim: leaderElection ? work.claim.watch(reject) : () => undefined });
  });
}

/** In the order of the data flow: what is begun ends, then nothing new comes, then connections close. */
async function stop(it: Running, started: Promise<void>, limit: Temporal.Duration): Promise<void> {
  const { api, leads, work, measured, servers, stopping, phase, enter } = it;
  const before = phase();
  enter({ kind: "stopping" });
  stopping.abort(new OperatorError(failure("Stopped", { message: "the operator was stopped" })));
  await started.catch(() => undefined);
  if (before.kind === "leading") before.forgetClaim();
  await work.drain(limit);
  await leads.stop();
  await work.watches.stop();
  await work.closeEgress();
  await api.close();
  await Promise.all(servers.map((server) => server.close()));
  measured.stop();
}
