// Tests of a deletion over time: what it waits for and how long, what it reports meanwhile, and what it leaves unchanged.
import { contextOf } from "../context-of.ts";
import { describe, expect, it } from "vitest";
import { finalizer, forceFinalizeAnnotation } from "../../../src/api/names.ts";
import type { RegistryCredential, Status } from "../../../src/api/registry-credential.ts";
import type { CredentialRecord, SecretRecord, ServiceAccountRecord } from "../../../src/cluster/records.ts";
import { drain } from "../../../src/controllers/credential/drain.ts";
import { progressOf } from "../../../src/controllers/credential/progress.ts";
import { textOfWaited } from "../../../src/controllers/outcome.ts";
import { statusCache } from "../../../src/controllers/status-cache.ts";
import type { Failure } from "../../../src/runtime/errors.ts";
import { fakeClock } from "../../fake-clock.ts";
import { unrestricted } from "../../mode.ts";
import { seen } from "../../runtime/watch/seen.ts";
import type { Sighting } from "../../../src/runtime/watch/presence.ts";
import { credential, namespace, now, secretRecord, serviceAccount } from "../../entitlement/objects.ts";
import { allPermitted } from "../all-permitted.ts";
import { inSlices } from "../../../src/runtime/in-slices.ts";

const running = new AbortController().signal;
const seconds = (count: number): Temporal.Duration => Temporal.Duration.from({ milliseconds: count * 1_000 });
const denied: Failure = { reason: "AdmissionDenied", cause: "Tenant", retry: "slowly", message: "policy no" };
const tooLarge: Failure = { reason: "TooLarge", cause: "Tenant", retry: "on-change", message: "too large" };
const webhook: Failure = { reason: "ApiUnavailable", cause: "Platform", retry: "backoff", message: "webhook hangs" };
const notPermitted: Failure = { reason: "NotPermitted", cause: "Platform", retry: "slowly", message: "no right" };
/** The operator has run for some time. */
const uptime = 100_000;

/** What a store says in which some are not seen. */
function dimly<R>(hidden: ReadonlySet<string>, get: (key: string) => R | undefined) {
  const whole = seen(get);
  const look = (key: string): Sighting<R> => (hidden.has(key) ? { kind: "not-seen" } : whole.look(key));
  return { ...whole, look };
}

interface Start {
  readonly secrets?: readonly string[];
  readonly accounts?: readonly string[];
  readonly changes?: Partial<RegistryCredential>;
  readonly hidden?: Failure;
  /** Why no Secret may be reached. */
  readonly beyond?: Failure;
  readonly synced?: boolean;
  /** Former names of its Secret. */
  readonly formers?: readonly string[];
  /** The Secrets are those that the operator has written. */
  readonly isMember?: boolean;
  /** Milliseconds that pass whenever it is asked what may be left. */
  readonly toil?: number;
}

