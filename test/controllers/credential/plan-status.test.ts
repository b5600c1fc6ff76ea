// Tests that the status is true, and a few lines long, whatever the size of the cluster.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Condition, Status } from "../../../src/api/registry-credential.ts";
import { statusSchema } from "../../../src/api/status-schema.ts";
import type { Held } from "../../../src/entitlement/removal-limit.ts";
import { invalidStatus } from "../../../src/controllers/credential/plan-status.ts";
import { statusOf } from "../../../src/controllers/credential/plan-status.ts";
import type {
  GrantView,
  HeldUp,
  Lasting,
  NamespaceView,
  StatusSnapshot,
  Troubled,
} from "../../../src/controllers/credential/plan-types.ts";
import { entryOf, type Granted, namespacesOf } from "./tallied.ts";
import { kubectl } from "../../../src/runtime/steps.ts";
import { anything, obeyedIn } from "../../foreign-texts.ts";
import { credential, failure, frozen, minute, now, token } from "../../entitlement/objects.ts";

const good: GrantView = { token: token(), failure: undefined };

function view(name: string, changes: Partial<NamespaceView> = {}): NamespaceView {
  return { name, pending: false, failures: [], notes: [], ...changes };
}

function lasting(changes: Parameters<typeof failure>[0] = {}, since = minute(-30)): Lasting {
  return { failure: failure(changes), since };
}

const missingLabel = lasting({
  reason: "MissingLabel",
  cause: "Tenant",
  message: "the Namespace needs the label tier",
});

type Changes = Partial<Omit<StatusSnapshot, "namespaces" | "entries">> & {
  readonly namespaces?: readonly NamespaceView[];
  readonly leaving?: readonly Troubled[];
  readonly entries?: readonly Granted[];
};

function status({
  namespaces = [view("team-a"), view("team-b")],
  leaving = [],
  entries = [{ name: "hub", grants: [good] }],
  ...changes
}: Changes = {}): Status {
  return statusOf(
    frozen({
      credential: credential(),
      reported: { status: undefined, since: new Map() },
      now,
      entries: entries.map((entry) => entryOf(entry, changes.now ?? now)),
      namespaces: namespacesOf(namespaces, leaving),
      missing: [],
      outdated: undefined,
      mode: "namespaces: all",
      held: undefined,
      secretName: "regcred",
      retiring: [],
      extraReferences: [],
      draining: undefined,
      ...changes,
    }),
  );
}

function condition({ conditions }: Status, type: string): Condition | undefined {
  return conditions?.find((each) => each.type === type);
}

/** Type, status and reason of every condition. */
function verdicts({ conditions }: Status): Record<string, string> {
  return Object.fromEntries((conditions ?? []).map(({ type, status: is, reason }) => [type, `${is} ${reason}`]));
}

/** One grant whose last attempt failed. */
function grants(grant: Partial<GrantView>): Changes {
  return { entries: [{ name: "hub", grants: [good, { ...good, ...grant }] }] };
}

