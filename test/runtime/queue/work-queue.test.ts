// Tests that every key runs when it is due, as often as it must, and never twice at once.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lanes } from "../../../src/runtime/queue/lane-turns.ts";
import {
  workQueue,
  type AddOptions,
  type Outcome,
  type QueueObserver,
  type WorkQueue,
} from "../../../src/runtime/queue/work-queue.ts";
import { fakeClock, type FakeClock } from "../../fake-clock.ts";

const ms = (milliseconds: number): Temporal.Duration => Temporal.Duration.from({ milliseconds });
const backoff: Outcome = { failed: true, retry: "backoff" };

function started(observer?: QueueObserver): { clock: FakeClock; queue: WorkQueue } {
  const clock = fakeClock();
  // Without jitter a first backoff is 25 ms.
  return { clock, queue: workQueue({ clock, random: () => 0, ...(observer && { observer }) }) };
}

/** Takes all ready keys, one after the other, each run ending well. */
function runAll(queue: WorkQueue): string[] {
  const ran: string[] = [];
  for (let key = queue.next(); key !== undefined; key = queue.next()) {
    ran.push(key);
    queue.done(key, {});
  }
  return ran;
}

describe("a key", () => {
  it("that is added many times before it runs, runs once", () => {
    const { queue } = started();
    for (let count = 0; count < 3; count += 1) queue.add("a");
    expect(runAll(queue)).toEqual(["a"]);
    expect(queue.stats().adds).toBe(1);
  });

  it("that is added while it runs is held, and runs once more afterwards", () => {
    const { queue } = started();
    queue.add("a");
    queue.next();
    queue.add("a");
    queue.add("a");
    expect(queue.next()).toBeUndefined();
    queue.done("a", {});
    expect(runAll(queue)).toEqual(["a"]);
  });

  it("that is added while it runs keeps the highest lane it was asked for", () => {
    const { queue } = started();
    queue.add("a", { lane: "bulk" });
    queue.next();
    queue.add("a", { lane: "interactive" });
    queue.add("a", { lane: "bulk" });
    queue.add("b");
    queue.done("a", {});
    expect(runAll(queue)).toEqual(["a", "b"]);
  });

  it("cannot end a run that it has not begun", () => {
    const { queue } = started();
    queue.add("a");
    expect(() => queue.done("a", {})).toThrow("the key a is not running");
  });
});

describe("a delayed key", () => {
  it("is not ready before its time, and wakes the listener at its time", async () => {
    const { clock, queue } = started();
    const woken: number[] = [];
    queue.onReady(() => woken.push(clock.elapsed()));
    queue.add("a", { after: ms(100) });
    await clock.advance(ms(99));
    expect(queue.next()).toBeUndefined();
    await clock.advance(ms(1));
    expect(woken).toEqual([100]);
    expect(runAll(queue)).toEqual(["a"]);
  });

  it.each([
    [1000, undefined],
    [40, ms(40)],
  ])("that is debounced waits %d ms for more of the same where the queue says %s", async (wait, debounce) => {
    const clock = fakeClock();
    const queue = workQueue({ clock, random: () => 0, debounce });
    queue.add("a", { debounced: true });
    await clock.advance(ms(wait - 10));
    queue.add("a", { debounced: true });
    await clock.advance(ms(9));
    expect(queue.next()).toBeUndefined();
    await clock.advance(ms(1));
    expect(runAll(queue)).toEqual(["a"]);
  });

  it("is ready at once when it is added without delay, and does not run again at its former time", async () => {
    const { clock, queue } = started();
    queue.add("a", { after: ms(100) });
    queue.add("a");
    expect(runAll(queue)).toEqual(["a"]);
    await clock.advance(ms(200));
    expect(queue.next()).toBeUndefined();
  });

  it("keeps the earlier of two times, whichever was asked for first", async () => {
    const { clock, queue } = started();
    queue.add("a", { after: ms(100) });
    queue.add("a", { after: ms(50) });
    queue.add("b", { after: ms(50) });
    queue.add("b", { after: ms(100) });
    await clock.advance(ms(50));
    expect(runAll(queue)).toEqual(["a", "b"]);
  });

  it("is not put off by a later wish once it is ready", () => {
    const { queue } = started();
    queue.add("a");
    queue.add("a", { after: ms(100) });
    expect(runAll(queue)).toEqual(["a"]);
  });

  it("shares one timer with all others", async () => {
    const { clock, queue } = started();
    for (let count = 0; count < 100; count += 1) queue.add(String(count), { after: ms(1000 - count) });
    expect(clock.scheduled()).toBe(1);
    await clock.advance(ms(950));
    expect(runAll(queue)).toHaveLength(50);
    expect(clock.scheduled()).toBe(1);
  });

  it("that is ready at a fraction of a millisecond is ready at once", async () => {
    const { clock, queue } = started();
    await clock.advance(Temporal.Duration.from({ microseconds: 1_400 }));
    queue.add("a");
    queue.add("b", { after: ms(1) });
    expect(runAll(queue)).toEqual(["a"]);
    await clock.advance(ms(1));
    expect(runAll(queue)).toEqual(["b"]);
  });
});

