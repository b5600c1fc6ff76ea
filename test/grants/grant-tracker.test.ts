// Tests that the grant tracker knows which tokens are wanted, by whom, and since when by nobody.
import { beforeEach, describe, expect, it } from "vitest";
import type { Grant } from "../../src/providers/grant.ts";
import type { VerificationTarget } from "../../src/grants/verification-target.ts";
import type { OperatorSecretRecord } from "../../src/cluster/records.ts";
import { type GrantTracker, grantTracker, tokenSecretName, type NeededGrant } from "../../src/grants/grant-tracker.ts";
import { tokenFromData, tokenToData } from "../../src/cluster/token-wire.ts";
import { Redacted } from "../../src/runtime/redacted.ts";
import { keptItem } from "../../src/grants/token-makers.ts";
import { knownAbsent } from "../../src/runtime/watch/presence.ts";
import { type FakeClock, fakeClock } from "../fake-clock.ts";
import { googleGrant } from "../providers/grants.ts";
import { type OperatorSecrets, operatorSecrets } from "../controllers/operator-secrets.ts";

const grant = (name: string): Grant => ({
  provider: "Static",
  namespace: "ops",
  name,
  usernameKey: "username",
  passwordKey: "password",
  perTenant: false,
});
const grants = (...keys: string[]): ReadonlyMap<string, NeededGrant> => verified(undefined, ...keys);
const verified = (target: VerificationTarget | undefined, ...keys: string[]): ReadonlyMap<string, NeededGrant> =>
  new Map(keys.map((key) => [key, { grant: grant(key), target }]));
const failure = { reason: "SourceMissing", cause: "Platform", retry: "on-change", message: "gone" } as const;
const user = (namespace: string): string => `secret/${namespace}/regcred`;
const seconds = (count: number): Temporal.Duration => Temporal.Duration.from({ seconds: count });

