// Tests that everybody else gets in a Secret what they would get without a RegistryCredential that is in trouble, which keeps what it had.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type EntryToken, type Contribution, contentOf } from "../../../src/content/content.ts";
import type { Frozen } from "../../../src/content/frozen.ts";
import { planPullSecret } from "../../../src/controllers/pull-secret/plan.ts";
import type { LiveSecret } from "../../../src/cluster/pull-secret-object.ts";
import type {
  PullSecretPlan,
  PullSecretSnapshot,
  PullSecretOptions,
} from "../../../src/controllers/pull-secret/plan-types.ts";
import { live, recordOf, snapshot, written, wants } from "./plan-scenario.ts";
import { entryToken, login, minute, now, token } from "../../entitlement/objects.ts";

const entriesKey = "regcred.dev/entries";
const host = (name: string): string => `${name}.example.com`;

/** A login for these hosts, told from others by its name. */
const gives = (credential: string, hosts: readonly string[], username: string, changes: object = {}): Contribution => {
  const grantKey = `grant-${credential}`;
  const source = token({ grantKey, logins: { all: login(username) }, ...changes });
  const entries: EntryToken[] = [entryToken({ entry: "main", hosts: hosts.map(host), grantKey, source })];
  return { credential, entries };
};

interface FrozenOptions {
  readonly secret: LiveSecret;
  readonly contributions: readonly Contribution[];
  readonly frozen?: readonly Frozen[];
  readonly onConflict?: PullSecretOptions["onConflict"];
  readonly changes?: Partial<PullSecretSnapshot>;
}

function decided({
  secret,
  contributions,
  frozen: ones = [],
  onConflict = "Fail",
  changes,
}: FrozenOptions): PullSecretPlan {
  return planPullSecret(
    snapshot({
      ...wants(contributions, { onConflict }),
      record: recordOf(secret, { type: secret.type }),
      live: secret,
      frozen: ones,
      ...changes,
    }),
  );
}

const adoptable = live({ dockerConfig: "{}", annotations: { "regcred.dev/adopt": "true" } });
const theirs = live();
const made = (contributions: readonly Contribution[], merged = false): LiveSecret =>
  live(
    written(
      decided(
        merged
          ? { secret: theirs, contributions, onConflict: "Merge" }
          : { secret: adoptable, contributions, onConflict: "Adopt" },
      ),
    ),
  );
/** What stands there after the plan. */
const after = (secret: LiveSecret, plan: PullSecretPlan): LiveSecret =>
  "body" in plan.action ? live(plan.action.body) : secret;
const authsIn = ({ dockerConfig }: LiveSecret): Readonly<Record<string, { readonly username?: string }>> =>
  (JSON.parse(dockerConfig ?? "{}") as { auths?: Record<string, object> }).auths ?? {};
const users = (secret: LiveSecret): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(authsIn(secret)).map(([key, { username }]) => [key, username]));
const unreadable: Frozen = { credential: "a", hosts: undefined, recorded: true };

