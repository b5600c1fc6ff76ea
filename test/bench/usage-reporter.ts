// Measures CPU, memory and requests of the process that loads it with --import, and answers its parent.
import { subscribe } from "node:diagnostics_channel";
import { readFileSync } from "node:fs";

export interface Usage {
  /** User and system time since the start. */
  readonly cpuSeconds: number;
  readonly rssMegabytes: number;
  readonly peakRssMegabytes: number;
  /** Requests since the start by kind: see `kindOf`. */
  readonly requests: Readonly<Record<string, number>>;
}

const requests: Record<string, number> = {};

// https://undici.nodejs.org/#/docs/api/DiagnosticsChannel: undici:request:create
subscribe("undici:request:create", (message) => {
  const { method = "", path = "" } = (message as { request?: { method?: string; path?: string } }).request ?? {};
  const kind = kindOf(method, path);
  requests[kind] = (requests[kind] ?? 0) + 1;
});

process.on("message", (message: unknown) => {
  if (typeof message !== "object" || message === null || !("usage" in message)) return;
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  const usage: Usage = {
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    rssMegabytes: process.memoryUsage.rss() / 2 ** 20,
    peakRssMegabytes: peakRss(),
    requests: { ...requests },
  };
  process.send?.({ reply: message.usage, value: usage });
});
// The parent's questions alone are no reason to go on living.
process.channel?.unref();

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
