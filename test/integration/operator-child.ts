// Runs the operator as a process of its own whose memory and stalls a test asks for.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { nodeOptions } from "../node-options.ts";
import { operatorNamespace } from "./operator-namespace.ts";

export interface OperatorChild {
  readonly process: ChildProcess;
  /** `RSS` and `kept` in MiB; `stalled`: the longest turn of the event loop since the last question, in milliseconds of processor time. */
  reported(what: "RSS" | "kept" | "stalled"): Promise<number>;
  stop(): Promise<void>;
}

const driver = fileURLToPath(new URL("operator-process.ts", import.meta.url));
const mebibyte = 1024 * 1024;

/** Resolves when it has started. A quarter of the memory limit that the chart sets is not for the heap. */
export async function startOperatorChild(kubeconfig: string, mode: object = {}): Promise<OperatorChild> {
  const execArgv = [...nodeOptions, "--expose-gc", "--max-old-space-size=256"];
  const child = fork(driver, [kubeconfig, operatorNamespace, "{}", "{}", JSON.stringify(mode)], { execArgv });
  await Promise.race([
    once(child, "message"),
    once(child, "exit").then(() => Promise.reject(new Error("it has ended"))),
  ]);
  return {
    process: child,
    reported: async (what) => {
      child.send(what);
      const [answer] = (await once(child, "message")) as [number];
      return Math.round(what === "stalled" ? answer : answer / mebibyte);
    },
    stop: async () => {
      if (child.exitCode !== null) return;
      const exited = once(child, "exit");
      child.disconnect();
      await exited;
    },
  };
}
