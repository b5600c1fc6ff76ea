// Tests that `explain` says what keeps a login out of the namespace's pull Secret, whom else that hits, and what to type.
import { describe, expect, it } from "vitest";
import { servingBlocker } from "../../../src/cli/explain/serving-blocker.ts";
import type { CredentialRecord } from "../../../src/cluster/records.ts";
import type { ExplainInput } from "../../../src/cli/explain/input.ts";
import { candidate, credential, entry, namespace, ours, secret, secrets, situation, told } from "./situation.ts";

const toldOf = (record: CredentialRecord, more: Partial<ExplainInput> = {}): object =>
  told(servingBlocker(situation(more), candidate(record)).blocker);
const stageOf = (record: CredentialRecord, more: Partial<ExplainInput> = {}): number =>
  servingBlocker(situation(more), candidate(record)).stage;

const ending = { deletionTimestamp: "2026-11-30T11:00:00Z" };
const time = "2026-11-30T11:00:00Z";
const condition = (type: string, status: string, reason: string, message: string): object => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: time,
});
const group = (reason: string, count: number, examples: readonly string[], cause = "Platform"): object => ({
  reason,
  cause,
  count,
  oldestSince: time,
  examples,
});
const selected = (count: number, pending = 0): object => ({ selected: count, ready: 0, pending, failed: 0 });
const state = (more: object): object => ({ name: "hub", identities: 1, failing: 1, state: "Pending", ...more });
const foreign = secrets(secret("regcred"));
const toCreateSource = [
  "kubectl create secret docker-registry -n ops docker-hub --docker-server=HOST --docker-username=USER --docker-password=PASSWORD",
];
const wait = "wait for some seconds, and if it lasts, see whether the operator runs";
/** That needs a ServiceAccount which is not there. */
const needsAccount = entry({
  name: "ecr",
  provider: "ECR",
  hosts: ["123456789012.dkr.ecr.eu-west-1.amazonaws.com"],
  identity: { from: "ServiceAccount", name: "puller" },
  static: undefined,
});
const needsLabel = entry({ static: { secretName: "$(namespace.labels['acme.io/tenant'])" } });

describe("of a RegistryCredential that is being deleted it is told", () => {
  it("that it goes, and to apply it again", () => {
    expect(toldOf(credential({ metadata: ending }))).toEqual({
      reason: "Deleting",
      cause: "Platform",
      others: 0,
      why: "RegistryCredential acme is being deleted",
      change: "apply it again once it is gone, if that was a mistake",
      commands: [],
    });
  });

  it("what holds it, and how to give up on that", () => {
    const conditions = [condition("DrainBlocked", "True", "AdmissionDenied", "a policy denies it")];
    expect(toldOf(credential({ metadata: ending, status: { conditions } }))).toMatchObject({
      why: "RegistryCredential acme is being deleted, a policy denies it",
      change: "fix what holds it, or give up on that; then apply it again once it is gone, if that was a mistake",
      commands: ["kubectl annotate registrycredential acme regcred.dev/force-finalize=true --overwrite"],
    });
  });

  it("nothing of what held it before", () => {
    const conditions = [condition("DrainBlocked", "False", "Draining", "a policy denied it")];
    expect(toldOf(credential({ metadata: ending, status: { conditions } }))).toMatchObject({
      why: "RegistryCredential acme is being deleted",
      commands: [],
    });
  });
});

describe("of a namespace that a RegistryCredential does not select it is told", () => {
  const elsewhere = credential({ spec: { namespaces: { include: ["other"] } } });

  it("why not", () => {
    expect(toldOf(elsewhere)).toMatchObject({
      reason: "NotSelected",
      why: "RegistryCredential acme does not serve namespace team-a: none of its namespaces.include matches (other)",
    });
  });

  it("nothing where it could not be seen", () => {
    expect(toldOf(elsewhere, { namespace: { seen: "hidden" } })).toMatchObject({ reason: "Progressing" });
  });

  it("nothing that hangs on the operator, whose own namespace a wildcard does not reach", () => {
    const all = credential({ spec: { namespaces: { include: ["*"] } } });
    expect(toldOf(all, { operatorNamespace: "team-a" })).toMatchObject({ reason: "NotSelected" });
    expect(toldOf(all)).toMatchObject({ reason: "Progressing" });
  });
});

