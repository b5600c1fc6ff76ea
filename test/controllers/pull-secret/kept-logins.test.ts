// Tests that a login stays in its Secret while its grant is in force, and goes when it is not, whatever else goes wrong.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planPullSecret } from "../../../src/controllers/pull-secret/plan.ts";
import type { LiveSecret, PlannedSecret } from "../../../src/cluster/pull-secret-object.ts";
import type {
  PullSecretPlan,
  PullSecretSnapshot,
  PullSecretOptions,
} from "../../../src/controllers/pull-secret/plan-types.ts";
import type { EntryToken } from "../../../src/content/content.ts";
import { live, recordOf, snapshot, written, wants } from "./plan-scenario.ts";
import { entryToken, failure, login, minute, token } from "../../entitlement/objects.ts";

const entriesKey = "regcred.dev/entries";
/** One host for each grant. */
const hostOf = (grantKey: string): string => `${grantKey}.example.com`;
const alive = (grantKey: string, changes: Partial<EntryToken> = {}): EntryToken =>
  entryToken({ entry: grantKey, hosts: [hostOf(grantKey)], source: token({ grantKey }), ...changes });
const lost = (grantKey: string, changes: Partial<EntryToken> = {}): EntryToken =>
  entryToken({ entry: grantKey, hosts: [hostOf(grantKey)], source: failure(), grantKey, ...changes });
const over = (grantKey: string): EntryToken => alive(grantKey, { source: token({ grantKey, expiresAt: minute(-1) }) });

interface Standing {
  readonly secret: LiveSecret;
  readonly entries: readonly EntryToken[];
  readonly changes?: Partial<PullSecretSnapshot>;
  readonly onConflict?: PullSecretOptions["onConflict"];
}

/** What is decided after the Secret was read. */
function decided({ secret, entries, changes, onConflict = "Fail" }: Standing): PullSecretPlan {
  return planPullSecret(
    snapshot({
      ...wants([{ credential: "acme", entries }], { onConflict }, changes?.now),
      record: recordOf(secret, { type: secret.type }),
      live: secret,
      ...changes,
    }),
  );
}

function standing(body: Partial<PlannedSecret>): LiveSecret {
  return live({ dockerConfig: "{}", ...body });
}

const adoptable = standing({ annotations: { "regcred.dev/adopt": "true" } });
/** A Secret of ours with these. */
const withOurs = (...entries: readonly EntryToken[]): LiveSecret =>
  standing(written(decided({ secret: adoptable, entries, onConflict: "Adopt" })));
const authsIn = (body: Pick<PlannedSecret, "dockerConfig">): Record<string, unknown> =>
  (JSON.parse(body.dockerConfig ?? "") as { auths: Record<string, unknown> }).auths;
const hostsIn = (body: Pick<PlannedSecret, "dockerConfig">): string[] => Object.keys(authsIn(body)).toSorted();
const namedIn = (body: PlannedSecret): unknown[] => JSON.parse(body.annotations[entriesKey] ?? "") as unknown[];

