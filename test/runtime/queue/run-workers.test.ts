// Tests that the workers keep to their number, their deadline and their end.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runWorkers, type Workers, type WorkersOptions } from "../../../src/runtime/queue/run-workers.ts";
import { workQueue, type Outcome, type WorkQueue } from "../../../src/runtime/queue/work-queue.ts";
import { fakeClock, type FakeClock } from "../../fake-clock.ts";

const ms = (milliseconds: number): Temporal.Duration => Temporal.Duration.from({ milliseconds });
const seconds = (count: number): Temporal.Duration => Temporal.Duration.from({ seconds: count });

interface World {
  readonly clock: FakeClock;
  readonly queue: WorkQueue;
  readonly workers: Workers;
  /** The keys of all runs so far, in the order of their start. */
  readonly ran: string[];
  readonly errors: [string, unknown][];
  /** The most runs at once so far. */
  readonly max: () => number;
}

function world(options: Partial<WorkersOptions> = {}): World {
  const clock = fakeClock();
  const queue = workQueue({ clock, random: () => 0 });
  const ran: string[] = [];
  const errors: [string, unknown][] = [];
  const run = options.run ?? (() => clock.sleep(ms(10)).then((): Outcome => ({})));
  let now = 0;
  let max = 0;
  const workers = runWorkers({
    queue,
    concurrency: 2,
    deadline: seconds(30),
    clock,
    onError: (key, error) => errors.push([key, error]),
    ...options,
    run: async (key, signal) => {
      ran.push(key);
      now += 1;
      max = Math.max(max, now);
      try {
        return await run(key, signal);
      } finally {
        now -= 1;
      }
    },
  });
  return { clock, queue, workers, ran, errors, max: () => max };
}

function addAll(queue: WorkQueue, count: number): void {
  for (let index = 0; index < count; index += 1) queue.add(`key ${index}`);
}

/** A run that ends when, and only when, its signal aborts. */
function untilAborted(_key: string, signal: AbortSignal): Promise<Outcome> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error));
  });
}

describe("workers", () => {
  it("leave the event loop a turn after ten milliseconds of runs that wait for nobody", async () => {
    let elapsed = 0;
    const still = fakeClock();
    const clock = { ...still, elapsed: () => elapsed };
    const run = (): Promise<Outcome> => {
      elapsed += 1;
      return Promise.resolve({});
    };
    const { queue, ran } = world({ clock, run });
    addAll(queue, 25);
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    await turn();
    expect(ran.length).toBeLessThan(15);
    for (let turns = 0; turns < 5; turns += 1) await clock.advance();
    expect(ran).toHaveLength(25);
  });

  it("run every key, as many at once as allowed and no more", async () => {
    const { clock, queue, ran, max } = world({ concurrency: 3 });
    addAll(queue, 10);
    await clock.advance(ms(40));
    expect(ran).toHaveLength(10);
    expect(max()).toBe(3);
    expect(queue.idle()).toBe(true);
  });

  it("are not held by runs that are away, and take one key more for each", async () => {
    let away = 0;
    const run = async (key: string): Promise<Outcome> => {
      if (key === "near") return {};
      away += 1;
      return untilAborted(key, new AbortController().signal);
    };
    const { clock, queue, ran } = world({ concurrency: 1, away: () => away, run });
    addAll(queue, 50);
    queue.add("near", { lane: "bulk" });
    await clock.advance(ms(40));
    expect([ran.length, queue.stats().running]).toEqual([51, 50]);
  });

  it("let the queue order a burst before its first key starts", async () => {
    const { clock, queue, ran } = world({ concurrency: 1 });
    queue.add("rotation", { lane: "bulk" });
    queue.add("new namespace", { lane: "interactive" });
    await clock.advance(ms(20));
    expect(ran).toEqual(["new namespace", "rotation"]);
  });

  it("start with what was in the queue before them", async () => {
    const clock = fakeClock();
    const queue = workQueue({ clock, random: () => 0 });
    queue.add("a");
    const ran: string[] = [];
    const run = (key: string): Promise<Outcome> => {
      ran.push(key);
      return Promise.resolve({});
    };
    runWorkers({ queue, run, concurrency: 1, deadline: seconds(1), clock, onError: () => undefined });
    await clock.advance();
    expect(ran).toEqual(["a"]);
  });

  it("try a key again that threw, and say what it threw", async () => {
    const bug = new TypeError("undefined is not a function");
    const { clock, queue, ran, errors } = world({ run: () => Promise.reject(bug) });
    queue.add("a");
    await clock.advance(ms(25));
    expect(ran).toEqual(["a", "a"]);
    expect(errors).toEqual([
      ["a", bug],
      ["a", bug],
    ]);
  });

  it("abort a run that exceeds its deadline, and try again", async () => {
    const { clock, queue, ran, errors } = world({ run: untilAborted, deadline: seconds(5) });
    queue.add("a");
    await clock.advance(seconds(5));
    expect(errors).toEqual([["a", expect.objectContaining({ name: "TimeoutError" })]]);
    await clock.advance(ms(25));
    expect(ran).toEqual(["a", "a"]);
  });

  it("hold the key and the place of a run that ignores its signal", async () => {
    const { clock, queue, ran } = world({ run: () => new Promise(() => undefined), concurrency: 1 });
    queue.add("a");
    await clock.advance(seconds(60));
    queue.add("a");
    queue.add("b");
    await clock.advance(seconds(60));
    expect(ran).toEqual(["a"]);
    expect(queue.stats().longestRunningSeconds).toBe(120);
  });

  it("leave no timer behind a run that ended", async () => {
    const { clock, queue } = world();
    addAll(queue, 5);
    await clock.advance(seconds(1));
    expect(clock.scheduled()).toBe(0);
  });
});

