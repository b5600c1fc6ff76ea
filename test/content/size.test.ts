// Tests that a docker config is measured in bytes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tooLarge } from "../../src/content/fit.ts";

describe("a docker config", () => {
  it("may have exactly as many bytes as are allowed, not characters", () => {
    expect(tooLarge("x".repeat(100), 100)).toBeUndefined();
    expect(tooLarge("ä".repeat(50), 100)).toBeUndefined();
    expect(tooLarge("ä".repeat(51), 100)).toMatchObject({ reason: "ConfigTooLarge", retry: "on-change" });
    expect(tooLarge("x".repeat(101), 100)?.message).toContain("has 101 bytes, more than 100");
  });

  it("is measured as the API server does", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("a", "\x7f", "é", "€", "\ud800", "😀"), maxLength: 40 }),
        fc.nat({ max: 120 }),
        (text, max) => {
          expect(tooLarge(text, max) !== undefined).toBe(new TextEncoder().encode(text).length > max);
        },
      ),
    );
  });
});
