// Is a pod evicted at most once, and never many at a time?
import { describe, expect, it } from "vitest";
import type { Failure } from "../../src/errors.ts";
import type { PodRecord } from "../../src/plan/snapshot.ts";
import type { Context } from "../../src/reconcile/context.ts";
import { podsLoop } from "../../src/reconcile/pods.ts";
import { fakeClock } from "../fake-clock.ts";
import { credential, minute, namespace, pod, serviceAccount, token } from "../plan/objects.ts";

const never = new AbortController().signal;
const refused: Failure = { reason: "Throttled", cause: "Platform", retry: "backoff", message: "no" };

/** Touching anything that is not here throws. */
function situation(pods: readonly PodRecord[], changes: Partial<ReturnType<typeof credential>["spec"]> = {}) {
  const clock = fakeClock(minute(0));
  const evicted: string[] = [];
  const notes: string[] = [];
  let trouble: { readonly kind: string | undefined } | undefined;
  let held: string | undefined;
  const { spec } = credential();
  const asking = credential({ spec: { ...spec, podRecovery: "Evict", ...changes } });
  const silent = (): void => undefined;
  const context = {
    clock,
    stores: {
      namespaces: { get: () => namespace() },
      pods: { byIndex: () => pods },
      serviceAccounts: { get: () => serviceAccount({ references: ["regcred"] }) },
    },
    entitlements: {
      names: () => ["regcred"],
      participants: () => [{ credential: asking, role: "current", entitled: true, deleting: false }],
    },
    board: { secret: () => ({ state: "usable" }) },
    tokens: { token: () => token() },
    grantKey: () => "g",
    scopeOf: () => ({ namespace: namespace(), operatorNamespace: "ops", serviceAccount: () => undefined }),
    api: {
      evictPod: (_namespace: string, _name: string, uid: string) => {
        if (trouble && (held === undefined || held === uid)) return Promise.reject(new Error("refused"));
        evicted.push(uid);
        return Promise.resolve();
      },
    },
    events: { publish: ({ reason, note }: { reason: string; note: string }) => notes.push(`${reason} ${note}`) },
    refusal: () => ({ kind: trouble?.kind, failure: refused }),
    shareReached: (kind: string, of: string) => notes.push(`${kind} ${of}`),
    log: { debug: silent, info: silent, warn: silent, error: silent },
  } as unknown as Context;
  const loop = podsLoop();
  return {
    clock,
    evicted,
    notes,
    run: () => loop(context, "team-a", never),
    fail: (kind: string | undefined, uid?: string) => {
      trouble = { kind };
      held = uid;
    },
    mend: () => (trouble = undefined),
  };
}

const hosts = (name: string) => pod({ name, stuckImages: ["acme/app:1"] });
const many = (count: number) => Array.from({ length: count }, (_, index) => hosts(`app-${index}`));

describe("the stuck pods of a namespace", () => {
  it("are evicted once each, and told", async () => {
    const { run, evicted, notes } = situation([hosts("app-1")]);
    await run();
    await run();
    expect(evicted).toEqual(["uid-app-1"]);
    expect(notes).toEqual([expect.stringMatching(/^PodEvicted .*acme\/app:1.*regcred/)]);
  });

  it("are evicted five a minute", async () => {
    const { run, evicted, clock, notes } = situation(many(12));
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

  it("are evicted though one of them is held by its PodDisruptionBudget, also the next time", async () => {
    const { run, evicted, fail, clock } = situation(many(9));
    fail("throttled", "uid-app-0");
    await run();
    expect(evicted).toHaveLength(4);
    await clock.advance(Temporal.Duration.from({ minutes: 1 }));
    expect(await run()).toMatchObject({ failed: true });
    expect(evicted).toHaveLength(8);
  });

  it("are tried again when the API server refuses, and not when they are gone", async () => {
    const { run, evicted, fail, mend } = situation([hosts("app-1")]);
    fail("tooManyRequests");
    expect(await run()).toMatchObject({ failed: true, retry: "backoff" });
    mend();
    await run();
    expect(evicted).toHaveLength(1);

    const gone = situation([hosts("app-1")]);
    gone.fail("notFound");
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
    const { run, evicted } = situation([hosts("app-1")], changes);
    await run();
    expect(evicted).toEqual([]);
  });

  it("are looked at again every minute, for as long as there are any", async () => {
    expect(await situation([hosts("app-1")]).run()).toEqual({
      requeueAfter: Temporal.Duration.from({ milliseconds: 60_000 }),
    });
    expect(await situation([]).run()).toEqual({});
  });
});
