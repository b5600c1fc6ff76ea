// Tests that a pod is evicted at most once, and never many at a time.
import { contextOf } from "../context-of.ts";
import { describe, expect, it } from "vitest";
import type { Failure } from "../../../src/runtime/errors.ts";
import type { NamespaceRecord, PodRecord } from "../../../src/cluster/records.ts";
import type { Token } from "../../../src/cluster/token.ts";
import type { Contributor } from "../../../src/entitlement/credential-index.ts";
import { podsReconciler } from "../../../src/controllers/pod-recovery/controller.ts";
import { fakeClock } from "../../fake-clock.ts";
import {
  credential,
  login,
  minute,
  namespace,
  pod,
  serviceAccount,
  staticEntry,
  token,
} from "../../entitlement/objects.ts";

const never = new AbortController().signal;
const refused: Failure = { reason: "Throttled", cause: "Platform", retry: "backoff", message: "no" };

interface FixtureOptions {
  readonly place?: Partial<NamespaceRecord>;
  readonly contributor?: Partial<Contributor>;
  /** Of the Secret. */
  readonly state?: string;
  readonly token?: Partial<Token>;
  /** A further Secret, whose RegistryCredential asks for nothing. */
  readonly besides?: string;
}

/** Touching anything that is not here throws. */
function fixture(
  pods: readonly PodRecord[],
  changes: Partial<ReturnType<typeof credential>["spec"]> = {},
  { place, contributor, state = "usable", token: its, besides }: FixtureOptions = {},
) {
  const clock = fakeClock(minute(0));
  const evicted: string[] = [];
  const notes: string[] = [];
  let trouble: { readonly kind: string | undefined } | undefined;
  let held: string | undefined;
  const { spec } = credential();
  const asking = credential({ spec: { ...spec, podRecovery: "Evict", ...changes } });
  const silent = (): void => undefined;
  const context = contextOf({
    runtime: {
      clock,
      events: { publish: ({ reason, note }: { reason: string; note: string }) => notes.push(`${reason} ${note}`) },
      shareReached: (kind: string, of: string) => notes.push(`${kind} ${of}`),
      log: { debug: silent, info: silent, warn: silent, error: silent },
    },
    cluster: {
      stores: {
        namespaces: { get: (name: string) => namespace({ name, ...place }) },
        pods: { byIndex: (name: string) => pods.map((each) => ({ ...each, uid: uidIn(name, each) })) },
        serviceAccounts: { get: () => serviceAccount({ references: ["regcred"] }) },
      },
      api: {
        evictPod: (_namespace: string, _name: string, uid: string) => {
          if (trouble && (held === undefined || held === uid)) return Promise.reject(new Error("refused"));
          evicted.push(uid);
          return Promise.resolve();
        },
      },
      callFailure: () => ({ kind: trouble?.kind, failure: refused }),
    },
    credentials: {
      index: {
        names: () => ["regcred", ...(besides === undefined ? [] : [besides])],
        contributors: (_namespace: unknown, name: string) => [
          {
            credential: name === besides ? credential() : asking,
            role: "current",
            entitled: true,
            deleting: false,
            ...contributor,
          },
        ],
      },
      statusCache: { secret: () => ({ state }) },
    },
    grants: {
      tokens: { token: () => token(its) },
      grantKey: () => "g",
      scopeOf: () => ({ namespace: namespace(), operatorNamespace: "ops", serviceAccount: () => undefined }),
    },
  });
  const reconcile = podsReconciler();
  return {
    clock,
    evicted,
    notes,
    run: (of = "team-a") => reconcile(context, of, never),
    fail: (kind: string | undefined, uid?: string) => {
      trouble = { kind };
      held = uid;
    },
    mend: () => (trouble = undefined),
  };
}

const uidIn = (of: string, { uid }: PodRecord): string => (of === "team-a" ? uid : `${uid}-${of}`);
const hosts = (name: string) => pod({ name, stuckImages: ["acme/app:1"] });
const many = (count: number) => Array.from({ length: count }, (_, index) => hosts(`app-${index}`));

