// The operator's loops, queue and stores on a cluster in memory of any size, in time that a test lets pass.
import { randomUUID } from "node:crypto";
import { inMemoryCluster } from "../../src/cli/plan/in-memory-cluster.ts";
import type { ClusterApi, ClusterObject } from "../../src/cluster/cluster-api.ts";
import { clusterStores } from "../../src/cluster/cluster-stores.ts";
import { regcredControllers } from "../../src/controllers/index.ts";
import { keyOf } from "../../src/controllers/keys.ts";
import { statusCache } from "../../src/controllers/status-cache.ts";
import { credentialMetrics } from "../../src/metrics/credential-metrics.ts";
import { instruments } from "../../src/metrics/instruments.ts";
import { derive, newContext } from "../../src/operator/context.ts";
import { queues } from "../../src/operator/queues.ts";
import { staticProvider } from "../../src/providers/static/fetch.ts";
import type { Log } from "../../src/runtime/observability/log.ts";
import { runWorkers } from "../../src/runtime/queue/run-workers.ts";
import { allPermitted } from "../controllers/all-permitted.ts";
import { fakeClock } from "../fake-clock.ts";
import { unrestricted } from "../mode.ts";

const thrown = (error: unknown): never => {
  throw error;
};
const silent = (): void => undefined;
const log: Log = { debug: silent, info: silent, warn: silent, error: silent };
const operatorNamespace = "ops";

export interface Shape {
  readonly namespaces: number;
  readonly credentials: number;
  /** Names of the namespaces that the credential with this number selects. Default: `team-*`. */
  readonly selects?: (credential: number) => readonly string[];
}

/** What a piece of work has taken until nothing was left to be done. */
export interface Cost {
  /** By loop. */
  readonly runs: Readonly<Record<string, number>>;
  /** By call of the API server. */
  readonly calls: Readonly<Record<string, number>>;
}

export interface GrowingCluster {
  /** Everything is looked at for the first time. */
  readonly begin: () => Promise<Cost>;
  readonly label: (namespace: string, labels: Readonly<Record<string, string>>) => Promise<Cost>;
  /** Another password in the source, which all share. */
  readonly rotate: () => Promise<Cost>;
  readonly remove: (credential: number) => Promise<Cost>;
  readonly secrets: () => number;
  readonly stop: () => Promise<void>;
}

