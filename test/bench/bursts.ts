// Measures how long a burst of writes takes, and what it costs.
import { setTimeout as sleep } from "node:timers/promises";
import type { Change, Changes, Seen } from "./changes.ts";
import type { Child } from "./child.ts";
import type { Burst } from "./report.ts";
import type { Stage } from "./stage.ts";

export interface BurstOptions {
  readonly what: string;
  readonly stage: Stage;
  /** Whose CPU time counts; undefined: nobody's, because the process starts with the burst. */
  readonly child: Child | undefined;
  readonly changes: Changes;
  /** Of the writes that are awaited; left out: one in each namespace. */
  readonly keys?: readonly string[];
  readonly fits: (change: Change) => boolean;
  /** Says the word. */
  readonly begin: () => Promise<unknown>;
}

// The operator puts status changes together for a second before it writes them: part of what a burst costs.
const settleMs = 1_500;

export async function burst({ stage, keys = stage.namespaces, child, ...options }: BurstOptions): Promise<Burst> {
  const { what, changes, fits, begin } = options;
  const before = { own: await child?.usage(), apiServer: await stage.apiServerCpuSeconds() };
  const all = changes.allOf(what, keys, fits);
  const began = performance.now();
  const [seen]: [Seen, unknown] = await Promise.all([all, begin()]);
  await sleep(settleMs);
  const after = { own: await child?.usage(), apiServer: await stage.apiServerCpuSeconds() };
  return {
    writes: keys.length,
    seconds: (seen.last - began) / 1000,
    writesPerSecond: ((keys.length - 1) * 1000) / (seen.last - seen.first),
    cpuSeconds: (after.own?.cpuSeconds ?? 0) - (before.own?.cpuSeconds ?? 0),
    apiServerCpuSeconds: after.apiServer - before.apiServer,
  };
}

/** Who goes first alternates (ABBA), so that a machine that slowly changes favours neither. */
export async function inPairs(
  count: number,
  sides: { readonly operator: () => Promise<Burst>; readonly bare: () => Promise<Burst> },
): Promise<{ readonly operator: readonly Burst[]; readonly bare: readonly Burst[] }> {
  const operator: Burst[] = [];
  const bare: Burst[] = [];
  for (let pair = 0; pair < count; pair += 1) {
    if (pair % 2 === 0) operator.push(await sides.operator());
    bare.push(await sides.bare());
    if (pair % 2 === 1) operator.push(await sides.operator());
  }
  return { operator, bare };
}