describe("the stuck pods of a namespace", () => {
  it("are evicted once each, and told", async () => {
    const { run, evicted, notes } = fixture([hosts("app-1")]);
    await run();
    await run();
    expect(evicted).toEqual(["uid-app-1"]);
    expect(notes).toEqual([expect.stringMatching(/^PodEvicted .*acme\/app:1.*regcred/)]);
  });

  it("are evicted five a minute", async () => {
    const { run, evicted, clock, notes } = fixture(many(12));
    expect(await run()).toHaveProperty("requeueAfter");
    expect(evicted).toHaveLength(5);
    expect(notes).toContain("evictions team-a");
    await run();
    expect(evicted).toHaveLength(5);
    await clock.advance(Temporal.Duration.from({ minutes: 1 }));
    await run();
    expect(evicted).toHaveLength(10);
    expect(new Set(evicted).size).toBe(10);
  });

  it("are evicted though one of them is held by its PodDisruptionBudget, which is tried after the others the next time", async () => {
    const { run, evicted, fail, clock } = fixture(many(10));
    fail("throttled", "uid-app-0");
    await run();
    expect(evicted).toHaveLength(4);
    await clock.advance(Temporal.Duration.from({ minutes: 1 }));
    await run();
    expect(evicted).toHaveLength(9);
    await clock.advance(Temporal.Duration.from({ minutes: 1 }));
    expect(await run()).toMatchObject({ failed: true });
  });

  it("are evicted thirty a minute in all namespaces, and who waits only for that is not told of a share", async () => {
    const { run, evicted, notes } = fixture(many(5));
    for (let index = 0; index < 6; index += 1) await run(`team-${index}`);
    expect(evicted).toHaveLength(30);
    expect(await run("team-7")).toHaveProperty("requeueAfter");
    expect([evicted.length, notes.filter((note) => note.startsWith("evictions"))]).toEqual([30, []]);
  });

  it("stay where an older one of their owner was evicted before they were made, whatever was evicted since", async () => {
    const pods = [
      pod({ name: "first", createdAt: minute(-10), stuckImages: ["acme/app:1"] }),
      pod({ name: "second", createdAt: minute(-9), stuckImages: ["acme/app:1"] }),
    ];
    const { run, evicted, fail, mend, clock } = fixture(pods);
    fail("throttled", "uid-second");
    await run();
    mend();
    await clock.advance(Temporal.Duration.from({ minutes: 5 }));
    pods.push(pod({ name: "after", createdAt: minute(1), stuckImages: ["acme/app:1"] }));
    await run();
    await run();
    expect(evicted).toEqual(["uid-first", "uid-second"]);
  });

  it("are tried again when the API server refuses", async () => {
    const { run, evicted, fail, mend } = fixture([hosts("app-1")]);
    fail("tooManyRequests");
    expect(await run()).toMatchObject({ failed: true, retry: "backoff" });
    mend();
    await run();
    expect(evicted).toHaveLength(1);
  });

  it.each(["notFound", "conflict"])("are not tried again when they are gone: %s", async (kind) => {
    const gone = fixture([hosts("app-1")]);
    gone.fail(kind);
    expect((await gone.run()).failed).toBeUndefined();
    gone.mend();
    await gone.run();
    expect(gone.evicted).toEqual([]);
    expect(gone.notes).toEqual([]);
  });

  it.each([
    ["does not ask for it", { podRecovery: "None" }],
    ["is suspended", { suspend: true }],
    ["writes no references", { references: "None" }],
  ] as const)("stay where the credential %s", async (_what, changes) => {
    const { run, evicted } = fixture([hosts("app-1")], changes);
    await run();
    expect(evicted).toEqual([]);
  });

  it.each<readonly [string, FixtureOptions]>([
    ["the namespace is being deleted", { place: { terminating: true } }],
    ["the Secret is not there to be referred to", { state: "foreign" }],
    ["the credential is being deleted", { contributor: { deleting: true } }],
    ["the credential has no title to the namespace", { contributor: { entitled: false } }],
    ["the Secret's name is a former one", { contributor: { role: "former" } }],
    ["the token is over", { token: { expiresAt: minute(0) } }],
    ["the token serves another host", { token: { logins: { byHost: new Map([["other.example.com", login()]]) } } }],
  ])("stay where %s", async (_what, options) => {
    const { run, evicted } = fixture([hosts("app-1")], {}, options);
    await run();
    expect(evicted).toEqual([]);
  });

  it("stay where their template names a Secret of ours whose credential asks for nothing", async () => {
    const { run, evicted } = fixture(
      [pod({ references: ["besides"], stuckImages: ["acme/app:1"] })],
      {},
      { besides: "besides" },
    );
    await run();
    expect(evicted).toEqual([]);
  });

  it("are evicted for what an imported docker config serves, and for nothing where it says of no host that it is for it", async () => {
    const imported = { registries: [staticEntry({ hosts: ["*"] })] };
    const byHost = new Map([["a.example.com", login()]]);
    const served = fixture([pod()], imported, { token: { logins: { byHost } } });
    await served.run();
    expect(served.evicted).toEqual(["uid-app-1"]);
    const local = fixture([pod({ stuckImages: ["localhost/app:1"] })], imported);
    await local.run();
    expect(local.evicted).toEqual([]);
  });

  it("are evicted for Docker Hub as kubelets know it: it has what names no registry", async () => {
    const { run, evicted } = fixture([pod({ stuckImages: ["localhost/app:1"] })]);
    await run();
    expect(evicted).toEqual(["uid-app-1"]);
  });

  it("are looked at again every minute, for as long as there are any", async () => {
    expect(await fixture([hosts("app-1")]).run()).toEqual({
      requeueAfter: Temporal.Duration.from({ milliseconds: 60_000 }),
    });
    expect(await fixture([]).run()).toEqual({});
  });
});
