// Tests of what the deletion of a credential waits for, and what it reports when that takes long.
import { contextOf } from "../context-of.ts";
import { describe, expect, it } from "vitest";
import { finalizer } from "../../../src/api/names.ts";
import type { RegistryCredential } from "../../../src/api/registry-credential.ts";
import type { Failure } from "../../../src/runtime/errors.ts";
import type { CredentialRecord, SecretRecord, ServiceAccountRecord } from "../../../src/cluster/records.ts";
import { withoutLogins } from "../../../src/cluster/pull-secret-object.ts";
import { encoded } from "../../../src/cluster/pull-secret-wire.ts";
import { statusCache } from "../../../src/controllers/status-cache.ts";
import { secretKey } from "../../../src/controllers/keys.ts";
import { drain } from "../../../src/controllers/credential/drain.ts";
import { progressOf } from "../../../src/controllers/credential/progress.ts";
import { fakeClock } from "../../fake-clock.ts";
import { unrestricted } from "../../mode.ts";
import { seen } from "../../runtime/watch/seen.ts";
import { credential, namespace, now, secretRecord, serviceAccount } from "../../entitlement/objects.ts";
import { allPermitted } from "../all-permitted.ts";
import { inSlices } from "../../../src/runtime/in-slices.ts";

const never = new AbortController().signal;
const seconds = (count: number): Temporal.Duration => Temporal.Duration.from({ seconds: count });
const denied: Failure = { reason: "AdmissionDenied", cause: "Tenant", retry: "slowly", message: "policy no" };
const byOwnPolicy: Failure = { ...denied, byOwnPolicy: true };
const tooLarge: Failure = { reason: "TooLarge", cause: "Tenant", retry: "on-change", message: "too large" };
const rejected: Failure = { reason: "Rejected", cause: "Platform", retry: "slowly", message: "it is immutable" };
const notPermitted: Failure = { reason: "NotPermitted", cause: "Platform", retry: "slowly", message: "no right" };
const webhook: Failure = { reason: "ApiUnavailable", cause: "Platform", retry: "backoff", message: "webhook hangs" };
const type = "kubernetes.io/dockerconfigjson";

interface Circumstances {
  readonly recorded?: boolean;
  readonly member?: boolean;
  readonly members?: boolean;
  readonly synced?: boolean;
  /** Writes pull Secrets of the same name. */
  readonly other?: RegistryCredential;
}

function fixture(
  secrets: readonly SecretRecord[],
  accounts: readonly ServiceAccountRecord[] = [],
  { recorded = true, member = true, members = false, synced = true, other }: Circumstances = {},
  refuse: () => boolean = () => false,
) {
  const clock = fakeClock(now);
  const found = statusCache(clock);
  const acme = credential({ finalizers: [finalizer], deletionTimestamp: clock.now() });
  const queued: string[] = [];
  const conditions: string[] = [];
  const warned: string[] = [];
  let released = false;
  let drained = false;
  const written = { metadata: { name: "acme" } };
  const context = contextOf({
    runtime: {
      clock,
      inSlices: inSlices(clock),
      metrics: { publish: () => undefined },
      log: { info: () => undefined, warn: (text: string) => text.includes("left with tenants") && warned.push(text) },
      events: { publish: () => undefined },
    },
    credentials: {
      statusCache: found,
      index: {
        namesOf: () => [],
        readable: () => other,
        mayHold: () =>
          new Set(members || secrets.some(({ credentials }) => credentials.includes("acme")) ? ["team-a"] : []),
        drained: () => (drained = true),
      },
      members: { recorded: () => recorded, has: () => member, holds: () => member, count: () => 0 },
    },
    settings: { namespace: "ops", mode: unrestricted },
    cluster: {
      digest: (data: Readonly<Record<string, string>>) => Object.values(data).join(),
      stores: {
        crds: { get: () => undefined },
        credentials: { get: () => undefined, values: () => (other ? [other] : []), wrote: () => undefined },
        namespaces: seen(() => namespace()),
        pullSecrets: seen(() => secrets[0]),
        serviceAccounts: { values: () => accounts },
      },
      transforms: { credential: () => undefined },
      api: {
        patchCredential: () => {
          if (refuse()) return Promise.reject(new Error("no"));
          released = true;
          return Promise.resolve(written);
        },
        patchCredentialStatus: (_name: string, body: Body) => {
          const blocked = body.status.conditions.find((condition) => condition.type === "DrainBlocked");
          if (blocked) conditions.push(`${blocked.reason} ${blocked.message}`);
          return Promise.resolve(written);
        },
      },
      namesSynced: () => synced,
      callFailure: (_error: unknown, action: string) => ({
        kind: "admissionDenied",
        failure: { ...denied, message: `cannot ${action}: policy no` },
      }),
      permissions: allPermitted,
    },
    queue: { enqueue: (key: string) => queued.push(key) },
  });
  const record = {
    name: "acme",
    resourceVersion: "1",
    finalizers: [finalizer],
    credential: acme,
  } as unknown as CredentialRecord;
  const memory = { uid: acme.uid };
  return {
    clock,
    found,
    queued,
    conditions,
    warned,
    finds: (failures: readonly Failure[], of = "acme", generation = acme.generation) =>
      found.setSecret("team-a", "regcred", {
        state: "usable",
        credentials: new Map([[of, { failures, notes: [], generation }]]),
      }),
    released: () => released,
    drained: () => drained,
    run: () => drain({ context, record, credential: acme, memory, progress: progressOf(clock) }, never),
  };
}

