// Tests that the references of a namespace are written in short runs, each account once, whatever the others do.
import { contextOf } from "../context-of.ts";
import { seen } from "../../runtime/watch/seen.ts";
import { describe, expect, it } from "vitest";
import type { Failure } from "../../../src/runtime/errors.ts";
import type { ServiceAccountRecord } from "../../../src/cluster/records.ts";
import type { Outcome } from "../../../src/runtime/queue/work-queue.ts";
import { statusCache, type SecretFinding } from "../../../src/controllers/status-cache.ts";
import { referencesReconciler } from "../../../src/controllers/service-account/controller.ts";
import { fakeClock } from "../../fake-clock.ts";
import { contributor, credential, namespace, secretRecord, serviceAccount } from "../../entitlement/objects.ts";
import { allPermitted } from "../all-permitted.ts";
import { sending } from "../sending.ts";

const never = new AbortController().signal;
const denied: Failure = { reason: "AdmissionDenied", cause: "Tenant", retry: "slowly", message: "denied" };
const conflict: Failure = { reason: "Conflict", cause: "Platform", retry: "backoff", message: "conflict" };

/** One namespace whose Secret may be referred to, with so many accounts that lack the reference. */
function fixture(count: number) {
  const clock = fakeClock();
  const found = statusCache(clock);
  const accounts = new Map<string, ServiceAccountRecord>();
  const put = (name: string, references: readonly string[] = [], changes: Partial<ServiceAccountRecord> = {}): void => {
    const version = `${Number(accounts.get(name)?.resourceVersion ?? 0) + 1}`;
    accounts.set(name, serviceAccount({ name, references, resourceVersion: version, ...changes }));
  };
  for (let index = 0; index < count; index += 1) put(`account-${index}`);
  const looked = { at: 0 };
  const patched: string[] = [];
  const lists: Patch["imagePullSecrets"][] = [];
  const whole: { readonly name?: string }[] = [];
  const onPatch = { call: (): void => undefined };
  const queued: string[] = [];
  const failures = new Map<string, Failure>();
  const kinds = new Map<string, string>();
  const reported: object[] = [];
  const sent: object[] = [];
  const acme = credential();
  const judge = (state: SecretFinding["state"]): void =>
    void found.setSecret("team-a", "regcred", { state, credentials: new Map() });
  let entitled = true;
  judge("usable");
  const context = contextOf({
    runtime: {
      clock,
      events: { publish: (event: object) => void reported.push(event) },
      log: { debug: () => undefined },
    },
    credentials: {
      statusCache: found,
      members: { holders: () => [], secretNamesIn: () => [] },
      index: {
        isInUse: (name: string) => name === "regcred",
        contributorsIn: () => new Map([["regcred", [contributor(acme, { entitled })]]]),
        unreadable: () => new Set<string>(),
      },
    },
    cluster: {
      stores: {
        credentials: new Map(),
        namespaces: seen(() => namespace()),
        pullSecrets: { get: () => secretRecord() },
        serviceAccounts: {
          byIndex: () => [...accounts.values()],
          exceeds: () => false,
          get: (key: string) => {
            looked.at += 1;
            return accounts.get(key.split("/")[1] ?? "");
          },
          send: sending(({ name, references }: ServiceAccountRecord) => put(name, references)),
        },
      },
      transforms: { serviceAccount: (raw: ServiceAccountRecord) => raw },
      api: {
        getServiceAccount: (_namespace: string, name: string) =>
          Promise.resolve({
            metadata: { name, resourceVersion: accounts.get(name)?.resourceVersion },
            imagePullSecrets: whole,
          }),
        patchServiceAccount: (_namespace: string, name: string, patch: Patch) => {
          const { imagePullSecrets: list } = patch;
          sent.push(patch);
          const failure = failures.get(name);
          if (failure) return Promise.reject(new Error(name));
          patched.push(name);
          lists.push(list);
          onPatch.call();
          return Promise.resolve({ name, references: list.map((each) => each.name) });
        },
      },
      callFailure: ({ message }: Error) => ({ kind: kinds.get(message), failure: failures.get(message) }),
      permissions: allPermitted,
    },
    queue: { enqueue: (key: string) => queued.push(key) },
  });
  const reconcile = referencesReconciler();
  const run = (): Promise<Outcome> => reconcile(context, "team-a", never);
  /** Until a run does not go on in another one; returns their number. */
  const settle = async (): Promise<{ runs: number; outcome: Outcome }> => {
    for (let runs = 1; ; runs += 1) {
      const outcome = await run();
      if (!("unfinished" in outcome)) return { runs, outcome };
      if (runs > 10_000) throw new Error("it never ends");
    }
  };
  return {
    clock,
    found,
    hide: (failure: Failure) =>
      Object.assign(context.cluster, { permissions: { ...allPermitted, serviceAccounts: () => failure } }),
    accounts,
    put,
    patched,
    lists,
    whole,
    onPatch,
    queued,
    failures,
    kinds,
    reported,
    sent,
    looked,
    run,
    settle,
    judge,
    leave: () => {
      entitled = false;
      judge("leaving");
    },
  };
}

