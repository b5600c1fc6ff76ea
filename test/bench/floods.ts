// Measures whether work keeps its pace while strangers flood the metrics: rotations with the flood and without, in turns.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { withFreePort } from "../cluster/free-port.ts";
import { burst } from "./bursts.ts";
import { type Child, startChild } from "./child.ts";
import type { FlooderRequest } from "./flooder.ts";
import { type OperatorSide, operatorSide } from "./operator-side.ts";
import type { Burst, Rows } from "./report.ts";
import { operatorNamespace, type Stage } from "./stage.ts";
import { median } from "./statistics.ts";

export interface FloodsOptions {
  readonly stage: Stage;
  readonly pairs: number;
  readonly step: (text: string) => void;
}

/** One rotation, and the renewals of the Lease beside it. */
export interface Watched extends Pick<Burst, "seconds" | "writesPerSecond" | "cpuSeconds"> {
  /** Milliseconds between one renewal and the next. */
  readonly leasePauses: readonly number[];
}

/** The same position in both lists is one pair; which of the two came first alternates. */
export interface Floods {
  readonly alone: readonly Watched[];
  readonly flooded: readonly Watched[];
  /** Of the flood's scrapes, by status. */
  readonly statuses: readonly Readonly<Record<string, number>>[];
}

const lease = `/apis/coordination.k8s.io/v1/namespaces/${operatorNamespace}/leases/regcred`;
const lookMs = 200;
// Some renewals, one each 2 s, and a flood that has all of its connections.
const watchedMs = 10_000;

export async function measureFloods({ stage, pairs, step }: FloodsOptions): Promise<Floods> {
  const side = await operatorSide(stage);
  const { port, operator } = await withFreePort(async (free) => {
    const flags = ["--metrics-address", `127.0.0.1:${free}`, "--metrics-access", "token"];
    return { port: free, operator: side.start(flags) };
  });
  const flooder = startChild({
    script: join(import.meta.dirname, "flooder.ts"),
    logFile: join(stage.cluster.folder, "flooder.log"),
  });
  const alone: Watched[] = [];
  const flooded: Watched[] = [];
  const statuses: Record<string, number>[] = [];
  const inFlood = async (): Promise<void> => {
    step("rotation in a flood of the metrics");
    await flooder.ask({ port } satisfies FlooderRequest);
    flooded.push(await watched(stage, side, operator));
    statuses.push(await flooder.ask<Record<string, number>>({} satisfies FlooderRequest));
  };
  try {
    await burst({
      what: "the fan-out",
      stage,
      child: undefined,
      changes: stage.seen.operatorSecrets,
      fits: ({ type }) => type === "ADDED",
      begin: () => side.createCredential("None"),
    });
    for (let pair = 0; pair < pairs; pair += 1) {
      if (pair % 2 === 1) await inFlood();
      step("rotation without a flood");
      alone.push(await watched(stage, side, operator));
      if (pair % 2 === 0) await inFlood();
    }
  } finally {
    await Promise.all([operator.stop(), flooder.stop()]);
  }
  return { alone, flooded, statuses };
}

async function watched(stage: Stage, side: OperatorSide, operator: Child): Promise<Watched> {
  const over = new AbortController();
  const renewals = new Set<number>();
  const look = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const found = await stage.admin.get(lease);
      const { renewTime } = (found?.["spec"] ?? {}) as { renewTime?: string };
      if (renewTime !== undefined) renewals.add(Temporal.Instant.from(renewTime).epochMilliseconds);
      await sleep(lookMs);
    }
  };
  const looking = look();
  const began = performance.now();
  const took = await burst({
    what: "the rotation",
    stage,
    child: operator,
    changes: stage.seen.operatorSecrets,
    fits: ({ type }) => type === "MODIFIED",
    begin: () => side.changeSource(),
  });
  await sleep(Math.max(watchedMs - (performance.now() - began), 0));
  over.abort();
  await looking;
  const at = [...renewals].toSorted((one, other) => one - other);
  const leasePauses = at.slice(1).map((each, index) => each - (at[index] ?? each));
  const { seconds, writesPerSecond, cpuSeconds } = took;
  return { seconds, writesPerSecond, cpuSeconds, leasePauses };
}

/** Ratios are medians of the pairs': in the flood over alone. */
export function floodRows({ alone, flooded }: Floods): Rows {
  const ratio = (of: (each: Watched) => number): number =>
    median(flooded.flatMap((each, index) => (alone[index] ? [of(each) / of(alone[index])] : [])));
  const longest = (all: readonly Watched[]): number => Math.max(...all.flatMap(({ leasePauses }) => leasePauses));
  return {
    floods: flooded.length,
    floodRotationRatio: rounded(ratio(({ writesPerSecond }) => writesPerSecond)),
    floodSecondsRatio: rounded(ratio(({ seconds }) => seconds)),
    floodCpuRatio: rounded(ratio(({ cpuSeconds }) => cpuSeconds)),
    floodLeaseRatio: rounded(ratio(({ leasePauses }) => median(leasePauses))),
    aloneLeaseLongest: longest(alone),
    floodLeaseLongest: longest(flooded),
  };
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
