// Tests that the tiny program runs, and stays.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { thisPlatform } from "./catalogue.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { tinyProgram } from "./tiny-program.ts";

describe("the tiny program", () => {
  it.runIf(process.platform === "linux")("runs until it is killed", async () => {
    const file = join(temporaryFolder(), "program");
    writeFileSync(file, tinyProgram(thisPlatform().arch), { mode: 0o755 });
    const child = spawn(file, { stdio: "ignore" });
    await once(child, "spawn");
    // Wrong code ends at once, by a signal of its own.
    await sleep(300);
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    expect(await ended).toEqual([null, "SIGTERM"]);
  });

  it("is an executable for either architecture", () => {
    for (const [arch, machine] of [
      ["amd64", 62],
      ["arm64", 183],
    ] as const) {
      const file = tinyProgram(arch);
      expect(file.subarray(0, 4).toString("latin1")).toBe("\u007FELF");
      expect(file.readUInt16LE(18)).toBe(machine);
    }
    expect(() => tinyProgram("mips")).toThrow("no tiny program for mips: only for amd64 and arm64");
  });
});