describe("the grant tracker", () => {
  let clock: FakeClock;
  let secrets: OperatorSecrets;
  let tracker: GrantTracker;

  beforeEach(() => {
    clock = fakeClock();
    secrets = operatorSecrets();
    tracker = grantTracker({ clock, secrets, operatorNamespace: "ops" });
  });

  it("asks for a token once, however many need it", () => {
    expect(tracker.use(user("one"), grants("a", "b"))).toEqual(["a", "b"]);
    expect(tracker.use(user("two"), grants("a", "c"))).toEqual(["c"]);
    expect(tracker.use(user("one"), grants("a", "b"))).toEqual([]);
    expect([...tracker.users("a")]).toEqual([user("one"), user("two")]);
    expect([...tracker.wanted()].map(([key]) => key)).toEqual(["a", "b", "c"]);
  });

  it("tells since when nobody needs a token, and forgets that when somebody does again", async () => {
    tracker.use(user("one"), grants("a"));
    tracker.use(user("two"), grants("a"));
    await clock.advance(seconds(1));
    tracker.use(user("one"), grants());
    expect(tracker.unusedSince("a")).toBeUndefined();
    tracker.use(user("two"), grants());
    await clock.advance(seconds(5));
    expect(tracker.unusedSince("a")).toBe(1_000);
    expect(tracker.use(user("three"), grants("a"))).toEqual(["a"]);
    expect(tracker.unusedSince("a")).toBeUndefined();
  });

  it("counts a token that was never needed from the moment of the question", async () => {
    await clock.advance(seconds(3));
    expect(tracker.unusedSince("stored")).toBe(3_000);
    await clock.advance(seconds(3));
    expect(tracker.unusedSince("stored")).toBe(3_000);
  });

  it("remembers how the last attempt went, over a change of users too", () => {
    tracker.use(user("one"), grants("a"));
    expect(tracker.attempts("a")).toMatchObject({ failure: undefined });
    tracker.ended("a", failure);
    tracker.use(user("one"), grants());
    tracker.use(user("two"), grants("a"));
    expect(tracker.attempts("a")).toMatchObject({ failure, ended: true });
    tracker.ended("a", undefined);
    expect(tracker.attempts("a")).toMatchObject({ failure: undefined });
  });

  it("tries a token with the image of the first who names one, as it is named now", () => {
    const target = { image: "ghcr.io/acme/app", host: "ghcr.io" };
    tracker.use(user("one"), grants("a"));
    expect(tracker.target("a")).toBeUndefined();
    tracker.use(user("two"), verified({ image: undefined, host: "ghcr.io" }, "a"));
    expect(tracker.target("a")).toEqual({ image: undefined, host: "ghcr.io" });
    tracker.use(user("three"), verified(target, "a"));
    tracker.use(user("four"), verified({ image: "ghcr.io/acme/other", host: "ghcr.io" }, "a"));
    expect(tracker.target("a")).toEqual(target);
    tracker.use(user("three"), verified({ ...target, image: "ghcr.io/acme/mended" }, "a"));
    expect(tracker.target("a")).toEqual({ ...target, image: "ghcr.io/acme/mended" });
    tracker.use(user("three"), grants());
    expect(tracker.target("a")?.image).toBe("ghcr.io/acme/other");
  });

  it("looks no longer for the best target, however many use the grant", () => {
    const looksAmong = (count: number): number => {
      let looks = 0;
      const target: VerificationTarget = {
        host: "ghcr.io",
        get image() {
          looks += 1;
          return undefined;
        },
      };
      const asked = grantTracker({ clock, secrets, operatorNamespace: "ops" });
      for (let index = 0; index < count; index += 1) {
        asked.use(user(`team-${index}`), verified(target, "a"));
        // As each Secret's run does while the token is awaited.
        asked.target("a");
      }
      return looks / count;
    };
    expect(looksAmong(1_000)).toBe(looksAmong(10));
  });

  it("has a namespace's grants minted only as often as its budget allows, and tells when it may ask again", async () => {
    const asked = Array.from(
      { length: 40 },
      (_, index) => tracker.use(user("greedy"), grants(`label-${index}`)).length,
    );
    expect(asked.filter((count) => count > 0)).toHaveLength(20);
    expect([...tracker.wanted()]).toHaveLength(20);
    expect(tracker.leftOut(user("greedy"), "label-39")).toBe(180_000);
    expect(tracker.leftOut("secret/greedy/other", "label-39")).toBeUndefined();
    expect(tracker.use("secret/greedy/other", grants("by another name"))).toEqual([]);
    expect(tracker.use(user("another"), grants("theirs"))).toEqual(["theirs"]);
    await clock.advance(seconds(180));
    expect(tracker.use(user("greedy"), grants("label-39"))).toEqual(["label-39"]);
    expect(tracker.leftOut(user("greedy"), "label-39")).toBeUndefined();
  });

  it("does not count what is minted or being minted already, nor a namespace that is made anew", () => {
    for (let index = 0; index < 40; index += 1) tracker.use(user("flips"), grants(index % 2 === 0 ? "a" : "b"));
    expect(tracker.leftOut(user("flips"), "b")).toBeUndefined();
    for (let index = 0; index < 40; index += 1) {
      tracker.use(user("reborn"), grants(`label-${index}`));
      tracker.use(user("reborn"), grants());
    }
    expect(tracker.use(user("reborn"), grants("next"))).toEqual([]);
  });

  it("lets a namespace with many entries change all of them as often as one with few", () => {
    const all = (round: number) => grants(...Array.from({ length: 30 }, (_, index) => `${round}-${index}`));
    for (let round = 0; round < 10; round += 1) expect(tracker.use(user("large"), all(round))).toHaveLength(30);
    expect(tracker.use(user("large"), all(11)).length).toBeLessThan(30);
  });

  it("has nobody wait for a grant in place of another, nor for those of a namespace that is made anew all the time", () => {
    const isUrgent = (of: string, key: string): boolean => {
      tracker.use(user(of), grants(key));
      return tracker.isUrgent(key);
    };
    expect(isUrgent("greedy", "label-0")).toBe(true);
    expect(isUrgent("greedy", "label-1")).toBe(false);
    tracker.use(user("greedy"), grants());
    expect(isUrgent("greedy", "label-2")).toBe(false);
    expect(isUrgent("new", "theirs")).toBe(true);
  });

  it("has nobody wait for what a Secret that has a login asks for beside", () => {
    tracker.use(user("one"), grants("a"));
    tracker.use(user("one"), grants("a", "b"));
    expect([tracker.isUrgent("a"), tracker.isUrgent("b")]).toEqual([true, false]);
  });

  it("says whether it is news by which token of before a Secret lives", () => {
    const kept = new Set([keptItem("a", "uid-acme", "hub")]);
    expect([tracker.keep(user("one"), kept), tracker.keep(user("one"), kept)]).toEqual([true, false]);
    expect([tracker.keep(user("two"), kept), tracker.keep(user("one"), new Set())]).toEqual([true, false]);
    expect([...tracker.kept()]).toEqual(["a"]);
  });

  it("names the hosts that an entry has now, also where only some of them are others", () => {
    const uses = (...hosts: readonly string[]): void => {
      const makers = [{ credential: "uid-acme", entry: "hub", hosts, values: {} }];
      tracker.use(user("one"), new Map([["a", { grant: grant("a"), target: undefined, makers }]]));
    };
    uses("a.example.com", "b.example.com");
    uses("a.example.com", "c.example.com");
    expect(tracker.makers("a").map(({ hosts }) => hosts)).toEqual([["a.example.com", "c.example.com"]]);
  });

  it.each([
    ["lives", { minutes: 1 }, ["hub until 2026-01-01T00:00:00Z"]],
    ["has ended", { minutes: -1 }, []],
  ])("names who has ceased to use a token and lives by it, while it %s", async (_what, life, named) => {
    const maker = { credential: "uid-acme", entry: "hub", hosts: ["docker.io"], values: {} };
    const settled = clock.now().add({ minutes: 10 });
    const minted = {
      logins: { all: { username: "ann", password: new Redacted("x") } },
      issuedAt: clock.now(),
      expiresAt: settled.add(life),
    };
    const data = tokenToData(minted, { grantKey: "a", fingerprint: "f", state: "Issued", makers: [maker] });
    const name = tokenSecretName("a");
    const about = { key: `ops/${name}`, resourceVersion: "1", namespace: "ops", name, uid: "u" };
    secrets.set(about.key, { ...about, kind: "token", token: tokenFromData(data, "1") });
    tracker.use(user("one"), grants(), new Set([keptItem("a", "uid-acme", "hub")]));
    await clock.advance(seconds(600));
    tracker.forgetCeased("a");
    expect(tracker.makers("a").map(({ entry, until }) => `${entry} until ${until}`)).toEqual(named);
  });

  it("has somebody wait for it as soon as a new namespace needs it, or a person asks for it", () => {
    tracker.use(user("greedy"), grants("label-0"));
    tracker.use(user("greedy"), grants("shared", "other"));
    expect(tracker.use(user("new"), grants("shared"))).toEqual(["shared"]);
    expect(tracker.isUrgent("shared")).toBe(true);
    const asked = new Map([["other", { grant: grant("other"), target: undefined, refreshes: { acme: "now" } }]]);
    expect(tracker.use(user("greedy"), asked)).toEqual(["other"]);
    expect(tracker.isUrgent("other")).toBe(true);
  });

  it("tells of a grant that nobody needs any more, so that it can be forgotten", () => {
    const unused: string[] = [];
    tracker = grantTracker({ clock, secrets, operatorNamespace: "ops", onUnused: (key) => unused.push(key) });
    tracker.use(user("one"), grants("a", "b"));
    tracker.use(user("two"), grants("a"));
    tracker.use(user("one"), grants("c"));
    expect(unused).toEqual(["b"]);
  });

  it("forgets a token whose Secret was collected, and tells so who remembers something of it", () => {
    const forgotten: string[] = [];
    tracker = grantTracker({ clock, secrets, operatorNamespace: "ops", onForgotten: (key) => forgotten.push(key) });
    tracker.use(user("one"), grants("a"));
    tracker.use(user("one"), grants());
    expect(forgotten).toEqual([]);
    tracker.forget("a", knownAbsent);
    expect(forgotten).toEqual(["a"]);
    expect(tracker.attempts("a")).toBeUndefined();
    expect([...tracker.wanted()]).toEqual([]);
  });

  it("knows which grants a Secret is about: those that are made from it, and the one that is stored in it, while they are wanted", () => {
    const gcp = googleGrant({ caSecretName: "own-ca" });
    tracker.use(user("one"), new Map([...grants("a", "b"), ["c", { grant: gcp, target: undefined }]]));
    tracker.use(user("two"), new Map([["of a", { grant: grant("a"), target: undefined }]]));
    const of = (name: string): readonly string[] => [...tracker.wantedOf(name)];
    expect([of("ops/a"), of("ops/b"), of("ops/key"), of("ops/own-ca")]).toEqual([["a", "of a"], ["b"], ["c"], ["c"]]);
    expect([of("ops/regcred-token-c"), of("team-a/a"), of("ops/other")]).toEqual([["c"], [], []]);
    expect([of("ops/regcred-token-unwanted"), of("team-a/regcred-token-c")]).toEqual([[], []]);
    for (const each of ["a", "b", "c"]) tracker.forget(each, knownAbsent);
    expect([of("ops/a"), of("ops/b"), of("ops/own-ca"), of("ops/regcred-token-c")]).toEqual([["of a"], [], [], []]);
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
    expect(tracker.token("a")).toBeUndefined();
    secrets.set(`ops/${tokenSecretName("a")}`, stored("a"));
    expect(tracker.token("a")).toMatchObject({ grantKey: "a" });
    secrets.set(`ops/${tokenSecretName("a")}`, stored("b"));
    expect(tracker.token("a")).toBeUndefined();
  });
});