describe("of an operator that has not looked at a RegistryCredential it is told", () => {
  it("that it never has", () => {
    expect(toldOf(credential({ status: { observedGeneration: undefined } }))).toEqual({
      reason: "Unobserved",
      cause: "Platform",
      others: 0,
      why: "the operator has not looked at RegistryCredential acme: it does not run, or has just begun",
      change: wait,
      commands: ["kubectl get pods -n ops"],
    });
  });

  it("at which change it was last", () => {
    expect(toldOf(credential({ metadata: { generation: 3 } }))).toMatchObject({
      reason: "Unobserved",
      why: "the operator has not looked at change 3 of RegistryCredential acme, only at change 1: it does not run, or has just begun",
    });
  });
});

describe("of an entry that cannot be rendered for the namespace it is told", () => {
  it("what is missing, and how many others lack it", () => {
    const failures = [group("Denied", 9, ["team-x"]), group("MissingLabel", 4, ["team-b"], "Tenant")];
    const record = credential({ spec: { registries: [needsLabel] }, status: { failures } });
    expect(toldOf(record)).toMatchObject({ reason: "MissingLabel", cause: "Tenant", others: 3 });
  });

  it("nothing where the label is there", () => {
    const record = credential({ spec: { registries: [needsLabel] } });
    expect(toldOf(record, { namespace: namespace({ labels: { "acme.io/tenant": "blue" } }) })).toMatchObject({
      reason: "Progressing",
    });
  });

  it("nothing where the namespace's labels could not be seen", () => {
    const record = credential({ spec: { registries: [needsLabel] } });
    expect(toldOf(record, { namespace: { seen: "hidden" } })).toMatchObject({ reason: "Progressing" });
  });

  it("which of its hosts fails, though others are served", () => {
    const hosts = ["123456789012.dkr.ecr.eu-west-1.amazonaws.com", "ecr.example.com"];
    const record = credential({ spec: { registries: [{ name: "ecr", provider: "ECR", hosts, ecr: {} }] } });
    expect(toldOf(record)).toMatchObject({ reason: "InvalidHost", others: 0 });
  });

  it("that a ServiceAccount is missing only where all could be read", () => {
    const record = credential({ spec: { registries: [needsAccount] } });
    expect(toldOf(record)).toMatchObject({ reason: "ServiceAccountMissing" });
    expect(toldOf(record, { accountsSeen: false })).toMatchObject({ reason: "Progressing" });
  });
});

describe("of the Secret that stands in the login's place it is told", () => {
  it("that a finalizer holds it in its deletion, whosever it is", () => {
    for (const each of [secret("regcred", { terminating: true }), { ...ours("regcred"), terminating: true }]) {
      expect(toldOf(credential(), { secrets: secrets(each) })).toEqual({
        reason: "DeletionPending",
        cause: "Tenant",
        others: 0,
        why: "the Secret regcred is being deleted, and a finalizer holds it",
        change: "let whoever owns the finalizer finish, or take it off",
        commands: [],
      });
    }
  });

  it("that it is the tenant's own, and how many have one", () => {
    const failures = [group("SecretConflict", 3, ["team-b"], "Tenant")];
    expect(toldOf(credential({ status: { failures } }), { secrets: foreign })).toEqual({
      reason: "SecretConflict",
      cause: "Tenant",
      others: 2,
      why: "the namespace has a Secret regcred of its own",
      change:
        "delete that Secret if nobody needs it, and it is written again with the logins that are granted; or set pullSecret.onConflict to Merge or Adopt",
      commands: ["kubectl delete secret -n team-a regcred"],
    });
  });

  it("who manages it: its owner, else who says so", () => {
    const labels = { "app.kubernetes.io/managed-by": "Helm" };
    const why = "the namespace has a Secret regcred of its own, managed by";
    expect(toldOf(credential(), { secrets: secrets(secret("regcred", { labels })) })).toMatchObject({
      why: `${why} "Helm"`,
    });
    expect(
      toldOf(credential(), { secrets: secrets(secret("regcred", { labels, controller: "SealedSecret s" })) }),
    ).toMatchObject({ why: `${why} "SealedSecret s"` });
  });

  it.each(["Merge", "Adopt"])("why it is not taken over, and how its owner consents, under %s", (onConflict) => {
    const record = credential({ spec: { pullSecret: { onConflict } } });
    expect(toldOf(record, { secrets: foreign })).toMatchObject({
      why: `the namespace has a Secret regcred of its own, and it is not taken over by onConflict: ${onConflict} as it is`,
      change:
        "delete that Secret if nobody needs it, and it is written again with the logins that are granted; or let its owner consent to its being replaced: annotation regcred.dev/adopt=true, and onConflict: Adopt",
    });
    const annotations = { "meta.helm.sh/release-name": "web" };
    expect(toldOf(record, { secrets: secrets(secret("regcred", { annotations })) })).toMatchObject({
      why: "the namespace has a Secret regcred of its own, and Helm keeps it: meta.helm.sh/release-name tracks it",
    });
  });

  it("nothing of one that is ours, and has other logins as yet", () => {
    const ready = secrets(ours("regcred", { name: "other/quay", hosts: ["quay.io"] }));
    expect(toldOf(credential(), { secrets: ready })).toMatchObject({ reason: "Progressing" });
  });

  it("nothing of a Secret that has another name", () => {
    const record = credential({ spec: { pullSecret: { name: "pull" } } });
    expect(toldOf(record, { secrets: foreign })).toMatchObject({ reason: "Progressing" });
  });
});

