// What does the operator take by itself? Run by `memory.test.ts` as a process of its own; answers `RSS` and `kept` in bytes.
import { systemClock } from "../../src/clock.ts";
import { loadConnection } from "../../src/kube/connection.ts";
import { operator } from "../../src/operator.ts";

const silent = (): void => undefined;
const [kubeconfig = "", namespace = ""] = process.argv.slice(2);

const running = operator({
  connection: loadConnection({ kubeconfig }),
  settings: { namespace, sourceNamespaces: [], maxConfigBytes: 64 * 1024, concurrency: 16 },
  log: { debug: silent, info: silent, warn: silent, error: silent },
  clock: systemClock(),
  random: Math.random,
  version: "0.0.0-test",
  instance: "memory",
});
await running.started;
process.on("message", (question) => {
  if (question === "RSS") return process.send?.(process.memoryUsage.rss());
  // --expose-gc: what is left after it is what is kept.
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return process.send?.(heapUsed + external);
});
process.once("disconnect", () => void running.stop(Temporal.Duration.from({ seconds: 2 })).then(() => process.exit()));
process.send?.("started");
