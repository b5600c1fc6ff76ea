// Tests that a pull Secret is written, left, merged, adopted and given up as the policy says.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Contribution, EntryToken } from "../../../src/content/content.ts";
import { planPullSecret } from "../../../src/controllers/pull-secret/plan.ts";
import { isOurs } from "../../../src/controllers/pull-secret/plan-removal.ts";
import type { LiveSecret, PlannedSecret } from "../../../src/cluster/pull-secret-object.ts";
import type {
  PullSecretPlan,
  PullSecretSnapshot,
  PullSecretOptions,
} from "../../../src/controllers/pull-secret/plan-types.ts";
import type { SecretRecord } from "../../../src/cluster/records.ts";
import { live, recordOf, snapshot, written, type Wants, wants } from "./plan-scenario.ts";
import { entryToken, failure, login, minute, namespace, secretRecord, token } from "../../entitlement/objects.ts";
import { textWithSteps } from "../../../src/runtime/steps.ts";
import { anything, obeyedIn } from "../../foreign-texts.ts";

type Policy = PullSecretOptions["onConflict"];

const source: Contribution = { credential: "acme", entries: [entryToken({ hosts: ["a.example.com"] })] };
const broken: Contribution = { credential: "acme", entries: [entryToken({ source: failure(), grantKey: "grant-a" })] };

function wanted(onConflict: Policy = "Fail", contribution = source, options: Partial<PullSecretOptions> = {}): Wants {
  return wants([contribution], { onConflict, ...options });
}

function plan(changes: Partial<PullSecretSnapshot> = {}): PullSecretPlan {
  return planPullSecret(snapshot({ ...wanted(), ...changes }));
}

function liveOf(body: PlannedSecret, changes: Partial<LiveSecret> = {}): LiveSecret {
  return live({ ...body, ...changes });
}

function recordOfLive(secret: LiveSecret, changes: Partial<SecretRecord> = {}): SecretRecord {
  return recordOf(secret, { type: secret.type, immutable: secret.immutable, ...changes });
}

const ours = written(plan());
const right: PullSecretPlan = { action: { kind: "none" }, state: "usable" };

describe("a namespace without the Secret", () => {
  it("gets it, labelled and annotated as ours, without an owner", () => {
    const {
      action,
      state,
      failure: why,
    } = plan({
      ...wanted("Fail", source, { labels: { team: "x" }, annotations: { note: "y" } }),
    });
    expect({ kind: action.kind, state, why }).toEqual({ kind: "create", state: "usable", why: undefined });
    const body = written({ action, state });
    expect(body).toMatchObject({
      type: "kubernetes.io/dockerconfigjson",
      ownerReferences: [],
      finalizers: [],
      otherData: {},
    });
    expect(body.labels).toEqual({ "app.kubernetes.io/managed-by": "regcred", team: "x" });
    expect(body.annotations).toMatchObject({ "regcred.dev/credentials": "acme", note: "y" });
    expect(JSON.parse(body.annotations["regcred.dev/managed"] ?? "")).toEqual({
      labels: ["team"],
      annotations: ["argocd.argoproj.io/compare-options", "argocd.argoproj.io/sync-options", "note"],
    });
  });

  it("gets it such that Argo CD neither prunes it nor is out of sync for it, unless told otherwise", () => {
    const reported = { "argocd.argoproj.io/sync-options": "Prune=confirm" };
    expect(written(plan({ ...wanted("Fail", source) })).annotations).toMatchObject({
      "argocd.argoproj.io/compare-options": "IgnoreExtraneous",
      "argocd.argoproj.io/sync-options": "Prune=false",
    });
    expect(written(plan({ ...wanted("Fail", source, { annotations: reported }) })).annotations).toMatchObject(reported);
  });

  it("gets nothing while it is being deleted, without a token, or where the name is a source's", () => {
    expect(plan({ namespace: namespace({ terminating: true }) })).toEqual({
      action: { kind: "none" },
      state: "absent",
    });
    expect(plan({ ...wanted("Fail", broken) })).toEqual({ action: { kind: "none" }, state: "absent" });
    expect(plan({ reserved: true })).toMatchObject({
      action: { kind: "none" },
      failure: { reason: "SecretNameReserved" },
    });
    expect(plan({ content: undefined })).toEqual({ action: { kind: "none" }, state: "absent" });
  });

  it("gets nothing that is too large", () => {
    expect(plan({ maxBytes: 50 })).toMatchObject({
      action: { kind: "none" },
      state: "absent",
      failure: { reason: "ConfigTooLarge", cause: "Platform" },
    });
  });
});

