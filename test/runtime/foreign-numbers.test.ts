// Tests that no number or time from outside is believed beyond its bounds.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  inMilliseconds,
  type Bound,
  boundedEnd,
  boundedEndOfText,
  boundedNumber,
  boundedSeconds,
  bounds,
  byOwnClock,
  retryAfterIn,
  timeOfDate,
  timeOfNumber,
  timeOfText,
} from "../../src/runtime/foreign-numbers.ts";
import { httpDate } from "../../src/runtime/http-date.ts";
import { markdownFiles } from "../documents.ts";

const now = Temporal.Instant.from("2026-01-01T12:00:00Z");
const year9999 = 253_402_300_799;

describe("the table", () => {
  it("has a unit, a least, a most, and what happens inMilliseconds, for each kind", () => {
    const rows = Object.entries<Bound>(bounds).map(
      ([kind, { unit, min, below, max, above, absurd }]) => [kind, unit, min, below, max, above, absurd] as const,
    );
    expect(rows).toEqual([
      ["cloudWait", "seconds", 0, "none", 900, "max", undefined],
      ["apiWait", "seconds", 0, "none", 40, "max", undefined],
      ["life", "seconds", 0, "none", 2_678_400, "milliseconds", 315_360_000],
      ["time", "seconds since 1970", 0, "none", year9999, "milliseconds", undefined],
      ["lease", "seconds", 1, "min", 60, "max", undefined],
      ["transitions", "count", 0, "none", 2_147_483_646, "none", undefined],
      ["count", "count", 0, "none", 999_999_999_999_999, "none", undefined],
      ["port", "port", 1, "none", 65_535, "none", undefined],
    ]);
  });
});

it("stands in docs/design.md, with every row", () => {
  const design = markdownFiles.find(({ path }) => path === "docs/design.md")?.text ?? "";
  const [, section = ""] = design.split("\n## Numbers of others\n");
  const rows = [...(section.split("\n## ")[0] ?? "").matchAll(/^\| `(\w+)` .*$/gm)].map(([line]) =>
    line.split("|").map((cell) => cell.trim()),
  );
  expect(rows.map(([, row, , unit, min, max]) => [row, unit, min, max])).toEqual(
    Object.entries(bounds).map(([row, { unit, min, max }]) => [`\`${row}\``, unit, String(min), String(max)]),
  );
});

const { time: _, ...plain } = bounds;

describe.each(Object.entries(plain))("%s", (_kind, bound) => {
  const cut = (how: Bound["above"], number: number): number | undefined =>
    ({ none: undefined, min: bound.min, max: bound.max, milliseconds: Math.min(number / 1000, bound.max) })[how];

  it("is taken from the least to the most, as a number or its digits", () => {
    for (const number of [bound.min, bound.min + 1, bound.max]) {
      expect(boundedNumber(number, bound)).toBe(number);
      expect(boundedNumber(String(number), bound)).toBe(number);
    }
  });

  it("is cut or ignored beyond", () => {
    expect(boundedNumber(bound.min - 1, bound)).toBe(cut(bound.below, bound.min - 1));
    const { absurd = Infinity }: Bound = bound;
    expect(boundedNumber(bound.max + 1, bound)).toBe(cut(bound.above, bound.max + 1));
    for (const number of [absurd - 1, absurd, 1e15, 1e308, "9".repeat(32)]) {
      expect(boundedNumber(number, bound)).toBe(Number(number) < absurd ? cut(bound.above, Number(number)) : undefined);
    }
  });

  it.each([
    NaN,
    Infinity,
    -Infinity,
    "0x10",
    "1e3",
    "1.5",
    "-1",
    "+1",
    " 1",
    "",
    "9".repeat(33),
    null,
    undefined,
    [1],
    {},
    true,
  ])("is nothing where it is %j", (value) => {
    expect(boundedNumber(value, bound)).toBeUndefined();
  });

  it("is within the bounds, whatever comes", () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.double(), fc.bigInt().map(String)), (value) => {
        const number = boundedNumber(value, bound);
        if (number === undefined) return;
        expect(number).toBeGreaterThanOrEqual(bound.min);
        expect(number).toBeLessThanOrEqual(bound.max);
      }),
    );
  });
});

describe("seconds", () => {
  it("are whole milliseconds of a Duration", () => {
    expect(boundedSeconds(1.5, bounds.life)?.total("milliseconds")).toBe(1_500);
    expect(boundedSeconds(0.000_1, bounds.life)?.total("milliseconds")).toBe(0);
    expect(boundedSeconds(1e8, bounds.life)?.total("seconds")).toBe(1e5);
  });
});