interface Patch {
  readonly imagePullSecrets: readonly { readonly name: string }[];
}

describe("the references of a namespace", () => {
  it("are written a few in each run, which then goes on", async () => {
    const { run, patched } = fixture(25);
    expect(await run()).toMatchObject({ unfinished: true });
    expect(patched).toHaveLength(10);
    await run();
    expect(patched).toHaveLength(20);
    expect(await run()).not.toHaveProperty("unfinished");
    expect(patched).toHaveLength(25);
  });

  it("go on by themselves where an account has come while the round ended", async () => {
    const { run, settle, patched, onPatch, put } = fixture(1);
    onPatch.call = () => (patched.length < 3 ? put(`late-${patched.length}`) : undefined);
    expect(await run()).toMatchObject({ unfinished: true });
    await settle();
    expect(patched).toEqual(["account-0", "late-1", "late-2"]);
  });

  it("are tried again within a second, and not at once, where somebody changes an account before each write", async () => {
    const { run, failures, put } = fixture(1);
    Object.assign(failures, { get: () => (put("account-0"), conflict) });
    const outcome = await run();
    expect(outcome).toMatchObject({ failed: true, retry: "backoff" });
    expect(outcome.failed && outcome.retryWithin?.total("seconds")).toBe(1);
  });

  it("take work that grows with the number of accounts, not with its square", async () => {
    const work = async (count: number) => {
      const it = fixture(count);
      const { runs } = await it.settle();
      expect(new Set(it.patched).size).toBe(count);
      expect(it.patched).toHaveLength(count);
      return { runs, looked: it.looked.at };
    };
    const [few, many] = [await work(1_000), await work(10_000)];
    expect(many.runs / few.runs).toBeLessThan(11);
    expect(many.looked / few.looked).toBeLessThan(11);
  });

  it("cost nothing again where nothing has changed, and one look where one account has", async () => {
    const it = fixture(1_000);
    await it.settle();
    it.patched.length = 0;
    await it.settle();
    const before = it.looked.at;
    it.put("account-7");
    await it.settle();
    expect(it.patched).toEqual(["account-7"]);
    expect(it.looked.at - before).toBeLessThan(5);
  });

  it("are looked at anew where something else is wanted of them", async () => {
    const it = fixture(30);
    await it.settle();
    it.patched.length = 0;
    it.leave();
    await it.settle();
    expect(it.patched).toHaveLength(30);
    expect([...it.accounts.values()].every(({ references }) => references?.length === 0)).toBe(true);
  });

  it("do not wait for accounts that cannot be written, of which each is tried once in a round", async () => {
    const it = fixture(100);
    for (let index = 0; index < 50; index += 1) it.failures.set(`account-${index}`, denied);
    const { outcome } = await it.settle();
    expect(new Set(it.patched).size).toBe(50);
    expect(outcome).toMatchObject({ failed: true, retry: "slowly" });
    expect(it.found.references("team-a")?.failures).toHaveLength(50);
    it.failures.clear();
    await it.settle();
    expect(new Set(it.patched).size).toBe(100);
    expect(it.found.references("team-a")?.failures).toEqual([]);
  });

  it("reach the end of a round though an account changes all the time, and see it as it is at last", async () => {
    const it = fixture(40);
    let rounds = 0;
    for (let run = 0; run < 60; run += 1) {
      it.put("account-3");
      const before = it.found.references("team-a");
      await it.run();
      if (it.found.references("team-a") !== before) rounds += 1;
    }
    expect(rounds).toBeGreaterThan(3);
    expect(new Set(it.patched).size).toBe(40);
    it.put("account-3");
    await it.clock.advance(Temporal.Duration.from({ minutes: 11 }));
    await it.settle();
    expect(it.accounts.get("account-3")?.references).toEqual(["regcred"]);
  });

  it("reach the end of a round though a new account comes with each that is written", async () => {
    const it = fixture(20);
    let made = 0;
    it.onPatch.call = () => it.put(`new-${(made += 1)}`);
    for (let run = 0; run < 10; run += 1) await it.run();
    expect(it.found.references("team-a")).toBeDefined();
    it.onPatch.call = () => undefined;
    await it.settle();
    expect([...it.accounts.values()].every(({ references }) => references?.includes("regcred"))).toBe(true);
  });

  it("stand behind every foreign entry of a list that had to be read, those without a name among them", async () => {
    const it = fixture(0);
    it.put("many", [], { references: undefined });
    it.whole.push({ name: "theirs" }, {}, { name: "more" });
    await it.run();
    expect(it.lists).toEqual([[{ name: "theirs" }, { name: "" }, { name: "more" }, { name: "regcred" }]]);
  });

  it("name the version of the account that they are written to", async () => {
    const it = fixture(1);
    const { resourceVersion } = it.accounts.get("account-0") ?? {};
    await it.settle();
    expect(it.sent).toMatchObject([{ metadata: { resourceVersion } }]);
  });

  it("are left in a namespace that goes meanwhile, and nothing is found of it", async () => {
    const it = fixture(5);
    it.failures.set("account-0", denied);
    it.kinds.set("account-0", "namespaceTerminating");
    expect(await it.run()).toEqual({});
    expect([it.patched, it.sent.length, it.found.references("team-a")]).toEqual([[], 1, undefined]);
  });

  it("are told to the credential, and to the tenant in its namespace, where something is found anew, and not again", async () => {
    const it = fixture(2);
    const heard = async (): Promise<boolean> => {
      it.queued.length = 0;
      await it.settle();
      return it.queued.includes("credential/acme");
    };
    expect([await heard(), await heard()]).toEqual([true, false]);
    it.put("account-2");
    it.failures.set("account-2", denied);
    expect([await heard(), await heard()]).toEqual([true, false]);
    const regarding = { kind: "Namespace", namespace: "team-a", name: "team-a", uid: "uid-team-a" };
    expect(it.reported).toMatchObject([{ regarding, reason: "AdmissionDenied" }]);
    it.failures.clear();
    expect([await heard(), await heard()]).toEqual([true, false]);
  });

  it("are repaired ever more slowly where somebody takes one off each time, from run to run", async () => {
    const it = fixture(2);
    for (let repair = 0; repair < 7; repair += 1) {
      await it.settle();
      it.put("account-0");
    }
    it.patched.length = 0;
    const { outcome } = await it.settle();
    expect(it.patched).toEqual([]);
    expect(outcome).toHaveProperty("requeueAfter");
    expect(it.found.references("team-a")?.failures).toMatchObject([{ reason: "Contested" }]);
  });

  it("count as looked at when the round is over, not before", async () => {
    const it = fixture(25);
    await it.run();
    expect(it.found.references("team-a")).toBeUndefined();
    await it.settle();
    expect(it.found.references("team-a")?.generations.get("acme")).toBe(3);
  });

  it("of a Secret that goes are waited for until each has been taken, or for ten seconds", async () => {
    const it = fixture(15);
    const left = (): readonly string[] => [...(it.found.references("team-a")?.left ?? [])];
    await it.settle();
    it.leave();
    await it.run();
    expect(left()).toEqual([]);
    it.failures.set("account-14", conflict);
    await it.settle();
    expect(left()).toEqual([]);
    await it.clock.advance(Temporal.Duration.from({ seconds: 10 }));
    await it.settle();
    expect(left()).toEqual(["regcred"]);
    expect(it.queued).toContain("secret/team-a/regcred");
  });

  it("that are put back again and again do not hold up the Secret", async () => {
    const it = fixture(15);
    await it.settle();
    it.leave();
    await it.settle();
    it.put("account-3", ["regcred"], { record: '["regcred"]' });
    await it.settle();
    expect(it.found.references("team-a")?.left?.has("regcred")).toBe(true);
  });

  it("of a Secret that goes are waited for no longer, however many there are", async () => {
    const it = fixture(1_600);
    await it.settle();
    const judged = it.found.references("team-a")?.generations;
    it.queued.length = 0;
    it.leave();
    await it.run();
    await it.clock.advance(Temporal.Duration.from({ seconds: 10 }));
    expect(await it.run()).toMatchObject({ unfinished: true });
    expect(it.found.references("team-a")).toMatchObject({ left: new Set(["regcred"]), generations: judged });
    await it.run();
    expect(it.queued).toEqual(["secret/team-a/regcred"]);
  });
});

describe("an account that cannot be written", () => {
  it("makes no other one wait longer than that one's own failure says", async () => {
    const { failures, settle } = fixture(2);
    failures.set("account-0", conflict);
    failures.set("account-1", denied);
    expect((await settle()).outcome).toMatchObject({ failed: true, retry: "backoff" });
  });
});

describe("accounts that may not be seen", () => {
  it("hold up a Secret that goes for ten seconds, and no longer", async () => {
    const { clock, found, hide, leave, run } = fixture(0);
    hide({ reason: "NotPermitted", cause: "Platform", retry: "slowly", message: "no right" });
    expect(await run()).toEqual({ waitsFor: ['{"permissions":"changes"}'] });
    leave();
    const left = (): boolean => found.references("team-a")?.left?.has("regcred") === true;
    expect([(await run()).failed, left()]).toEqual([undefined, false]);
    expect(await run()).toMatchObject({ requeueAfter: Temporal.Duration.from({ milliseconds: 10_000 }) });
    await clock.advance(Temporal.Duration.from({ seconds: 10 }));
    expect(await run()).toEqual({ waitsFor: ['{"permissions":"changes"}'] });
    expect(left()).toBe(true);
  });
});
