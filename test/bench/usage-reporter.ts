// Measures CPU, memory, stalls and requests of the process that loads it with --import, and answers its parent.
import { subscribe } from "node:diagnostics_channel";
import { readFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

export interface Usage {
  /** User and system time since the start. */
  readonly cpuSeconds: number;
  readonly rssMegabytes: number;
  readonly peakRssMegabytes: number;
  /** In which nothing had a turn, since the first request: before it the program is loaded. */
  readonly longestStallMilliseconds: number;
  /** Requests since the start by kind: see `kindOf`. */
  readonly requests: Readonly<Record<string, number>>;
}

const requests: Record<string, number> = {};

const resolution = 10;
const delays = monitorEventLoopDelay({ resolution });

// https://undici.nodejs.org/#/docs/api/DiagnosticsChannel: undici:request:create
subscribe("undici:request:create", (message) => {
  delays.enable();
  const { method = "", path = "" } = (message as { request?: { method?: string; path?: string } }).request ?? {};
  const kind = kindOf(method, path);
  requests[kind] = (requests[kind] ?? 0) + 1;
});

process.on("message", (message: unknown) => {
  if (typeof message !== "object" || message === null) return;
  if ("heap" in message) process.send?.({ reply: message.heap, value: keptMegabytes() });
  if (!("usage" in message)) return;
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  const usage: Usage = {
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    rssMegabytes: process.memoryUsage.rss() / 2 ** 20,
    peakRssMegabytes: peakRss(),
    // Each delay has the pause between two looks in it. It is never reset, which would lose the one that is under way.
    longestStallMilliseconds: Math.max(delays.max / 1e6 - resolution, 0),
    requests: { ...requests },
  };
  process.send?.({ reply: message.usage, value: usage });
});
// The parent's questions alone are no reason to go on living.
process.channel?.unref();

/** What is left of the heap after a full garbage collection. */
function keptMegabytes(): number {
  // No option of Node, so that the process runs as it always does until it is asked: https://nodejs.org/api/v8.html
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

/**
 * Linux tells it for what runs now (VmHWM: https://man7.org/linux/man-pages/man5/proc_pid_status.5.html). The maxRSS that
 * every system has counts the parent, too, from which the process was forked: here the one that has made the bundle.
 */
function peakRss(): number {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS / 1024;
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return Number(kilobytes) / 1024;
}

function kindOf(method: string, path: string): string {
  if (path.includes("/leases/")) return "lease";
  if (path.includes("authorization.k8s.io")) return "review";
  if (method !== "GET") return "write";
  return path.includes("watch=true") ? "watch" : "read";
}