describe("throttled workers", () => {
  it("start nothing while the API server wants a pause, whatever the lane, then half as many at once", async () => {
    const { clock, queue, workers, ran } = world({ concurrency: 4 });
    workers.throttled(seconds(3));
    for (let count = 0; count < 8; count += 1) queue.add(`key ${count}`, { lane: "interactive" });
    await clock.advance(ms(2999));
    expect(ran).toEqual([]);
    await clock.advance(ms(1));
    expect(ran).toHaveLength(2);
    expect(workers.concurrency()).toBe(2);
  });

  it("take the refusals of one burst for one, and the longest of its pauses", async () => {
    const { clock, queue, workers, ran } = world({ concurrency: 8 });
    workers.throttled(seconds(2));
    workers.throttled(seconds(4));
    workers.throttled();
    expect(workers.concurrency()).toBe(4);
    queue.add("a");
    await clock.advance(ms(3999));
    expect(ran).toEqual([]);
    await clock.advance(ms(1));
    expect(ran).toEqual(["a"]);
  });

  it("pause for a minute at most, and for a second at least", async () => {
    const { clock, queue, workers, ran } = world();
    workers.throttled(Temporal.Duration.from({ hours: 1 }));
    queue.add("a");
    await clock.advance(seconds(60));
    expect(ran).toEqual(["a"]);
    workers.throttled(seconds(0));
    queue.add("b");
    await clock.advance(ms(999));
    expect(ran).toEqual(["a"]);
    await clock.advance(ms(1));
    expect(ran).toEqual(["a", "b"]);
  });

  it("grow again with successes", async () => {
    const { clock, queue, workers } = world({ concurrency: 4 });
    workers.throttled();
    addAll(queue, 5);
    await clock.advance(seconds(2));
    expect(workers.concurrency()).toBe(4);
  });
});

describe("draining workers", () => {
  it("start nothing more and let what runs end", async () => {
    const { clock, queue, workers, ran, errors } = world({ concurrency: 1 });
    queue.add("running");
    queue.add("waiting");
    await clock.advance(ms(1));
    const drained = workers.drain(seconds(5));
    queue.add("late");
    await clock.advance(ms(10));
    await expect(drained).resolves.toEqual([]);
    expect(ran).toEqual(["running"]);
    expect(errors).toEqual([]);
    expect(clock.scheduled()).toBe(0);
  });

  it("abort what has not ended at the deadline, and say which keys", async () => {
    const { clock, queue, workers, errors } = world({ run: untilAborted });
    queue.add("slow");
    await clock.advance(ms(1));
    const drained = workers.drain(seconds(5));
    await clock.advance(seconds(5));
    await expect(drained).resolves.toEqual(["slow"]);
    expect(errors).toEqual([]);
    expect(clock.scheduled()).toBe(0);
  });

  it("do not wait for ever for a run that ignores its signal", async () => {
    const { clock, queue, workers } = world({ run: () => new Promise(() => undefined) });
    queue.add("stuck");
    await clock.advance(ms(1));
    const drained = workers.drain(seconds(5));
    await clock.advance(seconds(6));
    await expect(drained).resolves.toEqual(["stuck"]);
  });

  it("end at once when nothing runs, also during a pause", async () => {
    const { clock, workers } = world();
    workers.throttled(seconds(30));
    await expect(workers.drain(seconds(5))).resolves.toEqual([]);
    expect(clock.scheduled()).toBe(0);
  });
});

describe("whatever happens while they work", () => {
  it("no key runs twice at once, and the last change to each key is seen by a later run", async () => {
    const step = fc.record({
      key: fc.constantFrom("a", "b", "c", "d"),
      lane: fc.constantFrom("interactive" as const, "normal" as const, "bulk" as const),
      pause: fc.integer({ min: 0, max: 30 }),
      throttled: fc.boolean(),
    });
    const runs = fc.infiniteStream(
      fc.record({ takes: fc.integer({ min: 0, max: 30 }), fails: fc.boolean(), throws: fc.boolean() }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), runs, async (steps, stream) => {
        const wanted = new Map<string, number>();
        const seen = new Map<string, number>();
        const running = new Set<string>();
        const overlaps: string[] = [];
        let troubled = true;
        const { clock, queue, workers, max } = world({
          concurrency: 3,
          run: async (key) => {
            if (running.has(key)) overlaps.push(key);
            running.add(key);
            const version = wanted.get(key) ?? 0;
            const { takes, fails, throws } = stream.next().value;
            await clock.sleep(ms(takes));
            running.delete(key);
            if (troubled && throws) throw new Error("a bug");
            if (troubled && fails) return { failed: true, retry: "backoff" };
            seen.set(key, version);
            return {};
          },
        });
        for (const { key, lane, pause, throttled } of steps) {
          wanted.set(key, (wanted.get(key) ?? 0) + 1);
          queue.add(key, { lane });
          if (throttled) workers.throttled();
          await clock.advance(ms(pause));
        }
        troubled = false;
        await clock.advance(Temporal.Duration.from({ minutes: 10 }));
        expect(overlaps).toEqual([]);
        expect(seen).toEqual(wanted);
        expect(queue.idle()).toBe(true);
        expect(max()).toBeLessThanOrEqual(3);
      }),
      { numRuns: 100 },
    );
  });
});