describe("a login whose token was lost while its grant is in force", () => {
  it("keeps its place, so that there is nothing to write", () => {
    const secret = withOurs(alive("a"), alive("b"));
    expect(decided({ secret, entries: [lost("a"), alive("b")] }).action).toEqual({ kind: "none" });
  });

  const both = withOurs(alive("a"), alive("b"));

  it("stays byte for byte beside those that are written", () => {
    const renewed = alive("b", { source: token({ grantKey: "b", logins: { all: login("bob") } }) });
    const plan = decided({ secret: both, entries: [lost("a"), renewed] });
    expect(plan).toMatchObject({ action: { kind: "replace" }, state: "usable", keptUntil: minute(60) });
    const body = written(plan);
    expect(authsIn(body)[hostOf("a")]).toEqual(authsIn(both)[hostOf("a")]);
    expect(authsIn(body)[hostOf("b")]).toMatchObject({ username: "bob" });
    expect(namedIn(body)).toHaveLength(2);
    const after = decided({ secret: standing(body), entries: [lost("a"), renewed] });
    expect(after).toEqual({ action: { kind: "none" }, state: "usable", keptUntil: minute(60) });
  });

  it("leaves at its recorded end, or when its token is known to be over", () => {
    const later = {
      secret: both,
      entries: [lost("a"), alive("b", { source: token({ grantKey: "b", expiresAt: minute(90) }) })],
    };
    expect(hostsIn(written(decided({ ...later, changes: { now: minute(59) } })))).toEqual([hostOf("a"), hostOf("b")]);
    expect(hostsIn(written(decided({ ...later, changes: { now: minute(60) } })))).toEqual([hostOf("b")]);
    expect(hostsIn(written(decided({ secret: both, entries: [over("a"), alive("b")] })))).toEqual([hostOf("b")]);
  });

  it("outlasts a grant that has ended, though nothing else is left", () => {
    const body = written(decided({ secret: both, entries: [lost("a")] }));
    expect(hostsIn(body)).toEqual([hostOf("a")]);
    expect(namedIn(body)).toMatchObject([{ name: "acme/a", grant: "a" }]);
  });

  it("outlasts its own end where nothing else is left, and waits for nothing", () => {
    const plan = decided({ secret: both, entries: [lost("a")], changes: { now: minute(120) } });
    expect(hostsIn(written(plan))).toEqual([hostOf("a")]);
    expect(plan.keptUntil).toBeUndefined();
  });

  it("gives way to whoever else serves the host, and to the spec that takes the host off", () => {
    const other = alive("b", { hosts: [hostOf("a"), hostOf("b")] });
    expect(namedIn(written(decided({ secret: both, entries: [lost("a"), other] })))).toHaveLength(1);
    const narrowed = lost("a", { hosts: ["elsewhere.example.com"] });
    expect(hostsIn(written(decided({ secret: both, entries: [narrowed, alive("b")] })))).toEqual([hostOf("b")]);
  });

  it("stays with * too, under every host that it came with", () => {
    const byHost = new Map(["docker.io", "x.example.com"].map((host) => [host, login()]));
    const wide = alive("a", { hosts: ["*"], source: token({ grantKey: "a", logins: { byHost } }) });
    const body = written(
      decided({ secret: withOurs(wide, alive("b")), entries: [lost("a", { hosts: ["*"] }), alive("c")] }),
    );
    expect(hostsIn(body)).toEqual([hostOf("c"), "https://index.docker.io/v1/", "x.example.com"]);
  });

  it("is not made up: a forged annotation keeps no host that the Secret does not hold", () => {
    const forged = [{ name: "acme/c", grant: "c", hosts: [hostOf("c")] }];
    const secret = { ...both, annotations: { ...both.annotations, [entriesKey]: JSON.stringify(forged) } };
    expect(hostsIn(written(decided({ secret, entries: [lost("c"), alive("b")] })))).toEqual([hostOf("b")]);
    expect(decided({ secret, entries: [lost("c")] }).action).toEqual({ kind: "delete" });
  });

  it("is not read from a Secret that was foreign all along", () => {
    const secret = { ...both, labels: {} };
    expect(decided({ secret, entries: [lost("a"), alive("c")] })).toMatchObject({
      action: { kind: "none" },
      failure: { reason: "SecretConflict" },
    });
  });

  it("stays in a merged Secret as well, and goes with the others in the end", () => {
    const theirs = standing({ dockerConfig: '{"auths":{"theirs.example.com":{"auth":"eDp5"}}}' });
    const merged = standing(
      written(decided({ secret: theirs, entries: [alive("a"), alive("b")], onConflict: "Merge" })),
    );
    const body = written(decided({ secret: merged, entries: [lost("a"), alive("c")] }));
    expect(hostsIn(body)).toEqual([hostOf("a"), hostOf("c"), "theirs.example.com"]);
    expect(hostsIn(written(decided({ secret: standing(body), entries: [alive("c")] })))).toEqual([
      hostOf("c"),
      "theirs.example.com",
    ]);
    const released = written(decided({ secret: standing(body), entries: [lost("next")] }));
    expect(released).toMatchObject({ dockerConfig: theirs.dockerConfig, annotations: {} });
  });
});

