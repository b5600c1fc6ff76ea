// Tests of reading the claims of a JSON Web Token, and of texts that are none.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jwtClaims, jwtExpiry } from "../../src/runtime/jwt-claims.ts";

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const jwt = (claims: unknown): string => `${part({ alg: "none" })}.${part(claims)}.c2ln`;

describe("the claims of a token", () => {
  it("are read, whatever letters they hold", () => {
    // Padding of each length, and both letters in which base64url differs.
    for (const sub of ["a", "ab", "abc", "ÿÿÿ???>>>", "東京"]) expect(jwtClaims(jwt({ sub }))).toEqual({ sub });
  });

  it.each([
    ["an opaque token", "abcdef"],
    ["nothing", ""],
    ["two parts", `${part({})}.${part({})}`],
    ["no base64", "a.%%%.c"],
    ["no JSON", `a.${Buffer.from("{").toString("base64url")}.c`],
    ["a list", jwt([1])],
    ["a text", jwt("sub")],
    ["null", jwt(null)],
  ])("are none for %s", (_what, token) => {
    expect(jwtClaims(token)).toBeUndefined();
    expect(jwtExpiry(token)).toBeUndefined();
  });

  it("never make the reader fail", () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), (text, claims) => {
        for (const token of [text, `a.${text}.c`, jwt(claims), jwt({ exp: claims })]) {
          expect(() => jwtExpiry(token)).not.toThrow();
        }
      }),
    );
  });
});

describe("the end of a token", () => {
  it.each([
    [1_767_268_800, "2026-01-01T12:00:00Z"],
    [1_767_268_800.5, "2026-01-01T12:00:00.5Z"],
    [0, "1970-01-01T00:00:00Z"],
    ["1767268800", "2026-01-01T12:00:00Z"],
    [1_767_268_800_000, "2026-01-01T12:00:00Z"],
  ])("is read from exp %j", (exp, expected) => {
    expect(jwtExpiry(jwt({ exp }))?.toString()).toBe(expected);
  });

  it.each(["0x10", "", null, undefined, 1e15, 1e300, -1e300, {}, true])("is none where exp is %j", (exp) => {
    expect(jwtExpiry(jwt({ exp }))).toBeUndefined();
  });
});