describe("the status", () => {
  it("is not ready where the install lacks a right that the credential needs, though every namespace is served", () => {
    const missing = [failure({ reason: "NotPermitted", cause: "Platform", retry: "slowly", message: "set the value" })];
    const all = status({ missing });
    expect(verdicts(all)).toEqual({
      Ready: "False NotPermitted",
      Stalled: "True NotPermitted",
      TokensFresh: "True Fresh",
      Distributed: "True Distributed",
    });
    expect(condition(all, "Ready")?.message).toBe("set the value");
    expect(all.namespacesReady).toBe("2/2");
  });

  it("says that the installed schema is older, and stays ready while all is served", () => {
    const outdated = failure({ reason: "CRDOutdated", retry: "on-change", message: "kubectl apply -f crds/" });
    expect(verdicts(status({ outdated }))).toMatchObject({ Ready: "True Served", CRDOutdated: "True CRDOutdated" });
  });

  it("names no Secret before tenants may be served under one", () => {
    expect(status({ secretName: undefined })).not.toHaveProperty("secretName");
  });

  it("of a credential that serves everyone is short and good", () => {
    const all = status();
    expect(verdicts(all)).toEqual({ Ready: "True Served", TokensFresh: "True Fresh", Distributed: "True Distributed" });
    expect(all).toMatchObject({
      observedGeneration: 3,
      namespaces: { selected: 2, ready: 2, pending: 0, failed: 0 },
      namespacesReady: "2/2",
      expires: "2026-01-01T13:00:00Z",
      secretName: "regcred",
      failures: [],
      mode: "namespaces: all",
      registries: [{ name: "hub", identities: 1, failing: 0, state: "Issued", expiresAt: "2026-01-01T13:00:00Z" }],
    });
  });

  it.each([
    ["Verified", "Verified", "Verified"],
    ["Verified", "Authenticated", "Authenticated"],
    ["Authenticated", "Issued", "Issued"],
    ["Verified", "PublishedUnverified", "PublishedUnverified"],
  ] as const)("of an entry with a grant that is %s and one that is %s says %s", (one, other, worst) => {
    const states = [one, other].map((state) => ({ token: token({ state }), failure: undefined }));
    expect(status({ entries: [{ name: "hub", grants: states }] }).registries?.[0]?.state).toBe(worst);
  });

  it("is what the API accepts", () => {
    expect(statusSchema.parse(status({ namespaces: [view("a", { failures: [missingLabel] })] }))).toBeDefined();
  });

  it("of a credential that selects nothing is good, and says so", () => {
    const none = status({ namespaces: [], entries: [{ name: "hub", grants: [] }] });
    expect(verdicts(none)).toMatchObject({ Ready: "True NoNamespaceSelected", TokensFresh: "True Fresh" });
    expect(none.registries?.[0]?.state).toBe("Pending");
  });

  it("is not ready before every namespace was looked at", () => {
    const waiting = status({ namespaces: [view("team-a"), view("team-b", { pending: true })] });
    expect(verdicts(waiting)).toEqual({
      Ready: "False Progressing",
      TokensFresh: "True Fresh",
      Distributed: "False Progressing",
      Reconciling: "True Progressing",
    });
    expect(waiting.namespacesReady).toBe("1/2");
  });

  it("says where a first token is waited for, as progress", () => {
    const messageOf = (changes: object): string | undefined =>
      status({ namespaces: [view("team-a"), view("team-b", { pending: true, ...changes })] }).conditions?.find(
        ({ type }) => type === "Ready",
      )?.message;
    expect(messageOf({})).toBe("1 of 2 namespaces not looked at yet");
    expect(messageOf({ awaiting: true })).toBe("1 of 2 namespaces waiting for a first token, or not looked at yet");
  });

  it("says in EXPIRES when the first token ends, never only where none does, nothing where there is none", () => {
    const at = (...ends: (Temporal.Instant | undefined)[]): string | undefined =>
      status({
        entries: [
          { name: "hub", grants: ends.map((expiresAt) => ({ token: token({ expiresAt }), failure: undefined })) },
        ],
      }).expires;
    expect(at(minute(30), minute(5), undefined)).toBe("2026-01-01T12:05:00Z");
    expect(at(undefined)).toBe("never");
    expect(at()).toBeUndefined();
  });

  const reportedAt = (lastTransitionTime: string, types = ["Ready", "Distributed"]): Changes => {
    const conditions = types.map((type) => ({
      type,
      status: "True" as const,
      reason: "X",
      message: "",
      lastTransitionTime,
    }));
    return { reported: { status: { conditions }, since: new Map() } };
  };

  it("keeps the time of a condition until its status changes", () => {
    const lastTransitionTime = "2026-01-01T11:00:00Z";
    const namespaces = [view("team-a", { failures: [missingLabel] })];
    const after = status({ ...reportedAt(lastTransitionTime), namespaces });
    expect(condition(after, "Ready")?.lastTransitionTime).toBe(lastTransitionTime);
    expect(condition(after, "Distributed")?.lastTransitionTime).toBe("2026-01-01T12:00:00Z");
  });

  it.each(["2026-01-01T12:00:01Z", "9999-12-31T23:59:59Z", "2025-12-01T00:00:00Z", "yesterday", ""])(
    "does not believe that a condition began at %j: in the future, before the object was there, or never",
    (text) => {
      expect(condition(status(reportedAt(text)), "Ready")?.lastTransitionTime).toBe("2026-01-01T12:00:00Z");
    },
  );

  it("tells a failure that was there at the start as old as it was told before, and a later one as old as it is", () => {
    const since = new Map([["MissingLabel/Tenant", minute(-600)]]);
    const reported = { status: undefined, since };
    const oldest = (...found: readonly Lasting[]): string | undefined =>
      status({ reported, namespaces: found.map((each, index) => view(`team-${index}`, { failures: [each] })) })
        .failures?.[0]?.oldestSince;
    const atStart = { ...missingLabel, foundAtStart: true };
    expect(oldest(missingLabel, atStart)).toBe("2026-01-01T02:00:00Z");
    expect(oldest(missingLabel)).toBe("2026-01-01T11:30:00Z");
    const other = lasting({ reason: "MissingLabel", cause: "Platform" });
    expect(oldest({ ...other, foundAtStart: true }), "another cause").toBe("2026-01-01T11:30:00Z");
  });
});

