// Tests that silence is noticed when it has lasted for long enough, and not before or after.
import { describe, expect, it } from "vitest";
import { watchdog } from "../../../src/runtime/watch/watchdog.ts";
import { fakeClock } from "../../fake-clock.ts";

const seconds = (count: number): Temporal.Duration =>
  Temporal.Duration.from({ milliseconds: Math.round(count * 1000) });

async function started(aliveBefore?: number) {
  const clock = fakeClock();
  await clock.advance(seconds(1_000));
  let aliveAt = aliveBefore;
  let silent = 0;
  const cancel = watchdog(
    clock,
    seconds(90),
    () => aliveAt,
    () => (silent += 1),
  );
  return { clock, cancel, alive: () => (aliveAt = clock.elapsed()), silent: () => silent };
}

describe("a watchdog", () => {
  it.each([undefined, 0, 999_000])(
    "counts from its start where nothing was heard since: before, %j ms",
    async (before) => {
      const { clock, silent } = await started(before);
      await clock.advance(seconds(89.9));
      expect(silent()).toBe(0);
      await clock.advance(seconds(0.1));
      expect(silent()).toBe(1);
      await clock.advance(seconds(900));
      expect([silent(), clock.scheduled()]).toEqual([1, 0]);
    },
  );

  it("counts from the last sign of life, with one timer", async () => {
    const { clock, alive, silent } = await started();
    for (let second = 0; second < 300; second += 50) {
      await clock.advance(seconds(50));
      alive();
      expect([silent(), clock.scheduled()]).toEqual([0, 1]);
    }
    await clock.advance(seconds(89));
    expect(silent()).toBe(0);
    await clock.advance(seconds(1));
    expect(silent()).toBe(1);
  });

  it.each([1, 100])("that is called off after %i s says nothing any more", async (after) => {
    const { clock, alive, cancel, silent } = await started();
    await clock.advance(seconds(after / 2));
    alive();
    await clock.advance(seconds(after / 2));
    cancel();
    expect(clock.scheduled()).toBe(0);
    await clock.advance(seconds(900));
    expect(silent()).toBe(0);
  });
});
