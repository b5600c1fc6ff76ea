// Tests that each credential is told which of a Secret's troubles concern it.
import { contextOf } from "../context-of.ts";
import { describe, expect, it } from "vitest";
import { contentOf } from "../../../src/content/content.ts";
import type { PullSecretPlan } from "../../../src/controllers/pull-secret/plan-types.ts";
import type { Contributor } from "../../../src/entitlement/credential-index.ts";
import {
  contestedFinding,
  failedFinding,
  findingOfPlan,
  findingWithout,
  reportSecret,
  waitingFinding,
} from "../../../src/controllers/pull-secret/report.ts";
import { namespaceView } from "../../../src/controllers/credential/observe.ts";
import { referencesKey } from "../../../src/controllers/keys.ts";
import { statusCache } from "../../../src/controllers/status-cache.ts";
import { fakeClock } from "../../fake-clock.ts";
import { unrestricted } from "../../mode.ts";
import {
  contributor,
  entryToken,
  credential,
  failure,
  frozen,
  namespace,
  now,
  secretRecord,
} from "../../entitlement/objects.ts";

function contributing(name: string, role: Contributor["role"] = "current"): Contributor {
  return contributor(credential({ name, generation: 3 }), { role });
}

const missing = failure();
const content = frozen(
  contentOf(
    [
      {
        credential: "old",
        entries: [entryToken({ hosts: ["a.example.com"] }), entryToken({ entry: "x", source: missing })],
      },
      { credential: "young", entries: [entryToken({ hosts: ["a.example.com", "b.example.com"] })] },
    ],
    now,
  ),
);
const usable: PullSecretPlan = { action: { kind: "none" }, state: "usable" };

describe("what is found of a Secret", () => {
  it("tells each credential its own failures, and whose host is served by another one", () => {
    const { state, credentials } = findingOfPlan(usable, {
      contributing: [contributing("old"), contributing("young")],
      leaving: [],
      content,
    });
    expect(state).toBe("usable");
    const reported = { ...missing, message: `entry x: ${missing.message}` };
    expect(credentials.get("old")).toEqual({ failures: [reported], notes: [], generation: 3 });
    expect(credentials.get("young")).toMatchObject({ failures: [], notes: [{ reason: "HostShadowed" }] });
    expect(credentials.get("young")?.notes[0]?.message).toContain(
      "a.example.com of entry hub is served by the RegistryCredential old",
    );
  });

  it("tells what is about some entries to those alone, and never to one that leaves", () => {
    const large = failure({ reason: "ConfigTooLarge" });
    const plan: PullSecretPlan = { ...usable, failure: large, missing: [{ credential: "young", entry: "hub" }] };
    const { credentials } = findingOfPlan(plan, {
      contributing: [contributing("old"), contributing("young")],
      leaving: [contributing("leaver", "former")],
      content,
    });
    expect(credentials.get("old")?.failures.map(({ reason }) => reason)).toEqual([missing.reason]);
    expect(credentials.get("young")?.failures).toEqual([{ ...large, message: `entry hub: ${large.message}` }]);
    expect(credentials.has("leaver")).toBe(false);
  });

  it("tells one that leaves why it cannot, unless that is a matter of moments", () => {
    const immutable = failure({ reason: "SecretConflict", cause: "Tenant" });
    const reported = (plan: PullSecretPlan): readonly unknown[] => {
      const { credentials } = findingOfPlan(plan, {
        contributing: [],
        leaving: [contributing("old")],
        content: undefined,
      });
      return [...credentials].map(([name, { failures }]) => [name, failures]);
    };
    const stuck: PullSecretPlan = { action: { kind: "none" }, state: "foreign", failure: immutable };
    expect(reported(stuck)).toEqual([["old", [immutable]]]);
    expect(reported({ ...stuck, state: "leaving" })).toEqual([]);
    expect(reported({ ...stuck, action: { kind: "delete" } })).toEqual([]);
    expect(reported({ action: { kind: "none" }, state: "foreign" })).toEqual([]);
  });

  it("tells all of them what is wrong with the Secret itself", () => {
    const conflict = failure({ reason: "SecretConflict" });
    const plan: PullSecretPlan = { action: { kind: "none" }, state: "foreign", failure: conflict };
    const { state, credentials } = findingOfPlan(plan, {
      contributing: [contributing("old"), contributing("young")],
      leaving: [],
      content,
    });
    expect(state).toBe("foreign");
    expect([...credentials.values()].map(({ failures }) => failures[0])).toEqual([conflict, conflict]);
    // Nobody is served there, and so nobody instead of another.
    expect(credentials.get("young")?.notes).toEqual([]);
  });

  it("tells that an entry lives by what it had before it was altered, and whether that is a matter of moments", () => {
    const [served] = content.served;
    const decided = { served: served ? [{ ...served, former: true }] : [], shadowed: [] };
    const found = (changes: Partial<PullSecretPlan>): unknown =>
      findingOfPlan({ ...usable, ...changes }, { contributing: [contributing("old")], leaving: [], content })
        .credentials.get("old")
        ?.formers?.map(({ entry, pending }) => `${entry} ${pending}`);
    expect(found({})).toBeUndefined();
    expect(found({ decided })).toEqual(["hub true"]);
    // What another credential's entry lives by is that one's news.
    expect(
      found({ decided: { served: decided.served.map((each) => ({ ...each, credential: "young" })), shadowed: [] } }),
    ).toBeUndefined();
    const missing = (credentialName: string): Partial<PullSecretPlan> => ({
      decided,
      failure: failure({ reason: "ConfigTooLarge" }),
      missing: [{ credential: credentialName, entry: "hub" }],
    });
    expect([found(missing("old")), found(missing("young"))]).toEqual([["hub false"], ["hub true"]]);
  });

  it("under a former name is no news to the credential: it is judged by its present one", () => {
    expect(
      findingOfPlan(usable, { contributing: [contributing("old", "retiring")], leaving: [], content }).credentials.size,
    ).toBe(0);
  });

  it("says that somebody keeps changing it, before anything else, and what to paste", () => {
    const finding = findingOfPlan(usable, { contributing: [contributing("old")], leaving: [], content });
    const contested = contestedFinding(finding, [contributing("old")], "regcred");
    const { failures } = contested.credentials.get("old") ?? {};
    expect(failures?.map(({ reason }) => reason)).toEqual(["Contested", "SourceMissing"]);
    expect(failures?.[0]?.message).toContain("ignoreDifferences: [{kind: Secret, name: regcred");
    expect(contested).toEqual({ ...finding, credentials: contested.credentials });
  });

  it("is of the spec that was looked at, and of none as long as something is awaited", () => {
    const looked = [
      findingOfPlan(usable, { contributing: [contributing("old")], leaving: [], content }),
      failedFinding([contributing("old")], "usable", missing),
      waitingFinding([contributing("old")], "usable"),
    ];
    expect(looked.map(({ credentials }) => credentials.get("old")?.generation)).toEqual([3, 3, 0]);
  });

  it("where nobody contributes is that it is somebody else's, or is not there", () => {
    expect(findingWithout(secretRecord()).state).toBe("foreign");
    expect(findingWithout(undefined).state).toBe("absent");
  });
});

