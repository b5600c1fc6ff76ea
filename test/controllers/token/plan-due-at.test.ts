// Tests of the time at which a token is renewed.
import { describe, expect, it } from "vitest";
import { dueAt } from "../../../src/controllers/token/plan-refresh.ts";
import { acknowledged, refreshOf } from "../../../src/grants/refresh.ts";
import type { Token } from "../../../src/cluster/token.ts";
import { credential, frozen, minute, now, token } from "../../entitlement/objects.ts";

const living = (changes: Partial<Token> = {}): Token =>
  frozen({ ...token(), fingerprint: "f", issuedAt: minute(-10), expiresAt: minute(710), ...changes });
const refreshRequest = (refreshes: Readonly<Record<string, string>> = {}) => ({ fingerprint: "f", refreshes });

describe("a token", () => {
  it("waits for half of its life, and one without end for ever", () => {
    const due = dueAt(living(), refreshRequest(), now);
    expect(due && now.until(due).total("minutes")).toBeGreaterThan(250);
    expect(dueAt(living({ expiresAt: undefined }), refreshRequest(), now)).toBeUndefined();
  });

  it.each<[string, Token | undefined]>([
    ["is not there", undefined],
    ["was made from something else", living({ fingerprint: "other" })],
    ["is dead", living({ expiresAt: minute(-1) })],
    ["was issued while the clock ran ahead", living({ issuedAt: minute(60), expiresAt: minute(120) })],
  ])("is due at once where it %s", (_what, is) => {
    expect(dueAt(is, refreshRequest(), now)).toEqual(now);
  });

  it("whose end is near rests for a second, for its source may give the same end again and again", () => {
    const ending = living({ issuedAt: now, expiresAt: now.add({ milliseconds: 20 }) });
    expect(dueAt(ending, refreshRequest(), now)).toEqual(now.add({ seconds: 1 }));
  });

  it("is not due because the clocks of two replicas are seconds apart", () => {
    expect(dueAt(living({ issuedAt: now.add({ seconds: 30 }) }), refreshRequest(), now)).not.toEqual(now);
  });
});

describe("a request to mint at once", () => {
  it("is honoured once for each value", () => {
    const before = living();
    expect(dueAt(before, refreshRequest({ acme: "1" }), now)).toEqual(now);
    const after = living({ refreshes: acknowledged(before, refreshRequest({ acme: "1" })) });
    expect(dueAt(after, refreshRequest({ acme: "1" }), now)).not.toEqual(now);
    expect(dueAt(after, refreshRequest({ acme: "2" }), now)).toEqual(now);
  });

  it("holds for tokens without an end too", () => {
    expect(dueAt(living({ expiresAt: undefined }), refreshRequest({ acme: "1" }), now)).toEqual(now);
  });

  it("mints nothing where the annotation was taken off, or not every user of the grant is known yet", () => {
    const stored = living({ refreshes: { acme: "1", other: "2" } });
    for (const known of [{}, { acme: "1" }, { other: "2" }]) {
      expect(dueAt(stored, refreshRequest(known), now)).not.toEqual(now);
    }
  });

  it("is not forgotten by a renewal that does not know of it yet", () => {
    const stored = living({ refreshes: { acme: "1", other: "2" } });
    expect(acknowledged(stored, refreshRequest({ acme: "1" }))).toEqual({ acme: "1", other: "2" });
  });

  it("comes from the annotation, cut to what is kept with a token", () => {
    expect(refreshOf(credential())).toEqual({});
    expect(refreshOf(credential({ annotations: { "regcred.dev/refresh": "2026-01-01" } }))).toEqual({
      acme: "2026-01-01",
    });
    const long = "x".repeat(1_000);
    expect(refreshOf(credential({ annotations: { "regcred.dev/refresh": long } }))["acme"]).toHaveLength(64);
  });
});