describe("a Secret of ours", () => {
  it("that is right is not written again", () => {
    expect(plan({ record: recordOf(ours) })).toEqual({ action: { kind: "none" }, state: "usable" });
  });

  it.each([
    ["its data", { digest: "digest of something else" }],
    ["a label", { metadata: { labels: { "app.kubernetes.io/managed-by": "me" }, annotations: ours.annotations } }],
    [
      "an annotation",
      { metadata: { labels: ours.labels, annotations: { ...ours.annotations, "regcred.dev/entries": "" } } },
    ],
  ])("is put right in place where somebody changed %s", (_what, changes) => {
    const reverted = plan({ record: recordOf(ours, changes) });
    expect(reverted).toMatchObject({ action: { kind: "replace" }, state: "usable" });
    expect(written(reverted)).toEqual(ours);
  });

  it("is known by its content where all our metadata was stripped", () => {
    const record = recordOf({ ...ours, labels: {}, annotations: {} });
    const reverted = plan({ record });
    expect(reverted.action.kind).toBe("replace");
    expect(written(reverted)).toEqual(ours);
  });

  it("is known by our memory where metadata and data were changed at once", () => {
    const record = recordOf({ ...ours, labels: {}, annotations: {} }, { digest: "digest of something else" });
    expect(plan({ record, knownAsOurs: true }).action.kind).toBe("replace");
    expect(plan({ record }).failure?.reason).toBe("SecretConflict");
  });

  it.each([[{ type: "Opaque" }], [{ immutable: true }]])("is made anew where it was changed to %j", (changes) => {
    const foreign = { ...ours, labels: { ...ours.labels, team: "x" } };
    const anew = plan({ record: recordOf(foreign, changes) });
    expect(anew).toMatchObject({ action: { kind: "recreate" }, state: "usable" });
    // Nothing of others is made anew: config/restraint would refuse it when the old one is gone.
    expect(written(anew)).toEqual(ours);
  });

  const before = { all: login("before") };
  const formerly = { logins: before, issuedAt: token().issuedAt, expiresAt: undefined };
  const contributed = (entry: EntryToken, held = false) =>
    wanted("Fail", { credential: "acme", held, entries: [entry] });
  const once = written(plan(contributed(entryToken({ source: token({ logins: before }) }))));
  const [both, others] = [["a.example.com", "b.example.com"], ["b.example.com"]].map((hosts) =>
    written(plan(wanted("Fail", { credential: "acme", entries: [entryToken({ hosts })] }))),
  );
  const rotated = entryToken({ source: token({ formers: [formerly] }) });
  const altered = entryToken({
    formers: [{ token: token({ grantKey: "other", logins: before }), hosts: ["a.example.com"], known: true }],
  });
  const unrelated = entryToken();
  it.each<[string, Partial<LiveSecret> | undefined, EntryToken, boolean]>([
    ["the login of before", once, rotated, false],
    ["the login of before its entry was altered", once, altered, false],
    ["a login that this entry has never had, whatever names it", once, unrelated, true],
    ["no login", { ...ours, dockerConfig: '{"auths":{}}' }, unrelated, false],
    ["nothing else, though nothing names it", { ...ours, annotations: {} }, unrelated, false],
    ["a login for another host", both, unrelated, true],
    ["a login for another host alone", others, unrelated, true],
    ["what cannot be read", { ...ours, dockerConfig: "{" }, unrelated, true],
    ["something beside a docker config", { ...ours, otherData: { ".dockercfg": "e30=" } }, unrelated, true],
  ])("that cannot be written and holds %s is made anew", (_what, changes, entry, takesBack) => {
    const its = contributed(entry);
    const held = live({ ...changes, immutable: true });
    const record = recordOfLive(held, { digest: "of something else" });
    expect(plan({ ...its, record, knownAsOurs: true }).action.kind).toBe("read");
    expect(plan({ ...its, record, live: held, knownAsOurs: true }).action).toMatchObject({
      kind: "recreate",
      takesBack,
    });
  });

  it.each([
    ["a hold keeps it", contributed(rotated, true)],
    [
      "its entry has been altered and has no token yet",
      contributed(
        entryToken({
          source: failure(),
          grantKey: "another",
          formers: [{ token: token({ formers: [formerly] }), hosts: ["a.example.com"], known: true }],
        }),
      ),
    ],
  ])(
    "that cannot be written and holds a login of two tokens before is made anew where that is let in: %s",
    (_why, its) => {
      const held = live({ ...once, immutable: true });
      const record = recordOfLive(held, { digest: "of something else" });
      const { action } = plan({ ...its, record, live: held, knownAsOurs: true });
      expect(action).toMatchObject({ kind: "recreate", takesBack: false });
    },
  );

  it("that cannot be written and holds what is wanted is made anew where that is let in; one too large to be read at once", () => {
    const record = recordOf(ours, { immutable: true });
    expect(plan({ record }).action).toMatchObject({ kind: "recreate", takesBack: false });
    const large = { record: recordOf(ours, { immutable: true, digest: "of something else" }), tooLarge: true };
    expect(plan(large).action).toMatchObject({ kind: "recreate", takesBack: true });
  });

  it("keeps what others have set on it, and loses what we set before and no longer want", () => {
    const before = written(
      plan({ ...wanted("Fail", source, { labels: { old: "1" }, annotations: { oldNote: "1" } }) }),
    );
    const record = recordOf({
      ...before,
      labels: { ...before.labels, theirs: "2" },
      annotations: { ...before.annotations, theirNote: "2" },
    });
    const body = written(plan({ record, ...wanted("Fail", source, { labels: { new: "3" } }) }));
    expect(body.labels).toEqual({ "app.kubernetes.io/managed-by": "regcred", theirs: "2", new: "3" });
    expect(body.annotations).toMatchObject({ theirNote: "2" });
    expect(body.annotations).not.toHaveProperty("oldNote");
  });

  it("is read first where its metadata was too large to keep, and once settled not read again", () => {
    const record = recordOf(ours, { metadata: undefined });
    expect(plan({ record })).toEqual({ action: { kind: "read" }, state: "usable" });
    expect(plan({ record, settled: right })).toEqual({ action: { kind: "none" }, state: "usable" });
    const kept = { finalizers: ["x/y"], ownerReferences: [{ kind: "Job", name: "j" }] };
    const grown = liveOf(ours, { ...kept, annotations: { ...ours.annotations, big: "z".repeat(10_000) } });
    expect(plan({ record, live: grown })).toEqual({ action: { kind: "none" }, state: "usable" });
    const drifted = plan({ record: { ...record, digest: "other" }, live: grown });
    expect(written(drifted)).toMatchObject({ ...kept, annotations: { big: "z".repeat(10_000) } });
  });

  it("is left as it is where the new content is too large", () => {
    const smaller = { ...ours, dockerConfig: (ours.dockerConfig ?? "").replace(/"password":"[^"]*",/, "") };
    const before = { record: recordOf(smaller), maxBytes: 50 };
    expect(plan(before)).toEqual({ action: { kind: "read" }, state: "usable" });
    expect(plan({ ...before, live: liveOf(smaller) })).toMatchObject({
      action: { kind: "none" },
      state: "usable",
      failure: { reason: "ConfigTooLarge", cause: "Platform" },
    });
  });

  it("held by a finalizer is waited for", () => {
    expect(plan({ record: recordOf(ours, { terminating: true }) })).toMatchObject({
      action: { kind: "none" },
      state: "absent",
      failure: { reason: "DeletionPending", cause: "Tenant" },
    });
  });

  it("stays as it is where a grant of its own has lost its token: a failure takes nothing away", () => {
    const lost = { record: recordOf(ours), ...wanted("Fail", broken) };
    for (const record of [recordOf(ours), recordOf(ours, { metadata: undefined })]) {
      expect(plan({ ...lost, record }).action.kind).toBe("read");
      const found = plan({ ...lost, record, live: liveOf(ours) });
      expect(found).toEqual({ action: { kind: "none" }, state: "usable", keptUntil: minute(60) });
      expect(plan({ ...lost, record, settled: found })).toBe(found);
    }
  });

  it("goes where its grant has ended, without waiting for the next one: its references first", () => {
    const next: Contribution = {
      credential: "acme",
      entries: [entryToken({ source: failure(), grantKey: "grant-next" })],
    };
    const ended = { record: recordOf(ours), ...wanted("Fail", next) };
    expect(plan({ ...ended, referencesLeft: 2 })).toMatchObject({ action: { kind: "none" }, state: "leaving" });
    expect(plan(ended)).toEqual({ action: { kind: "delete" }, state: "leaving" });

    // The same where it had to be read: that it leaves is decided anew when its references are gone.
    const large = { ...ended, record: recordOf(ours, { metadata: undefined }) };
    const leaving = plan({ ...large, live: liveOf(ours), referencesLeft: 2 });
    expect(leaving.state).toBe("leaving");
    expect(plan({ ...large, settled: leaving }).action.kind).toBe("read");
    expect(plan({ ...large, live: liveOf(ours) }).action).toEqual({ kind: "delete" });
  });
});

describe("a Secret of ours that nobody wants", () => {
  it("is deleted once its references are gone", () => {
    const left = { record: recordOf(ours), content: undefined };
    expect(plan({ ...left, referencesLeft: 1 })).toMatchObject({
      action: { kind: "none" },
      state: "leaving",
      failure: { reason: "ReferencesPending" },
    });
    expect(plan(left)).toEqual({ action: { kind: "delete" }, state: "leaving" });
  });

  it("loses only our metadata under Retain, and keeps its references", () => {
    const retained = { record: recordOf(ours), content: undefined, retain: true, referencesLeft: 3 };
    expect(plan(retained)).toEqual({ action: { kind: "read" }, state: "foreign" });
    const released = plan({ ...retained, live: liveOf(ours, { labels: { ...ours.labels, theirs: "1" } }) });
    expect(released).toMatchObject({ action: { kind: "replace" }, state: "foreign" });
    expect(written(released)).toEqual({ ...ours, labels: { theirs: "1" }, annotations: {} });
  });

  it("is not deleted under Retain, whatever it has become", () => {
    const odd = liveOf(ours, { type: "Opaque", dockerConfig: undefined, otherData: { ".dockerconfigjson": "/w==" } });
    const record = recordOfLive(odd);
    const released = plan({ record, content: undefined, retain: true, live: odd });
    expect(written(released)).toMatchObject({ dockerConfig: undefined, otherData: { ".dockerconfigjson": "/w==" } });
  });

  it("is read first where it is not clear whether the tenant has hosts of its own in it", () => {
    expect(plan({ record: recordOf(ours, { metadata: undefined }), content: undefined }).action.kind).toBe("read");
  });
});

describe("a Secret that is too large to be read", () => {
  const large = { record: recordOf(ours, { metadata: undefined, digest: "another" }), tooLarge: true };
  const failed = { failure: { reason: "TooLarge", cause: "Tenant", retry: "on-change" } };

  it("is deleted all the same where it is ours and nobody wants it: nobody keeps what was taken back", () => {
    expect(plan({ ...large, content: undefined })).toEqual({ action: { kind: "delete" }, state: "leaving" });
    expect(plan({ ...large, content: undefined, referencesLeft: 1 })).toMatchObject({ state: "leaving" });
  });

  it("is written anew where it is ours, without what cannot be carried along", () => {
    const replaced = plan(large);
    expect(replaced).toMatchObject({ action: { kind: "replace" }, state: "usable" });
    expect(written(replaced)).toEqual(ours);
  });

  it("is left alone, and told, where somebody else has a part in it, under whatever policy", () => {
    const merged = { ...large, record: { ...large.record, merged: true } };
    expect(plan(merged)).toMatchObject({ action: { kind: "none" }, state: "usable", ...failed });
    expect(plan({ ...merged, content: undefined })).toMatchObject({
      action: { kind: "none" },
      state: "foreign",
      ...failed,
    });
    const foreign = { ...large, record: secretRecord({ metadata: undefined }) };
    for (const policy of ["Fail", "Merge", "Adopt"] as const)
      expect(plan({ ...foreign, ...wanted(policy) })).toMatchObject({
        action: { kind: "none" },
        state: "foreign",
        ...failed,
      });
  });

  it("stays under Retain as it is, and holds up no deletion", () => {
    const retained = plan({ ...large, content: undefined, retain: true });
    expect(retained).toMatchObject({ action: { kind: "none" }, state: "foreign", ...failed });
  });
});

describe("a foreign Secret under Fail", () => {
  it("is left alone, and the message names who manages it", () => {
    const labels = { "app.kubernetes.io/managed-by": "Helm" };
    const refused = plan({ record: secretRecord({ metadata: { labels, annotations: {} } }) });
    expect(refused).toMatchObject({
      action: { kind: "none" },
      state: "foreign",
      failure: { reason: "SecretConflict", cause: "Tenant", retry: "on-change" },
    });
    expect(refused.failure && textWithSteps(refused.failure)).toContain(
      'a Secret regcred of its own, managed by "Helm"; delete it',
    );
    expect(plan({ record: secretRecord({ controller: "SealedSecret pulls" }) }).failure?.message).toContain(
      'managed by "SealedSecret pulls"',
    );
  });

  it("is told as long as it is in the way, whether or not there is a login for it by now", () => {
    const lost = { record: secretRecord(), ...wanted("Fail", broken) };
    expect(plan(lost).failure?.reason).toBe("SecretConflict");
    expect(plan({ ...lost, live: live({ dockerConfig: '{"auths":{}}' }) }).failure?.reason).toBe("SecretConflict");
    // Whether these give way shows when there is something to merge, or to take over.
    expect(plan({ ...lost, ...wanted("Merge", broken) }).failure).toBeUndefined();
  });

  it("is never usable: neither too large a config nor a lost token makes it ours", () => {
    expect(plan({ record: secretRecord(), maxBytes: 50 }).state).toBe("foreign");
    expect(plan({ record: secretRecord({ metadata: undefined }), ...wanted("Fail", broken) }).state).toBe("foreign");
  });

  it("is not touched when nobody wants anything here", () => {
    expect(plan({ record: secretRecord(), content: undefined })).toEqual({
      action: { kind: "none" },
      state: "foreign",
    });
  });

  it("is never written, however it looks", () => {
    const words = fc.dictionary(
      fc.constantFrom("app.kubernetes.io/managed-by", "regcred.dev/entries", "regcred.dev/managed", "x"),
      fc.constantFrom("Helm", "regcred", "[]", "{}", '{"labels":["x"]}', "nonsense"),
    );
    const metadata = fc.option(fc.record({ labels: words, annotations: words }), { nil: undefined });
    const records = fc.record({
      metadata,
      type: fc.constantFrom("Opaque", "kubernetes.io/dockerconfigjson"),
      immutable: fc.boolean(),
      labelled: fc.boolean(),
      controller: fc.constantFrom(undefined, "SealedSecret x"),
    });
    const circumstances = fc.record({
      settled: fc.constantFrom(undefined, right),
      referencesLeft: fc.nat({ max: 2 }),
      retain: fc.boolean(),
      reserved: fc.boolean(),
      maxBytes: fc.constantFrom(50, 65_536),
      content: fc.constantFrom(wanted("Fail").content, wanted("Fail", broken).content, undefined),
      live: fc.constantFrom(undefined, live()),
    });
    fc.assert(
      fc.property(records, circumstances, (changes, rest) => {
        const { action, state } = plan({ record: secretRecord(changes), ...rest });
        expect(["none", "read"]).toContain(action.kind);
        expect(state).not.toBe("usable");
      }),
    );
  });
});

describe("a foreign Secret under Merge", () => {
  const theirs = live({ labels: { team: "x" }, otherData: { "extra.txt": "aGk=" }, finalizers: ["x/y"] });
  const record = recordOfLive(theirs);
  const merge = { ...wanted("Merge"), record };
  const mergedBody = written(plan({ ...merge, live: theirs }));

  it("is read, then gets our hosts beside its own", () => {
    expect(plan(merge)).toEqual({ action: { kind: "read" }, state: "foreign" });
    expect(plan({ ...merge, live: theirs })).toMatchObject({ action: { kind: "replace" }, state: "usable" });
    expect(mergedBody.dockerConfig).toContain('"theirs.example.com":{"auth":"eDp5"}');
    expect(mergedBody.dockerConfig).toContain('"a.example.com"');
  });

  it("keeps its labels, its other data and its finalizers", () => {
    expect(mergedBody).toMatchObject({
      labels: { team: "x" },
      otherData: { "extra.txt": "aGk=" },
      finalizers: ["x/y"],
    });
  });

  it("that is right is not written again", () => {
    const after = liveOf(mergedBody);
    expect(plan({ ...merge, record: recordOfLive(after), live: after })).toEqual({
      action: { kind: "none" },
      state: "usable",
    });
    expect(plan({ ...merge, record: recordOfLive(after), settled: right })).toEqual({
      action: { kind: "none" },
      state: "usable",
    });
  });

  it("stays merged under another policy", () => {
    const after = liveOf(mergedBody);
    expect(plan({ ...wanted("Fail"), record: recordOfLive(after), live: after }).state).toBe("usable");
    const large = recordOfLive(after, { metadata: undefined });
    expect(plan({ ...wanted("Fail"), record: large }).action.kind).toBe("read");
    expect(plan({ ...wanted("Fail"), record: large, live: after })).toEqual({
      action: { kind: "none" },
      state: "usable",
    });
  });

  it("loses a host of ours that is not served any more, and keeps its own", () => {
    const other: Contribution = { credential: "acme", entries: [entryToken({ hosts: ["b.example.com"] })] };
    const after = liveOf(mergedBody);
    const body = written(plan({ ...wanted("Merge", other), record: recordOfLive(after), live: after }));
    expect(body.dockerConfig).not.toContain("a.example.com");
    expect(body.dockerConfig).toContain("theirs.example.com");
    expect(body.dockerConfig).toContain("b.example.com");
  });

  it("gets its own config back, byte for byte, when nobody wants anything here", () => {
    const after = liveOf(mergedBody);
    const left = { content: undefined, record: recordOfLive(after), referencesLeft: 2 };
    expect(plan(left).action.kind).toBe("read");
    const released = plan({ ...left, live: after });
    expect(released).toMatchObject({ action: { kind: "replace" }, state: "foreign" });
    expect(written(released)).toEqual({ ...mergedBody, annotations: {}, dockerConfig: theirs.dockerConfig });
  });

  it("that holds nothing but ours is deleted, its references first", () => {
    const empty = live({ dockerConfig: '{"auths":{}}' });
    const after = liveOf(written(plan({ ...merge, record: recordOfLive(empty), live: empty })));
    const left = { content: undefined, record: recordOfLive(after), live: after };
    expect(plan({ ...left, referencesLeft: 1 })).toMatchObject({ action: { kind: "none" }, state: "leaving" });
    expect(plan(left)).toEqual({ action: { kind: "delete" }, state: "leaving" });
  });

  it.each([
    [{ type: "Opaque" }, 'it is of type "Opaque"'],
    [{ immutable: true }, "it is immutable"],
    [{ dockerConfig: "no JSON" }, "its docker config is not JSON"],
  ])("that is %j cannot be merged, and the message says why", (changes, why) => {
    const odd = live(changes);
    const refused = plan({ ...merge, record: recordOfLive(odd), live: odd });
    expect(refused).toMatchObject({
      action: { kind: "none" },
      state: "foreign",
      failure: { reason: "SecretConflict" },
    });
    expect(refused.failure?.message).toContain(why);
  });

  it("is not written where the two together are too large", () => {
    expect(plan({ ...merge, live: theirs, maxBytes: (mergedBody.dockerConfig?.length ?? 0) - 1 })).toMatchObject({
      action: { kind: "none" },
      state: "foreign",
      failure: { reason: "ConfigTooLarge" },
    });
  });
});

describe("a foreign Secret under Adopt", () => {
  const served = live({ dockerConfig: '{"auths":{"a.example.com":{"auth":"eDp5"}}}', labels: { team: "x" } });

  function adopt(secret: LiveSecret): PullSecretPlan {
    return plan({ ...wanted("Adopt"), record: recordOfLive(secret), live: secret });
  }

  it("becomes ours in place, and keeps what others have set on it", () => {
    const adopted = adopt(served);
    expect(adopted).toMatchObject({ action: { kind: "replace" }, state: "usable" });
    expect(written(adopted)).toMatchObject({
      dockerConfig: ours.dockerConfig,
      labels: { team: "x", "app.kubernetes.io/managed-by": "regcred" },
    });
  });

  it.each([[{ type: "kubernetes.io/dockercfg", dockerConfig: undefined }], [{ immutable: true }]])(
    "is made anew where it is %j",
    (changes) => {
      expect(adopt({ ...served, ...changes }).action).toMatchObject({ kind: "recreate", takesBack: false });
    },
  );

  const deniedChanges: readonly [string, Partial<LiveSecret>][] = [
    [
      '"SealedSecret pulls" controls it',
      { ownerReferences: [{ kind: "SealedSecret", name: "pulls", controller: true }] },
    ],
    ["meta.helm.sh/release-name tracks it", { annotations: { "meta.helm.sh/release-name": "x" } }],
    ["argocd.argoproj.io/instance tracks it", { labels: { "argocd.argoproj.io/instance": "x" } }],
    ['"Terraform" tracks it', { labels: { "app.kubernetes.io/managed-by": "Terraform" } }],
    ['no entry serves its host "theirs.example.com"', { dockerConfig: live().dockerConfig }],
    ['it holds more than a docker config ("note.txt")', { otherData: { "note.txt": "aGk=" } }],
  ];
  it.each(deniedChanges)("is refused while %s, unless its owner consents", (why, changes) => {
    const refused = adopt(live({ ...served, ...changes }));
    expect(refused).toMatchObject({
      action: { kind: "none" },
      state: "foreign",
      failure: { reason: "SecretConflict" },
    });
    expect(refused.failure?.message).toContain(why);
    expect(refused.failure && textWithSteps(refused.failure)).toContain(
      "kubectl annotate -n team-a secret regcred regcred.dev/adopt=true --overwrite",
    );
    const annotations = { ...changes.annotations, "regcred.dev/adopt": "true" };
    expect(adopt(live({ ...served, ...changes, annotations })).action.kind).toBe("replace");
  });
});

describe("what the owner of a foreign Secret wrote", () => {
  it("stands in the message between quotation marks only, and in no step", () => {
    fc.assert(
      fc.property(anything, fc.constantFrom("owner", "label", "type", "host"), (text, where) => {
        const word = `mallory ${text}`;
        const dockerConfig = JSON.stringify({ auths: { [word]: {} } });
        const ownerReferences = [{ kind: word, name: word, controller: true }];
        const changes: Partial<LiveSecret> = {
          owner: { ownerReferences },
          label: { labels: { "app.kubernetes.io/managed-by": word } },
          type: { type: word },
          host: { dockerConfig },
        }[where];
        for (const onConflict of ["Merge", "Adopt"] as const) {
          const { failure } = plan({ record: secretRecord(), live: live(changes), ...wanted(onConflict) });
          const message = failure?.message ?? "";
          expect(message.replaceAll(/"[^"]*"/g, "")).not.toContain("mallory");
          expect(obeyedIn(message)).toEqual([]);
          expect(JSON.stringify(failure?.steps ?? [])).not.toContain("mallory");
        }
      }),
    );
  });
});

describe("whatever stands there", () => {
  it("a plan that was carried out leaves nothing to do", () => {
    const policies = fc.constantFrom<Policy>("Fail", "Merge", "Adopt");
    const words = fc.dictionary(fc.constantFrom("a", "b", "app.kubernetes.io/name"), fc.constantFrom("1", "2"));
    const secrets = fc.option(
      fc.record({ labels: words, annotations: words, immutable: fc.boolean() }).map((changes) => live(changes)),
      { nil: undefined },
    );
    fc.assert(
      fc.property(policies, secrets, words, words, (policy, secret, labels, annotations) => {
        const want = wanted(policy, source, { labels, annotations });
        const first = plan({ ...want, record: secret && recordOfLive(secret), live: secret });
        if (!("body" in first.action)) return;
        const after = liveOf(first.action.body);
        expect(plan({ ...want, record: recordOfLive(after), live: after }).action).toEqual({ kind: "none" });
      }),
    );
  });

  it("a Secret is ours by marks, memory or content, and by nothing else", () => {
    const bySight = { knownAsOurs: false, ...wanted() };
    expect(isOurs(bySight, secretRecord())).toBe(false);
    expect(isOurs(bySight, secretRecord({ labelled: true }))).toBe(false);
    expect(isOurs(bySight, secretRecord({ credentials: ["acme"] }))).toBe(false);
    expect(isOurs(bySight, secretRecord({ labelled: true, credentials: ["acme"] }))).toBe(true);
    expect(isOurs({ ...bySight, knownAsOurs: true }, secretRecord())).toBe(true);
    expect(isOurs(bySight, recordOf(ours, { labelled: false, credentials: [] }))).toBe(true);
  });

  it("an expired token that stood there is not replaced by an empty config", () => {
    const expired: Contribution = {
      credential: "acme",
      entries: [entryToken({ source: token({ expiresAt: minute(-1) }) })],
    };
    const after = { record: recordOf(ours), live: liveOf(ours), now: minute(120) };
    expect(plan({ ...after, ...wanted("Fail", expired) })).toEqual(right);
  });
});
