// Tests that a token comes back from its Secret as it was stored.
import { describe, expect, it } from "vitest";
import type { FormerLogins, Token } from "../../src/cluster/token.ts";
import { formerLogins, tokenFromData, tokenToData } from "../../src/cluster/token-wire.ts";
import { Redacted } from "../../src/runtime/redacted.ts";

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

const former = (password: string, issued: number, ends?: number): FormerLogins => ({
  logins: { all: { username: "ann", password: new Redacted(password) } },
  issuedAt: minted.issuedAt.add({ minutes: issued }),
  expiresAt: ends === undefined ? undefined : minted.issuedAt.add({ minutes: ends }),
});
const reported = (formers: readonly FormerLogins[] = []): readonly string[] =>
  formers.map(({ logins, issuedAt, expiresAt }) => {
    const password = "all" in logins ? logins.all.password.reveal() : "";
    return `${password.slice(0, 5)} ${issuedAt.toString()} ${expiresAt?.toString()}`;
  });

describe("the logins before a new one", () => {
  const before = (formers: readonly FormerLogins[], password = "now"): Token => ({
    ...about,
    ...former(password, 0, 720),
    revision: "1",
    formers,
  });
  const next = { ...minted, logins: former("next", 0).logins };
  const at = minted.issuedAt.add({ minutes: 30 });
  const passwords = (...args: Parameters<typeof formerLogins>): readonly string[] =>
    reported(formerLogins(...args)).map((text) => text.split(" ")[0] ?? "");

  it("are that of the token that it replaces, and of the ones before that still live, four at most", () => {
    expect(formerLogins(undefined, next, at)).toEqual([]);
    const formers = [former("a", -1), former("ended", -2, 10), former("b", -3, 60), former("c", -4), former("d", -5)];
    expect(passwords(before(formers), next, at)).toEqual(["now", "a", "b", "c"]);
    // The last one is what a tenant has whom nobody reaches.
    const over = at.add({ hours: 24 });
    expect(passwords(before([former("old", -1, 60)]), next, over)).toEqual(["now"]);
  });

  it("are those before where the same login is handed out again", () => {
    expect(passwords(before([former("a", -1), former("b", -2)], "next"), next, at)).toEqual(["a", "b"]);
    expect(formerLogins(before([], "next"), next, at)).toEqual([]);
  });

  it("take no more room than a Secret has, but for the last", () => {
    const large = (name: string): FormerLogins => former(name.repeat(100_000), -1);
    expect(passwords(before([large("a"), large("b"), former("c", -1)]), next, at)).toEqual(["now", "aaaaa"]);
    expect(passwords(before([], "n".repeat(300_000)), next, at)).toEqual(["nnnnn"]);
  });
});

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

  it("gives back those before it, with their times; an earlier release finds the last of them where it looks", () => {
    const formers = [former("one", -60), former("two", -120, 60)];
    const data = tokenToData(minted, { ...about, formers });
    expect(reported(tokenFromData(data, "8")?.formers)).toEqual(reported(formers));
    const { formers: _later, ...earlier } = JSON.parse(atob(data["token.json"] ?? "")) as Record<string, unknown>;
    expect(earlier["former"]).toEqual({ all: { username: "ann", password: "one" } });
    const [only, ...others] = tokenFromData(encoded(earlier), "8")?.formers ?? [];
    expect([only && "all" in only.logins && only.logins.all.password.reveal(), only?.expiresAt, others]).toEqual([
      "one",
      undefined,
      [],
    ]);
    expect(only && Temporal.Instant.compare(only.issuedAt, minted.issuedAt)).toBe(-1);
  });

  it.each([[[{ all: { username: "ann" }, issuedAt: "x" }]], ["nonsense"], [[{ all: 7 }]]])(
    "with %j for those before it is a token without",
    (formers) => {
      expect(tokenFromData(encoded({ ...wire, formers }), "8")).toMatchObject({ grantKey: "g", revision: "8" });
      expect(tokenFromData(encoded({ ...wire, formers }), "8")).not.toHaveProperty("formers");
    },
  );

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
