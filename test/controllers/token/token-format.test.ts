// Tests that an operator that is rolled back, or upgraded, by one release can read the tokens that the other one has stored.
//
// test/fixtures/tokens/format-1.json is what release 0.1.0 writes. It is never edited: an incompatible format gets another
// number, another name of the Secret (docs/design.md, "Versions") and a file of its own.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Token } from "../../../src/cluster/token.ts";
import { Redacted } from "../../../src/runtime/redacted.ts";
import { tokenSecretName } from "../../../src/grants/grant-tracker.ts";
import { tokenFromData, tokenToData } from "../../../src/cluster/token-wire.ts";

type Written = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
const fixture = join(import.meta.dirname, "../..", "fixtures", "tokens", "format-1.json");
const stored = JSON.parse(readFileSync(fixture, "utf8")) as Readonly<Record<string, Written>>;

/** As the `data` of a Secret. */
const encoded = (written: Written): Record<string, string> =>
  Object.fromEntries(
    Object.entries(written).map(([key, value]) => [key, Buffer.from(JSON.stringify(value)).toString("base64")]),
  );
const decoded = (data: Readonly<Record<string, string>>): unknown =>
  Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, JSON.parse(Buffer.from(value, "base64").toString())]),
  );

const tokens: Readonly<Record<string, Omit<Token, "revision">>> = {
  "one login": {
    grantKey: "0123456789abcdef",
    logins: { all: { username: "AWS", password: new Redacted('pä55 wörd"\\') } },
    issuedAt: Temporal.Instant.from("2026-01-01T00:00:00.123456789Z"),
    expiresAt: Temporal.Instant.from("2026-01-01T12:00:00Z"),
    fingerprint: "u1/7",
    refreshes: { acme: "1767225600" },
    state: "Verified",
  },
  "a login per host": {
    grantKey: "fedcba9876543210",
    logins: {
      byHost: new Map([
        ["docker.io", { username: "ann", password: new Redacted("one") }],
        ["ghcr.io", { username: "bea", password: new Redacted("two") }],
      ]),
    },
    issuedAt: Temporal.Instant.from("2026-01-01T00:00:00Z"),
    expiresAt: undefined,
    fingerprint: "u2/9",
    refreshes: {},
    state: "Issued",
  },
};

/** With what a Redacted hides and what an Instant is: both compare by identity. */
function plain(token: Omit<Token, "revision"> | undefined): unknown {
  if (!token) return undefined;
  const { logins, issuedAt, expiresAt, ...rest } = token;
  const login = ({ username, password }: { readonly username: string; readonly password: Redacted }): string =>
    `${username}:${password.reveal()}`;
  return {
    ...rest,
    issuedAt: issuedAt.toString(),
    expiresAt: expiresAt?.toString(),
    logins: "all" in logins ? login(logins.all) : [...logins.byHost].map(([host, each]) => `${host} ${login(each)}`),
  };
}

describe.each(Object.entries(tokens))("format 1 with %s", (name, token) => {
  const written = stored[name] ?? {};

  it("is read as it was written", () => {
    expect(plain(tokenFromData(encoded(written), "1"))).toEqual({ ...(plain(token) as object), revision: "1" });
  });

  it("is written with all that its first reader needs", () => {
    expect(decoded(tokenToData(token, token))).toMatchObject(written);
  });

  it("is read where a later release has added to it", () => {
    const later = { "token.json": { ...written["token.json"], later: { added: true } }, "beside.json": { more: 1 } };
    expect(plain(tokenFromData(encoded(later), "1"))).toEqual({ ...(plain(token) as object), revision: "1" });
  });
});

describe("a token Secret", () => {
  it("has the name that belongs to format 1", () => {
    expect(tokenSecretName("0123456789abcdef")).toBe("regcred-token-0123456789abcdef");
  });
});
