// Tests that a token Secret names who uses it, once, and that what is kept for former namespaces stays without being renewed.
import { contextOf } from "../controllers/context-of.ts";
import { beforeEach, describe, expect, it } from "vitest";
import { OperatorError } from "../../src/runtime/errors.ts";
import { type Maker, makerOf } from "../../src/cluster/makers.ts";
import { knownAbsent } from "../../src/runtime/watch/presence.ts";
import type { OperatorSecretRecord } from "../../src/cluster/records.ts";
import { statusCache } from "../../src/controllers/status-cache.ts";
import type { Context } from "../../src/controllers/context.ts";
import { keptItem } from "../../src/grants/token-makers.ts";
import { reconcileToken } from "../../src/controllers/token/controller.ts";
import { type GrantTracker, grantTracker, tokenSecretName } from "../../src/grants/grant-tracker.ts";
import { tokenMakers } from "../../src/grants/token-makers.ts";
import { tokenFromData, tokenToData } from "../../src/cluster/token-wire.ts";
import { type FakeClock, fakeClock } from "../fake-clock.ts";
import { failure, login, namespace, staticEntry, token } from "../entitlement/objects.ts";
import { staticGrant } from "../providers/grants.ts";
import { type OperatorSecrets, operatorSecrets } from "../controllers/operator-secrets.ts";
import { inSlices } from "../../src/runtime/in-slices.ts";
import { sending } from "../controllers/sending.ts";
import type { Outcome } from "../../src/runtime/queue/work-queue.ts";

const never = new AbortController().signal;
const maker = (changes: Partial<Maker> = {}): Maker => ({
  credential: "uid-acme",
  entry: "main",
  hosts: ["docker.io"],
  values: {},
  ...changes,
});

