// What is the operator made of? The only place that builds concrete things; it reads as the data flow.
import { randomBytes } from "node:crypto";
import type { Cancel, Clock, Random } from "./clock.ts";
import { clusterWatches } from "./cluster-watches.ts";
import type { Environment } from "./config.ts";
import { type Failure, failureOf, OperatorError } from "./errors.ts";
import { ApiError } from "./kube/api-error.ts";
import { failureFrom } from "./kube/api-failure.ts";
import { clusterObjects } from "./kube/cluster-objects.ts";
import type { Connection } from "./kube/connection.ts";
import { eventRecorder } from "./kube/event-recorder.ts";
import { neededPermissions, preflight } from "./kube/preflight.ts";
import { tokenRequests } from "./kube/token-request.ts";
import { transport, userAgent } from "./kube/transport.ts";
import { keyOf, secretKey } from "./plan/keys.ts";
import { retryWithin } from "./plan/refresh.ts";
import type {
  CredentialRecord,
  NamespaceRecord,
  OperatorSecretRecord,
  SecretRecord,
  ServiceAccountRecord,
} from "./plan/snapshot.ts";
import { allProviders } from "./providers/all-providers.ts";
import { allowedHosts, privateHosts } from "./providers/http/allow-list.ts";
import { type GuardedHttp, guardedHttp } from "./providers/http/guarded-http.ts";
import { NetworkError } from "./providers/http/network-error.ts";
import { identitySource } from "./providers/identity-source.ts";
import { runWorkers, type Workers } from "./queue/run-workers.ts";
import { workQueue } from "./queue/work-queue.ts";
import { askForWork } from "./reconcile/ask-for-work.ts";
import { board } from "./reconcile/board.ts";
import { watchClockSteps } from "./reconcile/clock-steps.ts";
import type { Context } from "./reconcile/context.ts";
import { entitlements } from "./reconcile/entitlements.ts";
import { grantKeys } from "./reconcile/grant-keys.ts";
import { lookAtTimesAgain } from "./reconcile/look-again.ts";
import { loops } from "./reconcile/loops.ts";
import { tokenBook } from "./reconcile/token-book.ts";
import { tokenFromData } from "./reconcile/token-wire.ts";
import { verifier } from "./reconcile/verify.ts";
import type { Log } from "./report/log.ts";
import { errorFields } from "./report/log-watch.ts";
import { metrics } from "./report/metrics.ts";
import { type MetricsAddress, type MetricsServer, metricsServer } from "./report/metrics-server.ts";
import { keyedDigest } from "./watch/digest.ts";
import { store } from "./watch/store.ts";
import { stripCredential } from "./watch/strip/credential.ts";
import { stripNamespace } from "./watch/strip/namespace.ts";
import { stripOperatorSecret } from "./watch/strip/operator-secret.ts";
import { stripSecret } from "./watch/strip/secret.ts";
import { stripServiceAccount } from "./watch/strip/service-account.ts";

export interface OperatorSettings {
  /** The operator's own namespace: source and token Secrets live here. */
  readonly namespace: string;
  /** Other namespaces whose labelled Secrets may be sources. */
  readonly sourceNamespaces: readonly string[];
  /** The most bytes that a merged docker config may have. */
  readonly maxConfigBytes: number;
  /** The most runs at once. */
  readonly concurrency: number;
  readonly network: {
    /** Globs of hosts, beside the clouds' own, that registries and token endpoints may have. */
    readonly registries: readonly string[];
    /** Globs of those among them that may have private addresses. */
    readonly privateAddresses: readonly string[];
  };
  /** Where the clouds' SDKs find the operator's own identity, and HTTPS_PROXY and its like. */
  readonly environment: Environment;
  /** Where metrics are served; nowhere, if absent. */
  readonly metricsAddress?: MetricsAddress | undefined;
}

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
}

export interface Operator {
  /** Resolves once everything is known and work begins; rejects with an OperatorError where it cannot start. */
  readonly started: Promise<void>;
  /** Lets runs end within the limit, then closes every connection. */
  stop(limit: Temporal.Duration): Promise<void>;
}

// Longer than the few requests of a run take at 10 s each.
const runDeadline = Temporal.Duration.from({ seconds: 45 });
// Token runs mostly wait, for a cloud or for their turn. They have places of their own, so that a cloud that hangs holds up
// no Secret; the budgets let through far fewer at once, and serve this many well within a run's deadline.
const tokenConcurrency = 64;
const eventsLimit = Temporal.Duration.from({ seconds: 2 });