describe("what only a tenant can mend", () => {
  it("counts and shows in Distributed, never in Ready or Stalled", () => {
    const one = status({ namespaces: [view("team-a", { failures: [missingLabel] }), view("team-b")] });
    expect(verdicts(one)).toEqual({
      Ready: "True Served",
      TokensFresh: "True Fresh",
      Distributed: "False MissingLabel",
    });
    expect(condition(one, "Distributed")?.message).toBe(
      "1 of 2 namespaces not served as wanted; in team-a: the Namespace needs the label tier",
    );
    expect(one.failures).toEqual([
      { reason: "MissingLabel", cause: "Tenant", count: 1, oldestSince: "2026-01-01T11:30:00Z", examples: ["team-a"] },
    ]);
  });

  it.each([
    ["was never there", undefined],
    ["has expired", token({ expiresAt: minute(-1) })],
  ])("leaves Ready alone also where a token of the tenant's own source %s", (_what, dead) => {
    const tenants = status(grants({ token: dead, failure: failure({ cause: "Tenant" }) }));
    expect(verdicts(tenants)).toMatchObject({ Ready: "True Served" });
    expect(verdicts(tenants)).not.toHaveProperty("Stalled");
    expect(tenants.registries).toMatchObject([{ failing: 1, reason: "SourceMissing" }]);
  });
});

describe("a token", () => {
  it("that cannot be refreshed shows in TokensFresh alone while it lives", () => {
    const failing = status(grants({ failure: failure({ reason: "CloudDown", message: "the cloud is down" }) }));
    expect(verdicts(failing)).toEqual({
      Ready: "True Served",
      TokensFresh: "False CloudDown",
      Distributed: "True Distributed",
    });
    expect(condition(failing, "TokensFresh")?.message).toBe(
      "hub: the cloud is down; what tenants have lives until 2026-01-01T13:00:00Z",
    );
    expect(failing.registries).toMatchObject([{ state: "Failing", failing: 1, message: "the cloud is down" }]);
  });

  it.each([
    ["on-change", "Stalled"],
    ["slowly", "Stalled"],
    ["backoff", "Reconciling"],
  ] as const)("that was never had makes the credential not ready: %s is %s", (retry, type) => {
    const broken = status(grants({ token: undefined, failure: failure({ retry }) }));
    expect(verdicts(broken)).toMatchObject({
      Ready: "False SourceMissing",
      TokensFresh: "False SourceMissing",
      [type]: "True SourceMissing",
    });
    expect(verdicts(broken)).not.toHaveProperty(type === "Stalled" ? "Reconciling" : "Stalled");
    expect(condition(broken, "Ready")?.message).toContain("hub: the source Secret regcred-system/docker-hub");
  });

  it("that has expired makes the credential not ready, also where no attempt has failed since the start", () => {
    const expired = status(grants({ token: token({ expiresAt: minute(-1) }) }));
    expect(verdicts(expired)).toMatchObject({ Ready: "False TokenExpired", TokensFresh: "False Expired" });
    expect(expired.registries).toMatchObject([{ state: "Expired", expiresAt: "2026-01-01T11:59:00Z" }]);
  });

  it("that is on its way for the first time is no failure", () => {
    const first = status({ ...grants({ token: undefined }), namespaces: [view("team-a", { pending: true })] });
    expect(verdicts(first)).toMatchObject({ Ready: "False Progressing", TokensFresh: "False Pending" });
  });

  it("is not Ready while a changed entry awaits its first token, though every namespace is as it was", () => {
    const changed = status({ entries: [{ name: "hub", grants: [good, { token: undefined, failure: undefined }] }] });
    expect(verdicts(changed)).toMatchObject({
      Ready: "False Progressing",
      TokensFresh: "False Pending",
      Reconciling: "True Progressing",
    });
  });

  it("that nobody can pull with is told before one that still lives", () => {
    const entries = [
      {
        name: "hub",
        grants: [
          { token: token(), failure: failure({ reason: "Late" }) },
          { token: undefined, failure: failure({ reason: "Never" }) },
        ],
      },
    ];
    expect(status({ entries }).registries).toMatchObject([{ reason: "Never", identities: 2, failing: 2 }]);
  });

  it("is the same of several that fail, in whatever order they were asked", () => {
    const failing = ["src-y is missing", "src-x is missing", "src-z is missing"].map((message) => ({
      token: undefined,
      failure: failure({ message }),
    }));
    const told = [failing, failing.toReversed()].map((grants) => status({ entries: [{ name: "hub", grants }] }));
    expect(told.map(({ registries }) => registries?.[0]?.message)).toEqual(["src-x is missing", "src-x is missing"]);
  });
});

