// Tests that what takes long leaves most of the time to others.
import { expect, it } from "vitest";
import { pace } from "../../../src/runtime/queue/pace.ts";
import { fakeClock } from "../../fake-clock.ts";

const ms = (milliseconds: number): Temporal.Duration => Temporal.Duration.from({ milliseconds });

it("lets what takes no time be done at any time", async () => {
  const clock = fakeClock();
  const it = pace(clock);
  await clock.advance(ms(5));
  it.ended("acme", clock.elapsed(), 20);
  expect(it.rest("acme")).toBe(0);
  expect(it.rest("other")).toBe(0);
});

it.each([1, 20])(
  "leaves three quarters of the time to others, with %d that are asked for all the time",
  async (subjects) => {
    const clock = fakeClock();
    const it = pace(clock);
    let worked = 0;
    while (clock.elapsed() < 100_000) {
      for (let index = 0; index < subjects; index += 1) {
        if (it.rest(`${index}`) > 0) continue;
        const began = clock.elapsed();
        await clock.advance(ms(100));
        worked += 100;
        it.ended(`${index}`, began, subjects);
      }
      await clock.advance(ms(10));
    }
    expect(worked).toBeGreaterThan(15_000);
    expect(worked).toBeLessThan(26_500);
  },
);
