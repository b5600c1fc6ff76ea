// Metrics of the process: processor, memory, delay of the event loop.
// oxlint-disable-next-line eslint/no-restricted-imports -- it measures delays inside the loop; nobody asks it for the time
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Clock } from "../runtime/clock.ts";
import type { Instruments } from "./instruments.ts";

export interface ProcessMetrics {
  /** Lets go of the timer. */
  stop(): void;
}

// Fine enough to see what a tenant could feel, for a hundredth of a per cent of a processor.
const resolution = 50;

export function processMetrics({ show }: Pick<Instruments, "show">, clock: Clock, version: string): ProcessMetrics {
  const delay = monitorEventLoopDelay({ resolution });
  delay.enable();
  const single = (value: number): readonly [{ readonly labels: object; readonly value: number }] => [
    { labels: {}, value },
  ];
  // What is measured is the time between two ticks of a timer: https://nodejs.org/api/perf_hooks.html#class-intervalhistogram
  const lag = (nanoseconds: number): number => Math.max(nanoseconds / 1e9 - resolution / 1000, 0);
  const startedAt = clock.now().epochMilliseconds / 1000 - process.uptime();

  show("nodejs_eventloop_lag_p50_seconds", () => single(delay.count === 0 ? 0 : lag(delay.percentile(50))));
  show("nodejs_eventloop_lag_p99_seconds", () => single(delay.count === 0 ? 0 : lag(delay.percentile(99))));
  // The last of the three that are asked, in the order of the table.
  show("nodejs_eventloop_lag_max_seconds", () => {
    const longest = delay.count === 0 ? 0 : lag(delay.max);
    delay.reset();
    return single(longest);
  });
  show("process_cpu_seconds_total", () => {
    const { user, system } = process.cpuUsage();
    return single((user + system) / 1e6);
  });
  show("process_resident_memory_bytes", () => single(process.memoryUsage.rss()));
  show("process_start_time_seconds", () => single(startedAt));
  show("regcred_build_info", () => [{ labels: { version, node_version: process.versions.node }, value: 1 }]);

  return { stop: () => delay.disable() };
}