describe("a namespace whose pull Secret has only come after its references were looked at", () => {
  it("is not served before they are looked at again", () => {
    const cache = statusCache(fakeClock(now));
    const acme = credential({ name: "acme", generation: 3 });
    const queued: string[] = [];
    const context = contextOf({
      credentials: { statusCache: cache },
      queue: { enqueue: (key: string) => queued.push(key) },
      runtime: { events: { publish: () => undefined } },
      settings: { mode: unrestricted },
      cluster: { stores: { pullSecrets: { get: () => undefined } } },
    });
    const looked = { failures: [], notes: [], generations: new Map([["acme", 3]]) };
    const isPending = (): boolean => namespaceView(cache, acme, "team-a").pending;
    const found = findingOfPlan(usable, { contributing: [contributing("acme")], leaving: [], content });

    cache.setReferences("team-a", looked);
    reportSecret(context, namespace({ name: "team-a" }), "regcred", found);
    expect([isPending(), queued.includes(referencesKey("team-a"))]).toEqual([true, true]);
    cache.setReferences("team-a", looked);
    expect(isPending()).toBe(false);
    reportSecret(context, namespace({ name: "team-a" }), "regcred", found);
    expect(isPending()).toBe(false);
  });
});

describe("what passes by itself in a moment", () => {
  it("is told to no tenant, as all else is", () => {
    const told: string[] = [];
    const context = contextOf({
      credentials: { statusCache: statusCache(fakeClock(now)) },
      queue: { enqueue: () => undefined },
      runtime: { events: { publish: ({ reason }: { readonly reason: string }) => told.push(reason) } },
      settings: { mode: unrestricted },
      cluster: { stores: { pullSecrets: { get: () => undefined } } },
    });
    const failures = [failure({ reason: "TokenPending" }), failure({ reason: "SourceMissing" })];
    const credentials = new Map([["acme", { failures, notes: [], generation: 1 }]]);
    reportSecret(context, namespace({ name: "team-a" }), "regcred", { state: "absent", credentials });
    expect(told).toEqual(["SourceMissing"]);
  });
});
