// Tests that a wait by elapsed time survives a step of the wall clock.
import { beforeEach, describe, expect, it } from "vitest";
import { refreshAt } from "../../src/controllers/token/plan-refresh.ts";
import { workQueue } from "../../src/runtime/queue/work-queue.ts";
import { watchClockSteps } from "../../src/runtime/clock-steps.ts";
import { type FakeClock, fakeClock } from "../fake-clock.ts";

const of = (fields: Temporal.DurationLike): Temporal.Duration => Temporal.Duration.from(fields);

describe("the watch over the wall clock", () => {
  let clock: FakeClock;
  let steps: number[];

  beforeEach(() => {
    clock = fakeClock();
    steps = [];
    watchClockSteps(clock, (ahead) => steps.push(ahead.total("seconds")));
  });

  it.each([
    ["an hour forth", { hours: 1 }, 3_600],
    ["an hour back", { hours: -1 }, -3_600],
    ["a suspend of 2 hours", { hours: 2 }, 7_200],
    ["six seconds", { seconds: 6 }, 6],
  ])("tells of %s once, within 30 s", async (_what, by, seconds) => {
    await clock.advance(of({ minutes: 10 }));
    clock.step(of(by));
    await clock.advance(of({ seconds: 30 }));
    expect(steps).toEqual([seconds]);
    await clock.advance(of({ hours: 3 }));
    expect(steps).toEqual([seconds]);
  });

  it("says nothing of time that passes, nor of a clock that is slewed", async () => {
    for (let look = 0; look < 1_000; look += 1) {
      await clock.advance(of({ seconds: 30 }));
      clock.step(of({ milliseconds: 15 }));
    }
    expect(steps).toEqual([]);
  });

  it.each([0, 10, 30, 100])("ends, also after %i s", async (seconds) => {
    const other = fakeClock();
    const end = watchClockSteps(other, () => undefined);
    await other.advance(of({ seconds }));
    expect(other.scheduled()).toBe(1);
    end();
    expect(other.scheduled()).toBe(0);
  });
});

describe("a token that waits in the queue for its renewal", () => {
  /** The wall time, in minutes after the start, at which a token of an hour is renewed. */
  async function renewedAfter(step: Temporal.DurationLike, life: Temporal.DurationLike): Promise<number> {
    const clock = fakeClock();
    const issuedAt = clock.now();
    const token = { grantKey: "ffffffff", issuedAt, expiresAt: issuedAt.add(life) };
    const queue = workQueue({ clock, random: () => 0.5 });
    const due = refreshAt(token) ?? issuedAt;
    const end = watchClockSteps(clock, () => queue.add("token/g"));
    let renewed: Temporal.Instant | undefined;
    queue.onReady(() => {
      const key = queue.next();
      if (key === undefined) return;
      if (Temporal.Instant.compare(clock.now(), due) >= 0) renewed ??= clock.now();
      const left = clock.now().until(due).total("milliseconds");
      queue.done(key, renewed ? {} : { requeueAfter: of({ milliseconds: Math.max(Math.ceil(left), 1) }) });
    });
    queue.add("token/g");
    await clock.advance(of({ minutes: 1 }));
    clock.step(of(step));
    await clock.advance(of({ hours: 24 }));
    end();
    return renewed ? issuedAt.until(renewed).total("minutes") : Infinity;
  }

  it("is renewed half a minute after a step that passed its time", async () => {
    expect(await renewedAfter({ hours: 1 }, { minutes: 90 })).toBeLessThanOrEqual(61.5);
    expect(await renewedAfter({ hours: 2 }, { hours: 3 })).toBeLessThanOrEqual(121.5);
  });

  it("is renewed at its time by the wall clock after a step that did not", async () => {
    expect(await renewedAfter({ hours: 1 }, { hours: 12 })).toBeLessThanOrEqual(12 * 30);
    expect(await renewedAfter({ hours: -1 }, { hours: 12 })).toBeLessThanOrEqual(12 * 30);
    expect(await renewedAfter({ hours: -1 }, { hours: 12 })).toBeGreaterThan(12 * 20);
  });
});
