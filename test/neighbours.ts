// The share of this machine's CPU that others had while something ran.
import { type CpuInfo, cpus } from "node:os";

/** Milliseconds since the machine started, of each processor. */
export type ProcessorTimes = readonly CpuInfo["times"][];

export function processorTimes(): ProcessorTimes {
  return cpus().map(({ times }) => times);
}

/**
 * What went to processes of a lower priority than the usual one, which no test has, of all that there was: 0 to 1. Neighbours
 * of the usual priority are not told from the tests' own programs.
 */
export function neighboursShare(before: ProcessorTimes, after: ProcessorTimes): number {
  const spent = (of: (times: CpuInfo["times"]) => number): number => sumOf(after, of) - sumOf(before, of);
  const all = spent(({ user, nice, sys, idle, irq }) => user + nice + sys + idle + irq);
  return all > 0 ? spent(({ nice }) => nice) / all : 0;
}

function sumOf(processors: ProcessorTimes, of: (times: CpuInfo["times"]) => number): number {
  return processors.reduce((sum, times) => sum + of(times), 0);
}