interface Body {
  readonly status: {
    readonly conditions: readonly { readonly type: string; readonly reason: string; readonly message: string }[];
  };
}

const listed = secretRecord({ credentials: ["acme"], labelled: true, type });
const held = { ...listed, terminating: true };
const referring = serviceAccount({ record: '["regcred"]', references: ["regcred"] });

describe("a deletion", () => {
  it("is over where nothing is left", async () => {
    const it = fixture([]);
    await it.run();
    expect([it.released(), it.drained()]).toEqual([true, true]);
  });

  it("waits for a Secret that is there, and has it looked at again", async () => {
    const it = fixture([listed]);
    for (let second = 0; second < 60; second += 1) {
      await it.run();
      await it.clock.advance(seconds(1));
    }
    expect(it.released()).toBe(false);
    expect(it.queued).toContain("secret/team-a/regcred");
  });

  it("looks ever more seldom at what stands still, and waits for it to be shown where it is not", async () => {
    const rest = async (it: ReturnType<typeof fixture>, after: number): Promise<number> => {
      await it.clock.advance(seconds(after));
      const { requeueAfter } = (await it.run()) as { readonly requeueAfter: Temporal.Duration };
      return requeueAfter.total("seconds");
    };
    const it = fixture([listed]);
    expect([await rest(it, 0), await rest(it, 20), await rest(it, 80), await rest(it, 3_600)]).toEqual([1, 1, 5, 10]);
    expect(await fixture([], [], { synced: false }).run()).toHaveProperty("waitsFor");
  });

  it.each([denied, webhook])(
    "leaves what has failed to the controller that comes back by itself: $message",
    async (failure) => {
      const it = fixture([listed], [referring]);
      it.finds([failure]);
      it.found.setReferences("team-a", { failures: [failure], notes: [], generations: new Map() });
      await it.run();
      expect(it.queued).toEqual([]);
    },
  );

  it("asks for a Secret in which what another one lacks comes back by itself", async () => {
    const it = fixture([listed]);
    it.finds([webhook], "other");
    await it.run();
    expect(it.queued).toEqual([secretKey("team-a", "regcred")]);
  });

  it.each([
    ["once our logins are out of it", { digest: encoded(withoutLogins) }],
    ["where it cannot be changed", { immutable: true }],
  ])("does not wait for one that somebody's finalizer holds, %s", async (_what, changes) => {
    const it = fixture([{ ...held, ...changes }]);
    await it.run();
    expect(it.released()).toBe(true);
  });

  it("waits for one that is held until our logins are out of it", async () => {
    const it = fixture([held]);
    await it.run();
    expect(it.released()).toBe(false);
  });

  it("waits ten seconds for references to Secrets that are gone, whoever puts them back, and sees them off later", async () => {
    const it = fixture([], [referring]);
    for (let second = 0; second < 10; second += 1) {
      await it.run();
      expect(it.released()).toBe(false);
      await it.clock.advance(seconds(1));
    }
    expect(it.queued).toContain("references/team-a");
    await it.run();
    expect([it.released(), it.drained()]).toEqual([true, true]);
  });

  it.each([
    ["does not wait for references that another one keeps writing", undefined, true],
    ["waits for references where the other one of their name is deleted as well", now, false],
  ])("%s", async (_what, deletionTimestamp, released) => {
    const other = credential({ name: "beta", uid: "uid-beta", ...(deletionTimestamp && { deletionTimestamp }) });
    const it = fixture([], [referring], { other });
    await it.run();
    expect(it.released()).toBe(released);
  });

  it("waits ten seconds for a Secret that bears our marks and is none of ours, and sees it off later", async () => {
    const it = fixture([listed], [], { member: false });
    await it.run();
    expect([it.released(), it.queued]).toEqual([false, ["secret/team-a/regcred"]]);
    await it.clock.advance(seconds(10));
    await it.run();
    expect([it.released(), it.drained()]).toEqual([true, true]);
  });

  it("goes by the marks where an earlier release has left no record", async () => {
    const it = fixture([listed], [], { member: false, recorded: false });
    await it.run();
    await it.clock.advance(seconds(60));
    await it.run();
    expect(it.released()).toBe(false);
  });

  it("says at once what a person must mend, and waits for it", async () => {
    const it = fixture([listed]);
    it.found.setSecret("team-a", "regcred", {
      state: "usable",
      credentials: new Map([["acme", { failures: [denied], notes: [], generation: 3 }]]),
    });
    await it.run();
    expect(it.conditions).toEqual([expect.stringMatching(/^AdmissionDenied .*team-a.*policy no/)]);
    expect(it.queued).toEqual([]);
  });

  it("has looked at again what nothing but a change cures", async () => {
    const it = fixture([listed], [referring]);
    it.finds([tooLarge]);
    it.found.setReferences("team-a", { failures: [tooLarge], notes: [], generations: new Map() });
    await it.run();
    expect(new Set(it.queued)).toEqual(new Set(["secret/team-a/regcred", "references/team-a"]));
  });

  it("says whatever else has held it up for ten seconds", async () => {
    const it = fixture([listed]);
    it.found.setSecret("team-a", "regcred", {
      state: "leaving",
      credentials: new Map([["acme", { failures: [webhook], notes: [], generation: 3 }]]),
    });
    await it.run();
    expect(it.conditions).toEqual([]);
    await it.clock.advance(seconds(10));
    await it.run();
    expect(it.conditions).toEqual([expect.stringMatching(/^ApiUnavailable .*team-a.*webhook hangs/)]);
  });

  it.each([
    ["of its own", "acme"],
    ["of another credential under the name", "other"],
  ])("waits no longer for what any tenant may have written where that is refused, for a reason %s", async (_of, of) => {
    const it = fixture([listed], [referring], { member: false });
    it.finds([denied], of);
    it.found.setReferences("team-a", { failures: [denied], notes: [], generations: new Map() });
    await it.run();
    await it.clock.advance(seconds(10));
    await it.run();
    expect([it.released(), it.warned]).toEqual([true, []]);
  });

  const stripped = secretRecord({ type });
  it.each([
    ["bears no mark of ours any more, so that our own policy refuses", stripped, byOwnPolicy],
    ["is immutable by now", { ...listed, immutable: true }, rejected],
    ["is being deleted, and cannot be written", held, byOwnPolicy],
    ["is too large by now", listed, tooLarge],
  ])("says so, and gives up after ten seconds, where a tenant's Secret %s", async (_what, record, failure) => {
    const it = fixture([record], [], { members: true });
    it.finds([failure]);
    for (let second = 0; second < 10; second += 1) {
      await it.run();
      expect(it.released()).toBe(false);
      await it.clock.advance(seconds(1));
    }
    expect(it.conditions[0]).toContain("team-a), for the");
    await it.run();
    expect([it.released(), it.drained(), it.warned.length]).toEqual([true, true, 1]);
  });

  it.each([
    ["a right that is lacking", stripped, notPermitted],
    ["a policy of the platform", stripped, denied],
    ["our own policy though the Secret is as we left it", listed, byOwnPolicy],
    ["the API server though the Secret is as we left it", listed, rejected],
  ])("waits for the platform where a Secret cannot be taken away because of %s", async (_what, record, failure) => {
    const it = fixture([record], [], { members: true });
    it.finds([failure]);
    for (let second = 0; second < 60; second += 1) {
      await it.run();
      await it.clock.advance(seconds(1));
    }
    expect([it.released(), it.conditions[0]]).toEqual([false, expect.stringContaining(failure.message)]);
  });

  const untilHalfAMinute = async ({ run, clock }: ReturnType<typeof fixture>): Promise<void> => {
    for (let second = 0; second < 30; second += 1) {
      await run();
      await clock.advance(seconds(1));
    }
  };

  it.each([
    ["its tenant keeps no more, however long it did", [tooLarge], [webhook]],
    ["the platform keeps as well as its tenant", [tooLarge, notPermitted], [tooLarge, notPermitted]],
  ])("waits for a Secret that %s", async (_what, first, then) => {
    const it = fixture([listed]);
    it.finds(first);
    await it.run();
    await it.clock.advance(seconds(11));
    it.finds(then);
    await it.run();
    expect(it.released()).toBe(false);
    it.finds([tooLarge]);
    await it.run();
    await it.clock.advance(seconds(10));
    await it.run();
    expect(it.released()).toBe(true);
  });

  it("gives up after a minute on what its tenant has kept, and makes look as if it kept it no more whenever it counts", async () => {
    const it = fixture([listed]);
    it.finds([tooLarge]);
    await it.run();
    it.finds([]);
    for (let second = 0; second < 60; second += 1) {
      expect(it.released()).toBe(false);
      await it.clock.advance(seconds(1));
      await it.run();
    }
    expect([it.released(), it.warned.length]).toEqual([true, 1]);
  });

  it("does not where the last run was about another spec, or the platform has refused since", async () => {
    const it = fixture([listed]);
    it.finds([tooLarge]);
    await it.run();
    await it.clock.advance(seconds(90));
    it.finds([], "acme", 2);
    await it.run();
    it.finds([webhook]);
    await it.run();
    expect(it.released()).toBe(false);
  });

  it("names the Secret where nothing goes, and nobody says why", async () => {
    const it = fixture([listed]);
    await untilHalfAMinute(it);
    expect([it.released(), it.conditions[0]]).toEqual([
      false,
      expect.stringMatching(/^Draining still held by 1 namespace \(team-a\), .*Secret team-a\/regcred/),
    ]);
  });

  it("says so where Secrets are not shown, and releases nothing", async () => {
    const it = fixture([], [], { synced: false });
    await untilHalfAMinute(it);
    expect([it.released(), it.conditions[0]]).toEqual([
      false,
      expect.stringMatching(/^ApiUnavailable still held, for the platform .* Secrets called regcred/),
    ]);
  });

  it("says so where its own finalizer may not be taken off, and tries again", async () => {
    let refused = true;
    const it = fixture([], [], {}, () => refused);
    expect(await it.run()).toMatchObject({ failed: true, retry: "slowly" });
    expect(it.conditions).toEqual([
      expect.stringMatching(
        /^AdmissionDenied still held, for the platform .*finalizer .* RegistryCredential acme: policy no/,
      ),
    ]);
    refused = false;
    await it.run();
    expect(it.released()).toBe(true);
  });

  it("waits for a policy of the platform also where the namespace had lost the credential before", async () => {
    const it = fixture([listed], [], { members: true });
    it.finds([denied]);
    await untilHalfAMinute(it);
    expect(it.released()).toBe(false);
  });

  it("goes by no failure from before it", async () => {
    const it = fixture([listed]);
    it.finds([tooLarge], "acme", 2);
    await it.run();
    await it.clock.advance(seconds(60));
    await it.run();
    expect(it.released()).toBe(false);
  });

  it("says nothing of what ails another credential in a Secret that they share", async () => {
    const it = fixture([listed]);
    it.finds([denied], "other");
    await it.run();
    expect(it.conditions).toEqual([]);
  });

  it("gives up a Secret though the tenant lets it be tried now and then", async () => {
    const it = fixture([stripped], [], { members: true });
    for (let second = 0; second < 12; second += 1) {
      it.finds(second % 4 === 3 ? [] : [byOwnPolicy]);
      await it.run();
      await it.clock.advance(seconds(1));
    }
    expect(it.released()).toBe(true);
  });

  it("waits ten seconds where a quota keeps the others from writing a Secret that is gone", async () => {
    const it = fixture([], [], { members: true });
    it.finds([{ ...tooLarge, reason: "QuotaExceeded", retry: "slowly" }], "other");
    await it.run();
    expect(it.released()).toBe(false);
    await it.clock.advance(seconds(10));
    await it.run();
    expect([it.released(), it.drained()]).toEqual([true, true]);
  });
});
