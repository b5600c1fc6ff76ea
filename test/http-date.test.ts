// Is a time written and read as HTTP does?
import fc from "fast-check";
import { expect, it } from "vitest";
import { httpDate, instantOfHttpDate } from "../src/http-date.ts";

it("writes RFC 9110's own example", () => {
  expect(httpDate(Temporal.Instant.from("1994-11-06T08:49:37Z"))).toBe("Sun, 06 Nov 1994 08:49:37 GMT");
});

it("reads what it has written, to the second", () => {
  // Until the year 9999, the last that the format has room for.
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
      const instant = Temporal.Instant.fromEpochMilliseconds(seconds * 1000);
      expect(instantOfHttpDate(httpDate(instant))?.epochMilliseconds).toBe(instant.epochMilliseconds);
    }),
  );
});

it.each(["", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT", "1994-11-06T08:49:37Z", "06 Nov 1994"])(
  "reads nothing in %j",
  (text) => {
    expect(instantOfHttpDate(text)).toBeUndefined();
  },
);
