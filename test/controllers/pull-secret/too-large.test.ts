// Tests that where not everything fits into a pull Secret, what is too large holds up nobody else.
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { type EntryToken, type Contribution, contentOf, type Former } from "../../../src/content/content.ts";
import { contentWithin, type Hosts } from "../../../src/content/fit.ts";
import { planPullSecret } from "../../../src/controllers/pull-secret/plan.ts";
import type { LiveSecret } from "../../../src/cluster/pull-secret-object.ts";
import type { PullSecretPlan } from "../../../src/controllers/pull-secret/plan-types.ts";
import { entryToken, failure, frozen, login, now, token } from "../../entitlement/objects.ts";
import { live, recordOf, snapshot, written, wants } from "./plan-scenario.ts";

const hostOf = (name: string): string => `${name}.example.com`;
/** A RegistryCredential with one entry, whose login has so long a password. */
const serving = (name: string, length: number, changes: Partial<EntryToken> = {}): Contribution => ({
  credential: name,
  entries: [
    entryToken({
      entry: "hub",
      hosts: [hostOf(name)],
      source: token({ grantKey: `grant-${name}`, logins: { all: login("x", "y".repeat(length)) } }),
      ...changes,
    }),
  ],
});
/** @param secret as it stands; undefined: there is none */
const decided = (
  contributions: readonly Contribution[],
  maxBytes: number,
  secret?: LiveSecret,
  onConflict: "Fail" | "Merge" = "Fail",
): PullSecretPlan =>
  planPullSecret(
    snapshot({
      ...wants(contributions, { onConflict }),
      record: secret && recordOf(secret, { type: secret.type }),
      live: secret,
      maxBytes,
    }),
  );
const standing = (plan: PullSecretPlan): LiveSecret => live({ ...written(plan) });
const authsIn = ({ dockerConfig = "" }: Pick<LiveSecret, "dockerConfig">): Readonly<Record<string, unknown>> =>
  (JSON.parse(dockerConfig) as { auths: Record<string, unknown> }).auths;
const after = (plan: PullSecretPlan, before?: LiveSecret): Readonly<Record<string, unknown>> =>
  "body" in plan.action ? authsIn(plan.action.body) : before ? authsIn(before) : {};
const missingIn = ({ missing = [] }: PullSecretPlan): readonly string[] => missing.map(({ credential }) => credential);
/** Bytes of the docker config that holds all of them. */
const sizeOf = (...contributions: readonly Contribution[]): number => contentOf(contributions, now).text?.length ?? 0;

const small = [serving("a", 10), serving("b", 10)];
const room = sizeOf(...small) + 100;