describe("of a RegistryCredential that is suspended it is told", () => {
  it.each([
    [selected(9, 4), 3],
    [selected(9, 0), 0],
    [undefined, 0],
  ])("that nothing is written, and how many others wait: %j", (namespaces, others) => {
    expect(toldOf(credential({ spec: { suspend: true }, status: { namespaces } }))).toEqual({
      reason: "Suspended",
      cause: "Platform",
      others,
      why: "RegistryCredential acme is suspended, so nothing is written to tenants",
      change: "let it go on",
      commands: [`kubectl patch regcred acme --type=merge -p '{"spec":{"suspend":false}}'`],
    });
  });

  it("first what holds the Secret, which would stay if it went on", () => {
    expect(toldOf(credential({ spec: { suspend: true } }), { secrets: foreign })).toMatchObject({
      reason: "SecretConflict",
    });
  });
});

describe("of an entry that fails for all it is told", () => {
  const failing = (more: object, status: object = {}): CredentialRecord =>
    credential({ status: { registries: [state(more)], ...status } });

  it("what the operator says, whom else it hits, and what to type", () => {
    const namespaces = selected(5);
    expect(toldOf(failing({ reason: "SourceMissing", message: "there is no docker-hub" }, { namespaces }))).toEqual({
      reason: "SourceMissing",
      cause: "Platform",
      others: 4,
      why: "there is no docker-hub",
      change: "create it",
      commands: toCreateSource,
    });
  });

  it("its reason, where the operator says no more", () => {
    expect(toldOf(failing({ reason: "Denied" }))).toMatchObject({ why: "Denied", others: 0, commands: [] });
  });

  it("no message that may be another tenant's", () => {
    expect(toldOf(failing({ reason: "Denied", message: "not blue", identities: 2, failing: 2 }))).toMatchObject({
      reason: "Denied",
      why: "entry acme/hub fails for every tenant (Denied)",
    });
  });

  it.each([
    ["fails for some only", { reason: "Denied", identities: 2, failing: 1 }],
    ["fails for no reason that is known", {}],
    ["is another one", { reason: "Denied", name: "other" }],
  ])("nothing where it %s", (_when, more) => {
    expect(toldOf(failing(more))).toMatchObject({ reason: "Progressing" });
  });

  it("this, and not what keeps this namespace besides", () => {
    const failures = [group("QuotaExceeded", 1, ["team-a"], "Tenant")];
    expect(toldOf(failing({ reason: "Denied" }, { failures }))).toMatchObject({ reason: "Denied" });
    expect(toldOf(failing({}, { failures }))).toMatchObject({ reason: "QuotaExceeded" });
  });
});

