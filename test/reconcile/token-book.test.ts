// Does the book know which tokens are wanted, by whom, and since when by nobody?
import { beforeEach, describe, expect, it } from "vitest";
import type { Grant } from "../../src/plan/grant.ts";
import type { Probe } from "../../src/plan/probe.ts";
import type { OperatorSecretRecord } from "../../src/plan/snapshot.ts";
import { type TokenBook, tokenBook, tokenSecretName, type Wanted } from "../../src/reconcile/token-book.ts";
import { tokenFromData, tokenToData } from "../../src/reconcile/token-wire.ts";
import { Redacted } from "../../src/redacted.ts";
import { type FakeClock, fakeClock } from "../fake-clock.ts";

const grant = (name: string): Grant => ({
  provider: "Static",
  namespace: "ops",
  name,
  usernameKey: "username",
  passwordKey: "password",
  perTenant: false,
});
const grants = (...keys: string[]): ReadonlyMap<string, Wanted> => probed(undefined, ...keys);
const probed = (probe: Probe | undefined, ...keys: string[]): ReadonlyMap<string, Wanted> =>
  new Map(keys.map((key) => [key, { grant: grant(key), probe }]));
const failure = { reason: "SourceMissing", cause: "Platform", retry: "on-change", message: "gone" } as const;
const seconds = (count: number): Temporal.Duration => Temporal.Duration.from({ seconds: count });

describe("the token book", () => {
  let clock: FakeClock;
  let secrets: Map<string, OperatorSecretRecord>;
  let book: TokenBook;

  beforeEach(() => {
    clock = fakeClock();
    secrets = new Map();
    book = tokenBook({ clock, secrets, operatorNamespace: "ops" });
  });

  it("asks for a token once, however many need it", () => {
    expect(book.use("one", grants("a", "b"))).toEqual(["a", "b"]);
    expect(book.use("two", grants("a", "c"))).toEqual(["c"]);
    expect(book.use("one", grants("a", "b"))).toEqual([]);
    expect([...book.users("a")]).toEqual(["one", "two"]);
    expect([...book.wanted()].map(([key]) => key)).toEqual(["a", "b", "c"]);
  });

  it("tells since when nobody needs a token, and forgets that when somebody does again", async () => {
    book.use("one", grants("a"));
    book.use("two", grants("a"));
    await clock.advance(seconds(1));
    book.use("one", grants());
    expect(book.unusedSince("a")).toBeUndefined();
    book.use("two", grants());
    await clock.advance(seconds(5));
    expect(book.unusedSince("a")).toBe(1_000);
    expect(book.use("three", grants("a"))).toEqual(["a"]);
    expect(book.unusedSince("a")).toBeUndefined();
  });

  it("counts a token that was never needed from the moment of the question", async () => {
    await clock.advance(seconds(3));
    expect(book.unusedSince("stored")).toBe(3_000);
    await clock.advance(seconds(3));
    expect(book.unusedSince("stored")).toBe(3_000);
  });

  it("remembers how the last attempt went, over a change of users too", () => {
    book.use("one", grants("a"));
    expect(book.attempts("a")).toMatchObject({ failure: undefined });
    book.ended("a", failure);
    book.use("one", grants());
    book.use("two", grants("a"));
    expect(book.attempts("a")).toMatchObject({ failure });
    book.ended("a", undefined);
    expect(book.attempts("a")).toMatchObject({ failure: undefined });
  });

  it("tries a token with the image of the first who names one, as it is named now", () => {
    const probe = { image: "ghcr.io/acme/app", host: "ghcr.io" };
    book.use("one", grants("a"));
    expect(book.probe("a")).toBeUndefined();
    book.use("two", probed({ image: undefined, host: "ghcr.io" }, "a"));
    expect(book.probe("a")).toEqual({ image: undefined, host: "ghcr.io" });
    book.use("three", probed(probe, "a"));
    book.use("four", probed({ image: "ghcr.io/acme/other", host: "ghcr.io" }, "a"));
    expect(book.probe("a")).toEqual(probe);
    book.use("three", probed({ ...probe, image: "ghcr.io/acme/mended" }, "a"));
    expect(book.probe("a")).toEqual({ ...probe, image: "ghcr.io/acme/mended" });
    book.use("three", grants());
    expect(book.probe("a")?.image).toBe("ghcr.io/acme/other");
  });

  it("forgets a token whose Secret was collected", () => {
    book.use("one", grants("a"));
    book.use("one", grants());
    book.forget("a");
    expect(book.attempts("a")).toBeUndefined();
    expect([...book.wanted()]).toEqual([]);
  });

  it("reads a token from the Secret of its name only, and only where the Secret is about this grant", () => {
    const stored = (grantKey: string): OperatorSecretRecord => {
      const minted = {
        logins: { all: { username: "ann", password: new Redacted("x") } },
        issuedAt: clock.now(),
        expiresAt: undefined,
      };
      const token = tokenFromData(tokenToData(minted, { grantKey, fingerprint: "f", state: "Issued" }), "1");
      return {
        key: `ops/${tokenSecretName("a")}`,
        resourceVersion: "1",
        namespace: "ops",
        name: tokenSecretName("a"),
        uid: "u",
        kind: "token",
        token,
      };
    };
    expect(book.token("a")).toBeUndefined();
    secrets.set(`ops/${tokenSecretName("a")}`, stored("a"));
    expect(book.token("a")).toMatchObject({ grantKey: "a" });
    secrets.set(`ops/${tokenSecretName("a")}`, stored("b"));
    expect(book.token("a")).toBeUndefined();
  });
});
