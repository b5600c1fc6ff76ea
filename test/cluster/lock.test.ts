// Tests of the lock between programs that need the same file: one waits for the other, and never for a dead one.

import { spawnSync } from "node:child_process";
import { existsSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { withLock } from "./lock.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const every = Temporal.Duration.from({ milliseconds: 5 });
const limit = Temporal.Duration.from({ seconds: 5 });
const never = (): void => expect.unreachable("there is nobody to wait for");

describe("the lock", () => {
  it("lets the second work when the first has finished, and tells it whom it waits for", async () => {
    const path = join(temporaryFolder(), "cache", "lock");
    const events: string[] = [];
    const release = Promise.withResolvers<void>();
    const first = withLock(path, { onWait: never, every }, async () => {
      events.push("first begins");
      await release.promise;
      events.push("first ends");
    });
    await expect.poll(() => events).toEqual(["first begins"]);
    const onWait = (holder: string): void => {
      if (!events.includes("first ends")) events[1] = `waits for ${holder}`;
      release.resolve();
    };
    await withLock(path, { onWait, every }, async () => void events.push("second"));
    await first;
    expect(events).toEqual(["first begins", `waits for ${hostname()} ${process.pid}`, "first ends", "second"]);
    expect(existsSync(path)).toBe(false);
  });

  it("is free again when the work has failed", async () => {
    const path = join(temporaryFolder(), "lock");
    const failing = withLock(path, { onWait: never, every }, () => Promise.reject(new Error("no disk")));
    await expect(failing).rejects.toThrow("no disk");
    expect(await withLock(path, { onWait: never, every, limit }, () => Promise.resolve("done"))).toBe("done");
  });

  it("of a program that has ended is taken over", async () => {
    const path = join(temporaryFolder(), "lock");
    const { pid } = spawnSync("true");
    writeFileSync(path, `${hostname()} ${pid}`);
    expect(await withLock(path, { onWait: never, every, limit }, () => Promise.resolve("done"))).toBe("done");
  });

  it("of another machine is taken over when it has not been touched for half a minute", async () => {
    const path = join(temporaryFolder(), "lock");
    writeFileSync(path, "elsewhere 1");
    const longAgo = Temporal.Now.instant().subtract({ seconds: 40 }).epochMilliseconds / 1000;
    utimesSync(path, longAgo, longAgo);
    expect(await withLock(path, { onWait: never, every, limit }, () => Promise.resolve("done"))).toBe("done");
  });

  it("of another machine that is alive is waited for, up to a limit", async () => {
    const path = join(temporaryFolder(), "lock");
    writeFileSync(path, "elsewhere 1");
    const short = Temporal.Duration.from({ milliseconds: 30 });
    const waiting = withLock(path, { onWait: () => {}, every, limit: short }, () => Promise.resolve());
    await expect(waiting).rejects.toThrow(`the lock ${path}`);
  });
});
