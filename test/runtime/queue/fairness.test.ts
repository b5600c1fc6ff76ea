// Tests that nothing that one owner does can delay anybody else's keys.
import { describe, expect, it } from "vitest";
import type { Lane } from "../../../src/runtime/queue/lane-turns.ts";
import { runWorkers } from "../../../src/runtime/queue/run-workers.ts";
import { type Outcome, type WorkQueue, workQueue } from "../../../src/runtime/queue/work-queue.ts";
import { type FakeClock, fakeClock } from "../../fake-clock.ts";

const ms = (milliseconds: number): Temporal.Duration => Temporal.Duration.from({ milliseconds });

interface World {
  readonly clock: FakeClock;
  readonly queue: WorkQueue;
  /** Elapsed milliseconds at which each run of the key began. */
  readonly began: (key: string) => readonly number[];
  readonly runsOf: (owner: string) => number;
  readonly reached: ReadonlySet<string>;
}

const ownerOf = (key: string): string | undefined => key.split("/")[1];

/** As the operator has them: sixteen workers, runs of 10 ms, and shares for each owner. */
function world({ runMs = 10, run }: { runMs?: number; run?: (key: string) => Outcome } = {}): World {
  const clock = fakeClock();
  const reached = new Set<string>();
  const queue = workQueue({
    clock,
    random: () => 0.5,
    fairness: {
      ownerOf,
      work: { perSecond: 50, burst: 500 },
      overtaking: { perSecond: 0.1, burst: 10 },
      onReached: (owner) => reached.add(owner),
    },
  });
  const starts: { readonly key: string; readonly at: number }[] = [];
  runWorkers({
    queue,
    concurrency: 16,
    deadline: ms(45_000),
    clock,
    onError: (_key, error) => {
      throw error;
    },
    run: async (key) => {
      starts.push({ key, at: clock.elapsed() });
      await clock.sleep(ms(runMs));
      return run?.(key) ?? {};
    },
  });
  return {
    clock,
    queue,
    reached,
    began: (key) => starts.filter((start) => start.key === key).map(({ at }) => at),
    runsOf: (owner) => starts.filter(({ key }) => ownerOf(key) === owner).length,
  };
}

/** One tenant with many namespaces makes news in each of them without end, in the lanes that it can reach. */
async function attacked(
  { clock, queue }: World,
  { namespaces, perSecond, lanes }: { namespaces: number; perSecond: number; lanes: readonly Lane[] },
  forMs: number,
): Promise<void> {
  const step = 10;
  const end = clock.elapsed() + forMs;
  let count = 0;
  while (clock.elapsed() < end) {
    for (let index = 0; index < (perSecond * step) / 1_000; index += 1) {
      count += 1;
      const owner = `greedy-${count % namespaces}`;
      for (const controller of ["secret", "references"]) {
        queue.add(`${controller}/${owner}`, { lane: lanes[count % lanes.length] ?? "normal" });
      }
    }
    await clock.advance(ms(step));
  }
}

const longestDelay = 1_000;

describe("a tenant that makes all the news it can", () => {
  it.each([
    ["in one namespace", { namespaces: 1, perSecond: 1_000, lanes: ["normal"] }],
    ["by making new ServiceAccounts", { namespaces: 1, perSecond: 1_000, lanes: ["interactive"] }],
    ["in 500 namespaces", { namespaces: 500, perSecond: 1_000, lanes: ["normal", "interactive"] }],
  ] as const)("%s delays no new namespace and no renewal by more than a second", async (_how, attack) => {
    const it = world();
    await attacked(it, attack, 2_000);
    const asked = it.clock.elapsed();
    it.queue.add("secret/fresh", { lane: "interactive" });
    it.queue.add("secret/renewed", { lane: "normal" });
    it.queue.add("secret/rotated", { lane: "bulk", flow: "acme" });
    await attacked(it, attack, 2_000);
    for (const key of ["secret/fresh", "secret/renewed", "secret/rotated"]) {
      expect(it.began(key)[0]).toBeLessThan(asked + longestDelay);
    }
  });

  it("takes turns with the others, however many keys it has", async () => {
    const it = world({ runMs: 100 });
    for (let index = 0; index < 400; index += 1) it.queue.add(`secret-${index}/greedy`);
    it.queue.add("secret/team-a");
    await it.clock.advance(ms(1_000));
    expect(it.began("secret/team-a")[0]).toBe(0);
  });

  it("gets its share and no more, and is told so", async () => {
    const it = world();
    await attacked(it, { namespaces: 1, perSecond: 1_000, lanes: ["normal"] }, 20_000);
    expect(it.runsOf("greedy-0")).toBeGreaterThan(1_000);
    expect(it.runsOf("greedy-0")).toBeLessThanOrEqual(500 + 50 * 20 + 2);
    expect(it.reached).toEqual(new Set(["greedy-0"]));
  });

  it("pays for long runs as for many short ones", async () => {
    const it = world({ run: () => ({ cost: 9 }) });
    await attacked(it, { namespaces: 1, perSecond: 1_000, lanes: ["normal"] }, 20_000);
    expect(it.runsOf("greedy-0")).toBeLessThanOrEqual((500 + 50 * 20) / 10 + 2);
  });

  it("still has its news seen, the last one too", async () => {
    const it = world();
    await attacked(it, { namespaces: 1, perSecond: 1_000, lanes: ["normal"] }, 5_000);
    const last = it.clock.elapsed();
    it.queue.add("secret/greedy-0");
    await it.clock.advance(ms(100));
    expect(it.began("secret/greedy-0").at(-1)).toBeGreaterThanOrEqual(last);
  });

  it("overtakes for as long as a new namespace needs it, then waits in turn", async () => {
    const it = world({ runMs: 1_000 });
    const overtook: boolean[] = [];
    for (let round = 0; round < 40; round += 1) {
      for (let index = 0; index < 40; index += 1) it.queue.add(`secret/other-${round}-${index}`);
      it.queue.add("secret/greedy", { lane: "interactive" });
      const asked = it.clock.elapsed();
      await it.clock.advance(ms(1_500));
      overtook.push((it.began("secret/greedy").at(-1) ?? -1) >= asked);
    }
    expect(overtook.slice(0, 10)).not.toContain(false);
    expect(overtook.slice(-10)).toContain(false);
  });
});

describe("a run that goes on in another one", () => {
  it("is no end of the failures before it", async () => {
    const waits: number[] = [];
    let before = 0;
    let turn = 0;
    const it = world({
      run: () => {
        turn += 1;
        if (turn % 2 === 1) return { requeueAfter: ms(1), unfinished: true };
        waits.push(it.clock.elapsed() - before);
        before = it.clock.elapsed();
        return { failed: true, retry: "backoff" };
      },
    });
    it.queue.add("references/greedy");
    await it.clock.advance(ms(60_000));
    expect(waits.slice(1, 6).every((wait, index, all) => index === 0 || wait > (all[index - 1] ?? 0))).toBe(true);
  });
});
