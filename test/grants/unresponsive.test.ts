// Tests of when an authority is taken for unresponsive, and how soon it is tried again.
import { describe, expect, it } from "vitest";
import type { Failure } from "../../src/runtime/errors.ts";
import { silences } from "../../src/grants/unresponsive.ts";
import { fakeClock } from "../fake-clock.ts";

const reported: Failure = { reason: "CloudUnavailable", cause: "Platform", retry: "backoff", message: "no answer" };
const seconds = (count: number): Temporal.Duration => Temporal.Duration.from({ seconds: count });
const made = (witnesses?: number) => {
  const clock = fakeClock();
  const names = silences({ clock, random: () => 0.5, ...(witnesses !== undefined && { witnesses }) });
  const unanswered = (count: number, witness?: string): void => {
    for (let index = 0; index < count; index += 1) names.unanswered("a", reported, witness);
  };
  return { clock, names, unanswered };
};

describe("a silence", () => {
  it("begins with the third call in a row without an answer", () => {
    const { names, unanswered } = made();
    unanswered(2);
    expect(names.of("a")).toBeUndefined();
    unanswered(1);
    expect([names.of("a")?.reported, names.of("b")]).toEqual([reported, undefined]);
  });

  it.each(["gave", "answered"] as const)("ends when it %s, and then begins anew", (what) => {
    const { names, unanswered } = made();
    unanswered(3);
    expect([names[what]("a"), names.of("a"), names[what]("a")]).toEqual([true, undefined, false]);
    unanswered(2);
    expect(names.of("a")).toBeUndefined();
  });

  it("lets one try ever later, a quarter of a minute at most", async () => {
    const { clock, names, unanswered } = made();
    unanswered(3);
    const waits: number[] = [];
    for (let index = 0; index < 8; index += 1) {
      const wait = (names.of("a")?.tryAt ?? 0) - clock.elapsed();
      waits.push(wait);
      await clock.advance(Temporal.Duration.from({ milliseconds: wait }));
      unanswered(1);
    }
    expect(waits).toEqual([750, 1_500, 3_000, 6_000, 11_250, 11_250, 11_250, 11_250]);
  });

  it("is not lengthened by calls that were under way when it began", () => {
    const { names, unanswered } = made();
    unanswered(3);
    const { tryAt } = names.of("a") ?? {};
    unanswered(20);
    expect(names.of("a")?.tryAt).toBe(tryAt);
  });

  it("tells since when it lasts, and what was told first", async () => {
    const { clock, names, unanswered } = made();
    unanswered(1);
    await clock.advance(seconds(60));
    names.unanswered("a", { ...reported, message: "another" });
    unanswered(1);
    expect([names.of("a")?.since.toString(), names.of("a")?.reported.message]).toEqual([
      "2026-01-01T00:00:00Z",
      "no answer",
    ]);
  });

  it("needs as many witnesses as it was made for", () => {
    const { names, unanswered } = made(2);
    unanswered(9, "one");
    expect(names.of("a")).toBeUndefined();
    unanswered(1, "two");
    expect(names.of("a")).toBeDefined();
  });

  it("undoes what was proven, and only that proves which gave", () => {
    const { names, unanswered } = made();
    names.answered("a");
    expect(names.isProven("a")).toBe(false);
    names.gave("a");
    unanswered(2);
    expect(names.isProven("a")).toBe(true);
    unanswered(1);
    expect(names.isProven("a")).toBe(false);
    names.answered("a");
    expect(names.isProven("a")).toBe(false);
  });

  it("of one that was never asked before proves nothing", () => {
    const { names, unanswered } = made();
    unanswered(1);
    expect([names.isProven("a"), names.isDoubted("a")]).toEqual([false, true]);
    expect([names.answered("b"), names.gave("b")]).toEqual([false, false]);
  });

  it("of ten thousand others is forgotten, the oldest first", () => {
    const { names, unanswered } = made();
    unanswered(3);
    for (let index = 0; index < 10_000; index += 1) names.gave(`other-${index}`);
    expect([names.of("a"), names.isProven("other-9999")]).toEqual([undefined, true]);
  });
});
