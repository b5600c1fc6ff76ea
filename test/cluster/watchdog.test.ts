// Tests that nothing is left behind, however a program ends.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "./temporary-folder.ts";

// Starts a server in a folder, as `part` does, says its process id, and then ends as its argument says.
const program = `
  const { spawn } = await import("node:child_process");
  const { watchdog } = await import(process.argv[1]);
  const server = spawn("sleep", ["600"], { detached: true, stdio: "ignore" });
  const stopped = spawn("true");
  watchdog.made(process.argv[2]);
  watchdog.started(stopped.pid);
  watchdog.started(server.pid);
  watchdog.ended(stopped.pid);
  process.stdout.write(server.pid + "\\n", () => {
    if (process.argv[3] === "return") server.unref();
    else if (process.argv[3] === "throw") throw new Error("uncaught");
    else process.kill(process.pid, process.argv[3]);
  });
`;

/** Not a zombie either: nobody may have collected an orphan's exit status yet. */
async function running(pid: number): Promise<boolean> {
  const ps = spawn("ps", ["-o", "stat=", "-p", String(pid)]);
  let state = "";
  ps.stdout.on("data", (chunk: Buffer) => {
    state += chunk.toString();
  });
  await once(ps, "close");
  return state !== "" && !state.startsWith("Z");
}

describe("what a program started", () => {
  it.each(["SIGKILL", "SIGTERM", "SIGINT", "throw", "return"])("is gone after %s", async (end) => {
    const folder = join(temporaryFolder(), "a folder");
    mkdirSync(join(folder, "inner"), { recursive: true });
    const watchdogFile = join(import.meta.dirname, "watchdog.ts");
    const child = spawn(process.execPath, ["--input-type=module", "-e", program, watchdogFile, folder, end], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const lines = createInterface({ input: child.stdout });
    const [pid] = (await once(lines, "line")) as [string];
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    await expect.poll(() => existsSync(folder), { timeout: 4000 }).toBe(false);
    await expect.poll(() => running(Number(pid)), { timeout: 4000 }).toBe(false);
  });
});