/** A credential in deletion, with a Secret in each of these namespaces, and a recorded reference in each of those. */
function fixture({
  secrets = [],
  accounts = [],
  changes = {},
  hidden,
  beyond,
  synced = true,
  formers = [],
  isMember = true,
  toil = 0,
}: Start = {}) {
  const still = fakeClock(now);
  let toiled = 0;
  const clock = { ...still, elapsed: () => uptime + still.elapsed() + toiled };
  const found = statusCache(clock);
  const acme = credential({ finalizers: [finalizer], deletionTimestamp: now, ...changes });
  const hiddenNamespaces = new Set<string>();
  const hiddenSecrets = new Set<string>();
  const standing = new Map<string, SecretRecord>(
    secrets.map((each) => [each, secretRecord({ key: `${each}/regcred`, namespace: each, credentials: ["acme"] })]),
  );
  const referring = new Map<string, ServiceAccountRecord>(
    accounts.map((each) => [each, serviceAccount({ namespace: each, record: '["regcred"]', references: ["regcred"] })]),
  );
  const statuses: Status[] = [];
  const patches: unknown[] = [];
  const signals: unknown[] = [];
  const lines: unknown[] = [];
  const drained: string[] = [];
  let refusing: Failure | undefined;
  const written = { metadata: { name: "acme" } };
  const context = contextOf({
    runtime: {
      clock,
      inSlices: inSlices(clock),
      metrics: { publish: () => undefined },
      log: { info: (...line: unknown[]) => lines.push(line), warn: (...line: unknown[]) => lines.push(line) },
      events: { publish: () => undefined },
    },
    credentials: {
      statusCache: found,
      index: {
        namesOf: () => formers.map((secretName) => ({ secretName })),
        readable: () => undefined,
        mayHold: () => {
          toiled += toil;
          return new Set(standing.keys());
        },
        drained: ({ name }: RegistryCredential) => drained.push(name),
      },
      members: { recorded: () => true, has: () => isMember, holds: () => isMember, count: () => 0 },
    },
    settings: { namespace: "ops", mode: unrestricted },
    cluster: {
      digest: () => "",
      stores: {
        crds: { get: () => undefined },
        credentials: { get: () => undefined, values: () => [], wrote: () => undefined },
        namespaces: dimly(hiddenNamespaces, (name: string) =>
          name === "ghost" ? undefined : namespace({ name, terminating: name === "going" }),
        ),
        pullSecrets: dimly(hiddenSecrets, (key: string) =>
          key.endsWith("/regcred") ? standing.get(key.split("/")[0] ?? "") : undefined,
        ),
        serviceAccounts: { values: () => referring.values() },
      },
      transforms: { credential: () => undefined },
      api: {
        patchCredential: async (_name: string, body: unknown, signal: unknown) => {
          if (refusing) throw new Error("refused");
          patches.push(body);
          signals.push(signal);
          return written;
        },
        patchCredentialStatus: async (_name: string, body: { readonly status: Status }, signal: unknown) => {
          statuses.push(body.status);
          signals.push(signal);
          return written;
        },
      },
      namesSynced: () => synced,
      callFailure: () => ({ kind: undefined, failure: refusing }),
      permissions: { ...allPermitted, whole: () => hidden, secret: () => beyond },
    },
    queue: { enqueue: () => undefined },
  });
  const fields = { name: "acme", uid: acme.uid, resourceVersion: "7", status: acme.status };
  const record = { ...fields, finalizers: acme.finalizers, credential: acme } as unknown as CredentialRecord;
  const memory = { uid: acme.uid };
  const run = (changed: Partial<RegistryCredential> = {}) =>
    drain({ context, record, credential: { ...acme, ...changed }, memory, progress: progressOf(clock) }, running);
  return {
    clock,
    found,
    standing,
    hiddenNamespaces,
    hiddenSecrets,
    referring,
    statuses,
    patches,
    signals,
    lines,
    drained,
    run,
    refuse: (failure: Failure | undefined) => (refusing = failure),
    finds: (failures: readonly Failure[], at = "team-a") =>
      found.setSecret(at, "regcred", {
        state: "usable",
        credentials: new Map([["acme", { failures, notes: [], generation: acme.generation }]]),
      }),
    /** Runs once a second for so many seconds, the last time at their end. */
    pass: async (count: number): Promise<void> => {
      for (let second = 0; second < count; second += 1) {
        await run();
        await still.advance(seconds(1));
      }
      await run();
    },
    /** What was told last of DrainBlocked, and how it goes on otherwise. */
    reported: () => {
      const { conditions = [] } = statuses.at(-1) ?? {};
      const blocked = conditions.find(({ type }) => type === "DrainBlocked");
      return blocked
        ? `${blocked.reason} ${blocked.message}`
        : conditions.find(({ reason }) => reason === "Draining")?.message;
    },
  };
}

describe("a deletion that a namespace holds up which the install may not reach any more", () => {
  it("says so, and what mends it", async () => {
    const it = fixture({ secrets: ["team-b"], beyond: notPermitted });
    it.hiddenSecrets.add("team-b/regcred");
    await it.run();
    expect(it.reported()).toMatch(
      /^NotPermitted still held by 1 namespace \(team-b\), for the platform to mend: no right;/,
    );
    expect(it.patches).toEqual([]);
  });
});

describe("a deletion of which a person has given up", () => {
  const forced = { annotations: { [forceFinalizeAnnotation]: "true" } };

  it("ends at once with what is left, which is told, and is not taken for drained", async () => {
    const it = fixture({ secrets: ["team-a"], accounts: ["team-b"], changes: forced });
    expect(await it.run()).toEqual({});
    expect([it.patches.length, it.drained, it.lines]).toEqual([
      1,
      [],
      [
        ["RegistryCredential left with tenants", { credential: "acme", namespaces: 1, examples: "team-a" }],
        ["RegistryCredential released", { credential: "acme", left: 2, forced: true }],
      ],
    ]);
  });

  it("ends though it cannot be said what is left", async () => {
    const it = fixture({ secrets: ["team-a"], changes: forced, synced: false });
    await it.run();
    expect([it.patches.length, it.drained, it.lines]).toEqual([
      1,
      [],
      [["RegistryCredential released", { credential: "acme", left: 0, forced: true }]],
    ]);
  });

  it("is no other than one that says something else there", async () => {
    const it = fixture({ secrets: ["team-a"], changes: { annotations: { [forceFinalizeAnnotation]: "false" } } });
    await it.run();
    expect(it.patches).toEqual([]);
  });
});

