// Tests that `explain` says why a Secret that is there and good reaches no pod, and who can mend that.
import { describe, expect, it } from "vitest";
import { referenceBlocker } from "../../../src/cli/explain/reference-blocker.ts";
import type { ExplainInput } from "../../../src/cli/explain/input.ts";
import { account, candidate, credential, pod, situation, told } from "./situation.ts";

const toldOf = (more: Partial<ExplainInput>, of: Parameters<typeof credential>[0] = {}): object =>
  told(referenceBlocker(situation(more), candidate(credential(of)).credential));
const bare = account({ references: [] });

describe("of a pod with a list of its own it is told", () => {
  it("that the list keeps those of its ServiceAccount out, and whose template to mend", () => {
    const own = pod({ pullSecrets: ["mine", "yours"], owner: "ReplicaSet web-5d" });
    expect(toldOf({ pod: own, serviceAccount: account() })).toEqual({
      reason: "OtherReferences",
      cause: "Tenant",
      others: 0,
      why: `pod web names its own imagePullSecrets ("mine, yours") and not regcred, so it does not get those of its ServiceAccount`,
      change: `add {name: regcred} to imagePullSecrets in the pod's template (that of "ReplicaSet web-5d"), or leave the list out; then delete the pod`,
      commands: ["kubectl delete pod -n team-a web"],
    });
  });

  it("no owner where there is none", () => {
    expect(toldOf({ pod: pod({ pullSecrets: ["mine"] }) })).toMatchObject({
      change:
        "add {name: regcred} to imagePullSecrets in the pod's template, or leave the list out; then delete the pod",
    });
  });

  it("the same where the ServiceAccount has some of it only, or was not seen, or has a list that was not kept", () => {
    const own = pod({ pullSecrets: ["mine", "old"] });
    for (const serviceAccount of [
      account({ references: ["old", "regcred"] }),
      account({ references: undefined }),
      { seen: "hidden" } as const,
    ]) {
      expect(toldOf({ pod: own, serviceAccount })).toMatchObject({ reason: "OtherReferences" });
    }
  });
});

describe("of a pod that was created too early it is told", () => {
  it.each([
    ["refers to nothing", []],
    ["has what its ServiceAccount had then", ["old"]],
  ])("to create it again, where it %s", (_which, pullSecrets) => {
    const early = pod({ pullSecrets });
    expect(toldOf({ pod: early, serviceAccount: account({ references: ["old", "regcred"] }) })).toEqual({
      reason: "PodTooEarly",
      cause: "Tenant",
      others: 0,
      why: "pod web was created before its ServiceAccount referred to the Secret regcred, and a pod gets the list only when it is created",
      change: "delete the pod and create it again",
      commands: ["kubectl delete pod -n team-a web"],
    });
  });

  it("only to delete it, where somebody makes a new one", () => {
    expect(toldOf({ pod: pod({ pullSecrets: [], owner: "ReplicaSet web-5d" }) })).toMatchObject({
      change: `delete the pod; its owner, "ReplicaSet web-5d", makes a new one`,
    });
  });

  it("that nobody could see whether its ServiceAccount refers to the Secret by now", () => {
    const unlisted = toldOf({ pod: pod({ pullSecrets: [] }), serviceAccount: { seen: "hidden" } });
    expect(unlisted).toMatchObject({
      reason: "ReferenceMissing",
      why: "the pod does not refer to the Secret regcred, and ServiceAccount team-a/default, which should give it that reference, could not be read",
      change:
        "ask somebody who may get serviceaccounts whether it does by now: if it names regcred, delete the pod and have it made anew",
    });
  });

  it("nothing while its ServiceAccount does not refer to the Secret either", () => {
    expect(toldOf({ pod: pod({ pullSecrets: [] }), serviceAccount: bare })).toMatchObject({
      reason: "ReferenceMissing",
    });
    expect(
      toldOf({ pod: pod({ pullSecrets: ["old"] }), serviceAccount: account({ references: ["old"] }) }),
    ).toMatchObject({
      reason: "ReferenceMissing",
    });
  });
});