describe("of a namespace that the status names it is told", () => {
  const here = (more: object = {}, failures = [group("SourceMissing", 3, ["team-b", "team-a"])]): CredentialRecord =>
    credential({ status: { failures, ...more } });

  it("what the condition says of that reason, whom else it hits, and what to type", () => {
    const conditions = [
      condition("Ready", "True", "SourceMissing", "that was true before"),
      condition("TokensFresh", "False", "Denied", "another matter"),
      condition("Distributed", "False", "SourceMissing", "there is no docker-hub"),
    ];
    expect(toldOf(here({ conditions }))).toEqual({
      reason: "SourceMissing",
      cause: "Platform",
      others: 2,
      why: "there is no docker-hub",
      change: "create it",
      commands: toCreateSource,
    });
  });

  it.each([
    ["there is none", []],
    ["they say other things", [condition("Distributed", "False", "Denied", "another matter")]],
    ["what they say is no fault", [condition("Distributed", "True", "SourceMissing", "once")]],
  ])("where that is explained, where of the conditions %s", (_which, conditions) => {
    expect(toldOf(here({ conditions }))).toMatchObject({
      why: "SourceMissing: docs/operations.md says what that is and what to do",
    });
  });

  it("who can fix it", () => {
    expect(toldOf(here({}, [group("QuotaExceeded", 1, ["team-a"], "Tenant")]))).toMatchObject({
      reason: "QuotaExceeded",
      cause: "Tenant",
      others: 0,
    });
  });

  it("its own reason, before one that it may have", () => {
    const failures = [group("Denied", 9, ["b", "c", "d"]), group("QuotaExceeded", 1, ["team-a"], "Tenant")];
    expect(toldOf(here({}, failures))).toMatchObject({ reason: "QuotaExceeded" });
  });

  it("nothing that takes no login away", () => {
    expect(toldOf(here({}, [group("HostShadowed", 1, ["team-a"])]))).toMatchObject({ reason: "Progressing" });
  });
});

describe("of a namespace that the status does not name it is told", () => {
  const unnamed = (count: number): CredentialRecord =>
    credential({ status: { failures: [group("SourceMissing", count, ["team-b", "team-c", "team-d"])] } });

  it("that it may be one of those that are left out, and where to look", () => {
    expect(toldOf(unnamed(4))).toEqual({
      reason: "SourceMissing",
      cause: "Platform",
      others: 3,
      why: "RegistryCredential acme has 4 namespaces that are not served as wanted (SourceMissing), of which its status names team-b, team-c, team-d only, and this may be one of the others",
      change: "see what its status and the operator's log say of it",
      commands: ["kubectl regcred status acme"],
    });
  });

  it("that its turn has not come, where all others are named", () => {
    expect(toldOf(unnamed(3))).toEqual({
      reason: "Progressing",
      cause: "Platform",
      others: 0,
      why: "the operator has not yet written the login of acme/hub into the Secret regcred of team-a",
      change: wait,
      commands: ["kubectl get pods -n ops"],
    });
  });
});

it("a login has come farther the later what stops it comes", () => {
  const unrendered = credential({ spec: { registries: [needsAccount] } });
  const held = { secrets: foreign };
  const stages = [
    stageOf(credential({ metadata: ending }), held),
    stageOf(credential({ spec: { namespaces: { include: ["other"] } } }), held),
    stageOf(credential({ metadata: { generation: 2 } }), held),
    stageOf(unrendered, held),
    stageOf(credential()),
    stageOf(credential(), held),
  ];
  expect(stages).toEqual([...new Set(stages)].toSorted((one, other) => one - other));
  // Whatever the status says, it is as far.
  const asFar = [
    credential({ spec: { suspend: true } }),
    credential({ status: { registries: [state({ reason: "Denied" })] } }),
    credential({ status: { failures: [group("Denied", 1, ["team-a"])] } }),
  ];
  expect(asFar.map((each) => stageOf(each))).toEqual(asFar.map(() => stageOf(credential())));
  expect(stageOf(credential(), { secrets: secrets(secret("regcred", { terminating: true })) })).toBe(stages.at(-1));
});