describe("a namespace that the platform does not serve", () => {
  it("is named in Ready, with what to do", () => {
    const refused = lasting({ reason: "NotPermitted", retry: "slowly", message: "set rbac.secretNames" });
    const broken = status({ namespaces: [view("team-a", { failures: [refused] })] });
    expect(verdicts(broken)).toMatchObject({
      Ready: "False NotPermitted",
      Distributed: "False NotPermitted",
      Stalled: "True NotPermitted",
    });
    expect(condition(broken, "Ready")?.message).toBe("namespace team-a: set rbac.secretNames");
  });
});

describe("a note", () => {
  it("is listed, and judges nothing", () => {
    const shadowed = lasting({ reason: "HostShadowed", message: "served by old" });
    const noted = status({ namespaces: [view("team-a", { notes: [shadowed] }), view("team-b")] });
    expect(verdicts(noted)).toEqual({
      Ready: "True Served",
      TokensFresh: "True Fresh",
      Distributed: "True Distributed",
    });
    expect(noted).toMatchObject({ namespacesReady: "2/2", failures: [{ reason: "HostShadowed", count: 1 }] });
  });
});

describe("a suspended credential", () => {
  it("says so, and is not ready where something would be written", () => {
    const suspended = credential({ spec: { suspend: true } });
    expect(verdicts(status({ credential: suspended }))).toMatchObject({ Ready: "True Suspended" });
    const waiting = status({ credential: suspended, namespaces: [view("team-a", { pending: true })] });
    expect(verdicts(waiting)).toMatchObject({ Ready: "False Suspended" });
    expect(verdicts(waiting)).not.toHaveProperty("Reconciling");
  });
});

describe("a held removal", () => {
  it("stands beside everything else", () => {
    const held: Held = { cause: "Spec", count: 30, message: "30 of 50 namespaces would lose it", steps: [] };
    const kept = status({ held });
    expect(verdicts(kept)).toMatchObject({ Ready: "True Served", RemovalHeld: "True TooManyNamespaces" });
    expect(condition(kept, "RemovalHeld")?.message).toBe(held.message);
    const relabelled = status({ held: { ...held, cause: "Labels" } });
    expect(verdicts(relabelled)).toMatchObject({ RemovalHeld: "True NamespacesRelabelled" });
  });
});

