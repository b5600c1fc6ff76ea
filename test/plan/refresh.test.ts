// When is a token due?
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { refreshAt } from "../../src/plan/refresh.ts";
import { minute, token } from "./objects.ts";

describe("a token", () => {
  it("is due when half of its life has passed", () => {
    expect(refreshAt(token({ issuedAt: minute(0), expiresAt: minute(720) }))).toEqual(minute(360));
  });

  it("that names no end is never due", () => {
    expect(refreshAt(token({ expiresAt: undefined }))).toBeUndefined();
  });

  it("that was born dead is due at once", () => {
    expect(refreshAt(token({ issuedAt: minute(0), expiresAt: minute(-5) }))).toEqual(minute(0));
  });

  it("is never due before it is issued, nor after the middle of its life", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), (life) => {
        const issuedAt = minute(0);
        const due = refreshAt({ issuedAt, expiresAt: issuedAt.add({ milliseconds: life }) });
        const passed = due?.since(issuedAt).total("milliseconds") ?? -1;
        expect(passed).toBeGreaterThanOrEqual(0);
        expect(passed).toBeLessThanOrEqual(life / 2);
      }),
    );
  });
});