describe("a RegistryCredential whose logins do not fit", () => {
  it("is decided by an annotation that is read as often for one entry as for forty, for a tenant may have made it long", () => {
    const reads = (entries: number): number => {
      let count = 0;
      const content = contentOf(frozen(Array.from({ length: entries }, (_, index) => serving(`c${index}`, 100))), now);
      const standingThere = {
        get annotation() {
          count += 1;
          return "[]";
        },
        holds: () => false,
        stands: () => false,
      };
      const textOf = ({ served }: Hosts): string => "x".repeat(served.length * 100);
      expect(contentWithin(content, standingThere, now, { room: 50, textOf }).missing).toHaveLength(entries);
      return count;
    };
    expect(reads(40)).toBe(reads(1));
  });

  it("is left out of a new Secret, the younger ones behind it are not", () => {
    const [a, b] = small as [Contribution, Contribution];
    const plan = decided([a, serving("big", 500), b], room);
    expect(plan).toMatchObject({
      action: { kind: "create" },
      failure: { reason: "ConfigTooLarge", cause: "Platform" },
    });
    expect(Object.keys(after(plan))).toEqual([hostOf("a"), hostOf("b")]);
    expect(missingIn(plan)).toEqual(["big"]);
    expect(written(plan).annotations["regcred.dev/credentials"]).toBe("a,b");
  });

  it("alone gets nothing", () => {
    const plan = decided([serving("big", 500)], room);
    expect(plan).toMatchObject({ action: { kind: "none" }, state: "absent", missing: [{ credential: "big" }] });
  });

  it("keeps what it had byte for byte, while the others are renewed and newcomers are added", () => {
    const before = standing(decided([...small, serving("big", 20)], 10_000));
    const renewed = [serving("a", 11), serving("b", 12)];
    const roomForAll = sizeOf(...renewed, serving("big", 20), serving("c", 10));
    const plan = decided([...renewed, serving("big", 500), serving("c", 10)], roomForAll, before);
    expect(missingIn(plan)).toEqual(["big"]);
    expect(after(plan)).toEqual({
      ...authsIn({ dockerConfig: contentOf([...renewed, serving("c", 10)], now).text }),
      [hostOf("big")]: authsIn(before)[hostOf("big")],
    });
    const again = decided([...renewed, serving("big", 500), serving("c", 10)], roomForAll, standing(plan));
    expect(again.action.kind).toBe("none");
  });

  it("keeps nobody from leaving", () => {
    const before = standing(decided([...small, serving("big", 20)], 10_000));
    const plan = decided([serving("b", 10), serving("big", 5_000)], room, before);
    expect(Object.keys(after(plan)).toSorted()).toEqual([hostOf("b"), hostOf("big")]);
  });

  it("keeps what it had where somebody older grows", () => {
    const before = standing(decided([serving("old", 20), serving("young", 20)], 10_000));
    const plan = decided([serving("old", 500), serving("young", 21)], room, before);
    expect(missingIn(plan)).toEqual(["old"]);
    expect(Object.keys(after(plan)).toSorted()).toEqual([hostOf("old"), hostOf("young")]);
  });

  it("is renewed all the same where it does not grow, and the bound was lowered below what stands", () => {
    const before = standing(decided(small, 10_000));
    const renewed = [
      serving("a", 10, { source: token({ grantKey: "grant-a", logins: { all: login("z", "w".repeat(10)) } }) }),
      serving("b", 10),
    ];
    const plan = decided(renewed, 50, before);
    expect(after(plan, before)).toEqual(authsIn({ dockerConfig: contentOf(renewed, now).text }));
    expect(plan.failure?.reason).toBe("ConfigTooLarge");
  });

  it("is tried again where what another one shrinks makes room", () => {
    const before = standing(decided([serving("a", 20), serving("b", 700), serving("c", 20)], 10_000));
    const renewed = [serving("a", 520), serving("b", 20), serving("c", 20)];
    const plan = decided([serving("a", 520), serving("b", 20), serving("c", 5_000)], sizeOf(...renewed), before);
    expect(missingIn(plan)).toEqual(["c"]);
    expect(after(plan)).toEqual(authsIn({ dockerConfig: contentOf(renewed, now).text }));
  });

  it("holds up nobody in a Secret that we merge into either", () => {
    const theirs = live();
    const merged = standing(decided(small, 10_000, theirs, "Merge"));
    const plan = decided([serving("a", 11), serving("b", 10), serving("big", 5_000)], 1_000, merged, "Merge");
    expect(Object.keys(after(plan))).toEqual(["theirs.example.com", hostOf("a"), hostOf("b")]);
    expect(missingIn(plan)).toEqual(["big"]);
  });

  it("is told by entry: another one of the same RegistryCredential goes on", () => {
    const two: Contribution = {
      credential: "acme",
      entries: [...serving("x", 500).entries, ...serving("y", 10).entries.map((each) => ({ ...each, entry: "other" }))],
    };
    const plan = decided([two], room);
    expect(plan.missing).toEqual([{ credential: "acme", entry: "hub" }]);
    expect(Object.keys(after(plan))).toEqual([hostOf("y")]);
  });
});