describe("of a ServiceAccount it is told", () => {
  it("that it is not there, and nothing else", () => {
    expect(toldOf({ serviceAccount: { seen: "absent" } }, { spec: { references: "None" } })).toEqual({
      reason: "ServiceAccountMissing",
      cause: "Tenant",
      others: 0,
      why: "ServiceAccount team-a/default does not exist",
      change: "create it",
      commands: ["kubectl create serviceaccount -n team-a default"],
    });
  });

  it("that no references are written", () => {
    expect(
      toldOf({ serviceAccount: account({ references: [], optedOut: true }) }, { spec: { references: "None" } }),
    ).toEqual({
      reason: "ReferencesOff",
      cause: "Platform",
      others: 0,
      why: "RegistryCredential acme writes no references (references: None), and ServiceAccount team-a/default does not name regcred itself",
      change: "let it write them, or add {name: regcred} to imagePullSecrets in the pod's template",
      commands: [`kubectl patch regcred acme --type=merge -p '{"spec":{"references":"ServiceAccounts"}}'`],
    });
  });

  it("that it has opted out, which its tenant can take back", () => {
    const narrow = { serviceAccounts: { include: ["app"] } };
    expect(toldOf({ serviceAccount: account({ references: [], optedOut: true }) }, { spec: narrow })).toEqual({
      reason: "NotSelected",
      cause: "Tenant",
      others: 0,
      why: "ServiceAccount team-a/default has opted out (regcred.dev/ignore)",
      change: "take the annotation off",
      commands: ["kubectl annotate serviceaccount -n team-a default regcred.dev/ignore-"],
    });
  });

  it("that its name is not served, and the list with it", () => {
    const narrow = { serviceAccounts: { include: ["app", "web-*"] } };
    expect(toldOf({ serviceAccount: bare }, { spec: narrow })).toEqual({
      reason: "NotSelected",
      cause: "Platform",
      others: 0,
      why: "RegistryCredential acme serves ServiceAccounts called app, web-*, and so not default",
      change: "let it serve this one as well",
      commands: [
        `kubectl patch regcred acme --type=merge -p '{"spec":{"serviceAccounts":{"include":["app","web-*","default"],"exclude":null}}}'`,
      ],
    });
  });

  it("that its name is not served, whatever else is excluded", () => {
    const but = { serviceAccounts: { include: ["app"], exclude: ["builder"] } };
    expect(toldOf({ serviceAccount: bare }, { spec: but })).toMatchObject({
      commands: [
        `kubectl patch regcred acme --type=merge -p '{"spec":{"serviceAccounts":{"include":["app","default"],"exclude":["builder"]}}}'`,
      ],
    });
  });

  it("that its name is excluded, and the lists without what excludes it", () => {
    const but = { serviceAccounts: { include: ["default"], exclude: ["def*", "builder"] } };
    expect(toldOf({ serviceAccount: bare }, { spec: but })).toMatchObject({
      why: "RegistryCredential acme serves ServiceAccounts called default, but not def*, builder, and so not default",
      commands: [
        `kubectl patch regcred acme --type=merge -p '{"spec":{"serviceAccounts":{"include":["default"],"exclude":["builder"]}}}'`,
      ],
    });
  });

  it("that somebody takes the reference off, and in how many other namespaces", () => {
    const failures = [
      { reason: "Contested", cause: "Tenant", count: 3, oldestSince: "2026-11-30T11:00:00Z", examples: ["team-b"] },
    ];
    expect(toldOf({ serviceAccount: bare }, { status: { failures } })).toEqual({
      reason: "ReferenceMissing",
      cause: "Platform",
      others: 2,
      why: "ServiceAccount team-a/default does not refer to the Secret regcred, though RegistryCredential acme wants it to: somebody takes it off, or the operator does not run",
      change: "wait for some seconds; if it lasts, add it by hand, and see who takes it off",
      commands: [
        `kubectl patch serviceaccount -n team-a default --type=strategic -p '{"imagePullSecrets":[{"name":"regcred"}]}'`,
      ],
    });
  });
});
