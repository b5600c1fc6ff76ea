// Tests that a server of the cluster starts, fails and stops as its user is told.

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { withFreePort } from "./free-port.ts";
import { type Part, part, PortTaken } from "./part.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A "server" that is ready when it has made the file `ready`. */
function shell(script: string, deadline = Temporal.Duration.from({ seconds: 10 })): Part {
  const folder = temporaryFolder();
  const file = join(folder, "server");
  writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const ready = (): Promise<boolean> => Promise.resolve(existsSync(join(folder, "ready")));
  const server = part({ name: "server", file, arguments: [], folder, ready, deadline });
  onTestFinished(() => server.kill());
  return server;
}

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe("a part", () => {
  it("runs between start and stop, and starts again", async () => {
    const server = shell("touch ready; while :; do sleep 0.05; done");
    await server.start();
    const pid = server.pid() ?? 0;
    expect(alive(pid)).toBe(true);
    await server.stop();
    expect([alive(pid), server.pid()]).toEqual([false, undefined]);
    await server.start();
    expect(server.pid()).not.toBe(pid);
  });

  it("is stopped even while it is paused", async () => {
    const server = shell("touch ready; while :; do sleep 0.05; done");
    await server.start();
    server.pause();
    await server.stop();
    expect(server.pid()).toBeUndefined();
  });

  it("that ends at once is reported with its exit code and the end of its log", async () => {
    const server = shell("echo unknown flag --x; exit 3");
    await expect(server.start()).rejects.toThrow("server did not start: it ended (exit code 3)\nunknown flag --x");
    expect(server.pid()).toBeUndefined();
  });

  it("that does not become ready in time is killed and reported", async () => {
    const server = shell("echo thinking; while :; do sleep 0.05; done", Temporal.Duration.from({ milliseconds: 200 }));
    await expect(server.start()).rejects.toThrow("waited 0.2 s for server to become ready\nthinking");
    expect(server.pid()).toBeUndefined();
  });
});

describe("a port", () => {
  it("that another program took first is exchanged for another one", async () => {
    const ports: number[] = [];
    const taken = shell("echo listen tcp 127.0.0.1:1: bind: address already in use; exit 1");
    const result = await withFreePort(async (port) => {
      ports.push(port);
      if (ports.length < 3) await taken.start();
      return "listening";
    });
    expect(result).toBe("listening");
    expect(new Set(ports).size).toBe(3);
  });

  it("is not tried for ever, nor again after another failure", async () => {
    let attempts = 0;
    const failing = (error: Error) => (): Promise<never> => {
      attempts++;
      return Promise.reject(error);
    };
    await expect(withFreePort(failing(new PortTaken("taken")))).rejects.toThrow("taken");
    expect(attempts).toBe(5);
    attempts = 0;
    await expect(withFreePort(failing(new Error("broken")))).rejects.toThrow("broken");
    expect(attempts).toBe(1);
  });
});
