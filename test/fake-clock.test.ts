// Tests that time in tests passes as real time does.
import { describe, expect, it } from "vitest";
import { fakeClock } from "./fake-clock.ts";

const ms = (milliseconds: number): Temporal.Duration => Temporal.Duration.from({ milliseconds });

describe("the fake clock", () => {
  it("runs calls in the order of their time, then of their scheduling", async () => {
    const clock = fakeClock();
    const ran: string[] = [];
    clock.schedule(ms(5), () => ran.push("5, first"));
    clock.schedule(ms(5), () => ran.push("5, second"));
    clock.schedule(ms(1), () => ran.push("1"));
    await clock.advance(ms(5));
    expect(ran).toEqual(["1", "5, first", "5, second"]);
  });

  it("runs what a call or a promise schedules within the same stretch of time", async () => {
    const clock = fakeClock();
    const seen: number[] = [];
    const walk = async (): Promise<void> => {
      await clock.sleep(ms(2));
      seen.push(clock.elapsed());
      clock.schedule(ms(3), () => seen.push(clock.elapsed()));
    };
    const walked = walk();
    await clock.advance(ms(10));
    await walked;
    expect(seen).toEqual([2, 5]);
    expect(clock.elapsed()).toBe(10);
  });

  it("does not run a cancelled call", async () => {
    const clock = fakeClock();
    const ran: string[] = [];
    clock.schedule(ms(1), () => ran.push("kept"));
    clock.schedule(ms(1), () => ran.push("cancelled"))();
    await clock.advance(ms(1));
    expect(ran).toEqual(["kept"]);
    expect(clock.scheduled()).toBe(0);
  });

  it("wakes a sleeper whose signal aborts, and forgets its call", async () => {
    const clock = fakeClock();
    const abort = new AbortController();
    const asleep = clock.sleep(ms(1), abort.signal);
    abort.abort(new Error("enough"));
    await expect(asleep).rejects.toThrow("enough");
    expect(clock.scheduled()).toBe(0);
  });

  it("sets the wall clock without any time passing", async () => {
    const clock = fakeClock(Temporal.Instant.from("2026-03-01T00:00:00Z"));
    await clock.advance(ms(500));
    clock.step(Temporal.Duration.from({ hours: -1 }));
    expect(clock.now().toString()).toBe("2026-02-28T23:00:00.5Z");
    expect(clock.elapsed()).toBe(500);
  });

  it("moves the wall time along", async () => {
    const clock = fakeClock(Temporal.Instant.from("2026-03-01T00:00:00Z"));
    await clock.advance(Temporal.Duration.from({ hours: 25 }));
    expect(clock.now().toString()).toBe("2026-03-02T01:00:00Z");
  });
});
