// What is the operator made of? The only place that builds concrete things; it reads as the data flow.
import { randomBytes } from "node:crypto";
import { group, plural, sourceLabel, version as apiVersion } from "./api/names.ts";
import type { Clock, Random } from "./clock.ts";
import { failureOf, OperatorError } from "./errors.ts";
import { ApiError } from "./kube/api-error.ts";
import { failureFrom } from "./kube/api-failure.ts";
import { clusterObjects } from "./kube/cluster-objects.ts";
import type { Connection } from "./kube/connection.ts";
import { eventRecorder } from "./kube/event-recorder.ts";
import { listWatch } from "./kube/list-watch.ts";
import { neededPermissions, preflight } from "./kube/preflight.ts";
import { resourcePath } from "./kube/resource-path.ts";
import { transport, userAgent } from "./kube/transport.ts";
import { secretKey } from "./plan/keys.ts";
import type {
  CredentialRecord,
  NamespaceRecord,
  OperatorSecretRecord,
  SecretRecord,
  ServiceAccountRecord,
} from "./plan/snapshot.ts";
import { staticProvider } from "./providers/static.ts";
import { withHashedKeys } from "./providers/with-hashed-keys.ts";
import { runWorkers } from "./queue/run-workers.ts";
import { workQueue } from "./queue/work-queue.ts";
import { askForWork } from "./reconcile/ask-for-work.ts";
import { board } from "./reconcile/board.ts";
import type { Context } from "./reconcile/context.ts";
import { entitlements } from "./reconcile/entitlements.ts";
import { loops } from "./reconcile/loops.ts";
import { tokenBook } from "./reconcile/token-book.ts";
import { tokenFromData } from "./reconcile/token-wire.ts";
import type { Log } from "./report/log.ts";
import { errorFields, logWatch } from "./report/log-watch.ts";
import { keyedDigest } from "./watch/digest.ts";
import type { ListWatch } from "./watch/list-watch.ts";
import { multiReflector } from "./watch/multi-reflector.ts";
import { type Reflector, type ReflectorEvent, reflector } from "./watch/reflector.ts";
import { type FedStore, store } from "./watch/store.ts";
import { stripCredential } from "./watch/strip/credential.ts";
import { stripNamespace } from "./watch/strip/namespace.ts";
import { stripOperatorSecret } from "./watch/strip/operator-secret.ts";
import { longestStringRead, stripSecret } from "./watch/strip/secret.ts";
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
}

export interface Operator {
  /** Resolves once everything is known and work begins; rejects with an OperatorError where it cannot start. */
  readonly started: Promise<void>;
  /** Lets runs end within the limit, then closes every connection. */
  stop(limit: Temporal.Duration): Promise<void>;
}

// Longer than the few requests of a run take at 10 s each.
const runDeadline = Temporal.Duration.from({ seconds: 45 });
const eventsLimit = Temporal.Duration.from({ seconds: 2 });