describe("a length of life", () => {
  it.each([
    ["12 hours", 43_200, 43_200, false],
    ["a day", 86_400, 86_400, false],
    ["a day and a second", 86_401, 86_401, false],
    ["two days", 172_800, 172_800, false],
    ["a week", 604_800, 604_800, false],
    ["30 days", "2592000", 2_592_000, false],
    ["2 minutes in milliseconds", 120_000, 120, true],
    ["5 minutes in milliseconds", 300_000, 300, true],
    ["45 minutes in milliseconds, or more than a month", 2_700_000, 2_700, true],
    ["an hour in milliseconds, as a text", "3600000", 3_600, true],
    ["what is left of an hour in milliseconds", 3_599_123, 3_599.123, true],
    ["two days in milliseconds, or five years", 172_800_000, 172_800, true],
  ] as const)("is believed, or taken for milliseconds: %s", (_what, value, seconds, isReported) => {
    expect([boundedNumber(value, bounds.life), inMilliseconds(value, bounds.life) !== undefined]).toEqual([
      seconds,
      isReported,
    ]);
  });

  it("that is a time, or nothing that could be one, is no doubt but no length", () => {
    expect([boundedNumber(1_800_000_000, bounds.life), inMilliseconds("soon", bounds.life)]).toEqual([
      undefined,
      undefined,
    ]);
  });
});

describe("Retry-After", () => {
  it.each([
    ["7", 7],
    [" 7 ", 7],
    ["0", 0],
    ["900", 900],
    ["901", 900],
    ["999999", 900],
    ["99999999", 900],
    ["Thu, 01 Jan 2026 12:01:30 GMT", 90],
    ["Thu, 01 Jan 2026 11:00:00 GMT", 0],
    ["Fri, 31 Dec 9999 23:59:59 GMT", 900],
    ["Thursday, 01-Jan-26 12:01:30 GMT", 90],
    ["Thu Jan  1 12:01:30 2026", 90],
    // A proxy's own beside the server's: as long as either wants.
    ["7, 120", 120],
    ["120,7", 120],
    ["Thu, 01 Jan 2026 12:01:30 GMT, 7", 90],
    ["7, Thursday, 01-Jan-26 12:01:30 GMT", 90],
    ["soon, 7", 7],
    [", 7,", 7],
  ])("of %j is %i seconds", (header, seconds) => {
    expect(retryAfterIn({ "retry-after": header }, now)?.total("seconds")).toBe(seconds);
  });

  it.each([
    undefined,
    "",
    "soon",
    "-1",
    "1.5",
    "0x10",
    "Thu, 99 Jan 2026 12:00:00 GMT",
    "Thu, 01 Foo 2026 12:00:00 GMT",
    "Thu, 01 Jan 10000 12:00:00 GMT",
  ])("of %j says nothing", (header) => {
    expect(retryAfterIn({ "retry-after": header }, now)).toBeUndefined();
  });

  it.each([
    ["Thu, 01 Jan 2026 12:10:00 GMT", "Thu, 01 Jan 2026 12:11:00 GMT", 60],
    ["Thu, 01 Jan 2026 11:50:00 GMT", "Thu, 01 Jan 2026 11:51:00 GMT", 60],
    ["Thu, 01 Jan 2026 11:50:00 GMT", "Thu, 01 Jan 2026 11:49:00 GMT", 0],
  ])("of a server whose clock shows %s is a time of that clock: %s", (date, header, seconds) => {
    expect(retryAfterIn({ date, "retry-after": header }, now)?.total("seconds")).toBe(seconds);
  });
});

describe("a time as a number", () => {
  it.each<[unknown, string]>([
    [0, "1970-01-01T00:00:00Z"],
    [1_767_268_800, "2026-01-01T12:00:00Z"],
    ["1767268800", "2026-01-01T12:00:00Z"],
    [1_767_268_800.9, "2026-01-01T12:00:00.9Z"],
    [year9999, "9999-12-31T23:59:59Z"],
    // Milliseconds: as seconds, the year 57971.
    [1_767_268_800_000, "2026-01-01T12:00:00Z"],
    ["1767268800000", "2026-01-01T12:00:00Z"],
    [year9999 + 1, "1978-01-11T21:31:40.8Z"],
    [year9999 * 1000, "9999-12-31T23:59:59Z"],
  ])("%j is %s", (value, time) => {
    expect(timeOfNumber(value)?.toString()).toBe(time);
  });

  it.each([-1, NaN, Infinity, year9999 * 1000 + 1, 1e308, "0x10", "1e3", "", "soon", null, undefined, {}])(
    "%j is none",
    (value) => {
      expect(timeOfNumber(value)).toBeUndefined();
    },
  );
});