export function operator(options: OperatorOptions): Operator {
  const { connection, settings, log, clock, random } = options;

  // The API server.
  const api = transport({
    connection,
    clock,
    random,
    userAgent: userAgent(options.version),
    onThrottled: (retryAfter) => workers.forEach((each) => each.throttled(retryAfter)),
  });
  const objects = clusterObjects(api);
  const events = eventRecorder({ api: objects, clock, random, reportingInstance: options.instance });

  // What is known: stores, and what is derived from them.
  const listenerFailed = (error: unknown): void => log.error("change not taken in", errorFields(error));
  const stores = {
    credentials: store<CredentialRecord>({ listenerFailed }),
    namespaces: store<NamespaceRecord>({ listenerFailed }),
    serviceAccounts: store<ServiceAccountRecord>({ listenerFailed, indexBy: ({ namespace }) => namespace }),
    pullSecrets: store<SecretRecord>({ listenerFailed }),
    operatorSecrets: store<OperatorSecretRecord>({ listenerFailed }),
  };
  const digest = keyedDigest(randomBytes(32));
  const strips = {
    credential: stripCredential,
    namespace: stripNamespace(),
    serviceAccount: stripServiceAccount(),
    secret: stripSecret(digest),
    operatorSecret: stripOperatorSecret(tokenFromData),
  };
  const tokens = tokenBook({ clock, secrets: stores.operatorSecrets, operatorNamespace: settings.namespace });
  const rights = entitlements({ ...stores, clock, operatorNamespace: settings.namespace });
  const secret = (key: string): OperatorSecretRecord | undefined => stores.operatorSecrets.get(key);

  // The way out to registries and clouds.
  const { registries: allowed, privateAddresses } = settings.network;
  const network =
    options.network ??
    guardedHttp({
      allowed: allowedHosts(allowed),
      privateAllowed: privateHosts(privateAddresses),
      environment: settings.environment,
      clock,
    });
  const grantKey = grantKeys();
  const provider = allProviders({
    clock,
    random,
    retryWithin: (grant) => retryWithin(tokens.token(grantKey(grant)), clock.now()),
    secret,
    operatorNamespace: settings.namespace,
    sourceNamespaces: settings.sourceNamespaces,
    http: network.http,
    metadataHttp: network.withMetadata,
    environment: settings.environment,
    identities: identitySource({
      secret,
      requestToken: tokenRequests(api),
      operatorServiceAccount: `${settings.namespace}:regcred`,
    }),
  });

  // Events in.
  const watches = clusterWatches({
    api,
    stores,
    strips,
    settings,
    clock,
    random,
    log,
    onNameKnown: (name) => {
      for (const { key } of stores.namespaces.values()) queue.add(secretKey(key, name), { lane: "bulk" });
    },
  });

  // What is measured.
  const measured = metrics();

  // Keys and time.
  const queue = workQueue({ clock, random });
  const tokenQueue = workQueue({ clock, random });
  const context: Context = {
    clock,
    settings,
    stores,
    strips,
    api: objects,
    provider,
    verify: verifier({ exchange: network.http, secret, operatorNamespace: settings.namespace, plain: () => false }),
    grantKey,
    scopeOf: (namespace) => ({
      namespace,
      operatorNamespace: settings.namespace,
      serviceAccount: (of, name) => {
        const found = stores.serviceAccounts.get(`${of}/${name}`);
        return found && !found.terminating ? { uid: found.uid, annotations: found.cloud } : undefined;
      },
    }),
    events,
    log,
    tokens,
    entitlements: rights,
    board: board(clock),
    metrics: measured,
    digest,
    refusal,
    enqueue: (key, how) => (keyOf(key).loop === "token" ? tokenQueue : queue).add(key, how),
    namesSynced: watches.nameSynced,
    nameRefused: watches.nameRefused,
  };

  const work = loops(context);

  const workers: Workers[] = [];
  let forgetClockSteps: Cancel = () => undefined;
  let server: MetricsServer | undefined;
  const stopping = new AbortController();
  const start = async (): Promise<void> => {
    if (settings.metricsAddress) server = await metricsServer(settings.metricsAddress, { metrics: measured, log });
    await preflight({
      transport: api,
      namespace: settings.namespace,
      permissions: neededPermissions({ operatorNamespace: settings.namespace }),
      signal: stopping.signal,
    });
    await Promise.race([watches.start(), aborted(stopping.signal)]);
    askForWork(context, {
      formerExtras: work.formerExtras,
      watchNames: () => watches.watchNames(new Set(rights.names())),
    });
    const onError = (key: string, error: unknown): void => log.error("run failed", { key, ...errorFields(error) });
    const each = { run: work.run, deadline: runDeadline, clock, onError };
    workers.push(runWorkers({ ...each, queue, concurrency: settings.concurrency }));
    workers.push(runWorkers({ ...each, queue: tokenQueue, concurrency: tokenConcurrency }));
    forgetClockSteps = watchClockSteps(clock, (ahead) => {
      log.warn("the wall clock has jumped, or the machine slept", { ahead: ahead.toString() });
      lookAtTimesAgain(context);
    });
    log.info("started", {
      credentials: stores.credentials.size,
      namespaces: stores.namespaces.size,
      serviceAccounts: stores.serviceAccounts.size,
    });
  };
  const started = start();

  return {
    started,
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
      await Promise.all(workers.map((each) => each.drain(limit)));
      await Promise.all([watches.stop(), events.close(eventsLimit)]);
      await network.close();
      await api.close();
      await server?.close();
    },
  };
}

/** What a failed call means to the loops, which know the API server by its types only. */
const refusal: Context["refusal"] = (error, action) =>
  error instanceof ApiError
    ? { kind: error.kind, failure: failureFrom(error, { action }) }
    : { kind: undefined, failure: error instanceof NetworkError ? unreachable(error) : failureOf(error) };

function unreachable({ message }: NetworkError): Failure {
  return { reason: "CloudUnavailable", cause: "Platform", retry: "backoff", message: `${message}; it is tried again` };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}
