// Tests of writing and parsing HTTP dates.
import fc from "fast-check";
import { expect, it } from "vitest";
import { httpDate, instantOfHttpDate } from "../../src/runtime/http-date.ts";

const now = Temporal.Instant.from("2026-11-30T12:00:00Z");

it("writes RFC 9110's own example", () => {
  expect(httpDate(Temporal.Instant.from("1994-11-06T08:49:37Z"))).toBe("Sun, 06 Nov 1994 08:49:37 GMT");
});

it("reads what it has written, to the second", () => {
  // Until the year 9999, the last that the format has room for.
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
      const instant = Temporal.Instant.fromEpochMilliseconds(seconds * 1000);
      expect(instantOfHttpDate(httpDate(instant), now)?.epochMilliseconds).toBe(instant.epochMilliseconds);
    }),
  );
});

it.each([
  "Sun, 06 Nov 1994 08:49:37 GMT",
  "Sunday, 06-Nov-94 08:49:37 GMT",
  "Sun Nov  6 08:49:37 1994",
  " Sun Nov  6 08:49:37 1994 ",
])("reads each form of RFC 9110's example: %j", (text) => {
  expect(instantOfHttpDate(text, now)?.toString()).toBe("1994-11-06T08:49:37Z");
});

it.each([
  ["Wednesday, 02-Dec-26 10:00:00 GMT", "2026-12-02T10:00:00Z"],
  ["Monday, 30-Nov-76 12:00:00 GMT", "2076-11-30T12:00:00Z"],
  ["Tuesday, 30-Nov-76 12:00:01 GMT", "1976-11-30T12:00:01Z"],
  ["Friday, 31-Dec-99 23:59:59 GMT", "1999-12-31T23:59:59Z"],
  ["Saturday, 01-Jan-00 00:00:00 GMT", "2000-01-01T00:00:00Z"],
  // 2100 is no leap year, nor is 1900.
  ["Tuesday, 29-Feb-00 12:00:00 GMT", "2000-02-29T12:00:00Z"],
  ["Sunday, 29-Feb-76 12:00:00 GMT", "2076-02-29T12:00:00Z"],
  ["Friday, 29-Feb-80 12:00:00 GMT", "1980-02-29T12:00:00Z"],
])("a year of two digits lies no more than fifty years ahead: %j", (text, time) => {
  expect(instantOfHttpDate(text, now)?.toString()).toBe(time);
});

it("a year of two digits may be of the next century", () => {
  const late = Temporal.Instant.from("2099-12-31T23:00:00Z");
  expect(instantOfHttpDate("Friday, 01-Jan-00 01:00:00 GMT", late)?.toString()).toBe("2100-01-01T01:00:00Z");
});

it.each([
  "",
  "Sun, 06 Foo 1994 08:49:37 GMT",
  "Sun, 31 Feb 1994 08:49:37 GMT",
  "1994-11-06T08:49:37Z",
  "06 Nov 1994",
  "Sunday, 06-Nov-1994 08:49:37 GMT",
  "Sunday, 31-Feb-94 08:49:37 GMT",
  "Sunday, 29-Feb-01 08:49:37 GMT",
  "Sun, 06-Nov-94 08:49:37 GMT",
  "Sun Nov 6 08:49:37 1994",
  "Sun Nov  6 08:49:37 1994 GMT",
  "Sun Feb 30 08:49:37 1994",
])("reads nothing in %j", (text) => {
  expect(instantOfHttpDate(text, now)).toBeUndefined();
});
