// The operator's controllers, queue and stores on a cluster in memory of any size, in time that a test lets pass.
import { randomUUID } from "node:crypto";
import PQueue from "p-queue";
import type { ClusterObject } from "../../src/cluster/cluster-api.ts";
import type { Context } from "../../src/controllers/context.ts";
import { keyOf } from "../../src/controllers/keys.ts";
import { inMemoryOperator, operatorNamespace } from "../controllers/in-memory-operator.ts";
import { fakeClock } from "../fake-clock.ts";
import { countedContext, type Operations } from "./counted-operations.ts";

const thrown = (error: unknown): never => {
  throw error;
};

const foreignSecret = {
  type: "kubernetes.io/dockerconfigjson",
  data: { ".dockerconfigjson": btoa('{"auths":{"other.example.com":{"auth":"YTpi"}}}') },
};

export interface Shape {
  readonly namespaces: number;
  readonly credentials: number;
  /** Names of the namespaces that the credential with this number selects. Default: `team-*`. */
  readonly selects?: (credential: number) => readonly string[];
  /** Of the namespace with this number, which begins with `team-`. Default: nothing but that follows. */
  readonly nameOf?: (index: number) => string;
  /** All write the same Secret. Default: each has its own. */
  readonly oneSecret?: boolean;
  /** Each namespace has a source, and so a grant, of its own. Default: all share one. */
  readonly ownGrants?: boolean;
  /** `empty`: no password is in any source. Default: there is one. */
  readonly sources?: "empty";
  /** Somebody else's Secret stands in each place of the first credential's. Default: nothing does. */
  readonly foreign?: boolean;
  /** Of labels that the namespaces of all of them have. Default: any. */
  readonly labels?: Readonly<Record<string, string>>;
  /** How long each write takes, of which sixteen are on their way at a time. Default: none takes any time. */
  readonly writeTakes?: Temporal.Duration;
  /** What becomes of an answer of the API server. Default: nothing. */
  readonly answered?: (call: string, answer: ClusterObject) => ClusterObject;
}

/** What a piece of work has taken until nothing was left to be done. */
export interface Cost {
  /** By controller. */
  readonly runs: Readonly<Record<string, number>>;
  /** Until the last pull Secret or reference was written. */
  readonly seconds: number;
  /** By call of the API server. */
  readonly calls: Readonly<Record<string, number>>;
  /** Questions to what the controllers keep: see `countedContext`. */
  readonly operations: number;
  /** The same by subject and question. */
  readonly by: Readonly<Record<string, number>>;
}

export interface GrowingCluster {
  /** Everything is looked at for the first time. */
  readonly begin: () => Promise<Cost>;
  readonly label: (namespace: string, labels: Readonly<Record<string, string>>) => Promise<Cost>;
  /** Another password in the source, which all share. */
  readonly rotate: () => Promise<Cost>;
  readonly remove: (credential: number) => Promise<Cost>;
  readonly removeNamespace: (name: string) => Promise<Cost>;
  /** Another password in the source of this namespace. */
  readonly rotateOne: (namespace: string) => Promise<Cost>;
  /** No password is in the source any more. */
  readonly breakSource: () => Promise<Cost>;
  /** The spec of the credential names these namespaces. */
  readonly select: (credential: number, include: readonly string[]) => Promise<Cost>;
  /** Somebody else's Secret stands in the place of the first credential's. */
  readonly fill: (namespace: string) => Promise<Cost>;
  /** It is deleted by somebody else. */
  readonly clear: (namespace: string) => Promise<Cost>;
  readonly context: Context;
  readonly secrets: () => number;
  /** Whatever is written from now on fails. */
  readonly loseServer: () => void;
  readonly stop: () => Promise<void>;
}

