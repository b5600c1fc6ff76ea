// What does the operator take by itself? Run by `memory.test.ts` as a process of its own; answers each message with what it takes, in bytes.
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
process.on("message", () => {
  // --expose-gc: what is left after it is what is kept.
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  process.send?.({ rss, kept: heapUsed + external });
});
process.once("disconnect", () => void running.stop(Temporal.Duration.from({ seconds: 2 })).then(() => process.exit()));
process.send?.("started");
