// Tests that a glob matches as an administrator expects, and quickly whatever a tenant calls a namespace.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { globMatches } from "../../src/runtime/glob.ts";

describe("a glob", () => {
  it.each([
    ["team-a", "team-a", true],
    ["team-a", "team-ab", false],
    ["team-a", "xteam-a", false],
    ["team-*", "team-a", true],
    ["team-*", "team-", true],
    ["team-*", "team", false],
    ["*", "anything", true],
    ["*-prod", "team-a-prod", true],
    ["*-prod", "team-a-prod-2", false],
    ["a*b*c", "axxbyyc", true],
    ["a*b*c", "axxcyyb", false],
    ["*ab", "aab", true],
    ["team-?", "team-a", true],
    ["team-?", "team-", false],
    ["team-?", "team-ab", false],
    ["?*", "a", true],
    ["**", "a", true],
    ["a.b", "axb", false],
    ["[ab]", "a", false],
    ["a+", "aa", false],
    ["$(x)", "$(x)", true],
  ])("%s against %s: %s", (glob, name, expected) => {
    expect(globMatches(glob, name)).toBe(expected);
  });

  it("agrees with the regular expression that says the same", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "-", "."), maxLength: 8 });
    const glob = fc.string({ unit: fc.constantFrom("a", "b", "-", ".", "*", "?"), maxLength: 8 });
    fc.assert(
      fc.property(glob, text, (pattern, name) => {
        const source = pattern.replaceAll(".", "\\.").replaceAll("?", ".").replaceAll("*", ".*");
        expect(globMatches(pattern, name)).toBe(new RegExp(`^${source}$`).test(name));
      }),
    );
  });

  it("with many stars ends soon on a name that nearly matches", () => {
    expect(globMatches(`${"*a".repeat(30)}b`, "a".repeat(253))).toBe(false);
  });
});