describe("lanes and flows", () => {
  it("raise a waiting key to the higher lane, never lower it", () => {
    const { queue } = started();
    queue.add("first", { lane: "normal" });
    queue.add("raised", { lane: "bulk" });
    queue.add("raised", { lane: "interactive" });
    queue.add("raised", { lane: "bulk" });
    expect(runAll(queue)).toEqual(["raised", "first"]);
  });

  it("raise a delayed key without bringing it forward", async () => {
    const { clock, queue } = started();
    queue.add("a", { lane: "bulk", after: ms(10) });
    queue.add("a", { lane: "interactive", after: ms(20) });
    expect(queue.next()).toBeUndefined();
    await clock.advance(ms(10));
    queue.add("b");
    expect(runAll(queue)).toEqual(["a", "b"]);
  });

  it("let a second look at a key overtake nobody", async () => {
    const { clock, queue } = started();
    queue.add("a", { lane: "interactive" });
    queue.next();
    queue.add("b", { after: ms(10) });
    queue.done("a", { requeueAfter: ms(10) });
    await clock.advance(ms(10));
    expect(runAll(queue)).toEqual(["b", "a"]);
  });

  it("let what is far off say nothing of how urgent it is now, and what is due in a moment everything", async () => {
    const { clock, queue } = started();
    for (const [key, minutes] of [
      ["far", 60],
      ["soon", 0.5],
    ] as const) {
      queue.add(key);
      queue.next();
      queue.done(key, { requeueAfter: Temporal.Duration.from({ milliseconds: minutes * 60_000 }) });
      queue.add(key, { lane: "bulk" });
    }
    queue.add("other");
    expect(runAll(queue)).toEqual(["soon", "other", "far"]);
    // What was ready for long is raised by what comes now all the same.
    queue.add("waits", { lane: "bulk" });
    queue.add("first");
    await clock.advance(ms(100_000));
    queue.add("waits", { lane: "interactive" });
    expect(runAll(queue)).toEqual(["waits", "first"]);
  });

  it("let credentials take turns in a rotation", () => {
    const { queue } = started();
    for (const key of ["a1", "a2", "a3"]) queue.add(key, { lane: "bulk", flow: "a" });
    for (const key of ["b1", "b2"]) queue.add(key, { lane: "bulk", flow: "b" });
    expect(runAll(queue)).toEqual(["a1", "b1", "a2", "b2", "a3"]);
  });
});

