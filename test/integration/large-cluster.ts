// Measures how long the operator blocks its event loop when one event concerns every namespace of a large cluster.
import { randomUUID } from "node:crypto";
import { systemClock } from "../../src/runtime/clock.ts";
import type { Status } from "../../src/api/registry-credential.ts";
import type { ClusterObject } from "../../src/cluster/cluster-api.ts";
import { referencesKey, secretKey } from "../../src/controllers/keys.ts";
import { inMemoryOperator, operatorNamespace } from "../controllers/in-memory-operator.ts";

const silent = (): void => undefined;

/** Milliseconds. */
const patience = 60_000;

/** Milliseconds of processor time of this thread, which a busy machine does not change. */
function spent(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export interface LargeCluster {
  /** Changes the RegistryCredential. */
  readonly put: (changes: { readonly metadata?: object; readonly spec?: object }) => void;
  readonly label: (namespace: string, labels: Readonly<Record<string, string>>) => void;
  /** The longest time, in milliseconds of processor time, in which nothing else had a turn until it was over. */
  readonly longestStall: (what: () => void, isOver: () => boolean) => Promise<number>;
  readonly status: () => Status;
  readonly isThere: () => boolean;
  readonly secretsCalled: (name: string) => number;
  readonly stop: () => Promise<void>;
}

/** The operator's controllers, queue and stores on a cluster in memory, in which every namespace is served by the credential acme. */
export async function largeCluster(count: number): Promise<LargeCluster> {
  const clock = systemClock();
  const meta = (name: string, namespace?: string): object => ({
    name,
    uid: randomUUID(),
    resourceVersion: "1",
    creationTimestamp: "2026-01-01T00:00:00Z",
    ...(namespace && { namespace }),
  });
  const names = Array.from({ length: count }, (_, index) => `team-${index}`);
  const spec = {
    registries: [{ name: "hub", provider: "Static", hosts: ["registry.example.com"], static: { secretName: "hub" } }],
    namespaces: { include: ["team-*"] },
  };
  let raw: ClusterObject | undefined;
  const { cluster, stores, tenants, begin, run, work } = inMemoryOperator({
    clock,
    objects: {
      credentials: [
        {
          apiVersion: "regcred.dev/v1alpha1",
          kind: "RegistryCredential",
          metadata: { ...meta("acme"), generation: 1 },
          spec,
        },
      ],
      namespaces: names.map((name) => ({ metadata: { ...meta(name), labels: { pull: "yes" } } })),
      serviceAccounts: names.map((name) => ({ metadata: meta("default", name) })),
      pullSecrets: [],
      operatorSecrets: [
        {
          metadata: meta("hub", operatorNamespace),
          type: "kubernetes.io/basic-auth",
          data: { username: btoa("ann"), password: btoa("secret") },
        },
      ],
    },
    // An answer takes a turn of the event loop at least, as one of a socket does.
    request: async (name, call) => {
      await turn();
      const answer = await call();
      if (name.startsWith("patchCredential")) raw = answer as ClusterObject;
      return answer;
    },
  });
  begin();
  for (const name of names) {
    tenants.add(secretKey(name, "regcred"));
    tenants.add(referencesKey(name));
  }
  const workers = work(run, silent);

  const namespaces = stores.namespaces.feed();
  let version = 2n ** 61n;
  const here: LargeCluster = {
    put: ({ metadata, spec: changed }) => {
      if (!raw) throw new Error("it is not known yet");
      raw = {
        ...raw,
        metadata: { ...raw.metadata, ...metadata },
        spec: { ...(raw as { spec?: object }).spec, ...changed },
      } as ClusterObject;
      cluster.putCredential(raw);
    },
    label: (name, labels) => {
      const before = stores.namespaces.get(name);
      version += 1n;
      if (before) namespaces.observed({ ...before, labels, resourceVersion: String(version) });
    },
    status: () => stores.credentials.get("acme")?.credential?.status ?? {},
    isThere: () => stores.credentials.get("acme") !== undefined,
    secretsCalled: (name) => [...cluster.secrets.keys()].filter((key) => key.endsWith(`/${name}`)).length,
    longestStall: async (what, isOver) => {
      let longest = 0;
      let before = spent();
      const look = (): void => {
        const now = spent();
        longest = Math.max(longest, now - before);
        before = now;
      };
      await turn();
      before = spent();
      what();
      look();
      const limit = clock.elapsed() + patience;
      while (!isOver()) {
        if (clock.elapsed() > limit) throw new Error(`waited ${patience / 1000} s in vain for what happens in the end`);
        await turn();
        look();
      }
      return longest;
    },
    stop: async () =>
      void (await Promise.all(workers.map((each) => each.drain(Temporal.Duration.from({ seconds: 5 }))))),
  };
  await here.longestStall(silent, () => here.status().namespaces?.ready === count);
  return here;
}