describe("an entry that was altered, and whose new login does not fit,", () => {
  /** The entry of before, whose token was renewed since: `length` of the password by now. */
  const formerly = (length: number, changes: Partial<Former> = {}, older: readonly string[] = []): Former => ({
    token: token({
      grantKey: "grant-before",
      logins: { all: login("x", "y".repeat(length)) },
      formers: older.map((password) => ({
        logins: { all: login("x", password) },
        issuedAt: now,
        expiresAt: undefined,
      })),
    }),
    hosts: [hostOf("big")],
    known: true,
    ...changes,
  });
  const before = (length: number): Contribution =>
    serving("big", length, {
      source: token({ grantKey: "grant-before", logins: { all: login("x", "y".repeat(length)) } }),
    });
  const altered = (length: number, ...formers: readonly Former[]): Contribution => serving("big", length, { formers });
  const lives = (plan: PullSecretPlan): readonly string[] =>
    (plan.decided?.served ?? []).flatMap(({ former, grantKey }) => (former ? [grantKey] : []));
  const [a, b] = small as [Contribution, Contribution];
  const roomForFormer = sizeOf(serving("a", 11), before(20), serving("b", 12));

  it("keeps the one of before, which is told, and holds up nobody else", () => {
    const stood = standing(decided([a, before(20), b], 10_000));
    const renewed = [serving("a", 11), altered(500, formerly(20)), serving("b", 12)];
    const plan = decided(renewed, roomForFormer, stood);
    expect(missingIn(plan)).toEqual(["big"]);
    expect(after(plan)).toEqual(
      authsIn({ dockerConfig: contentOf([serving("a", 11), before(20), serving("b", 12)], now).text }),
    );
    expect(lives(plan)).toEqual(["grant-before"]);
    const again = decided(renewed, roomForFormer, standing(plan));
    expect([again.action.kind, lives(again)]).toEqual(["none", ["grant-before"]]);
  });

  it("keeps it where it stands, though nobody remembers that it was given", () => {
    const stood = standing(decided([a, before(20)], 10_000));
    const plan = decided([a, altered(500, formerly(20, { known: false }))], roomForFormer, stood);
    expect(plan.action.kind).toBe("none");
    expect(lives(plan)).toEqual(["grant-before"]);
  });

  it("is not given one of before that does not stand there and that it was not known to have", () => {
    const stood = standing(decided([a], 10_000));
    const plan = decided([a, altered(500, formerly(20, { known: false }))], roomForFormer, stood);
    expect([plan.action.kind, lives(plan)]).toEqual(["none", []]);
    expect(Object.keys(after(plan, stood))).toEqual([hostOf("a")]);
  });

  it("is given it again where its owner has deleted it, if it fits", () => {
    const plan = decided([a, altered(500, formerly(20))], roomForFormer);
    expect(Object.keys(after(plan))).toEqual([hostOf("a"), hostOf("big")]);
    expect(lives(plan)).toEqual(["grant-before"]);
    expect(Object.keys(after(decided([a, altered(500, formerly(400))], roomForFormer)))).toEqual([hostOf("a")]);
  });

  it("keeps of several the one that stands, and an older login of its token where the younger does not fit", () => {
    const stood = standing(decided([a, before(20)], 10_000));
    const latest = formerly(30, { token: token({ grantKey: "grant-latest", logins: { all: login("x", "z") } }) });
    const mine = formerly(900, { known: false }, ["y".repeat(20)]);
    const plan = decided([a, altered(500, latest, mine)], roomForFormer, stood);
    expect([plan.action.kind, lives(plan)]).toEqual(["none", ["grant-before"]]);
  });

  it("keeps it above a bound that was lowered since, and loses it when it ends", () => {
    const stood = standing(decided([a, before(20)], 10_000));
    expect(decided([a, altered(500, formerly(20))], 50, stood).action.kind).toBe("none");
    const plan = decided([a, altered(500)], 50, stood);
    expect(Object.keys(after(plan))).toEqual([hostOf("a")]);
  });

  it("keeps none from before once the new one stands there", () => {
    const stood = standing(decided([a, altered(30)], 10_000));
    const plan = decided([a, altered(500, formerly(20))], sizeOf(a, altered(30)), stood);
    expect([plan.action.kind, lives(plan)]).toEqual(["none", []]);
  });

  it("has the new one as soon as there is room", () => {
    const stood = standing(decided([a, before(20)], 10_000));
    const plan = decided([a, altered(500, formerly(20))], 10_000, stood);
    expect(after(plan)).toEqual(authsIn({ dockerConfig: contentOf([a, altered(500)], now).text }));
    expect([plan.failure, lives(plan)]).toEqual([undefined, []]);
  });

  it("keeps it in a Secret that we merge into, and only where it is ours", () => {
    const theirs = live();
    const merged = standing(decided([a, before(20)], 10_000, theirs, "Merge"));
    const bound = (merged.dockerConfig?.length ?? 0) + 5;
    const plan = decided([a, altered(500, formerly(20, { known: false }))], bound, merged, "Merge");
    expect([plan.action.kind, lives(plan)]).toEqual(["none", ["grant-before"]]);
    const own = live({ dockerConfig: contentOf([before(20)], now).text ?? "" });
    const beside = decided([a, altered(500, formerly(20, { known: false }))], bound, own, "Merge");
    expect([Object.keys(after(beside)), lives(beside)]).toEqual([[hostOf("big"), hostOf("a")], []]);
  });
});

