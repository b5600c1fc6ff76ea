// Tests of when a token is due, and how soon after a failure it is tried again.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isRepeat, refreshAt, retryWithin } from "../../../src/controllers/token/plan-refresh.ts";
import { minute, now, token } from "../../entitlement/objects.ts";

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
      { examples: [[295_510_326, "-A0"]] },
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

describe("a token that its source hands out again", () => {
  const hour = token({ grantKey: first, issuedAt: minute(0), expiresAt: minute(60) });
  const left = (due: Temporal.Instant | undefined): number => due?.until(minute(60)).total("minutes") ?? Number.NaN;

  it("is asked for again when a sixteenth of its life is left, then half of that, and so on", () => {
    const lefts: number[] = [];
    for (let at = minute(30), index = 0; index < 4; index += 1) {
      const due = refreshAt(hour, { at, tokens: 1 }) ?? at;
      lefts.push(left(due));
      at = due;
    }
    expect(lefts).toEqual([3.75, 1.875, 0.9375, 0.46875]);
  });

  it.each([
    ["asked for at half of its life all the same after one like it", 1, 30],
    ["not asked for at half of its life after two like it", 2, 3.75],
  ])("is %s", (_what, tokens, expected) => {
    expect(left(refreshAt(hour, { at: undefined, tokens }))).toBe(expected);
  });

  it("is not asked for within a second, and always again", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 0, max: 2e9 }), (life, passed) => {
        const at = minute(0).add({ milliseconds: passed });
        const due = refreshAt({ ...hour, expiresAt: minute(0).add({ milliseconds: life }) }, { at, tokens: 1 });
        expect(due?.since(at).total("milliseconds")).toBeGreaterThanOrEqual(1_000);
      }),
    );
  });

  const refreshRequest = { fingerprint: hour.fingerprint, refreshes: {} };
  it.each<[string, boolean, Partial<Parameters<typeof isRepeat>[1]>, object, Temporal.Instant]>([
    ["with the same end", true, { expiresAt: minute(60) }, {}, minute(30)],
    ["with an end that is a second later", true, { expiresAt: minute(60).add({ seconds: 1 }) }, {}, minute(30)],
    ["with an end that is 30 s earlier", true, { expiresAt: minute(60).subtract({ seconds: 30 }) }, {}, minute(30)],
    ["with an end that is a minute later", false, { expiresAt: minute(61) }, {}, minute(30)],
    ["with no end any more", false, { expiresAt: undefined }, {}, minute(30)],
    ["from another version of its source", false, { expiresAt: minute(60) }, { fingerprint: "other" }, minute(30)],
    ["when a person has asked for it", false, { expiresAt: minute(60) }, { refreshes: { acme: "1" } }, minute(30)],
    ["when it has ended", false, { expiresAt: minute(60) }, {}, minute(60)],
    ["before it was issued", false, { expiresAt: minute(60) }, {}, minute(-1)],
  ])("%s has changed nothing: %s", (_what, expected, minted, changed, at) => {
    expect(isRepeat(hour, { expiresAt: undefined, ...minted }, { ...refreshRequest, ...changed }, at)).toBe(expected);
  });

  it("may differ by a twentieth of its life at most", () => {
    const short = token({ issuedAt: minute(0), expiresAt: minute(1), fingerprint: hour.fingerprint });
    const ends = [3, 4].map((seconds) => ({ expiresAt: minute(1).add({ seconds }) }));
    expect(ends.map((end) => isRepeat(short, end, refreshRequest, minute(0)))).toEqual([true, false]);
  });

  it("names no end, as before", () => {
    const endless = token({ issuedAt: minute(0), expiresAt: undefined, fingerprint: hour.fingerprint });
    expect(isRepeat(endless, { expiresAt: undefined }, refreshRequest, minute(1))).toBe(true);
    expect(isRepeat(undefined, { expiresAt: undefined }, refreshRequest, minute(1))).toBe(false);
  });
});