describe("the end of a deletion", () => {
  it("takes our finalizer alone, off the version that was read, and can be broken off", async () => {
    const it = fixture({ changes: { finalizers: ["theirs/one", finalizer, "theirs/two"], resourceVersion: "7" } });
    expect(await it.run()).toEqual({});
    expect(it.patches).toEqual([{ metadata: { resourceVersion: "7", finalizers: ["theirs/one", "theirs/two"] } }]);
    expect([it.signals, it.drained, it.lines]).toEqual([
      [running],
      ["acme"],
      [["RegistryCredential released", { credential: "acme", left: 0, forced: false }]],
    ]);
  });

  it("has come where the finalizer is off: nothing is looked for or written", async () => {
    const it = fixture({ secrets: ["team-a"], changes: { finalizers: ["theirs/one"] } });
    expect(await it.run()).toEqual({});
    expect([it.patches, it.statuses, it.drained]).toEqual([[], [], []]);
  });

  it("is tried again by the queue where it could not be written just now, and told where it may not be", async () => {
    const it = fixture();
    it.refuse(webhook);
    await expect(it.run()).rejects.toThrow("refused");
    expect(it.statuses).toEqual([]);
    it.refuse({ ...denied, retry: "slowly" });
    expect(await it.run()).toMatchObject({ failed: true, retry: "slowly" });
    expect(it.reported()).toMatch(/^AdmissionDenied still held, for the platform to mend: policy no/);
    expect(it.signals).toEqual([running]);
  });
});

describe("a deletion whose Secrets may not be seen", () => {
  it("says so at once, and comes back", async () => {
    const it = fixture({ hidden: notPermitted, formers: ["former"] });
    const waitedFor = ["regcred", "former"].map((secretsCalled) => textOfWaited({ secretsCalled }));
    expect(await it.run()).toEqual({ waitsFor: waitedFor, requeueAfter: seconds(1) });
    expect([it.reported(), it.patches]).toEqual([
      expect.stringMatching(/^NotPermitted still held, for the platform/),
      [],
    ]);
  });

  it("says so after ten seconds where they have only not been listed yet", async () => {
    const it = fixture({ synced: false });
    await it.pass(9);
    expect(it.reported()).toBe("what is left is not known yet");
    await it.clock.advance(seconds(0.9));
    await it.run();
    expect(it.reported()).toBe("what is left is not known yet");
    await it.clock.advance(seconds(0.1));
    await it.run();
    expect(it.reported()).toMatch(/^ApiUnavailable still held, for the platform/);
  });
});

describe("a deletion that was blocked before a start", () => {
  const reported = (type: string, status: "True" | "False"): Status => ({
    secretName: "regcred",
    conditions: [{ type, status, reason: "x", message: "", lastTransitionTime: now.toString(), observedGeneration: 3 }],
  });
  it("is not said to go on before everything has been looked at, a minute later", async () => {
    const secrets = ["team-a", "team-b", "team-c", "team-d"];
    const it = fixture({ secrets, changes: { status: reported("DrainBlocked", "True") } });
    for (const each of secrets.slice(1)) {
      await it.pass(15);
      it.standing.delete(each);
    }
    await it.pass(14);
    await it.clock.advance(seconds(0.9));
    await it.run();
    expect(it.statuses).toEqual([]);
    await it.clock.advance(seconds(0.1));
    await it.run();
    expect(it.reported()).toBe("1 namespace left");
  });

  it("says what blocks it as soon as it is found, and from then on how it goes on", async () => {
    const it = fixture({ secrets: ["team-a"], changes: { status: reported("DrainBlocked", "True") } });
    it.finds([denied]);
    await it.run();
    expect(it.reported()).toMatch(/^AdmissionDenied still held by 1 namespace \(team-a\)/);
    it.finds([]);
    await it.run();
    expect(it.reported()).toBe("1 namespace left");
  });

  it.each([
    ["another condition was told", reported("RemovalHeld", "True")],
    ["it was told to be blocked no more", reported("DrainBlocked", "False")],
    ["nothing was told", { secretName: "regcred" }],
  ])("is another one than where %s", async (_what, status) => {
    const it = fixture({ secrets: ["team-a"], changes: { status } });
    await it.run();
    expect(it.reported()).toBe("1 namespace left");
  });
});

