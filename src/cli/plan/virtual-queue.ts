// A work queue in virtual time, which passes only while nothing is ready.
import type { Clock } from "../../runtime/clock.ts";
import type { Key } from "../../controllers/keys.ts";
import type { AddOptions, Outcome } from "../../runtime/queue/work-queue.ts";

export interface VirtualQueue {
  /** Wall time goes on from where it was with the time that passes here. */
  readonly clock: Clock;
  add(key: string, options?: AddOptions): void;
  /** Undefined: nothing is left that comes soon. */
  next(): string | undefined;
  ended(key: string, outcome: Outcome, controller: Key["controller"]): void;
}

// What waits for longer, such as the renewal of a token, is no consequence of a change.
const horizon = 60_000;
// A status that waits for others looks again each second, and would without end.
const longestStatusWait = 30_000;
// A failed run is worth so many more: what a fault of the moment would cause does not happen in memory.
const maxRetries = 2;

export function virtualQueue(real: Pick<Clock, "now">): VirtualQueue {
  const start = real.now();
  const ready = new Set<string>();
  const delayed = new Map<string, number>();
  const retries = new Map<string, number>();
  let elapsed = 0;
  const add = (key: string, at: number): void => {
    if (at <= elapsed) ready.add(key);
    else delayed.set(key, Math.min(delayed.get(key) ?? Infinity, at));
  };
  /** Time passes until the first of those that wait is ready. */
  const wait = (): void => {
    const next = Math.min(...delayed.values());
    if (next > horizon) return;
    elapsed = next;
    for (const [key, at] of delayed) {
      if (at > elapsed) continue;
      delayed.delete(key);
      ready.add(key);
    }
  };
  return {
    clock: {
      now: () => start.add({ milliseconds: Math.floor(elapsed) }),
      elapsed: () => elapsed,
      schedule: (after, run) => {
        // What comes later is no consequence of a change.
        if (after.sign > 0) return () => undefined;
        let isCancelled = false;
        queueMicrotask(() => {
          if (!isCancelled) run();
        });
        return () => {
          isCancelled = true;
        };
      },
      sleep: () => Promise.resolve(),
    },
    add: (key, { after } = {}) => add(key, elapsed + (after?.total("milliseconds") ?? 0)),
    next: () => {
      if (ready.size === 0) wait();
      const [key] = ready;
      if (key !== undefined) ready.delete(key);
      return key;
    },
    ended: (key, outcome, controller) => {
      if (outcome.failed === true) {
        const count = (retries.get(key) ?? 0) + 1;
        retries.set(key, count);
        if (count <= maxRetries) add(key, elapsed + 1_000);
        return;
      }
      const after = outcome.requeueAfter?.total("milliseconds");
      if (after !== undefined && (controller !== "credential" || elapsed < longestStatusWait))
        add(key, elapsed + after);
    },
  };
}