describe("a credential that is being deleted", () => {
  const draining = { left: 5, blocked: [] };

  it("says how many namespaces are left", () => {
    const going = status({ draining, entries: [], namespaces: [] });
    expect(verdicts(going)).toMatchObject({ Ready: "False Deleting", Reconciling: "True Draining" });
    expect(condition(going, "Reconciling")?.message).toBe("5 namespaces left");
  });

  const blockedBy = (found: Lasting, ...names: readonly string[]): readonly HeldUp[] =>
    names.map((namespace) => ({ ...found, namespace }));
  const blockedAs = (blocked: readonly HeldUp[], left: { left: number | undefined } = draining): string | undefined =>
    condition(status({ draining: { ...left, blocked }, entries: [], namespaces: [] }), "DrainBlocked")?.message;
  const denied = lasting({ reason: "AdmissionDenied", cause: "Tenant", message: "policy no-deletes refuses it" });

  it("says what blocks it, where, who must mend it, and the command that gives up", () => {
    const namespaces = [view("team-a", { failures: [lasting()] })];
    const blocked = blockedBy(denied, "team-d", "team-b", "team-c", "team-a");
    const stuck = status({ draining: { ...draining, blocked }, entries: [], namespaces });
    expect(verdicts(stuck)).toMatchObject({ DrainBlocked: "True AdmissionDenied" });
    expect(verdicts(stuck)).not.toHaveProperty("Reconciling");
    expect(verdicts(stuck)).not.toHaveProperty("Stalled");
    expect(blockedAs(blocked)).toBe(
      "still held by 5 namespaces (team-a, team-b, team-c, ...), for the platform to mend: policy no-deletes refuses it; to give up on them: kubectl annotate registrycredential acme regcred.dev/force-finalize=true --overwrite",
    );
  });

  it("names the tenant where it is the tenant's to mend, and only those that are held for the reason that it tells", () => {
    const immutable = lasting({ reason: "SecretConflict", cause: "Tenant", message: "it is immutable" });
    const blocked = [...blockedBy(denied, "team-z"), ...blockedBy(immutable, "team-b")];
    expect(blockedAs(blocked)).toMatch(
      /^still held by 5 namespaces \(team-b\), for the tenant to mend: it is immutable;/,
    );
  });

  it("names no namespaces where it is not known in which something is left, or where it is the object itself", () => {
    const [held] = blockedBy(denied, "");
    for (const left of [undefined, 0]) {
      expect(blockedAs(held ? [{ ...held, namespace: undefined }] : [], { left })).toMatch(
        /^still held, for the platform to mend: policy/,
      );
    }
    const unknown = status({ draining: { left: undefined, blocked: [] }, entries: [], namespaces: [] });
    expect(condition(unknown, "Reconciling")?.message).toBe("what is left is not known yet");
  });
});

describe("a removal that is refused", () => {
  it("is told beside what ails namespaces that are selected, and counts for nothing else", () => {
    const denied = lasting({ reason: "AdmissionDenied", cause: "Tenant" });
    const leaving = ["team-x", "team-y"].map((name) => ({ name, troubles: [denied] }));
    const reported = status({ leaving });
    expect(reported.failures).toMatchObject([
      { reason: "AdmissionDenied", cause: "Tenant", count: 2, examples: ["team-x", "team-y"] },
    ]);
    expect({ ...reported, failures: [] }).toEqual({ ...status({}), failures: [] });
  });
});