describe("a deletion that goes on", () => {
  it("tells that nothing goes twenty seconds after the last has gone, and names the first of what is left", async () => {
    const it = fixture({ secrets: ["team-c", "team-b", "team-d", "team-a"], accounts: ["team-e"] });
    await it.pass(15);
    it.standing.delete("team-d");
    await it.pass(19);
    expect(it.reported()).toBe("4 namespaces left");
    await it.clock.advance(seconds(1));
    await it.run();
    expect(it.reported()).toMatch(/^Draining still held by 4 namespaces \(team-a\), .*the Secret team-a\/regcred/);
    it.standing.delete("team-a");
    await it.run();
    expect(it.reported()).toBe("3 namespaces left");
  });

  it("goes on as long as references go", async () => {
    const it = fixture({ secrets: ["team-a"], accounts: ["team-b", "team-c"] });
    await it.pass(9);
    it.referring.delete("team-b");
    await it.pass(15);
    expect(it.reported()).toBe("2 namespaces left");
  });

  it("does not say that nobody says why where somebody does", async () => {
    const it = fixture({ secrets: ["team-a"] });
    it.standing.set("team-b", secretRecord({ key: "team-b/regcred", namespace: "team-b", credentials: ["acme"] }));
    it.finds([denied], "team-b");
    await it.pass(30);
    expect(it.reported()).toMatch(/^AdmissionDenied still held by 2 namespaces \(team-b\)/);
  });

  it("leaves of its status what the drain goes by, and says the rest anew", async () => {
    const status: Status = {
      secretName: "before",
      retiring: [{ secretName: "older", until: "2026-01-01T13:00:00Z" }],
      extraReferences: ["more"],
    };
    const it = fixture({ secrets: ["team-a"], changes: { status } });
    await it.run();
    const mode = "namespaces: all; pull Secrets: any name; pod recovery: off";
    expect(it.statuses).toMatchObject([{ ...status, mode, observedGeneration: 3, operatorNamespace: "ops" }]);
    expect(it.signals).toEqual([running]);
    const bare = fixture({ secrets: ["team-a"] });
    await bare.run();
    expect(bare.statuses).toMatchObject([{ secretName: "regcred" }]);
  });

  it("lets nobody wait for its rest who gives up on what is left", async () => {
    const it = fixture({ secrets: ["team-a"], toil: 700 });
    await it.run();
    expect(await it.run()).toHaveProperty("requeueAfter");
    expect(it.patches).toEqual([]);
    const forced = it.run({ annotations: { [forceFinalizeAnnotation]: "true" } });
    // A look that takes long lets others have their turn.
    await it.clock.advance(seconds(0.01));
    await forced;
    expect(it.patches).toHaveLength(1);
  });

  it("rests for four times what the look has taken, whatever brings it meanwhile", async () => {
    const it = fixture({ secrets: ["team-a"], toil: 700 });
    await it.run();
    it.standing.clear();
    await it.clock.advance(seconds(2));
    expect(await it.run()).toEqual({ requeueAfter: seconds(0.8) });
    expect(it.drained).toEqual([]);
    await it.clock.advance(seconds(0.8));
    await it.run();
    expect(it.drained).toEqual(["acme"]);
  });

  it("comes back in a second, and after four times what the look has taken", async () => {
    expect(await fixture({ secrets: ["team-a"] }).run()).toEqual({ requeueAfter: seconds(1) });
    expect(await fixture({ secrets: ["team-a"], toil: 700 }).run()).toEqual({ requeueAfter: seconds(2.8) });
  });
});

