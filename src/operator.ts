// The operator, put together. The only place that builds concrete things; it reads as the data flow.
import { listenerFailed } from "./runtime/observability/log-watch.ts";
import { failure } from "./api/reasons.ts";
import type { Cancel, Clock, Random } from "./runtime/clock.ts";
import { OperatorError } from "./runtime/errors.ts";
import { clusterObjects } from "./cluster/cluster-objects.ts";
import { type Connection, ownAudiences } from "./runtime/client/connection.ts";
import { leases } from "./runtime/leader/leases.ts";
import { listWatch } from "./runtime/client/list-watch.ts";
import { preflight } from "./operator/preflight.ts";
import { transport, userAgent } from "./runtime/client/transport.ts";
import { unlessItStarts } from "./runtime/client/unless-it-starts.ts";
import { withMetrics } from "./metrics/write-metrics.ts";
import { withFence } from "./runtime/leader/write-fence.ts";
import { aborted } from "./runtime/aborted.ts";
import { controllers } from "./operator/controllers.ts";
import { leadership, undisputed } from "./operator/leadership.ts";
import { leaseName } from "./cluster/needed-permissions.ts";
import { onceAnswered } from "./operator/once-answered.ts";
import { operatorMetrics } from "./operator/operator-metrics.ts";
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
  /** Nothing is to be done of what it knows, nor becomes due within this time. */
  idle(ahead: Temporal.Duration): boolean;
  /** By what is watched. */
  watches(): ReadonlyMap<string, ReflectorStatus>;
  /** Lets runs end within the limit, then closes every connection. */
  stop(limit: Temporal.Duration): Promise<void>;
}

/** Where it stands in its life. It never goes back, and it may be stopped from anywhere. */
type Phase =
  /** `waitsFor`: in a sentence, what it cannot start without. */
  | { readonly kind: "starting"; readonly waitsFor: string | undefined }
  /** Its stores are full; another replica, or another install, does the work. */
  | { readonly kind: "standby" }
  | { readonly kind: "leading"; readonly forgetClaim: Cancel }
  | { readonly kind: "stopping" };

const leaseDeadline = Temporal.Duration.from({ seconds: 5 });

export function operator(options: OperatorOptions): Operator {
  const { connection, settings, log, clock, random, timing = {} } = options;

  // What is measured.
  const measured = operatorMetrics({ clock, version: options.version, access: settings.metricsAccess });
  const { instruments } = measured;

  // The API server.
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
  const { namespace: ownNamespace } = settings;
  const restored = listeners<void>(listenerFailed(log));
  const leads = settings.leaderElection
    ? leadership({ ...options, api, namespace: ownNamespace, wentBack: restored.tell })
    : undisputed();
  const fenced = leads.fence ? withFence(api, leads.fence) : api;
  const leaseReader = leases(api);

  // The way out to registries and clouds, and what keeps the tenants right.
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
  const { claim } = work;

  const stopping = new AbortController();
  const servers: HttpServer[] = [];
  let phase: Phase = { kind: "starting", waitsFor: undefined };
  /** Who is stopped stays so. */
  const enter = (next: Phase): void => {
    if (phase.kind !== "stopping") phase = next;
  };
  const health = {
    live: () => (leads.stuck() ? "it leads by a lease that it has not renewed" : undefined),
    ready: () => {
      if (phase.kind === "stopping") return "it is being stopped";
      if (phase.kind === "starting" && phase.waitsFor !== undefined) return phase.waitsFor;
      if (phase.kind === "starting" || !work.knowsCluster()) return notKnown(work.watches.refusedElsewhere());
      return claim.obstacle();
    },
  };

  /** Everything that a replica has which stands by: it answers probes, and its stores are full. */
  const start = async (): Promise<void> => {
    const { metricsAddress, healthAddress } = settings;
    const secure = settings.metricsAccess === "token" ? secureServing(settings, api, clock) : undefined;
    if (metricsAddress) servers.push(await metricsServer(metricsAddress, { metrics: instruments, log, clock, secure }));
    if (healthAddress) servers.push(await healthServer(healthAddress, health, log));
    const check = async (): Promise<void> =>
      preflight({
        transport: api,
        install: settings,
        audiences: { listed: settings.tokenAudiences ?? [], own: await ownAudiences(connection) },
        goesOnWithout: (detail) => log.warn("goes on without a right", { detail }),
        signal: stopping.signal,
      });
    const tell = (waitsFor: string | undefined): void => enter({ kind: "starting", waitsFor });
    await onceAnswered(() => unlessItStarts(api, check), { clock, random, log, signal: stopping.signal, tell });
    // Who is stopped meanwhile does not run for leader.
    stopping.signal.throwIfAborted();
    leads.start();
    await work.start(aborted(stopping.signal));
    enter({ kind: "standby" });
  };
  const started = start();

  /** What only the leader of the install does that serves the cluster; pends until it must not go on. */
  const lead = async (): Promise<never> => {
    await started;
    await leads.led;
    if (settings.leaderElection) await claim.claimed(stopping.signal);
    stopping.signal.throwIfAborted();
    work.begin();
    return new Promise((_resolve, reject) => {
      enter({ kind: "leading", forgetClaim: settings.leaderElection ? claim.watch(reject) : () => undefined });
    });
  };
  const failed = new Promise<never>((_resolve, reject) => {
    Promise.race([lead(), leads.lost]).catch((error: Error) => {
      // Who stops it need not hear that it does not go on.
      if (phase.kind !== "stopping") reject(error);
    });
  });
  // Nor need he who could not start it.
  failed.catch(() => undefined);

  return {
    started,
    failed,
    leading: () => work.working(),
    idle: (ahead) => work.queues.tenants.idle(ahead) && work.queues.tokens.idle(ahead),
    watches: () => work.watches.status(),
    stop: async (limit) => {
      const before = phase;
      enter({ kind: "stopping" });
      stopping.abort(wasStopped());
      await started.catch(() => undefined);
      if (before.kind === "leading") before.forgetClaim();
      await work.drain(limit);
      await leads.stop();
      await work.watches.stop();
      await work.closeEgress();
      await api.close();
      await Promise.all(servers.map((server) => server.close()));
      measured.stop();
    },
  };
}

function wasStopped(): OperatorError {
  return new OperatorError(failure("Stopped", { message: "the operator was stopped" }));
}

/** @param refused what the API server does not show */
function notKnown(refused: readonly string[]): string {
  return refused.length === 0
    ? "it does not know the cluster yet"
    : `it does not know the cluster yet: it may not list and watch ${refused.join(", ")}`;
}
