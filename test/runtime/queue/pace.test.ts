// Tests that what looks at many things leaves most of the time to others.
import { expect, it } from "vitest";
import { pace } from "../../../src/runtime/queue/pace.ts";
import { fakeClock } from "../../fake-clock.ts";

const ms = (milliseconds: number): Temporal.Duration => Temporal.Duration.from({ milliseconds });

it("lets what looks at nothing be done at any time", () => {
  const it = pace(fakeClock());
  it.looked("acme", 0);
  expect(it.rest("acme")).toBe(0);
  expect(it.rest("other")).toBe(0);
});

it("lets who looks at a few things wait for no time that anybody notices, however long they took, and whoever has looked before", async () => {
  const clock = fakeClock();
  const it = pace(clock);
  for (let index = 0; index < 200; index += 1) it.looked(`${index}`, 10);
  await clock.advance(ms(60_000));
  it.looked("acme", 400);
  expect(it.rest("acme")).toBeLessThan(40);
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
        await clock.advance(ms(100));
        worked += 100;
        it.looked(`${index}`, 5_000);
      }
      await clock.advance(ms(10));
    }
    expect(worked).toBeGreaterThan(15_000);
    expect(worked).toBeLessThan(28_000);
  },
);
