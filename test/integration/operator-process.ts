// The operator as a process of its own, run by tests: it answers `RSS` and `kept` in bytes, `stalled` in milliseconds.
import { systemClock } from "../../src/runtime/clock.ts";
import { type Environment, operatorConfigFrom } from "../../src/config/config.ts";
import { loadConnection } from "../../src/runtime/client/connection.ts";
import { operator } from "../../src/operator.ts";
import type { Mode } from "../../src/cluster/install-mode.ts";
import { networkTo, type Routes } from "./routes.ts";

const silent = (): void => undefined;
// The third is JSON of the setting `environment`, the fourth of Routes, the fifth of what differs from an unrestricted mode.
const [kubeconfig = "", namespace = "", environment = "{}", routes = "{}", mode = "{}"] = process.argv.slice(2);

// How long the event loop was held up at most since the last question, in processor time of its thread: what a busy machine
// takes from it is not its own doing.
const spent = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};
let before = spent();
let longest = 0;
setInterval(() => {
  const now = spent();
  longest = Math.max(longest, now - before);
  before = now;
}, 5).unref();

const defaults = operatorConfigFrom({}, {});
const running = operator({
  connection: loadConnection({ kubeconfig }),
  settings: {
    ...defaults,
    namespace,
    mode: { ...defaults.mode, ...(JSON.parse(mode) as Partial<Mode>) },
    leaderElection: false,
    environment: JSON.parse(environment) as Environment,
  },
  network: networkTo(JSON.parse(routes) as Routes),
  log: { debug: silent, info: silent, warn: silent, error: silent },
  clock: systemClock(),
  random: Math.random,
  version: "0.0.0-test",
  instance: "test",
});
await running.started;
process.on("message", (question) => {
  if (question === "stalled") {
    const max = longest;
    longest = 0;
    return process.send?.(max);
  }
  if (question === "RSS") return process.send?.(process.memoryUsage.rss());
  // --expose-gc: what is left after it is what is kept.
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return process.send?.(heapUsed + external);
});
process.once("disconnect", () => void running.stop(Temporal.Duration.from({ seconds: 2 })).then(() => process.exit()));
process.send?.("started");
