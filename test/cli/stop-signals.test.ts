// Tests that a signal is not lost that comes before anybody listens.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const module = pathToFileURL(join(import.meta.dirname, "../..", "src", "cli", "stop-signals.ts")).href;

/** What a process says, and how it ends, that sends itself signals. */
async function runs(script: string): Promise<readonly [output: string, code: number | null]> {
  const text = `import { onStopSignal } from ${JSON.stringify(module)};
    const send = async (name) => { process.kill(process.pid, name); await new Promise((end) => setTimeout(end, 50)); };
    const listen = () => onStopSignal((name) => process.stdout.write(name + " "));
    ${script}`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", text], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return [output.trim(), code];
}

describe("a signal", () => {
  it("that comes before anybody listens is told to who listens then, once", async () => {
    expect(await runs(`await send("SIGTERM"); listen(); await send("SIGINT"); process.exit(0)`)).toEqual([
      "SIGTERM SIGINT",
      0,
    ]);
  });

  it("that came early is told to the first who listens alone", async () => {
    const script = `await send("SIGTERM"); listen(); process.stdout.write("then "); listen(); process.exit(0)`;
    expect(await runs(script)).toEqual(["SIGTERM then", 0]);
  });

  it("that is the second before anybody listens ends the process", async () => {
    expect(await runs(`await send("SIGTERM"); await send("SIGINT"); listen()`)).toEqual(["", 130]);
  });

  it("ends a process that listens no more", async () => {
    expect(await runs(`listen()(); await send("SIGTERM"); process.stdout.write("goes on")`)).toEqual(["", 143]);
  });
});