describe("what holds a deletion up", () => {
  it("is told ten seconds after the deletion, though it failed long before", async () => {
    const it = fixture({ secrets: ["team-a"], changes: { deletionTimestamp: now.add({ seconds: 30 }) } });
    it.finds([webhook]);
    await it.clock.advance(seconds(39));
    await it.run();
    expect(it.reported()).toBe("1 namespace left");
    await it.clock.advance(seconds(1));
    await it.run();
    expect(it.reported()).toMatch(/^ApiUnavailable .*webhook hangs/);
  });

  it("is told ten seconds after it began to fail, though the deletion is older", async () => {
    const it = fixture({ secrets: ["team-a", "team-b"] });
    await it.clock.advance(seconds(15));
    it.finds([webhook]);
    await it.pass(9);
    expect(it.reported()).toBe("2 namespaces left");
    await it.clock.advance(seconds(1));
    await it.run();
    expect(it.reported()).toMatch(/^ApiUnavailable/);
  });

  it("is told where it is a reference that may not be taken off", async () => {
    const it = fixture({ accounts: ["team-a"] });
    it.found.setReferences("team-a", { failures: [denied], notes: [], generations: new Map() });
    await it.run();
    expect(it.reported()).toMatch(/^AdmissionDenied still held by 1 namespace \(team-a\)/);
  });
});

describe("what tenants keep", () => {
  it("is left with them after ten seconds, and the first few are named", async () => {
    const secrets = ["team-e", "team-b", "team-d", "team-a", "team-c"];
    const it = fixture({ secrets });
    for (const each of secrets) it.finds([tooLarge], each);
    await it.pass(9);
    expect(it.patches).toEqual([]);
    await it.clock.advance(seconds(1));
    await it.run();
    expect([it.patches.length, it.drained]).toEqual([1, ["acme"]]);
    expect(it.lines).toContainEqual([
      "RegistryCredential left with tenants",
      { credential: "acme", namespaces: 5, examples: "team-a, team-b, team-c" },
    ]);
  });

  it("holds up references to it as little as the Secret", async () => {
    const it = fixture({ secrets: ["team-a"], accounts: ["team-a", "team-b"] });
    it.finds([tooLarge]);
    await it.pass(9);
    expect(it.patches).toEqual([]);
    await it.clock.advance(seconds(1));
    await it.run();
    expect(it.patches).toHaveLength(1);
  });

  it("of references is waited for for ten seconds from when the last Secret has gone", async () => {
    const it = fixture({ secrets: ["team-a"], accounts: ["team-a"] });
    await it.pass(15);
    it.standing.clear();
    await it.pass(9);
    expect(it.patches).toEqual([]);
    await it.clock.advance(seconds(1));
    await it.run();
    expect(it.patches).toHaveLength(1);
  });
});

describe("what a deletion waits for", () => {
  it("is in no namespace that is gone, going, or not known", async () => {
    const it = fixture({ secrets: ["ghost", "going"], accounts: ["ghost", "going"] });
    await it.run();
    expect(it.patches).toHaveLength(1);
  });

  it("is a Secret under any of its names", async () => {
    const it = fixture({ secrets: ["team-a"], formers: ["former"] });
    await it.pass(30);
    expect(it.patches).toEqual([]);
  });

  it("is what bears its marks and is none of ours, for ten seconds, unless the last run has found a copy", async () => {
    const copied: Failure = { ...tooLarge, reason: "SecretCopied" };
    for (const [failures, ended] of [
      [[tooLarge], 0],
      [[], 0],
      [[copied], 1],
    ] as const) {
      const it = fixture({ secrets: ["team-a"], isMember: false });
      it.finds(failures);
      await it.run();
      expect(it.patches).toHaveLength(ended);
      await it.clock.advance(seconds(10));
      await it.run();
      expect(it.drained).toContain("acme");
    }
  });

  it("is whatever may stand in a namespace that is not seen, until it is seen to be gone", async () => {
    const it = fixture({ secrets: ["team-a", "ghost"], accounts: ["ghost"] });
    it.standing.delete("team-a");
    it.hiddenNamespaces.add("ghost");
    await it.pass(30);
    expect([it.patches, it.reported()]).toEqual([
      [],
      expect.stringMatching(/^Draining still held by 1 namespace \(ghost\)/),
    ]);
    it.hiddenNamespaces.clear();
    await it.run();
    expect(it.drained).toEqual(["acme"]);
  });

  it.each([
    ["of a member", true, []],
    ["of nobody who has had a login", false, ["acme"]],
  ])("is a Secret %s that is not seen, until it is seen to be gone", async (_what, isMember, drained) => {
    const it = fixture({ secrets: ["team-a"], isMember });
    it.hiddenSecrets.add("team-a/regcred");
    await it.pass(30);
    expect([...new Set(it.drained)]).toEqual(drained);
    it.hiddenSecrets.clear();
    it.standing.clear();
    await it.run();
    expect(it.drained).toContain("acme");
  });
});