export function operator(options: OperatorOptions): Operator {
  const { connection, settings, log, clock, random } = options;

  // The API server.
  const api = transport({
    connection,
    clock,
    random,
    userAgent: userAgent(options.version),
    onThrottled: (retryAfter) => workers?.throttled(retryAfter),
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
  const provider = withHashedKeys(
    staticProvider({
      source: (key) => stores.operatorSecrets.get(key),
      operatorNamespace: settings.namespace,
      sourceNamespaces: settings.sourceNamespaces,
      clock,
    }),
  );

  // Events in.
  const core = (resource: string, namespace?: string): string =>
    resourcePath({ group: "", version: "v1", resource, namespace });
  const watched: Reflector[] = [];
  const watch = <R extends { key: string; resourceVersion: string }>(
    what: string,
    into: FedStore<R>,
    source: ListWatch,
    strip: (raw: unknown) => R | undefined,
    covers?: (key: string) => boolean,
  ): void => {
    const observe = (event: ReflectorEvent): void => logWatch(log, what, event);
    watched.push(
      reflector({ listWatch: source, store: into, strip, clock, random, observe, ...(covers && { covers }) }),
    );
  };
  const credentialsPath = resourcePath({ group, version: apiVersion, resource: plural });
  watch("registrycredentials", stores.credentials, listWatch(api, { path: credentialsPath }), strips.credential);
  watch(
    "namespaces",
    stores.namespaces,
    listWatch(api, { path: core("namespaces"), metadataOnly: true }),
    strips.namespace,
  );
  watch(
    "serviceaccounts",
    stores.serviceAccounts,
    listWatch(api, { path: core("serviceaccounts") }),
    strips.serviceAccount,
  );
  for (const namespace of new Set([settings.namespace, ...settings.sourceNamespaces])) {
    const query = namespace === settings.namespace ? {} : { query: { labelSelector: `${sourceLabel}=true` } };
    watch(
      `secrets of ${namespace}`,
      stores.operatorSecrets,
      listWatch(api, { path: core("secrets", namespace), ...query }),
      strips.operatorSecret,
      (key) => key.startsWith(`${namespace}/`),
    );
  }
  const listed = new Set<string>();
  // The operator has no right to watch Secrets of this name.
  const refused = new Set<string>();
  const pullSecrets = multiReflector({
    listWatchFor: (name) =>
      listWatch(api, {
        path: core("secrets"),
        query: { fieldSelector: `metadata.name=${name}` },
        // Whatever tenants put into a Secret of this name, enough comes to tell that it is none of ours.
        longestString: longestStringRead(settings.maxConfigBytes),
      }),
    store: stores.pullSecrets,
    strip: strips.secret,
    clock,
    random,
    observe: (event, name) => {
      logWatch(log, `secrets called ${name}`, event);
      const refusedNow = event.kind === "paused" && event.because.kind === "forbidden";
      if (listed.has(name) || (event.kind !== "listed" && (!refusedNow || refused.has(name)))) return;
      if (refusedNow) refused.add(name);
      else {
        refused.delete(name);
        listed.add(name);
      }
      for (const { key } of stores.namespaces.values()) queue.add(secretKey(key, name), { lane: "bulk" });
    },
  });
  const watchNames = (): void => {
    const names = new Set(rights.names());
    for (const name of listed) if (!names.has(name)) listed.delete(name);
    pullSecrets.ensure(names);
  };

  // Keys and time.
  const queue = workQueue({ clock, random });
  const context: Context = {
    clock,
    settings,
    stores,
    strips,
    api: objects,
    provider,
    events,
    log,
    tokens,
    entitlements: rights,
    board: board(clock),
    digest,
    refusal,
    enqueue: (key, how) => queue.add(key, how),
    namesSynced: (name) => pullSecrets.syncedFor(name),
    nameRefused: (name) => refused.has(name),
  };

  const work = loops(context);

  let workers: ReturnType<typeof runWorkers> | undefined;
  const stopping = new AbortController();
  const start = async (): Promise<void> => {
    await preflight({
      transport: api,
      namespace: settings.namespace,
      permissions: neededPermissions({ operatorNamespace: settings.namespace }),
      signal: stopping.signal,
    });
    for (const each of watched) each.start();
    await Promise.race([Promise.all(watched.map(({ synced }) => synced)), aborted(stopping.signal)]);
    askForWork(context, { formerExtras: work.formerExtras, watchNames });
    workers = runWorkers({
      queue,
      run: work.run,
      concurrency: settings.concurrency,
      deadline: runDeadline,
      clock,
      onError: (key, error) => log.error("run failed", { key, ...errorFields(error) }),
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
      await workers?.drain(limit);
      await Promise.all([...watched.map((each) => each.stop()), pullSecrets.stop(), events.close(eventsLimit)]);
      await api.close();
    },
  };
}

/** What a failed call means to the loops, which know the API server by its types only. */
const refusal: Context["refusal"] = (error, action) =>
  error instanceof ApiError
    ? { kind: error.kind, failure: failureFrom(error, { action }) }
    : { kind: undefined, failure: failureOf(error) };

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}
