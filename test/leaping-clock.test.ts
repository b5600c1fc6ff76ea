// Tests that a leap makes due what waits, in its order, and leaves the rest waiting.
import { expect, it } from "vitest";
import { leapingClock } from "./integration/leaping-clock.ts";

const seconds = (count: number): Temporal.Duration => Temporal.Duration.from({ seconds: count });

it("is later by the wall and by what has elapsed after a leap, and what is due by then has happened", async () => {
  const clock = leapingClock();
  const [wall, elapsed] = [clock.now(), clock.elapsed()];
  const happened: string[] = [];
  clock.schedule(seconds(60), () => happened.push("second"));
  clock.schedule(seconds(30), () => happened.push("first"));
  clock.schedule(seconds(30), () => happened.push("never"))();
  const cancel = clock.schedule(seconds(3_600), () => happened.push("too early"));
  clock.leap(Temporal.Duration.from({ seconds: 60, microseconds: 1 }));
  await clock.sleep(seconds(0));
  expect(happened).toEqual(["first", "second"]);
  expect(Math.round(clock.elapsed() - elapsed)).toBeGreaterThanOrEqual(60_000);
  expect(wall.until(clock.now()).total("seconds")).toBeGreaterThanOrEqual(60);
  cancel();
});
