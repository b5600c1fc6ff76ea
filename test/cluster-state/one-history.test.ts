// Tests that nothing is judged by state from before and after an etcd restore, and that waiting for a fresh read is bounded.
import { describe, expect, it } from "vitest";
import { oneHistory } from "../../src/cluster/one-history.ts";
import { fakeClock } from "../fake-clock.ts";

const seconds = (count: number): Temporal.Duration => Temporal.Duration.from({ seconds: count });

function watched() {
  const clock = fakeClock();
  const logged: string[] = [];
  const readings: PromiseWithResolvers<void>[] = [];
  const history = oneHistory({
    clock,
    log: { warn: (message) => void logged.push(message) },
    readAll: () => {
      const reading = Promise.withResolvers<void>();
      readings.push(reading);
      return reading.promise;
    },
  });
  return { clock, logged, readings, history };
}

describe("after versions went back", () => {
  it("nothing is judged until all has been read again, once for all who find it out", async () => {
    const { clock, logged, readings, history } = watched();
    expect(history.isKnown()).toBe(true);
    history.wentBack();
    expect([history.isKnown(), readings.length]).toEqual([false, 0]);
    await clock.advance(seconds(1));
    history.wentBack();
    await clock.advance(seconds(1));
    expect([history.isKnown(), readings.length, logged.length]).toEqual([false, 1, 1]);
    readings[0]?.resolve();
    await clock.advance(seconds(60));
    expect([history.isKnown(), readings.length]).toEqual([true, 1]);
  });

  it("what is found out after all was read has all read once more, half a minute after it was", async () => {
    const { clock, readings, history } = watched();
    history.wentBack();
    await clock.advance();
    readings[0]?.resolve();
    await clock.advance(seconds(20));
    history.wentBack();
    history.wentBack();
    await clock.advance(seconds(9));
    expect([history.isKnown(), readings.length]).toEqual([true, 1]);
    await clock.advance(seconds(1));
    expect([history.isKnown(), readings.length]).toEqual([false, 2]);
    readings[1]?.resolve();
    await clock.advance(seconds(60));
    expect([history.isKnown(), readings.length]).toEqual([true, 2]);
  });

  it("a minute at most is waited for what cannot be read", async () => {
    const { clock, history } = watched();
    history.wentBack();
    await clock.advance(seconds(59));
    expect(history.isKnown()).toBe(false);
    await clock.advance(seconds(1));
    expect(history.isKnown()).toBe(true);
  });

  it("another restore is found out, too, and waits for its own reading", async () => {
    const { clock, readings, history } = watched();
    history.wentBack();
    await clock.advance(seconds(61));
    history.wentBack();
    await clock.advance(seconds(1));
    expect(readings).toHaveLength(2);
    readings[0]?.resolve();
    await clock.advance();
    expect(history.isKnown()).toBe(false);
    readings[1]?.resolve();
    await clock.advance();
    expect(history.isKnown()).toBe(true);
  });
});
