// Tests that text of others can do nothing but be read.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { escapedJson, foreignText, isPrintable, printable, quotedText } from "../../src/runtime/foreign-text.ts";
import { anything, obeyedIn } from "../foreign-texts.ts";

describe("text of others", () => {
  it("is one line of printable characters, no longer than asked for, whatever was written", () => {
    fc.assert(
      fc.property(anything, fc.integer({ min: 1, max: 300 }), (text, longest) => {
        const shown = foreignText(text, longest);
        expect(obeyedIn(shown)).toEqual([]);
        expect(shown.length).toBeLessThanOrEqual(longest);
        expect(isPrintable(shown)).toBe(true);
        expect(foreignText(shown, longest)).toBe(shown);
      }),
      { numRuns: 2_000 },
    );
  });

  it("cannot end its quotation", () => {
    fc.assert(
      fc.property(anything, (text) => {
        expect(quotedText(text)).toMatch(/^"[^"]*"$/u);
        expect(obeyedIn(quotedText(text))).toEqual([]);
      }),
    );
  });

  it.each([
    ["letters of every script stay", "Grüße, 日本語, العربية, 𝕏", "Grüße, 日本語, العربية, 𝕏"],
    ["white space is folded", " a\t\n\r b\u2028c\u0085d ", "a b c d"],
    ["an escape is shown as something unknown", "a\u001B[31mb", "a\uFFFD[31mb"],
    ["what is cut says so", "x".repeat(300), `${"x".repeat(199)}…`],
    ["no character is cut in two", `${"x".repeat(198)}𝕏𝕏`, `${"x".repeat(198)}…`],
    ["marks do not pile up", `e${"\u0301".repeat(50)}`, `e${"\u0301".repeat(4)}`],
  ])("%s", (_what, text, shown) => {
    expect(foreignText(text)).toBe(shown);
  });

  it("costs little, however long it is", () => {
    const long = "\u001B".repeat(50_000_000);
    const start = performance.now();
    foreignText(long);
    expect(performance.now() - start).toBeLessThan(500);
  });

  it("is escaped in JSON, which means the same", () => {
    fc.assert(
      fc.property(anything, (text) => {
        const json = escapedJson(JSON.stringify({ text }, undefined, 2));
        expect(obeyedIn(json.replaceAll("\n", ""))).toEqual([]);
        expect(JSON.parse(json)).toEqual({ text });
      }),
    );
  });

  it("keeps its lines and tabs on the way to a terminal, and nothing else", () => {
    fc.assert(
      fc.property(anything, (text) => {
        expect(obeyedIn(printable(text).replaceAll(/[\n\t]/g, ""))).toEqual([]);
        expect(printable(text).split("\n").length).toBe(text.split("\n").length);
      }),
    );
  });
});