export function growingCluster(shape: Shape): GrowingCluster {
  const {
    namespaces: count,
    credentials,
    selects = () => ["team-*"],
    nameOf = (index) => `team-${index}`,
    labels: matchLabels,
    answered,
    writeTakes,
  } = shape;
  const secretName = (credential: number): string => (shape.oneSecret ? "pull" : `pull-${credential}`);
  const clock = fakeClock();
  const meta = (name: string, namespace?: string): object => ({
    name,
    uid: randomUUID(),
    resourceVersion: "1",
    creationTimestamp: "2026-01-01T00:00:00Z",
    ...(namespace && { namespace }),
  });
  const names = Array.from({ length: count }, (_, index) => nameOf(index));
  const credentialName = (index: number): string => `acme-${index}`;
  const specOf = (index: number, include = selects(index)): object => ({
    registries: [
      {
        name: "hub",
        provider: "Static",
        hosts: [`r${index}.example.com`],
        static: { secretName: shape.ownGrants ? "hub-$(namespace.name)" : "hub" },
      },
    ],
    namespaces: { include, ...(matchLabels && { selector: { matchLabels } }) },
    pullSecret: { name: secretName(index) },
  });
  let password = 0;
  const source = (
    data: object = { username: btoa("ann"), password: btoa(`secret-${password}`) },
    name = "hub",
  ): object => ({
    metadata: meta(name, operatorNamespace),
    type: "kubernetes.io/basic-auth",
    data,
  });
  const connections = new PQueue({ concurrency: 16 });
  let lastAt = 0;
  let calls: Record<string, number> = {};
  let runs: Record<string, number> = {};
  const latest = new Map<string, ClusterObject>();
  let generation = 1;
  const operations: Operations = { count: 0, by: {} };
  const operator = inMemoryOperator({
    clock,
    seen: (whole) => countedContext(whole, operations),
    objects: {
      credentials: Array.from({ length: credentials }, (_, index) => ({
        apiVersion: "regcred.dev/v1alpha1",
        kind: "RegistryCredential",
        metadata: { ...meta(credentialName(index)), generation: 1 },
        spec: specOf(index),
      })),
      namespaces: names.map((name) => ({ metadata: { ...meta(name), labels: { pull: "yes" } } })),
      serviceAccounts: names.map((name) => ({ metadata: meta("default", name) })),
      pullSecrets: shape.foreign
        ? names.map((name) => ({ ...foreignSecret, metadata: meta(secretName(0), name) }))
        : [],
      operatorSecrets: ["hub", ...(shape.ownGrants ? names.map((name) => `hub-${name}`) : [])].map((name) =>
        source(shape.sources === "empty" ? {} : undefined, name),
      ),
    },
    request: async (name, call) => {
      calls[name] = (calls[name] ?? 0) + 1;
      if (writeTakes) await connections.add(() => clock.sleep(writeTakes));
      const given = (await call()) as ClusterObject | undefined;
      const answer = answered && given ? answered(name, given) : given;
      if (answer && answer.metadata.namespace?.startsWith("team-")) lastAt = clock.elapsed();
      if (name.startsWith("patchCredential")) {
        const object = answer as ClusterObject;
        latest.set(object.metadata.name ?? "", object);
      }
      return answer;
    },
  });
  const { stores, context, begin, run, work } = operator;
  const workers = work(
    (key, signal) => {
      const { controller } = keyOf(key);
      runs[controller] = (runs[controller] ?? 0) + 1;
      return run(key, signal);
    },
    (_key, error) => thrown(error),
  );
  const cost = async (what: () => void): Promise<Cost> => {
    calls = {};
    runs = {};
    operations.count = 0;
    operations.by = {};
    what();
    const began = clock.elapsed();
    await clock.advance(Temporal.Duration.from({ seconds: writeTakes ? 300 : 20 }));
    return { runs, seconds: (lastAt - began) / 1000, calls, operations: operations.count, by: operations.by };
  };

  const feed = stores.namespaces.feed();
  // It has nothing to list.
  feed.completed("1");
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
        operator.cluster.putSource(source());
      }),
    rotateOne: (namespace) =>
      cost(() => {
        password += 1;
        operator.cluster.putSource(source(undefined, `hub-${namespace}`));
      }),
    removeNamespace: (name) =>
      cost(() => {
        version += 1n;
        feed.vanished(name, String(version));
      }),
    breakSource: () => cost(() => operator.cluster.putSource(source({}))),
    select: (index, include) =>
      cost(() => {
        const before = latest.get(credentialName(index));
        if (!before) throw new Error("it is not known yet");
        generation += 1;
        const after = { ...before, metadata: { ...before.metadata, generation }, spec: specOf(index, include) };
        latest.set(credentialName(index), after);
        operator.cluster.putCredential(after);
      }),
    fill: (namespace) =>
      cost(() => {
        const body = { ...foreignSecret, metadata: { namespace, name: secretName(0) } };
        const { signal } = new AbortController();
        void operator.cluster.api
          .createSecret(namespace, JSON.stringify(body), signal)
          .catch(() => operator.cluster.api.replaceSecret(namespace, secretName(0), JSON.stringify(body), signal));
      }),
    clear: (namespace) =>
      cost(() => {
        const { uid = "", resourceVersion = "" } =
          operator.cluster.secrets.get(`${namespace}/${secretName(0)}`)?.metadata ?? {};
        const { signal } = new AbortController();
        void operator.cluster.api.deleteSecret(namespace, secretName(0), { uid, resourceVersion }, signal);
      }),
    context,
    remove: (index) =>
      cost(() => {
        const before = latest.get(credentialName(index));
        if (!before) throw new Error("it is not known yet");
        const deletionTimestamp = clock.now().toString();
        operator.cluster.putCredential({ ...before, metadata: { ...before.metadata, deletionTimestamp } });
      }),
    secrets: () => operator.cluster.secrets.size,
    loseServer: operator.loseServer,
    stop: async () => {
      const ended = Promise.all(workers.map((worker) => worker.drain(Temporal.Duration.from({ seconds: 5 }))));
      await clock.advance(Temporal.Duration.from({ seconds: 10 }));
      await ended;
    },
  };
}