export function growingCluster(shape: Shape): GrowingCluster {
  const { namespaces: count, credentials, selects = () => ["team-*"] } = shape;
  // Each has its own.
  const secretName = (credential: number): string => `pull-${credential}`;
  const clock = fakeClock();
  const known = clusterStores(log, "0.0.0");
  const derived = derive(known, clock, operatorNamespace, thrown);
  const { stores } = known;
  const meta = (name: string, namespace?: string): object => ({
    name,
    uid: randomUUID(),
    resourceVersion: "1",
    creationTimestamp: "2026-01-01T00:00:00Z",
    ...(namespace && { namespace }),
  });
  const names = Array.from({ length: count }, (_, index) => `team-${index}`);
  const credentialName = (index: number): string => `acme-${index}`;
  const specOf = (index: number): object => ({
    registries: [
      {
        name: "hub",
        provider: "Static",
        hosts: [`r${index}.example.com`],
        static: { secretName: "hub" },
      },
    ],
    namespaces: { include: selects(index) },
    pullSecret: { name: secretName(index) },
  });
  let password = 0;
  const source = (): object => ({
    metadata: meta("hub", operatorNamespace),
    type: "kubernetes.io/basic-auth",
    data: { username: btoa("ann"), password: btoa(`secret-${password}`) },
  });
  const cluster = inMemoryCluster(
    {
      credentials: Array.from({ length: credentials }, (_, index) => ({
        apiVersion: "regcred.dev/v1alpha1",
        kind: "RegistryCredential",
        metadata: { ...meta(credentialName(index)), generation: 1 },
        spec: specOf(index),
      })),
      namespaces: names.map((name) => ({ metadata: { ...meta(name), labels: { pull: "yes" } } })),
      serviceAccounts: names.map((name) => ({ metadata: meta("default", name) })),
      pullSecrets: [],
      operatorSecrets: [source()],
    },
    known,
    operatorNamespace,
    () => clock.now(),
  );
  let calls: Record<string, number> = {};
  let runs: Record<string, number> = {};
  const latest = new Map<string, ClusterObject>();
  const api = Object.fromEntries(
    Object.entries(cluster.api).map(([name, call]) => [
      name,
      async (...args: never[]) => {
        calls[name] = (calls[name] ?? 0) + 1;
        const answer = await (call as (...all: never[]) => Promise<unknown>)(...args);
        if (name.startsWith("patchCredential")) {
          const object = answer as ClusterObject;
          latest.set(object.metadata.name ?? "", object);
        }
        return answer;
      },
    ]),
  ) as unknown as ClusterApi;
  const { tenants, tokens } = queues({
    clock,
    random: () => 0.5,
    instruments: { observe: silent },
    shareReached: silent,
  });
  const context = newContext(derived, {
    settings: { namespace: operatorNamespace, mode: unrestricted, maxConfigBytes: 65_536 },
    runtime: {
      log,
      events: { publish: silent },
      metrics: credentialMetrics(instruments(), "known"),
      shareReached: silent,
    },
    cluster: { api, namesSynced: () => true, permissions: allPermitted },
    credentials: { statusCache: statusCache(clock) },
    grants: {
      provider: staticProvider({
        secret: (key) => stores.operatorSecrets.get(key),
        operatorNamespace,
        sourceNamespaces: [],
        clock,
      }),
      verify: async () => ({ verification: "Inconclusive" }),
    },
    queue: { enqueue: (key, how) => (keyOf(key).loop === "token" ? tokens : tenants).add(key, how) },
  });
  cluster.appear();
  const { begin, run } = regcredControllers(context);
  const each = {
    run: (key: string, signal: AbortSignal): ReturnType<typeof run> => {
      const { loop } = keyOf(key);
      runs[loop] = (runs[loop] ?? 0) + 1;
      return run(key, signal);
    },
    deadline: Temporal.Duration.from({ seconds: 45 }),
    clock,
    onError: (_key: string, error: unknown): never => thrown(error),
  };
  const workers = [
    runWorkers({ ...each, queue: tenants, concurrency: 16 }),
    runWorkers({ ...each, queue: tokens, concurrency: 16 }),
  ];
  const cost = async (what: () => void): Promise<Cost> => {
    calls = {};
    runs = {};
    what();
    await clock.advance(Temporal.Duration.from({ seconds: 20 }));
    return { runs, calls };
  };

  const feed = stores.namespaces.feed();
  let version = 2n ** 61n;
  return {
    begin: () =>
      cost(() => {
        begin();
        // As the watches of the names do when all of their Secrets are known.
        for (const name of new Set(Array.from({ length: credentials }, (_, index) => secretName(index))))
          context.queue.signals.secretsCalled.tell({ name });
      }),
    label: (name, labels) =>
      cost(() => {
        const before = stores.namespaces.get(name);
        version += 1n;
        if (before) feed.observed({ ...before, labels, resourceVersion: String(version) });
      }),
    rotate: () =>
      cost(() => {
        password += 1;
        cluster.putSource(source());
      }),
    remove: (index) =>
      cost(() => {
        const before = latest.get(credentialName(index));
        if (!before) throw new Error("it is not known yet");
        const deletionTimestamp = clock.now().toString();
        cluster.putCredential({ ...before, metadata: { ...before.metadata, deletionTimestamp } });
      }),
    secrets: () => cluster.secrets.size,
    stop: async () => {
      const ended = Promise.all(workers.map((worker) => worker.drain(Temporal.Duration.from({ seconds: 5 }))));
      await clock.advance(Temporal.Duration.from({ seconds: 10 }));
      await ended;
    },
  };
}
