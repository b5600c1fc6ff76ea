// When is a token due, and how soon after a failure is it tried again?
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { refreshAt, retryWithin } from "../../src/plan/refresh.ts";
import { minute, now, token } from "./objects.ts";

const first = "0".repeat(32);
const last = "f".repeat(32);

describe("a token", () => {
  it("is due when half of its life has passed", () => {
    expect(refreshAt(token({ grantKey: first, issuedAt: minute(0), expiresAt: minute(720) }))).toEqual(minute(360));
  });

  it("is due up to a tenth of its life earlier, as its key has it", () => {
    const due = refreshAt(token({ grantKey: last, issuedAt: minute(0), expiresAt: minute(720) }));
    expect(due?.since(minute(0)).total("minutes")).toBeCloseTo(288, 3);
  });

  it("is due at the same time after a restart, and at another than its neighbour", () => {
    const life = { issuedAt: minute(0), expiresAt: minute(720) };
    const due = (grantKey: string): string | undefined => refreshAt(token({ grantKey, ...life }))?.toString();
    expect(due("80000000aa")).toBe(due("80000000aa"));
    expect(due("80000000aa")).not.toBe(due("90000000aa"));
  });

  it("that names no end is never due", () => {
    expect(refreshAt(token({ expiresAt: undefined }))).toBeUndefined();
  });

  it("that was born dead is not due within a second", () => {
    const due = refreshAt(token({ issuedAt: minute(0), expiresAt: minute(-5) }));
    expect(due).toEqual(minute(0).add({ seconds: 1 }));
  });

  it("is due between 40 % and 50 % of its life, whatever its key, and not within a second", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.string(), (life, grantKey) => {
        const issuedAt = minute(0);
        const due = refreshAt({ grantKey, issuedAt, expiresAt: issuedAt.add({ milliseconds: life }) });
        const passed = due?.since(issuedAt).total("milliseconds") ?? -1;
        expect(passed).toBeGreaterThanOrEqual(Math.max(Math.floor(life * 0.4), 1_000));
        expect(passed).toBeLessThanOrEqual(Math.max(Math.ceil(life / 2), 1_000));
      }),
    );
  });
});

describe("after a failure", () => {
  it.each([
    ["a tenth of what is left to the token", 3600, 360],
    ["a quarter of a second, however little is left", 2, 0.25],
  ])("the next attempt comes within %s", (_what, left, seconds) => {
    expect(retryWithin(token({ expiresAt: now.add({ seconds: left }) }), now)?.total("seconds")).toBe(seconds);
  });

  it.each([
    ["there is no token", undefined],
    ["the token names no end", token({ expiresAt: undefined })],
    ["the token has ended", token({ expiresAt: now })],
  ])("nothing hurries where %s", (_what, before) => {
    expect(retryWithin(before, now)).toBeUndefined();
  });

  it("there is time for several attempts before the end", () => {
    fc.assert(
      fc.property(fc.integer({ min: 60_000, max: 1e9 }), (life) => {
        let at = now;
        const expiresAt = now.add({ milliseconds: life });
        for (let attempt = 0; attempt < 10; attempt += 1)
          at = at.add(retryWithin({ expiresAt }, at) ?? { hours: 9999 });
        expect(Temporal.Instant.compare(at, expiresAt)).toBe(-1);
      }),
    );
  });
});
