// Tests of a token's expiry.
import { describe, expect, it } from "vitest";
import { isAlive } from "../../src/cluster/token.ts";
import { minute, now, token } from "../entitlement/objects.ts";

describe("a token", () => {
  it.each([
    ["before its end", minute(1), true],
    ["at its end", minute(0), false],
    ["after its end", minute(-1), false],
    ["that names no end", undefined, true],
  ])("%s", (_when, expiresAt, expected) => {
    expect(isAlive(token({ expiresAt }), now)).toBe(expected);
  });
});