describe("the end of a run", () => {
  it("brings the key back after the time it asks for", async () => {
    const { clock, queue } = started();
    queue.add("a");
    queue.next();
    queue.done("a", { requeueAfter: ms(10) });
    expect(queue.next()).toBeUndefined();
    await clock.advance(ms(10));
    expect(queue.next()).toBe("a");
  });

  it("takes the earlier of that time and what was asked for during the run", async () => {
    const { clock, queue } = started();
    queue.add("a");
    queue.next();
    queue.add("a");
    queue.done("a", { requeueAfter: ms(10) });
    expect(runAll(queue)).toEqual(["a"]);
    await clock.advance(ms(10));
    expect(queue.next()).toBeUndefined();
  });

  it("with a failure brings the key back with backoff, in its lane", async () => {
    const { clock, queue } = started();
    queue.add("a", { lane: "interactive" });
    queue.next();
    queue.done("a", backoff);
    expect(queue.stats().retries).toBe(1);
    await clock.advance(ms(24));
    expect(queue.next()).toBeUndefined();
    await clock.advance(ms(1));
    queue.add("b");
    expect(runAll(queue)).toEqual(["a", "b"]);
  });

  it("with a success makes the next failure a first one", async () => {
    const { clock, queue } = started();
    for (const outcome of [backoff, backoff, {}, backoff]) {
      queue.add("a");
      await clock.advance(ms(1000));
      queue.next();
      queue.done("a", outcome);
    }
    await clock.advance(ms(25));
    expect(queue.next()).toBe("a");
  });

  it("with a failure that only a change can mend waits for the change", async () => {
    const { clock, queue } = started();
    queue.add("a");
    queue.next();
    queue.done("a", { failed: true, retry: "on-change" });
    await clock.advance(Temporal.Duration.from({ hours: 24 }));
    expect(queue.next()).toBeUndefined();
    queue.add("a");
    expect(queue.next()).toBe("a");
  });
});

describe("an event for a key in backoff", () => {
  async function failTimes(count: number): Promise<{ clock: FakeClock; queue: WorkQueue }> {
    const { clock, queue } = started();
    queue.add("a");
    for (let failed = 0; failed < count; failed += 1) {
      await clock.advance(Temporal.Duration.from({ minutes: 5 }));
      queue.next();
      queue.done("a", backoff);
    }
    return { clock, queue };
  }

  it("brings it forward from half a minute to a second", async () => {
    const { clock, queue } = await failTimes(12);
    queue.add("a");
    await clock.advance(ms(999));
    expect(queue.next()).toBeUndefined();
    await clock.advance(ms(1));
    expect(queue.next()).toBe("a");
  });

  it("does not reset its failures", async () => {
    const { clock, queue } = await failTimes(12);
    queue.add("a");
    await clock.advance(ms(1000));
    queue.next();
    queue.done("a", backoff);
    await clock.advance(ms(29_000));
    expect(queue.next()).toBeUndefined();
  });

  it("that the failing run causes itself makes no hot loop", async () => {
    const { clock, queue } = started();
    let runs = 0;
    queue.onReady(() => {
      const key = queue.next();
      if (key === undefined) return;
      runs += 1;
      queue.add(key);
      queue.done(key, backoff);
    });
    queue.add("a");
    await clock.advance(Temporal.Duration.from({ minutes: 1 }));
    expect(runs).toBeLessThan(70);
    expect(runs).toBeGreaterThan(55);
  });
});

describe("an idle queue", () => {
  it("has nothing ready and nothing running; what waits for its time does not count", async () => {
    const { clock, queue } = started();
    queue.add("later", { after: ms(10) });
    expect(queue.idle()).toBe(true);
    queue.add("a");
    expect(queue.idle()).toBe(false);
    queue.next();
    expect(queue.idle()).toBe(false);
    queue.done("a", {});
    expect(queue.idle()).toBe(true);
    await clock.advance(ms(10));
    expect(queue.idle()).toBe(false);
  });

  it("is so for a while if nothing becomes ready meanwhile", async () => {
    const { clock, queue } = started();
    expect(queue.idle(ms(10))).toBe(true);
    queue.add("later", { after: ms(11) });
    expect(queue.idle(ms(10))).toBe(true);
    await clock.advance(ms(1));
    expect(queue.idle(ms(10))).toBe(false);
    expect(queue.idle(ms(9))).toBe(true);
  });

  it("is announced to those who wait for it, not before", async () => {
    const { clock, queue } = started();
    const seen: string[] = [];
    queue.add("a");
    const announced = queue.whenIdle().then(() => seen.push("idle"));
    queue.next();
    queue.add("a");
    queue.done("a", {});
    await clock.advance();
    expect(seen).toEqual([]);
    runAll(queue);
    await announced;
    expect(seen).toEqual(["idle"]);
    await queue.whenIdle();
  });
});

