// The operator's controllers, queues and workers on a cluster in memory, with static sources; time and requests are the test's.
import { inMemoryCluster, type InMemoryCluster } from "../../src/cli/plan/in-memory-cluster.ts";
import type { ClusterApi } from "../../src/cluster/cluster-api.ts";
import { clusterStores, type ClusterStores } from "../../src/cluster/cluster-stores.ts";
import type { Context } from "../../src/controllers/context.ts";
import { regcredControllers } from "../../src/controllers/index.ts";
import { credentialMetrics } from "../../src/metrics/credential-metrics.ts";
import { instruments } from "../../src/metrics/instruments.ts";
import { derive } from "../../src/operator/context.ts";
import { queues } from "../../src/operator/queues.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import type { Log } from "../../src/runtime/observability/log.ts";
import { runWorkers } from "../../src/runtime/queue/run-workers.ts";
import { inMemoryContext } from "./in-memory-context.ts";

export const operatorNamespace = "ops";

const thrown = (error: unknown): never => {
  throw error;
};
const silent = (): void => undefined;
const log: Log = { debug: silent, info: silent, warn: silent, error: silent };

type Call = (...args: readonly never[]) => Promise<unknown>;

export interface InMemoryOptions {
  readonly clock: Clock;
  readonly objects: Parameters<typeof inMemoryCluster>[0];
  /** Around each request. */
  readonly request: (name: string, call: () => Promise<unknown>) => Promise<unknown>;
  /** What the controllers see in place of their context. Default: the same. */
  readonly seen?: (context: Context) => Context;
}

/** Nothing runs before `work`. */
export function inMemoryOperator({ clock, objects, request, seen = (context) => context }: InMemoryOptions) {
  const known = copying(clusterStores(log, "0.0.0"));
  const derived = derive(known, clock, operatorNamespace, thrown);
  const { stores } = known;
  const cluster = inMemoryCluster(objects, known, operatorNamespace, () => clock.now());
  const held: { cluster: InMemoryCluster | undefined } = { cluster };
  const there = (): InMemoryCluster => {
    if (!held.cluster) throw new Error("the API server is gone");
    return held.cluster;
  };
  const api = Object.fromEntries(
    Object.keys(cluster.api).map((name) => [
      name,
      (...args: never[]) => request(name, () => (there().api[name as keyof ClusterApi] as Call)(...args)),
    ]),
  ) as unknown as ClusterApi;
  const { tenants, tokens } = queues({
    clock,
    random: () => 0.5,
    instruments: { observe: silent },
    shareReached: silent,
  });
  const context = inMemoryContext(derived, {
    namespace: operatorNamespace,
    log,
    metrics: credentialMetrics(instruments(), "known"),
    api,
    namesSynced: () => true,
    tenants,
    tokens,
  });
  cluster.appear();
  const { begin, run } = regcredControllers(seen(context));
  return {
    get cluster() {
      return there();
    },
    /** Nothing can be asked any more, and no memory is taken by what was there. */
    loseServer: () => void (held.cluster = undefined),
    stores,
    context,
    tenants,
    begin,
    run,
    /** Workers of both queues. */
    work: (each: typeof run, onError: (key: string, error: unknown) => void) =>
      [tenants, tokens].map((queue) =>
        runWorkers({
          queue,
          concurrency: 16,
          run: each,
          deadline: Temporal.Duration.from({ seconds: 45 }),
          clock,
          onError,
        }),
      ),
  };
}

/** What is read is a copy, as of bytes: the operator has no text in common with the API server, which lies in the same heap here. */
function copying(known: ClusterStores): ClusterStores {
  const transforms = Object.fromEntries(
    Object.entries(known.transforms).map(([one, transform]) => [
      one,
      (raw: unknown) => transform(JSON.parse(JSON.stringify(raw))),
    ]),
  ) as unknown as ClusterStores["transforms"];
  return { ...known, transforms };
}