describe("a token controller", () => {
  let clock: FakeClock;
  let secrets: OperatorSecrets;
  let tokens: GrantTracker;
  let context: Context;
  let writes: (readonly Maker[] | undefined)[];
  let queued: string[];
  let fetched: number;
  let refuses: boolean;
  let missing: boolean;

  const record = (data: Readonly<Record<string, string>>, resourceVersion: string): OperatorSecretRecord => {
    const name = tokenSecretName("g");
    const of = { key: `ops/${name}`, resourceVersion, namespace: "ops", name, uid: "u" };
    return { ...of, kind: "token", token: tokenFromData(data, resourceVersion) };
  };
  const stored = (makers?: readonly Maker[], hours = 12): void => {
    const minted = {
      logins: { all: login("ann", "first") },
      issuedAt: clock.now(),
      expiresAt: clock.now().add({ hours }),
    };
    const formers = [{ logins: { all: login("ann", "before") }, issuedAt: clock.now(), expiresAt: undefined }];
    const about = { grantKey: "g", fingerprint: "absent", state: "Issued", formers } as const;
    secrets.set(
      `ops/${tokenSecretName("g")}`,
      record(tokenToData(minted, { ...about, ...(makers && { makers }) }), "1"),
    );
  };
  const use = (user: string, ...makers: readonly Maker[]): readonly string[] =>
    tokens.use(user, new Map([["g", { grant: staticGrant, target: undefined, makers }]]));

  beforeEach(() => {
    clock = fakeClock();
    secrets = operatorSecrets();
    writes = [];
    queued = [];
    fetched = 0;
    refuses = false;
    missing = false;
    tokens = grantTracker({ clock, secrets, operatorNamespace: "ops" });
    const silent = (): void => undefined;
    const write = (body: { readonly data?: Readonly<Record<string, string>> }): Promise<unknown> => {
      if (refuses) return Promise.reject(new OperatorError(failure({ reason: "AdmissionDenied" })));
      const written = record(body.data ?? {}, `${writes.length + 2}`);
      writes.push(written.kind === "token" ? written.token?.makers : undefined);
      return Promise.resolve(written);
    };
    // Touching anything that is not here throws.
    context = contextOf({
      runtime: { clock, inSlices: inSlices(clock), log: { debug: silent, info: silent, warn: silent, error: silent } },
      grants: {
        tokens,
        provider: {
          fetch: () => {
            fetched += 1;
            if (missing) throw new OperatorError(failure({ reason: "SourceMissing", retry: "on-change" }));
            const issuedAt = clock.now();
            return Promise.resolve({
              logins: { all: login("ann", `${fetched}`) },
              issuedAt,
              expiresAt: issuedAt.add({ hours: 12 }),
            });
          },
        },
      },
      credentials: { statusCache: statusCache(clock), judged: { nobodyElse: () => knownAbsent } },
      settings: { namespace: "ops" },
      cluster: {
        stores: {
          crds: { get: () => ({ gaps: [] }) },
          operatorSecrets: {
            get: (key: string) => secrets.get(key),
            send: sending((written: OperatorSecretRecord) => secrets.set(written.key, written)),
            removed: (key: string) => secrets.delete(key),
          },
        },
        transforms: { operatorSecret: (written: OperatorSecretRecord) => written },
        api: {
          createSecret: (_namespace: string, body: object) => write(body),
          replaceSecret: (_namespace: string, _name: string, body: object) => write(body),
          deleteSecret: () => Promise.resolve(),
        },
        callFailure: (error: OperatorError) => ({ kind: undefined, failure: error }),
      },
      queue: { enqueue: (key: string) => queued.push(key) },
    });
  });

  /** Who has come is gathered for a second. */
  const gathered = async (): Promise<Outcome> => {
    await reconcileToken(context, "g", never);
    await clock.advance(Temporal.Duration.from({ seconds: 1 }));
    return reconcileToken(context, "g", never);
  };

  it("stores those who use a token with it", async () => {
    use("secret/team-a/regcred", maker());
    await reconcileToken(context, "g", never);
    expect(writes).toEqual([[maker()]]);
  });

  it.each([
    ["a release before has stored it", undefined, [maker()]],
    ["another begins to use it", [maker()], [maker(), maker({ entry: "other" })]],
    ["the entry has another host", [maker()], [maker({ hosts: ["docker.io", "quay.io"] })]],
  ])("stores it again once where %s: the same login, as old as it is", async (_what, before, after) => {
    stored(before);
    expect(use("secret/team-a/regcred", ...after)).toEqual(["g"]);
    const first = tokens.token("g");
    expect(await gathered()).toHaveProperty("requeueAfter");
    expect([writes, fetched]).toEqual([[after], 0]);
    const { revision: _revision, makers: _makers, ...same } = tokens.token("g") ?? token();
    expect(JSON.stringify(first)).toContain(JSON.stringify(same.issuedAt));
    const [{ logins: last } = { logins: undefined }] = same.formers ?? [];
    expect(last && "all" in last && last.all.password.reveal()).toBe("before");
    expect("all" in same.logins && same.logins.all.password.reveal()).toBe("first");
    expect(use("secret/team-b/regcred", ...after)).toEqual([]);
    await reconcileToken(context, "g", never);
    expect(writes).toHaveLength(1);
  });

  it("writes nothing where all are named, after a start too", async () => {
    stored([maker(), maker({ entry: "gone" })]);
    use("secret/team-a/regcred", maker());
    await reconcileToken(context, "g", never);
    expect(writes).toEqual([]);
  });

  it("goes on as it would where that cannot be stored, and asks again", async () => {
    stored();
    refuses = true;
    use("secret/team-a/regcred", maker());
    expect(await gathered()).toMatchObject({
      failed: true,
      retry: "slowly",
      retryWithin: expect.anything() as unknown,
    });
    expect([tokens.attempts("g")?.failure, queued]).toEqual([undefined, []]);
    // Whoever uses it now is known all the same, as long as the process lives.
    expect(tokens.madeFor("uid-acme", "main", namespace())).toHaveLength(1);
    refuses = false;
    await reconcileToken(context, "g", never);
    expect(writes).toEqual([[maker()]]);
  });

  it("asks again, too, where the token itself waits for somebody to mend its source", async () => {
    stored(undefined, 0);
    refuses = true;
    missing = true;
    use("secret/team-a/regcred", maker());
    expect(await reconcileToken(context, "g", never)).toMatchObject({
      failed: true,
      retry: "slowly",
      waitsFor: expect.anything() as unknown,
    });
  });

  it("does not renew a token that is only kept, nor lets it go before nobody lives by it", async () => {
    stored([maker()]);
    use("secret/team-a/regcred", maker());
    const kept = new Set([keptItem("g", "uid-acme", "main")]);
    tokens.use("secret/team-a/regcred", new Map(), kept);
    await clock.advance(Temporal.Duration.from({ hours: 11 }));
    expect(await reconcileToken(context, "g", never)).toEqual({});
    expect([fetched, writes, tokens.token("g") === undefined]).toEqual([0, [], false]);
    tokens.use("secret/team-a/regcred", new Map());
    await clock.advance(Temporal.Duration.from({ minutes: 10 }));
    await reconcileToken(context, "g", never);
    expect(tokens.token("g")).toBeUndefined();
    expect(tokens.madeFor("uid-acme", "main", namespace())).toEqual([]);
  });

  it("tells who lives by a token that somebody has deleted", async () => {
    stored([maker()]);
    tokens.keep("secret/team-a/regcred", new Set([keptItem("g", "uid-acme", "main")]));
    secrets.delete(`ops/${tokenSecretName("g")}`);
    await reconcileToken(context, "g", never);
    expect([queued, fetched]).toEqual([["secret/team-a/regcred"], 0]);
  });

  it("forgets with the next token those who have ceased to use it, but not in the minutes after a start", async () => {
    stored([maker(), maker({ entry: "gone" })], 1);
    use("secret/team-a/regcred", maker());
    await clock.advance(Temporal.Duration.from({ minutes: 9 }));
    use("secret/team-b/regcred", maker({ entry: "other" }));
    await gathered();
    await clock.advance(Temporal.Duration.from({ minutes: 50 }));
    await reconcileToken(context, "g", never);
    expect(writes.map((makers) => makers?.map(({ entry }) => entry))).toEqual([
      ["main", "gone", "other"],
      ["main", "other"],
    ]);
  });
});