describe("what does not fit", () => {
  const large = (grantKey: string, length: number): EntryToken =>
    alive(grantKey, { source: token({ grantKey, logins: { all: login("x", "y".repeat(length)) } }) });
  const both = withOurs(alive("a"), alive("b"));
  const room = { maxBytes: 600 };

  it("is told, while what the Secret has had is renewed and what has ended goes", () => {
    const renewed = alive("b", { source: token({ grantKey: "b", logins: { all: login("bob") } }) });
    const plan = decided({ secret: both, entries: [renewed, large("c", 600)], changes: room });
    expect(plan.failure).toMatchObject({ reason: "ConfigTooLarge", cause: "Platform" });
    expect(authsIn(written(plan))).toMatchObject({ [hostOf("b")]: { username: "bob" } });
    expect(hostsIn(written(plan))).toEqual([hostOf("b")]);
    const after = decided({ secret: standing(written(plan)), entries: [renewed, large("c", 600)], changes: room });
    expect(after).toMatchObject({ action: { kind: "none" }, state: "usable", failure: { reason: "ConfigTooLarge" } });
  });

  it("leaves what is in force as it is, where not even that can be renewed", () => {
    const plan = decided({ secret: both, entries: [large("b", 600)], changes: room });
    expect(authsIn(written(plan))).toEqual({ [hostOf("b")]: authsIn(both)[hostOf("b")] });
    expect(plan.failure?.reason).toBe("ConfigTooLarge");
  });

  it("holds up no removal where nothing is left", () => {
    expect(decided({ secret: both, entries: [large("c", 600)], changes: room }).action).toEqual({ kind: "delete" });
  });

  it("is the tenant's to mend where the tenant has made a login large", () => {
    const grown = { ...both, dockerConfig: JSON.stringify({ auths: { [hostOf("a")]: { auth: "z".repeat(600) } } }) };
    const plan = decided({ secret: grown, entries: [lost("a"), alive("b")], changes: room });
    expect(plan.failure).toMatchObject({ reason: "ConfigTooLarge", cause: "Tenant" });
  });
});

describe("whatever fails and whatever ends", () => {
  const states = fc.constantFrom("alive", "lost", "over", "gone");
  const all = ["a", "b", "c", "d"];

  it("what is in force and may still work stays, what is not goes, and nothing empty is written", () => {
    fc.assert(
      fc.property(
        fc.tuple(states, states, states, states),
        fc.constantFrom(300, 65_536),
        fc.boolean(),
        (fates, maxBytes, merged) => {
          const before = all.map((grantKey) => alive(grantKey));
          const secret = merged
            ? standing(written(decided({ secret: standing({}), entries: before, onConflict: "Merge" })))
            : withOurs(...before);
          const entries = all.flatMap((grantKey, index): EntryToken[] => {
            const fate = fates[index];
            if (fate === "alive") return [alive(grantKey)];
            return fate === "lost" ? [lost(grantKey)] : fate === "over" ? [over(grantKey)] : [];
          });
          const plan = decided({ secret, entries, changes: { maxBytes } });
          const has = (fate: string): string[] => all.filter((_, index) => fates[index] === fate).map(hostOf);
          const works = [...has("alive"), ...has("lost")].toSorted();
          const left =
            plan.action.kind === "delete" ? [] : "body" in plan.action ? hostsIn(plan.action.body) : all.map(hostOf);
          expect(left.filter((host) => works.includes(host))).toEqual(works);
          expect(left.filter((host) => has("gone").includes(host))).toEqual([]);
          expect(works.length > 0 && left.length > works.length).toBe(false);
          expect("body" in plan.action && left.length === 0).toBe(false);
        },
      ),
    );
  });
});
