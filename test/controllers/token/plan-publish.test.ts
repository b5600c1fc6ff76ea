// Tests that a token is held back only where that takes nothing from a tenant.
import { describe, expect, it } from "vitest";
import { publication, type Publication } from "../../../src/controllers/token/plan-publish.ts";
import { minute, now, token } from "../../entitlement/objects.ts";

const lasting = (issued: number, expires: number | undefined) =>
  token({ issuedAt: minute(issued), expiresAt: expires === undefined ? undefined : minute(expires) });

describe("a new token", () => {
  it.each(["Verified", "Authenticated", "Inconclusive"] as const)("that is %s is published", (verification) => {
    expect(publication(verification, undefined, now)).toBe("publish");
    expect(publication(verification, lasting(-60, 60), now)).toBe("publish");
    expect(publication(verification, lasting(-60, undefined), now)).toBe("publish");
  });

  // max(10 % of the life, 10 minutes): docs/design.md.
  it.each<[Publication, string, ReturnType<typeof token> | undefined]>([
    ["publish-unverified", "there was none before", undefined],
    ["publish-unverified", "the old one has ended", lasting(-60, 0)],
    ["hold", "the old one names no end", lasting(-60, undefined)],
    ["hold", "a short-lived one has more than 10 minutes left", lasting(-49, 11)],
    ["publish-unverified", "a short-lived one has 10 minutes left", lasting(-50, 10)],
    ["hold", "a long-lived one has more than a tenth of its life left", lasting(-647, 73)],
    ["publish-unverified", "a long-lived one has a tenth of its life left", lasting(-648, 72)],
    ["publish-unverified", "the old one never lives for 10 minutes", lasting(-1, 5)],
  ])("that is Denied: %s where %s", (expected, _where, before) => {
    expect(publication("Denied", before, now)).toBe(expected);
  });

  it("that is Denied is not held back where the registry does not take the old one either", () => {
    expect(publication("Denied", lasting(-60, 660), now, true)).toBe("hold");
    expect(publication("Denied", lasting(-60, 660), now, false)).toBe("publish-unverified");
  });
});
