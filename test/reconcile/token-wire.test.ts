// Does a token come back from its Secret as it was put in?
import { describe, expect, it } from "vitest";
import { tokenFromData, tokenToData } from "../../src/reconcile/token-wire.ts";
import { Redacted } from "../../src/redacted.ts";

const minted = {
  logins: { all: { username: "ann", password: new Redacted('pä55 wörd"\\') } },
  issuedAt: Temporal.Instant.from("2026-01-01T00:00:00.123456789Z"),
  expiresAt: Temporal.Instant.from("2026-01-01T12:00:00Z"),
};
const about = { grantKey: "g", fingerprint: "u1/7", state: "Verified" } as const;
const encoded = (value: unknown): Record<string, string> => ({
  "token.json": Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64"),
});
const wire = {
  version: 1,
  grantKey: "g",
  issuedAt: "2026-01-01T00:00:00Z",
  fingerprint: "f",
  all: { username: "ann", password: "x" },
};

describe("a token Secret", () => {
  it("gives back one login for all hosts, to the nanosecond and the letter", () => {
    const token = tokenFromData(tokenToData(minted, about), "8");
    expect(token).toMatchObject({ ...about, revision: "8" });
    expect(token?.issuedAt.equals(minted.issuedAt)).toBe(true);
    expect(token?.expiresAt?.equals(minted.expiresAt)).toBe(true);
    expect(token && "all" in token.logins && token.logins.all.password.reveal()).toBe('pä55 wörd"\\');
  });

  it.each(["+057971-02-13T00:00:00Z", "+010000-01-01T00:00:00Z"])(
    "of a release that believed the year of %s gives back its login, with an end",
    (expiresAt) => {
      const token = tokenFromData(encoded({ ...wire, expiresAt }), "8");
      expect(token?.expiresAt?.toString()).toBe("2026-02-01T00:00:00Z");
    },
  );

  it("gives back a login per host, and no end where there is none", () => {
    const byHost = new Map([
      ["docker.io", { username: "ann", password: new Redacted("one") }],
      ["ghcr.io", { username: "bea", password: new Redacted("two") }],
    ]);
    const token = tokenFromData(tokenToData({ ...minted, logins: { byHost }, expiresAt: undefined }, about), "8");
    expect(token?.expiresAt).toBeUndefined();
    const logins = token && "byHost" in token.logins ? [...token.logins.byHost] : [];
    expect(logins.map(([host, { username, password }]) => [host, username, password.reveal()])).toEqual([
      ["docker.io", "ann", "one"],
      ["ghcr.io", "bea", "two"],
    ]);
  });

  it("that reads well is a token", () => {
    expect(tokenFromData(encoded(wire), "1")).toBeDefined();
  });

  it.each([
    ["Authenticated", "Authenticated"],
    [undefined, "Issued"],
    ["OfALaterVersion", "Issued"],
  ])("that is in the state %s is not lost over it", (written, read) => {
    expect(tokenFromData(encoded({ ...wire, state: written }), "1")?.state).toBe(read);
  });

  it.each<[string, Record<string, string> | undefined]>([
    ["has no data", undefined],
    ["has other data", { other: "" }],
    ["holds no base64", { "token.json": "%%%" }],
    ["is cut off", encoded('{"version":1,')],
    ["is of a later version", encoded({ ...wire, version: 2 })],
    ["holds no login", encoded({ ...wire, all: undefined })],
    ["holds an empty password", encoded({ ...wire, all: { username: "ann", password: "" } })],
    ["holds no host at all", encoded({ ...wire, all: undefined, byHost: {} })],
    [
      "holds one login that is none",
      encoded({ ...wire, all: undefined, byHost: { "a.io": wire.all, "b.io": { username: "", password: "x" } } }),
    ],
    ["holds no time", encoded({ ...wire, issuedAt: "yesterday" })],
    ["holds an end that is no time", encoded({ ...wire, expiresAt: "tomorrow" })],
  ])("that %s is as good as none", (_what, data) => {
    expect(tokenFromData(data, "1")).toBeUndefined();
  });
});