describe("however many namespaces fail, in however many ways", () => {
  const reasons = fc.integer({ min: 0, max: 40 }).map((index) => `Reason${index}`);
  const troubles = fc.array(
    fc.record({
      reason: reasons,
      cause: fc.constantFrom("Platform" as const, "Tenant" as const),
      ago: fc.nat({ max: 90 }),
    }),
    { maxLength: 3 },
  );
  const namespaces = fc
    .array(fc.record({ failures: troubles, notes: troubles, pending: fc.boolean() }), { maxLength: 60 })
    .map((list) =>
      list.map(({ failures, notes, pending }, index) => {
        const reported = (each: typeof failures): Lasting[] =>
          each.map(({ reason, cause, ago }) => lasting({ reason, cause }, minute(-ago)));
        return view(`team-${index}`, { failures: reported(failures), notes: reported(notes), pending });
      }),
    );

  it("there are at most 16 groups with 3 examples each, the largest first, and the API accepts them", () => {
    fc.assert(
      fc.property(namespaces, (views) => {
        const all = status({ namespaces: views });
        const groups = all.failures ?? [];
        expect(groups.length).toBeLessThanOrEqual(16);
        for (const { examples, count } of groups) {
          expect(examples.length).toBe(Math.min(count, 3));
          expect(count).toBeLessThanOrEqual(views.length);
        }
        const counts = groups.map(({ count }) => count);
        expect(counts).toEqual(counts.toSorted((a, b) => b - a));
        expect(statusSchema.safeParse(all).success).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it("the counts add up, and Distributed says whether all are served", () => {
    fc.assert(
      fc.property(namespaces, (views) => {
        const all = status({ namespaces: views });
        const { selected = 0, ready = 0, pending = 0, failed = 0 } = all.namespaces ?? {};
        expect(ready + pending + failed).toBe(selected);
        expect(selected).toBe(views.length);
        expect(condition(all, "Distributed")?.status).toBe(ready === selected ? "True" : "False");
      }),
      { numRuns: 50 },
    );
  });

  it("only the platform's own failures make it not ready or stalled", () => {
    fc.assert(
      fc.property(namespaces, (views) => {
        const all = verdicts(status({ namespaces: views.map((each) => ({ ...each, pending: false })) }));
        const isPlatforms = views.some(({ failures }) => failures.some((each) => each.failure.cause === "Platform"));
        expect(all["Ready"]?.startsWith("False")).toBe(isPlatforms);
        expect("Stalled" in all).toBe(isPlatforms);
      }),
      { numRuns: 50 },
    );
  });

  it("its size does not grow", () => {
    const many = Array.from({ length: 10_000 }, (_, index) => view(`team-${index}`, { failures: [missingLabel] }));
    expect(JSON.stringify(status({ namespaces: many })).length).toBeLessThan(2_000);
  });
});

describe("a message", () => {
  it("is one line of printable characters with whole commands, whatever was found", () => {
    const steps = [{ message: "create it", command: kubectl`create secret generic ${"hub"}` }];
    fc.assert(
      fc.property(anything, fc.constantFrom("Platform" as const, "Tenant" as const), (text, cause) => {
        const found = lasting({ cause, message: text.repeat(20), steps });
        const { conditions = [], registries = [] } = status({
          ...grants({ token: undefined, failure: found.failure }),
          namespaces: [view("team-a", { failures: [found] })],
          held: { cause: "Spec", count: 1, message: text, steps },
          outdated: found.failure,
          missing: [found.failure],
        });
        for (const { message = "" } of [...conditions, ...registries]) {
          expect(obeyedIn(message)).toEqual([]);
          expect(message).toMatch(/^(?:(?!create it)[^])*(?:create it: kubectl create secret generic hub(?:; .*)?)?$/);
        }
        for (const type of ["Distributed", "RemovalHeld", "CRDOutdated"]) {
          expect(condition({ conditions }, type)?.message).toContain("create it: kubectl create secret generic hub");
        }
      }),
    );
  });

  it("is cut where it would be too long for the API", () => {
    const long = failure({ message: "x".repeat(40_000) });
    const all = status({ ...grants({ token: undefined, failure: long }), namespaces: [] });
    expect(all.registries?.[0]?.message).toMatch(/^x{1021}…$/);
    expect(statusSchema.safeParse(all).success).toBe(true);
  });
});

describe("a spec that cannot be read", () => {
  it("is not ready and stalled, and says what to mend", () => {
    const { name, uid, generation, resourceVersion, finalizers, annotations } = credential();
    const identity = { key: name, name, uid, generation, resourceVersion, finalizers, annotations, deleting: false };
    const reported = invalidStatus(
      frozen({ ...identity, credential: undefined, problems: ["spec.registries: missing"] }),
      now,
    );
    expect(verdicts(reported)).toEqual({ Ready: "False InvalidSpec", Stalled: "True InvalidSpec" });
    expect(condition(reported, "Ready")?.message).toContain("tenants keep what they had: spec.registries: missing");
    expect(reported.observedGeneration).toBe(3);
  });
});