/** A tracker, and what brings it the entries that use one grant in one Secret. */
function tracked() {
  const clock = fakeClock();
  const secrets = operatorSecrets();
  const tokens = grantTracker({ clock, secrets, operatorNamespace: "ops" });
  const uses = (...entries: readonly string[]): readonly string[] =>
    tokens.use(
      "secret/team-a/regcred",
      new Map([["g", { grant: staticGrant, target: undefined, makers: entries.map((entry) => maker({ entry })) }]]),
    );
  return { clock, secrets, tokens, uses };
}

describe("the makers of tokens", () => {
  const labelled = (tenant: string): Maker => maker({ values: { "namespace.labels['tenant']": tenant } });
  const team = namespace({ labels: { tenant: "blue" } });

  it("name what decides the token, and no image by which it is tried", () => {
    const verify = { image: "docker.io/$(namespace.name)/app" };
    const entry = staticEntry({ verify });
    const group = { hosts: entry.hosts, grant: staticGrant };
    expect(makerOf("uid-acme", entry, group, team).values).toEqual({});
  });

  it("are found by what the namespace has now, whatever was stored or noted first", () => {
    const secrets = operatorSecrets();
    const makers = tokenMakers(secrets);
    makers.note("noted", labelled("blue"));
    makers.note("other", labelled("red"));
    const of = { key: "ops/x", resourceVersion: "1", namespace: "ops", name: "x", uid: "u" };
    secrets.set("ops/x", { ...of, kind: "token", token: token({ grantKey: "stored", makers: [maker()] }) });
    const found = (): readonly string[] =>
      makers
        .of("uid-acme", "main", team)
        .map(({ grantKey }) => grantKey)
        .toSorted();
    expect(found()).toEqual(["noted", "stored"]);
    secrets.set("ops/x", { ...of, kind: "token", token: token({ grantKey: "stored", makers: [labelled("red")] }) });
    expect(found()).toEqual(["noted"]);
    makers.forget("noted");
    secrets.delete("ops/x");
    expect(found()).toEqual([]);
    expect(makers.of("uid-other", "main", team)).toEqual([]);
  });

  it("cost one namespace no look at those of the others", () => {
    const makers = tokenMakers(operatorSecrets());
    for (let index = 0; index < 10_000; index += 1) makers.note(`grant-${index}`, labelled(`tenant-${index}`));
    let read = 0;
    const labels = new Proxy<Record<string, string>>(
      { tenant: "tenant-7" },
      {
        get: (values, name) => {
          read += 1;
          return values[String(name)];
        },
      },
    );
    expect(makers.of("uid-acme", "main", { ...team, labels }).map(({ grantKey }) => grantKey)).toEqual(["grant-7"]);
    expect(read).toBe(1);
  });

  it("are named as long as it is not known yet who has ceased", async () => {
    const { clock, tokens, uses } = tracked();
    uses("one", "other");
    uses("one");
    const named = (): readonly string[] => tokens.makers("g").map(({ entry }) => entry);
    tokens.forgetCeased("g");
    expect(named()).toEqual(["one", "other"]);
    await clock.advance(Temporal.Duration.from({ minutes: 10 }));
    expect(named()).toEqual(["one"]);
  });

  it("are not missing any more when who could not be stored has ceased, though the next write alters nothing", async () => {
    const { clock, secrets, tokens, uses } = tracked();
    const named = (): readonly string[] => tokens.makers("g").map(({ entry }) => entry);
    const of = { key: "ops/x", resourceVersion: "1", namespace: "ops", name: "x", uid: "u" };
    secrets.set("ops/x", {
      ...of,
      kind: "token",
      token: token({ grantKey: "g", makers: [maker({ entry: "one" })] }),
    });
    uses("one");
    await clock.advance(Temporal.Duration.from({ minutes: 10 }));
    uses("one", "other");
    expect([named(), tokens.lacksMakers("g")]).toEqual([["one", "other"], true]);
    // The write of that is refused.
    uses("one");
    expect(named()).toEqual(["one"]);
    tokens.forgetCeased("g");
    expect(tokens.lacksMakers("g")).toBe(false);
  });

  it("are named with the hosts that their entry has now, though not every Secret has been looked at since it was altered", async () => {
    const clock = fakeClock();
    const tokens = grantTracker({ clock, secrets: operatorSecrets(), operatorNamespace: "ops" });
    const uses = (namespaceName: string, ...hosts: readonly string[]): readonly string[] =>
      tokens.use(
        `secret/${namespaceName}/regcred`,
        new Map([["g", { grant: staticGrant, target: undefined, makers: [maker({ hosts })] }]]),
      );
    uses("team-a", "docker.io");
    uses("team-b", "docker.io");
    await clock.advance(Temporal.Duration.from({ minutes: 10 }));
    uses("team-a", "quay.io");
    tokens.forgetCeased("g");
    expect(tokens.makers("g").map(({ hosts }) => hosts)).toEqual([["quay.io"]]);
  });

  it.each([
    ["equal", () => ""],
    ["various", (index: number) => "x".repeat((index * 7) % 60)],
  ])(
    "of %s sizes are bounded in the token Secret, and what does not fit is not written again and again",
    (_what, more) => {
      const entry = (index: number): string => `entry-${index}${more(index)}`;
      const secrets = operatorSecrets();
      const makers = tokenMakers(secrets);
      const of = { key: "ops/x", resourceVersion: "1", namespace: "ops", name: "x", uid: "u" };
      secrets.set("ops/x", { ...of, kind: "token", token: token({ grantKey: "g", makers: [] }) });
      for (let index = 0; index < 1_200; index += 1) makers.note("g", maker({ entry: entry(index) }));
      expect(makers.unstored("g")).toBe(true);
      const tokens = grantTracker({ clock: fakeClock(), secrets, operatorNamespace: "ops" });
      for (let index = 0; index < 1_200; index += 1)
        tokens.use(
          "secret/team-a/regcred",
          new Map([["g", { grant: staticGrant, target: undefined, makers: [maker({ entry: entry(index) })] }]]),
        );
      const bounded = tokens.makers("g");
      expect(JSON.stringify(bounded).length).toBeLessThan(70_000);
      secrets.set("ops/x", { ...of, kind: "token", token: token({ grantKey: "g", makers: bounded }) });
      expect(makers.unstored("g")).toBe(false);
    },
  );
});