describe("a RegistryCredential in trouble", () => {
  const pool = ["one", "two", "three", "four"];
  const some = fc.subarray(pool, { minLength: 1 });
  const worlds = fc.record({
    hosts: fc.tuple(some, some, some),
    troubled: fc.constantFrom("a", "b", "c"),
    fates: fc.array(fc.constantFrom("stays", "renewed", "leaves"), { minLength: 3, maxLength: 3 }),
    merged: fc.boolean(),
    kind: fc.constantFrom("unreadable", "unconfirmed"),
    stripped: fc.boolean(),
  });

  it("keeps byte for byte what it had, and everybody else has what they have in a world without it", () => {
    fc.assert(
      fc.property(worlds, ({ hosts, troubled, fates, merged, kind, stripped }) => {
        const names = ["a", "b", "c"];
        const hostsOf = (name: string): string[] => hosts[names.indexOf(name)] ?? [];
        const before = made(
          names.map((name) => gives(name, hostsOf(name), `${name}-1`)),
          merged,
        );
        // In a merged Secret our hosts are told by the marks alone.
        const isStripped = stripped && !merged;
        const { [entriesKey]: _taken, ...rest } = before.annotations;
        const secret = isStripped ? { ...before, annotations: rest } : before;
        const others = names.flatMap((name, index): Contribution[] =>
          name === troubled || fates[index] === "leaves"
            ? []
            : [gives(name, hostsOf(name), `${name}-${fates[index] === "stays" ? 1 : 2}`)],
        );
        const it: Frozen = {
          credential: troubled,
          hosts: kind === "unreadable" ? undefined : hostsOf(troubled).map(host),
          recorded: true,
        };
        const plan = decided({ secret, contributions: others, frozen: [it] });
        const result = users(after(secret, plan));
        const its = Object.keys(users(before)).filter((key) => users(before)[key] === `${troubled}-1`);
        // What the annotation no longer says of a host that somebody else serves is lost to that one.
        const served = new Map(
          contentOf(others, now).served.map(({ host: each, login: { username } }) => [each, username]),
        );
        const kept = its.filter((key) => !(isStripped && served.has(key)));
        const expected: Record<string, string | undefined> = {
          ...(merged && { "theirs.example.com": users(theirs)["theirs.example.com"] }),
          ...Object.fromEntries(served),
          ...Object.fromEntries(kept.map((key) => [key, `${troubled}-1`])),
        };
        const seen = after(secret, plan);
        const left = plan.action.kind === "delete" ? {} : result;
        // Of a stripped annotation nobody can tell whether a host was that of one who leaves.
        const compared = isStripped ? Object.keys(expected) : Object.keys({ ...left, ...expected });
        expect(compared.map((key) => left[key])).toEqual(compared.map((key) => expected[key]));
        expect(kept.map((key) => authsIn(seen)[key])).toEqual(kept.map((key) => authsIn(before)[key]));
        expect(kept.length === 0 || plan.state === "usable").toBe(true);
        const again = decided({ secret: seen, contributions: others, frozen: [it] });
        expect(kept.length === 0 || again.action.kind === "none").toBe(true);
      }),
    );
  });

  const both = made([gives("a", ["one"], "a-1"), gives("b", ["two"], "b-1")]);

  it("keeps its mark, and its hosts with their ends in the annotation", () => {
    const secret = after(
      both,
      decided({ secret: both, contributions: [gives("b", ["two"], "b-2")], frozen: [unreadable] }),
    );
    expect(secret.annotations["regcred.dev/credentials"]).toBe("a,b");
    expect(JSON.parse(secret.annotations[entriesKey] ?? "")).toContainEqual({
      name: "a/main",
      grant: "grant-a",
      hosts: [host("one")],
      expires: minute(60).toString(),
    });
  });

  it("alone in a Secret is neither emptied nor deleted, and what it had goes when its trouble has ended", () => {
    const plan = decided({ secret: both, contributions: [], frozen: [unreadable] });
    expect(users(after(both, plan))).toEqual({ [host("one")]: "a-1" });
    const left = after(both, plan);
    expect(decided({ secret: left, contributions: [], frozen: [unreadable] }).action).toEqual({ kind: "none" });
    expect(planPullSecret(snapshot({ record: recordOf(left) })).action).toEqual({ kind: "delete" });
  });

  it("with nothing in the Secret gives nothing, and holds nothing", () => {
    const alone = made([gives("b", ["two"], "b-1")]);
    expect(decided({ secret: alone, contributions: [], frozen: [{ ...unreadable, recorded: false }] }).action).toEqual({
      kind: "delete",
    });
    const created = decided({
      secret: alone,
      contributions: [gives("b", ["two"], "b-1")],
      frozen: [unreadable],
      changes: { record: undefined, live: undefined },
    });
    expect(created.action.kind).toBe("create");
  });

  it("keeps the host that it has, whoever is older, and gives it up once its login has ended", () => {
    const ended = made([gives("a", ["one"], "a-1", { expiresAt: minute(5) }), gives("b", ["two"], "b-1")]);
    const contributions = [gives("b", ["one", "two"], "b-2")];
    const plan = decided({ secret: ended, contributions, frozen: [unreadable] });
    expect(users(after(ended, plan))).toEqual({ [host("one")]: "a-1", [host("two")]: "b-2" });
    expect(plan.decided?.shadowed).toEqual([{ credential: "b", entry: "main", host: host("one"), by: "a" }]);
    const later = decided({ secret: ended, contributions, frozen: [unreadable], changes: { now: minute(6) } });
    expect(users(after(ended, later))).toEqual({ [host("one")]: "b-2", [host("two")]: "b-2" });
  });

  it("that can be read keeps no host that its spec claims no more", () => {
    const narrowed: Frozen = { credential: "a", hosts: [host("other")], recorded: true };
    const plan = decided({ secret: both, contributions: [gives("b", ["two"], "b-1")], frozen: [narrowed] });
    expect(users(after(both, plan))).toEqual({ [host("two")]: "b-1" });
  });

  it("takes no login of others for its own in a Secret that was merged into, and whose owner has taken our marks off", () => {
    const merged = { ...made([gives("a", ["one"], "a-1")], true), annotations: {} };
    const plan = decided({
      secret: merged,
      contributions: [gives("b", ["two"], "b-1")],
      frozen: [unreadable],
      onConflict: "Merge",
      changes: { knownAsMerged: true },
    });
    const secret = after(merged, plan);
    expect(users(secret)).toMatchObject({ ...users(theirs), [host("one")]: "a-1", [host("two")]: "b-1" });
    expect(JSON.parse(secret.annotations["regcred.dev/managed"] ?? "")).toEqual({ hosts: [host("two")] });
  });

  it("keeps nothing that is known to be the login of one who leaves, where its own part of the annotation is gone", () => {
    const { [entriesKey]: _taken, ...annotations } = both.annotations;
    const secret = { ...both, annotations };
    const formerLogins = [{ key: host("two"), login: login("b-1") }];
    const plan = decided({ secret, contributions: [], frozen: [unreadable], changes: { formerLogins } });
    expect(users(after(secret, plan))).toEqual({ [host("one")]: "a-1" });
  });
});
