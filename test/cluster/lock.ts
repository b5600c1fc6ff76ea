// A lock by which two programs that need the same file make it once.

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, stat, unlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { pollUntil } from "./poll-until.ts";

export interface LockOptions {
  /** Called again and again, with who holds it, while there is somebody to wait for. */
  readonly onWait: (holder: string) => void;
  readonly limit?: Temporal.Duration;
  readonly every?: Temporal.Duration;
}

// The holder touches the file so often, and one that has not for so long is taken for dead. This covers what a process
// id cannot tell: one that was given out again, or a holder in another container that shares the cache.
const heartbeat = Temporal.Duration.from({ seconds: 5 });
const silence = Temporal.Duration.from({ seconds: 30 });
// Twice the time that the slowest build took on 2 cores.
const patience = Temporal.Duration.from({ minutes: 30 });

/**
 * Runs `work` while the lock file exists in our name. A lock whose holder is dead is taken over. Two waiters that do so
 * in the same instant may both work: slower, never wrong, because what is made here appears by a rename.
 */
export async function withLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const own = `${hostname()} ${process.pid}`;
  const taken = async (): Promise<boolean> => {
    if (await created(path, own)) return true;
    if (await abandoned(path)) {
      await unlink(path).catch(() => {});
      return false;
    }
    options.onWait(holderOf(path));
    return false;
  };
  const every = options.every ?? Temporal.Duration.from({ milliseconds: 500 });
  await pollUntil(taken, { what: `the lock ${path}`, limit: options.limit ?? patience, every });
  const beat = setInterval(() => touch(path, own), heartbeat.total("milliseconds"));
  try {
    return await work();
  } finally {
    clearInterval(beat);
    if (holderOf(path) === own) rmSync(path, { force: true });
  }
}

async function created(path: string, own: string): Promise<boolean> {
  try {
    await writeFile(path, own, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function abandoned(path: string): Promise<boolean> {
  try {
    // Measured against the file system's own clock, which may be another machine's.
    const probe = `${path}.${process.pid}`;
    writeFileSync(probe, "");
    const [mine, theirs] = await Promise.all([stat(probe), stat(path)]);
    rmSync(probe, { force: true });
    if (mine.mtimeMs - theirs.mtimeMs > silence.total("milliseconds")) return true;
  } catch {
    // Released in between: the next attempt takes it.
    return false;
  }
  const [host, pid] = holderOf(path).split(" ");
  return host === hostname() && pid !== undefined && !alive(Number(pid));
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It is there, but somebody else's.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function holderOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

// Rewritten rather than given a time: the file system's clock decides on both sides.
function touch(path: string, own: string): void {
  if (holderOf(path) === own) writeFileSync(path, own);
}