describe("a closed queue", () => {
  it("forgets what waits, takes nothing more, and leaves no timer", () => {
    const { clock, queue } = started();
    queue.add("ready");
    queue.add("later", { after: ms(10) });
    queue.close();
    queue.add("new");
    expect(queue.next()).toBeUndefined();
    expect(queue.stats()).toMatchObject({ depth: { normal: 0 }, delayed: 0 });
    expect(clock.scheduled()).toBe(0);
  });

  it("lets what runs end, and does not bring it back", () => {
    const { clock, queue } = started();
    queue.add("a");
    queue.add("b");
    queue.next();
    queue.next();
    queue.add("a");
    queue.close();
    queue.done("a", { requeueAfter: ms(1) });
    expect(queue.idle()).toBe(false);
    queue.done("b", backoff);
    expect(queue.idle()).toBe(true);
    expect(clock.scheduled()).toBe(0);
  });
});

describe("the numbers", () => {
  it("tell how deep the queue is and how long its runs take", async () => {
    const reported: unknown[] = [];
    const { clock, queue } = started({
      started: (...args) => reported.push(["started", ...args]),
      finished: (...args) => reported.push(["finished", ...args]),
    });
    queue.add("a", { lane: "bulk", after: ms(500) });
    queue.add("b", { lane: "bulk" });
    queue.add("c", { after: ms(60_000) });
    await clock.advance(ms(1500));
    expect(queue.stats()).toEqual({
      depth: { interactive: 0, normal: 0, bulk: 2 },
      delayed: 1,
      running: 0,
      adds: 3,
      retries: 0,
      aside: new Map(),
      unfinishedSeconds: 0,
      longestRunningSeconds: 0,
    });
    queue.next();
    queue.next();
    await clock.advance(ms(2000));
    queue.done("b", {});
    expect(reported).toEqual([
      ["started", "bulk", 1.5],
      ["started", "bulk", 1],
      ["finished", "bulk", 2],
    ]);
    queue.add("b");
    queue.next();
    await clock.advance(ms(1000));
    expect(queue.stats()).toMatchObject({ running: 2, unfinishedSeconds: 4, longestRunningSeconds: 3 });
  });
});

