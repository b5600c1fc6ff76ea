// Is a rate kept, whoever asks when?
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rateBudget } from "../../src/providers/rate-budget.ts";
import { fakeClock } from "../fake-clock.ts";

const never = new AbortController().signal;
const ms = (milliseconds: number): Temporal.Duration => Temporal.Duration.from({ milliseconds });

describe("a rate budget", () => {
  it("gives a burst at once and then a turn each interval, in the order of asking", async () => {
    const clock = fakeClock();
    const rate = rateBudget({ perSecond: 2, burst: 3, clock });
    const given: (readonly [number, number])[] = [];
    for (let turn = 0; turn < 5; turn += 1) void rate.take(never).then(() => given.push([turn, clock.elapsed()]));
    await clock.advance(ms(10_000));
    expect(given).toEqual([
      [0, 0],
      [1, 0],
      [2, 0],
      [3, 500],
      [4, 1_000],
    ]);
  });

  it("rejects who gives up while waiting, and leaves no timer", async () => {
    const clock = fakeClock();
    const rate = rateBudget({ perSecond: 1, burst: 1, clock });
    const abort = new AbortController();
    await rate.take(never);
    const waiting = rate.take(abort.signal);
    abort.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    await expect(rate.take(abort.signal)).rejects.toThrow("enough");
    expect(clock.scheduled()).toBe(0);
  });

  it("gives in no stretch of time more than the burst and what the rate adds, and nobody waits for nothing", async () => {
    const pauses = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(
        pauses,
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 8 }),
        async (waits, perSecond, burst) => {
          const clock = fakeClock();
          const rate = rateBudget({ perSecond, burst, clock });
          const given: number[] = [];
          for (const wait of waits) {
            void rate.take(never).then(() => given.push(clock.elapsed()));
            await clock.advance(ms(wait));
          }
          await clock.advance(ms(Math.ceil((waits.length / perSecond) * 1_000) + waits.length));
          expect(given).toHaveLength(waits.length);
          for (const [from, start] of given.entries()) {
            for (const [to, end] of given.entries()) {
              if (to < from) continue;
              // A turn is given at a whole millisecond, never before its time.
              expect(to - from + 1).toBeLessThanOrEqual(burst + ((end - start + 1) / 1_000) * perSecond);
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
