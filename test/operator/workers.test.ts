// Tests that the workers run both queues, tell what a run threw with its key, and work only where that is allowed.
import { describe, expect, it } from "vitest";
import { queueWorkers, type QueueWorkers } from "../../src/operator/workers.ts";
import { type WorkQueue, workQueue } from "../../src/runtime/queue/work-queue.ts";
import { fakeClock, type FakeClock } from "../fake-clock.ts";

interface Played {
  readonly clock: FakeClock;
  readonly tenants: WorkQueue;
  readonly tokens: WorkQueue;
  readonly logged: unknown[][];
  readonly workers: QueueWorkers;
  leads: boolean;
}

function played(): Played {
  const clock = fakeClock();
  const [tenants, tokens] = [workQueue({ clock, random: () => 0 }), workQueue({ clock, random: () => 0 })];
  const on: Played = {
    clock,
    tenants,
    tokens,
    logged: [],
    leads: true,
    workers: queueWorkers({
      queues: { tenants, tokens },
      clock,
      log: { error: (...line) => void on.logged.push(line) },
      concurrency: 2,
      away: () => 0,
      leading: () => on.leads,
    }),
  };
  return on;
}
const seconds = (count: number): Temporal.Duration => Temporal.Duration.from({ seconds: count });

describe("the workers of both queues", () => {
  it("run what either holds from the beginning on, the tenants' no more at once than they may", async () => {
    const on = played();
    for (const key of ["a", "b", "c"]) on.tenants.add(key);
    for (const key of ["x", "y", "z"]) on.tokens.add(key);
    await on.clock.advance(seconds(1));
    const running: string[] = [];
    on.workers.begin((key) => new Promise(() => running.push(key)));
    await on.clock.advance();
    expect(running.toSorted()).toEqual(["a", "b", "x", "y", "z"]);
  });

  it("tell what a run threw, and of which key, and go on", async () => {
    const on = played();
    on.workers.begin((key) => Promise.reject(new Error(`${key} is broken`)));
    on.tenants.add("a");
    on.tokens.add("x");
    await on.clock.advance();
    expect(on.logged).toEqual([
      ["run failed", { key: "a", error: "Error: a is broken", stack: expect.any(String) }],
      ["run failed", { key: "x", error: "Error: x is broken", stack: expect.any(String) }],
    ]);
  });

  it("abort a run after 45 seconds", async () => {
    const on = played();
    const ended: string[] = [];
    on.workers.begin(
      (key, signal) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error(String(ended.push(key)))))),
    );
    on.tenants.add("a");
    on.tokens.add("x");
    await on.clock.advance(seconds(44));
    expect(ended).toEqual([]);
    await on.clock.advance(seconds(2));
    expect(ended.toSorted()).toEqual(["a", "x"]);
  });

  it("start nothing in either while the API server has asked for a pause", async () => {
    const on = played();
    const run: string[] = [];
    on.workers.begin(async (key) => (run.push(key), {}));
    on.workers.throttled(seconds(10));
    on.tenants.add("a");
    on.tokens.add("x");
    await on.clock.advance(seconds(9));
    expect(run).toEqual([]);
    await on.clock.advance(seconds(2));
    expect(run.toSorted()).toEqual(["a", "x"]);
  });

  it("take nothing more from either once they are drained", async () => {
    const on = played();
    const run: string[] = [];
    on.workers.begin(async (key) => (run.push(key), {}));
    await on.workers.drain(seconds(1));
    on.tenants.add("a");
    on.tokens.add("x");
    await on.clock.advance(seconds(60));
    expect(run).toEqual([]);
  });

  it("work once they have begun, as long as this replica leads", () => {
    const on = played();
    expect(on.workers.working()).toBe(false);
    on.workers.begin(async () => ({}));
    expect(on.workers.working()).toBe(true);
    on.leads = false;
    expect(on.workers.working()).toBe(false);
  });
});
