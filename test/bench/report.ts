// The numbers that the bench reports, and how they follow from what was measured.
import { median, percentile } from "./statistics.ts";

/** One burst of N writes by one side. */
export interface Burst {
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

/** What was measured, in the order in which it was measured. Times of namespaces in milliseconds. */
export interface Raw {
  readonly setting: {
    readonly namespaces: number;
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
  readonly fanOutSeconds: number;
  readonly memory: { readonly afterFanOut: number; readonly afterRotations: number; readonly peak: number };
  readonly startToFirstWriteSeconds: readonly number[];
  readonly startNoChangeWrites: number;
  readonly rotationCold: Pairs;
  readonly rotation: Pairs;
  readonly newNamespace: {
    readonly secret: readonly number[];
    readonly reference: readonly number[];
    readonly secretDuringRotation: readonly number[];
    readonly referenceDuringRotation: readonly number[];
  };
  readonly steadyState: { readonly seconds: number; readonly requests: Readonly<Record<string, number>> };
  readonly deletionSeconds: readonly number[];
  /** Watches that the API server dropped because they did not keep up, whoever held them. */
  readonly droppedWatches: number;
}

export type Rows = Readonly<Record<string, number>>;

/** One number per row; ratios are medians of the pairs' ratios. */
export function rowsFrom(raw: Raw): Rows {
  const { newNamespace, memory, steadyState } = raw;
  return rounded({
    namespaces: raw.setting.namespaces,
    singleSecretWatches: raw.setting.singleSecretWatches,
    fanOutSeconds: raw.fanOutSeconds,
    fanOutRatio: rateRatio(raw.fanOut),
    referencesPerSecond: median(raw.references.operator.map(rate)),
    referencesRatio: rateRatio(raw.references),
    rotationSeconds: median(raw.rotation.operator.map(({ seconds }) => seconds)),
    rotationWritesPerSecond: median(raw.rotation.operator.map(rate)),
    bareWritesPerSecond: median(raw.rotation.bare.map(rate)),
    rotationRatio: rateRatio(raw.rotation),
    rotationColdRatio: rateRatio(raw.rotationCold),
    operatorCpuRatio: ratio(raw.rotation, ({ cpuSeconds }) => cpuSeconds),
    newNamespaceSecretP50: percentile(newNamespace.secret, 50),
    newNamespaceSecretP99: percentile(newNamespace.secret, 99),
    newNamespaceReferenceP50: percentile(newNamespace.reference, 50),
    newNamespaceReferenceP99: percentile(newNamespace.reference, 99),
    newNamespaceDuringRotationP50: percentile(newNamespace.referenceDuringRotation, 50),
    newNamespaceDuringRotationP99: percentile(newNamespace.referenceDuringRotation, 99),
    rssMegabytes: memory.afterFanOut,
    rssPeakMegabytes: memory.peak,
    startToFirstWriteSeconds: median(raw.startToFirstWriteSeconds),
    startNoChangeWrites: raw.startNoChangeWrites,
    ...raw.size,
    deletionSeconds: median(raw.deletionSeconds),
    steadyStateRequestsPerMinute: (sum(Object.values(steadyState.requests)) * 60) / steadyState.seconds,
  });
}

function rate({ writesPerSecond }: Burst): number {
  return writesPerSecond;
}

function rateRatio(pairs: Pairs): number {
  return ratio(pairs, rate);
}

/** The median over the pairs of operator over bare client. */
function ratio({ operator, bare }: Pairs, of: (burst: Burst) => number): number {
  return median(
    operator.flatMap((burst, index) => {
      const other = bare[index];
      return other ? [of(burst) / of(other)] : [];
    }),
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function rounded(rows: Rows): Rows {
  return Object.fromEntries(Object.entries(rows).map(([name, value]) => [name, Math.round(value * 1000) / 1000]));
}