describe("whatever the order of adds, runs and waiting", () => {
  const keys = ["a", "b", "c", "d"];
  const key = fc.constantFrom(...keys);
  const wait = fc.integer({ min: 0, max: 2_000 });
  const outcome: fc.Arbitrary<Outcome> = fc.oneof(
    fc.constant({}),
    fc.record({ requeueAfter: wait.map(ms) }),
    fc.record({
      failed: fc.constant(true as const),
      retry: fc.constantFrom("on-change" as const, "slowly" as const, "backoff" as const),
    }),
  );
  const step = fc.oneof(
    fc.record({
      add: key,
      options: fc.record(
        { lane: fc.constantFrom(...lanes), flow: fc.constantFrom("x", "y"), after: wait.map(ms) },
        { requiredKeys: [] },
      ),
    }),
    fc.constant("next" as const),
    fc.record({ done: fc.nat({ max: 3 }), outcome }),
    fc.record({ advance: wait }),
  );
  const schedule = fc.array(step, { maxLength: 60 });

  it("no key runs twice at once, and none is lost: each runs within its wait after it was last asked for", async () => {
    await fc.assert(
      fc.asyncProperty(schedule, async (steps) => {
        const { clock, queue } = started();
        const running = new Set<string>();
        /**
         * Keys that somebody asked for since their last run began, and the latest moment at which they may become
         * ready.
         */
        const owed = new Map<string, number>();

        const owe = (name: string, at: number): void => {
          owed.set(name, Math.min(owed.get(name) ?? Infinity, at));
        };
        const take = (): void => {
          const name = queue.next();
          if (name === undefined) return;
          expect(running.has(name)).toBe(false);
          // Never too often either: somebody asked for this run.
          expect(owed.delete(name)).toBe(true);
          running.add(name);
        };
        const end = (name: string, how: Outcome): void => {
          running.delete(name);
          // Without jitter: the slow interval is 4 min at most, and an event can bring a failing key forward to a second.
          if (how.failed && how.retry !== "on-change") owe(name, clock.elapsed() + 240_000);
          const asked = owed.get(name);
          if (how.failed && asked !== undefined) owed.set(name, Math.max(asked, clock.elapsed() + 1_000));
          if (!how.failed && how.requeueAfter) owe(name, clock.elapsed() + how.requeueAfter.total("milliseconds"));
          queue.done(name, how);
        };
        const addOne = (name: string, options: AddOptions): void => {
          // A key with failures is held for a second at most.
          owe(name, clock.elapsed() + (options.after?.total("milliseconds") ?? 0) + 1_000);
          queue.add(name, options);
        };

        for (const s of steps) {
          if (s === "next") take();
          else if ("add" in s) addOne(s.add, s.options);
          else if ("advance" in s) await clock.advance(ms(s.advance));
          else {
            const name = [...running][s.done % Math.max(running.size, 1)];
            if (name !== undefined) end(name, s.outcome);
          }
          const { depth, delayed } = queue.stats();
          const ready = depth.interactive + depth.normal + depth.bulk;
          const overdue = [...owed].filter(([name, at]) => at <= clock.elapsed() && !running.has(name));
          expect(ready).toBeGreaterThanOrEqual(overdue.length);
          expect(ready + delayed).toBe([...owed.keys()].filter((name) => !running.has(name)).length);
          expect(clock.scheduled()).toBeLessThanOrEqual(1);
        }

        for (const name of running) end(name, {});
        await clock.advance(Temporal.Duration.from({ minutes: 10 }));
        for (let left = owed.size; left > 0; left -= 1) take();
        for (const name of running) end(name, {});
        expect(owed.size).toBe(0);
        expect(queue.stats()).toMatchObject({ delayed: 0, running: 0 });
        expect(queue.idle()).toBe(true);
        expect(clock.scheduled()).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it("the earliest wish for a waiting key wins", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(wait, { minLength: 1, maxLength: 10 }), async (waits) => {
        const { clock, queue } = started();
        let readyAt: number | undefined;
        queue.onReady(() => {
          readyAt ??= clock.elapsed();
        });
        for (const after of waits) queue.add("a", { after: ms(after) });
        await clock.advance(ms(2_000));
        expect(readyAt).toBe(Math.min(...waits));
        expect(runAll(queue)).toEqual(["a"]);
      }),
      { numRuns: 50 },
    );
  });

  it("no key starves, however busy the lanes above and the flows beside it are", () => {
    fc.assert(
      fc.property(fc.constantFrom(...lanes), fc.integer({ min: 0, max: 30 }), (lane, busy) => {
        const { queue } = started();
        for (let count = 0; count < busy; count += 1)
          for (const [index, above] of lanes.entries())
            queue.add(`${above} ${count}`, { lane: above, flow: `flow ${(count + index) % 3}` });
        queue.add("the one", { lane, flow: "its own" });
        let picks = 1;
        for (let name = queue.next(); name !== undefined && name !== "the one" && picks < 1_000; name = queue.next()) {
          picks += 1;
          // Back at once, with the same lane and flow.
          queue.add(name, { lane: name.split(" ")[0] as (typeof lanes)[number], flow: `flow ${picks % 3}` });
          queue.done(name, {});
        }
        // Its lane gets one pick in 16, and shares it with three flows.
        expect(picks).toBeLessThanOrEqual(16 * 4);
      }),
    );
  });
});