describe("whatever does not fit", () => {
  const lengths = fc.integer({ min: 1, max: 400 });
  const names = ["a", "b", "c", "d"];

  it("all that is in force stays, what has left goes, the same is decided again, and nothing grows beyond the bound", () => {
    fc.assert(
      fc.property(
        fc.array(lengths, { minLength: 4, maxLength: 4 }),
        fc.array(fc.option(lengths), { minLength: 4, maxLength: 4 }),
        fc.integer({ min: 100, max: 2_500 }),
        fc.boolean(),
        (firstLengths, nextLengths, maxBytes, isNew) => {
          const first = names.slice(0, 3).map((name, index) => serving(name, firstLengths[index] ?? 1));
          const next = names.flatMap((name, index) => {
            const length = nextLengths[index];
            return length === null || length === undefined ? [] : [serving(name, length)];
          });
          fc.pre(next.length > 0);
          const before = isNew ? undefined : standing(decided(first, 100_000));
          const plan = decided(next, maxBytes, before);
          const found = plan.action.kind === "delete" ? {} : after(plan, before);
          const inForce = next.map(({ credential }) => credential);
          const stood = isNew ? [] : names.slice(0, 3).filter((name) => inForce.includes(name));
          expect(Object.keys(found)).toEqual(expect.arrayContaining(stood.map(hostOf)));
          expect(Object.keys(found).filter((host) => !inForce.map(hostOf).includes(host))).toEqual([]);
          const bytes = "body" in plan.action ? (plan.action.body.dockerConfig ?? "").length : 0;
          expect(bytes).toBeLessThanOrEqual(Math.max(maxBytes, before?.dockerConfig?.length ?? 0));
          const stands = "body" in plan.action ? standing(plan) : before;
          const again = stands && plan.action.kind !== "delete" ? decided(next, maxBytes, stands) : undefined;
          expect(again?.action.kind ?? "none").toBe("none");
        },
      ),
    );
  });

  it("who fits without it gets the same as without it", () => {
    fc.assert(
      fc.property(fc.array(lengths, { minLength: 3, maxLength: 3 }), fc.nat({ max: 3 }), (all, at) => {
        const others = all.map((length, index) => serving(`n${index}`, length));
        const maxBytes = sizeOf(...others);
        const plan = decided([...others.slice(0, at), serving("big", 3_000), ...others.slice(at)], maxBytes);
        expect(after(plan)).toEqual(after(decided(others, maxBytes)));
        expect(missingIn(plan)).toEqual(["big"]);
      }),
    );
  });

  it("a failure that is no size takes no part in it", () => {
    const failing: Contribution = { credential: "lost", entries: [entryToken({ entry: "hub", source: failure() })] };
    expect(missingIn(decided([failing, ...small], room))).toEqual([]);
  });
});

