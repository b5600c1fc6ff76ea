// Measures whether the heap stays as it is while namespaces come and go, Secrets are deleted, and the password changes.
import { setTimeout as sleep } from "node:timers/promises";
import type { Child } from "./child.ts";
import type { OperatorSide } from "./operator-side.ts";
import type { Rows } from "./report.ts";
import { operatorSecret, type Stage } from "./stage.ts";
import { median, slope } from "./statistics.ts";

export interface ChurnOptions {
  readonly stage: Stage;
  readonly side: OperatorSide;
  readonly child: Child;
  readonly minutes: number;
}

export interface Sample {
  /** Since the churn began. */
  readonly minutes: number;
  /** After a garbage collection. */
  readonly heapMegabytes: number;
  readonly rssMegabytes: number;
}

export interface Churn {
  readonly samples: readonly Sample[];
  readonly rotations: number;
  readonly namespaces: number;
  readonly deletedSecrets: number;
}

const sampleMs = 10_000;
const rotationMs = 20_000;
const namespaceMs = 500;
/** So many are there at a time; the oldest goes when a new one comes. */
const passing = 10;
// What V8 compiles and what caches keep comes in the first minutes, and is no leak.
const warmShare = 1 / 4;

export async function measureChurn({ stage, side, child, minutes }: ChurnOptions): Promise<Churn> {
  const { admin, namespaces } = stage;
  const samples: Sample[] = [];
  const counts = { rotations: 0, namespaces: 0, deletedSecrets: 0 };
  const began = performance.now();
  const sinceMs = (): number => performance.now() - began;
  const lastMs = minutes * 60_000;
  /** Over and over until the time is over. */
  const each = async (pauseMs: number, work: (index: number) => Promise<void>): Promise<void> => {
    for (let index = 0; sinceMs() < lastMs; index += 1) {
      await work(index);
      await sleep(pauseMs);
    }
  };
  const name = (index: number): string => `new-churn-${index}`;
  await Promise.all([
    each(rotationMs, async () => {
      await side.changeSource();
      counts.rotations += 1;
    }),
    each(namespaceMs, async (index) => {
      await side.createSources([name(index)]);
      await admin.create("/api/v1/namespaces", { metadata: { name: name(index) } });
      counts.namespaces += 1;
      if (index >= passing) await admin.remove(`/api/v1/namespaces/${name(index - passing)}`);
    }),
    each(namespaceMs, async (index) => {
      const namespace = namespaces[index % namespaces.length] ?? "";
      await admin.remove(`/api/v1/namespaces/${namespace}/secrets/${operatorSecret}`);
      counts.deletedSecrets += 1;
    }),
    each(sampleMs, async () => {
      const heapMegabytes = await child.keptHeap();
      const { rssMegabytes } = await child.usage();
      samples.push({ minutes: sinceMs() / 60_000, heapMegabytes, rssMegabytes });
    }),
  ]);
  return { samples, ...counts };
}

export function churnRows({ samples, namespaces }: Churn): Rows {
  const kept = samples.slice(Math.floor(samples.length * warmShare));
  const third = Math.max(Math.floor(kept.length / 3), 1);
  const heap = (some: readonly Sample[]): number => median(some.map(({ heapMegabytes }) => heapMegabytes));
  return {
    churnMinutes: Math.round(samples.at(-1)?.minutes ?? 0),
    churnNamespaces: namespaces,
    /** Megabytes an hour. */
    churnHeapSlope: slope(kept.map(({ minutes, heapMegabytes }) => [minutes / 60, heapMegabytes])),
    churnHeapFirst: heap(kept.slice(0, third)),
    churnHeapLast: heap(kept.slice(-third)),
    churnRssLast: median(kept.slice(-third).map(({ rssMegabytes }) => rssMegabytes)),
  };
}
