// Applies a Namespace with a Deployment in it at once, many times, and finds what became of its pods.
import { setTimeout as sleep } from "node:timers/promises";
import type { AdminClient, KubeObject } from "../cluster/admin-client.ts";
import { pollUntil } from "../cluster/poll-until.ts";
import type { Pod } from "./tenants.ts";

export interface Race {
  readonly admin: AdminClient;
  /** On which the pods run, without a scheduler. */
  readonly node: string;
  /** Private, and pulled for each pod. */
  readonly image: string;
  /** Names of the namespaces begin so. */
  readonly prefix: string;
  readonly count: number;
  /** Of each from the one before. */
  readonly apart: Temporal.Duration;
  /** How long pods are waited for. */
  readonly patience: Temporal.Duration;
}

export interface RaceResult {
  /** Seconds from the apply until the pod ran; undefined where none ran in time. */
  readonly seconds: readonly (number | undefined)[];
  /** Pods that were made in the place of others. */
  readonly remade: number;
  /** Namespaces whose last pod had no reference: somebody must make it anew. */
  readonly stuck: number;
}

/**
 * As `kubectl apply` does with one file: one request after the other, without waiting for anything. The operator is started
 * by `meanwhile`, or has been.
 */
export async function race(options: Race, meanwhile: () => Promise<void>): Promise<RaceResult> {
  const { admin, prefix, count, apart, patience } = options;
  const names = Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
  const began = new Map<string, number>();
  const apply = async (): Promise<void> => {
    for (const name of names) {
      began.set(name, performance.now());
      await admin.create("/api/v1/namespaces", { metadata: { name } });
      await admin.create(`/apis/apps/v1/namespaces/${name}/deployments`, deployment(options));
      await sleep(apart.total("milliseconds"));
    }
  };
  const seen = new Map<string, Set<string>>();
  const ran = new Map<string, number>();
  let last: readonly Pod[] = [];
  const look = async (): Promise<boolean> => {
    const all = (await admin.list(`/api/v1/pods`)) as readonly Pod[];
    last = all.filter(({ metadata }) => metadata.namespace?.startsWith(`${prefix}-`) === true);
    for (const { metadata, status } of last) {
      const namespace = metadata.namespace ?? "";
      seen.set(namespace, (seen.get(namespace) ?? new Set()).add(String(metadata.uid)));
      const isRunning = status.phase === "Running" && metadata.deletionTimestamp === undefined;
      if (isRunning && !ran.has(namespace)) ran.set(namespace, performance.now());
    }
    return ran.size === count;
  };
  const applied = Promise.all([apply(), meanwhile()]);
  await pollUntil(look, {
    what: "the pods to run",
    limit: patience,
    every: Temporal.Duration.from({ milliseconds: 100 }),
  }).catch(() => undefined);
  await applied;
  const without = last.filter((pod) => !ran.has(pod.metadata.namespace ?? "") && referencesOf(pod).length === 0);
  return {
    seconds: names.map((name) => secondsBetween(began.get(name), ran.get(name))),
    remade: [...seen.values()].reduce((sum, pods) => sum + pods.size - 1, 0),
    stuck: new Set(without.map(({ metadata }) => metadata.namespace)).size,
  };
}

/** Removes what a race has left, and waits until the node runs none of it. */
export async function clear({ admin, prefix, count }: Race): Promise<void> {
  const names = Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
  for (const name of names) await admin.remove(`/api/v1/namespaces/${name}`);
  await pollUntil(
    async () => {
      const left = await admin.list("/api/v1/namespaces");
      return !left.some(({ metadata }) => metadata.name.startsWith(`${prefix}-`));
    },
    { what: "the namespaces to go", limit: Temporal.Duration.from({ minutes: 5 }) },
  );
}

function referencesOf(pod: KubeObject): readonly unknown[] {
  return (pod["spec"] as { readonly imagePullSecrets?: readonly unknown[] }).imagePullSecrets ?? [];
}

function secondsBetween(from: number | undefined, to: number | undefined): number | undefined {
  return from === undefined || to === undefined ? undefined : (to - from) / 1000;
}

function deployment({ node, image }: Race): object {
  const labels = { app: "app" };
  return {
    metadata: { name: "app" },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          nodeName: node,
          // The program ignores SIGTERM: test/cluster/tiny-program.ts.
          terminationGracePeriodSeconds: 1,
          automountServiceAccountToken: false,
          containers: [{ name: "app", image, imagePullPolicy: "Always" }],
        },
      },
    },
  };
}