describe("a time as a Date", () => {
  it("is that, and none where it holds none", () => {
    const date = (milliseconds: number): object => ({ valueOf: () => milliseconds });
    expect(timeOfDate(date(1_767_268_800_500))?.toString()).toBe("2026-01-01T12:00:00.5Z");
    expect(timeOfDate(date(Number.NaN))).toBeUndefined();
    expect(timeOfDate(date(-1))).toBeUndefined();
    expect(timeOfDate({})).toBeUndefined();
    expect(timeOfDate(undefined)).toBeUndefined();
  });
});

describe("a time of a server", () => {
  const at = (minutes: number): Temporal.Instant => now.add({ minutes });
  const date = (minutes: number): { readonly date: string } => ({ date: httpDate(at(minutes)) });

  it.each([
    ["is taken as it is where its clock is ours", 0, 5, 5],
    ["is taken as it is where clocks differ by a minute", 1, 5, 5],
    ["comes earlier where its clock is ahead by 10 minutes, so that what lives for 5 is renewed in time", 10, 15, 5],
    ["comes earlier where its clock is ahead, also where it has passed by then", 10, 9, -1],
    ["is taken as it is where its clock is behind, and it is still to come: renewed early does no harm", -10, 50, 50],
    ["is still to come where its clock is behind by 10 minutes, and it has passed by ours", -10, -5, 5],
    ["has passed where by either clock it has", -10, -15, -5],
    ["is taken as it is where clocks are further apart than wrong ones are: ahead", 61, 90, 90],
    ["is taken as it is where clocks are further apart than wrong ones are: behind", -61, -5, -5],
  ])("%s", (_what, theirs, value, end) => {
    expect(byOwnClock(at(value), date(theirs), now)).toEqual(at(end));
  });

  it.each([undefined, "", "now", "2026-01-01T12:10:00Z"])("is taken as it is where Date is %j", (text) => {
    expect(byOwnClock(at(15), { date: text }, now)).toEqual(at(15));
  });
});

describe("a time as text", () => {
  it.each(["1970-01-01T00:00:00Z", "2026-01-01T12:00:00Z", "9999-12-31T23:59:59Z"])("%s is one", (text) => {
    expect(timeOfText(text)?.toString()).toBe(text);
  });

  it.each([
    "",
    "soon",
    "2026-01-01",
    "2026-01-01T12:00:00",
    "1969-12-31T23:59:59Z",
    "+010000-01-01T00:00:00Z",
    "+057971-01-01T00:00:00Z",
    "-000001-01-01T00:00:00Z",
    `2026-01-01T12:00:00Z${" ".repeat(1_000)}`,
  ])("%j is none", (text) => {
    expect(timeOfText(text)).toBeUndefined();
  });
});

describe("an end", () => {
  it("counts as it is within a month, and a month is the most that counts", () => {
    const soon = now.add({ hours: 12 });
    expect(boundedEnd(soon, now)).toEqual(soon);
    const latest = now.add({ hours: 31 * 24 });
    expect(boundedEnd(latest, now)).toEqual(latest);
    expect(boundedEnd(Temporal.Instant.from("9999-12-31T23:59:59Z"), now)).toEqual(latest);
    expect(boundedEnd(Temporal.Instant.from("+057971-01-01T00:00:00Z"), now)).toEqual(latest);
  });

  it("that 0.1.0 has stored counts as it is while RFC 3339 has it, else as the latest, and not where it is no time", () => {
    expect(boundedEndOfText("9999-12-31T23:59:59Z", now)?.toString()).toBe("9999-12-31T23:59:59Z");
    expect(boundedEndOfText("+057971-01-01T00:00:00Z", now)).toEqual(now.add({ hours: 31 * 24 }));
    expect(boundedEndOfText("tomorrow", now)).toBeUndefined();
  });

  it("is RFC 3339 and ahead, whatever an issuer says", () => {
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.integer(), fc.maxSafeInteger()), (value) => {
        const end = timeOfNumber(value);
        if (!end) return;
        expect(boundedEnd(end, now).toString()).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      }),
    );
  });
});