it("a Secret that a tenant has filled is read a few times, however many entries do not fit into it", () => {
  const entries = Array.from({ length: 64 }, (_, index) => serving(`c${index}`, 20));
  const foreign = Array.from({ length: 1_000 }, (_, index) => `"f${index}.example.org":{"auth":"eDp5"}`);
  const { entriesText } = contentOf(entries, now);
  const filled = live({
    dockerConfig: `{"auths":{${foreign.join(",")}}}`,
    annotations: {
      "regcred.dev/managed": JSON.stringify({ hosts: [hostOf("c0")] }),
      "regcred.dev/entries": entriesText,
    },
  });
  const parse = vi.spyOn(JSON, "parse");
  const plan = decided(entries, (filled.dockerConfig?.length ?? 0) + 200, filled, "Merge");
  const reads = parse.mock.calls.filter(([text]) => text === filled.dockerConfig).length;
  parse.mockRestore();
  expect(plan.state).toBe("usable");
  // Each takes tens of milliseconds of the one thread.
  expect(reads).toBeLessThan(10);
});

describe("hosts that the annotations of a pull Secret have no room for", () => {
  const mebibyte = 1024 * 1024;
  /** A RegistryCredential with one entry that takes all hosts of its source. */
  const wide = (name: string, count: number, length = 0): Contribution => {
    const hosts = Array.from({ length: count }, (_, index) => `${name}-${index}.${"x".repeat(length)}.example.com`);
    const logins = { byHost: new Map(hosts.map((host) => [host, login("x", "y")])) };
    const source = token({ grantKey: `grant-${name}`, logins });
    return { credential: name, entries: [entryToken({ entry: "all", hosts: ["*"], source })] };
  };
  const hostsOf = (name: string, auths: Readonly<Record<string, unknown>>): number =>
    Object.keys(auths).filter((host) => host.startsWith(`${name}-`)).length;

  it.each([
    ["too many", wide("young", 4_000), wide("old", 97)],
    ["too long", wide("young", 400, 200), wide("old", 150, 200)],
  ])("are not added where they are %s, and what stood there stays and is renewed", (_what, young, old) => {
    const before = standing(decided([young], mebibyte));
    const plan = decided([old, young, serving("last", 10)], mebibyte, before);
    const auths = after(plan, before);
    expect([hostsOf("old", auths), hostsOf("young", auths)]).toEqual([0, hostsOf("young", authsIn(before))]);
    expect(Object.keys(auths)).toContain(hostOf("last"));
    expect(plan).toMatchObject({ failure: { reason: "ConfigTooLarge", cause: "Platform" }, state: "usable" });
    expect(missingIn(plan)).toEqual(["old"]);
    const again = decided([old, young, serving("last", 10)], mebibyte, standing(plan));
    expect(again.action.kind).toBe("none");
  });

  it("are measured by what stands in the Secret, which is read for that", () => {
    const before = standing(decided([wide("young", 4_000)], mebibyte));
    const wanted = wants([wide("old", 97), wide("young", 4_000)]);
    const plan = planPullSecret(snapshot({ ...wanted, record: recordOf(before), maxBytes: mebibyte }));
    expect(plan.action.kind).toBe("read");
  });

  it("come in once there is room", () => {
    const old = wide("old", 97);
    const before = standing(decided([old, wide("young", 4_000)], mebibyte));
    expect(hostsOf("young", authsIn(before))).toBe(0);
    const plan = decided([old, wide("young", 3_999)], mebibyte, before);
    expect(plan.failure).toBeUndefined();
    expect(hostsOf("young", after(plan))).toBe(3_999);
  });
});
