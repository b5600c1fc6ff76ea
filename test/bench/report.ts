// The numbers that the bench reports, and how they follow from what was measured.
import type { Dimensions } from "./dimensions.ts";
import { median, percentile } from "./statistics.ts";
import type { Usage } from "./usage-reporter.ts";

/** One burst of N writes by one side. */
export interface Burst {
  readonly writes: number;
  /** From the word to begin to the last write, as a watch sees it. */
  readonly seconds: number;
  /** From the first write to the last, as a watch sees them. */
  readonly writesPerSecond: number;
  /** What the side's process spent, a moment after the last write included. */
  readonly cpuSeconds: number;
  readonly apiServerCpuSeconds: number;
}

/** The same position in both lists is one pair; which of the two went first alternates. */
export interface Pairs {
  readonly operator: readonly Burst[];
  readonly bare: readonly Burst[];
}

type Footprint = Pick<Usage, "rssMegabytes" | "peakRssMegabytes" | "longestStallMilliseconds">;

/** Secrets and references, and for the operator the RegistryCredentials; memory and stalls are those of its process so far. */
export interface Deletion extends Footprint {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** Seconds since it was started. */
export interface Start extends Omit<Footprint, "rssMegabytes"> {
  readonly readySeconds: number;
  readonly restSeconds: number;
  readonly writes: number;
}

/** What was measured, in the order in which it was measured. Times of namespaces in milliseconds. */
export interface Raw {
  readonly setting: {
    readonly namespaces: number;
    readonly dimensions: Dimensions;
    readonly singleSecretWatches: number;
    readonly secretBytes: number;
    readonly node: string;
    readonly platform: string;
    readonly cpus: number;
  };
  /** Of the image: before it is compressed. */
  readonly size: { readonly bundleMegabytes: number; readonly imageMegabytes: number };
  readonly fanOut: Pairs;
  readonly references: Pairs;
  readonly deletion: { readonly operator: readonly Deletion[]; readonly bare: readonly Deletion[] };
  /** A fan-out of Secrets and references. */
  readonly together: Deletion;
  readonly startToFirstWriteSeconds: readonly number[];
  readonly startNoChange: readonly Start[];
  readonly rotationCold: Pairs;
  readonly rotation: Pairs;
  readonly afterRotations: Footprint;
  readonly newNamespace: {
    readonly secret: readonly number[];
    readonly reference: readonly number[];
    readonly secretDuringRotation: readonly number[];
    readonly referenceDuringRotation: readonly number[];
  };
  readonly steadyState: Footprint & { readonly seconds: number; readonly requests: Readonly<Record<string, number>> };
  /** Of a second replica, after a rotation that the first one made. */
  readonly standby: Footprint;
  /** Of the same, when it has taken over and a mistyped glob was held. */
  readonly afterGlob: Footprint;
  /** Watches that the API server dropped because they did not keep up, whoever held them. */
  readonly droppedWatches: number;
}

export type Rows = Readonly<Record<string, number>>;

/** One number per row; ratios are medians of the pairs' ratios. */
export function rowsFrom(raw: Raw): Rows {
  const { newNamespace, steadyState, deletion, startNoChange } = raw;
  const operators = [
    ...deletion.operator,
    raw.together,
    ...startNoChange,
    raw.afterRotations,
    steadyState,
    raw.afterGlob,
  ];
  const secondsOf = ({ seconds }: { readonly seconds: number }): number => seconds;
  return rounded({
    namespaces: raw.setting.namespaces,
    singleSecretWatches: raw.setting.singleSecretWatches,
    fanOutSeconds: raw.together.seconds,
    fanOutCpuSeconds: raw.together.cpuSeconds,
    fanOutRatio: rateRatio(raw.fanOut),
    fanOutWritesPerSecond: median(raw.fanOut.operator.map(rate)),
    fanOutCpuPer1000Writes: median(raw.fanOut.operator.map(cpuPer1000Writes)),
    bareFanOutCpuPer1000Writes: median(raw.fanOut.bare.map(cpuPer1000Writes)),
    referencesPerSecond: median(raw.references.operator.map(rate)),
    referencesRatio: rateRatio(raw.references),
    rotationSeconds: median(raw.rotation.operator.map(secondsOf)),
    rotationWritesPerSecond: median(raw.rotation.operator.map(rate)),
    bareWritesPerSecond: median(raw.rotation.bare.map(rate)),
    rotationRatio: rateRatio(raw.rotation),
    rotationColdRatio: rateRatio(raw.rotationCold),
    operatorCpuRatio: ratio(raw.rotation, ({ cpuSeconds }) => cpuSeconds),
    rotationCpuPer1000Writes: median(raw.rotation.operator.map(cpuPer1000Writes)),
    bareRotationCpuPer1000Writes: median(raw.rotation.bare.map(cpuPer1000Writes)),
    apiServerCpuPer1000Writes: median(
      raw.rotation.operator.map(({ apiServerCpuSeconds, writes }) => (apiServerCpuSeconds * 1000) / writes),
    ),
    newNamespaceSecretP50: percentile(newNamespace.secret, 50),
    newNamespaceSecretP99: percentile(newNamespace.secret, 99),
    newNamespaceReferenceP50: percentile(newNamespace.reference, 50),
    newNamespaceReferenceP99: percentile(newNamespace.reference, 99),
    newNamespaceDuringRotationP50: percentile(newNamespace.referenceDuringRotation, 50),
    newNamespaceDuringRotationP99: percentile(newNamespace.referenceDuringRotation, 99),
    rssMegabytes: raw.together.rssMegabytes,
    rssAfterRotationMegabytes: raw.afterRotations.rssMegabytes,
    rssAfterDeletionMegabytes: median(deletion.operator.map(({ rssMegabytes }) => rssMegabytes)),
    rssStandbyMegabytes: raw.standby.rssMegabytes,
    rssPeakMegabytes: Math.max(...operators.map(({ peakRssMegabytes }) => peakRssMegabytes)),
    longestStallMilliseconds: Math.max(...operators.map((each) => each.longestStallMilliseconds)),
    bareLongestStallMilliseconds: Math.max(...deletion.bare.map((each) => each.longestStallMilliseconds)),
    startToFirstWriteSeconds: median(raw.startToFirstWriteSeconds),
    startNoChangeSeconds: median(
      startNoChange.map(({ readySeconds, restSeconds }) => Math.max(readySeconds, restSeconds)),
    ),
    startNoChangeWrites: sum(startNoChange.map(({ writes }) => writes)),
    ...raw.size,
    deletionSeconds: median(deletion.operator.map(secondsOf)),
    deletionRatio: medianRatio(deletion.bare.map(secondsOf), deletion.operator.map(secondsOf)),
    steadyStateRequestsPerMinute: (sum(Object.values(steadyState.requests)) * 60) / steadyState.seconds,
  });
}

function rate({ writesPerSecond }: Burst): number {
  return writesPerSecond;
}

function cpuPer1000Writes({ cpuSeconds, writes }: Burst): number {
  return (cpuSeconds * 1000) / writes;
}

function rateRatio(pairs: Pairs): number {
  return ratio(pairs, rate);
}

/** The median over the pairs of operator over bare client. */
function ratio({ operator, bare }: Pairs, of: (burst: Burst) => number): number {
  return medianRatio(operator.map(of), bare.map(of));
}

/** Of what stands at the same place in both. */
function medianRatio(ones: readonly number[], others: readonly number[]): number {
  return median(
    ones.flatMap((one, index) => {
      const other = others[index];
      return other === undefined ? [] : [one / other];
    }),
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** To a thousandth; without those of which nothing was measured, such as a wait that no rotation lasts for. */
export function rounded(rows: Rows): Rows {
  const known = Object.entries(rows).filter(([, value]) => Number.isFinite(value));
  return Object.fromEntries(known.map(([name, value]) => [name, Math.round(value * 1000) / 1000]));
}
