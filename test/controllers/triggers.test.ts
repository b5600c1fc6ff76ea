// Does every change queue the work that it calls for, in the right lane, and nothing else?
import { describe, expect, it } from "vitest";
import type { RegistryCredential } from "../../src/api/registry-credential.ts";
import type { CredentialRecord } from "../../src/cluster/records.ts";
import {
  credentialTriggers,
  isIdentityOf,
  namespaceTriggers,
  secretTriggers,
  serviceAccountTriggers,
  type Trigger,
} from "../../src/controllers/triggers.ts";
import {
  credential,
  frozen,
  minute,
  namespace,
  secretRecord,
  serviceAccount,
  staticEntry,
} from "../entitlement/objects.ts";

/** Lane and key of each trigger. */
function lanes(triggers: readonly Trigger[]): string[] {
  return triggers.map(({ key, options }) => `${options?.lane} ${key}`);
}

function record(read: RegistryCredential | undefined): CredentialRecord {
  const { name, uid, generation, resourceVersion, finalizers, annotations } = read ?? credential();
  return frozen({
    key: name,
    name,
    uid,
    generation,
    resourceVersion,
    finalizers,
    annotations,
    deleting: false,
    credential: read,
    problems: [],
  });
}

describe("a namespace", () => {
  const before = namespace();
  const after = namespace({ resourceVersion: "2", labels: { pull: "yes" } });

  it("that has just appeared overtakes everything", () => {
    expect(lanes(namespaceTriggers(frozen({ key: "team-a", after }), ["regcred", "old"], []))).toEqual([
      "interactive secret/team-a/regcred",
      "interactive secret/team-a/old",
      "interactive references/team-a",
    ]);
  });

  it("that has changed is looked at in turn, and counted anew a little later", () => {
    const triggers = namespaceTriggers(frozen({ key: "team-a", before, after }), ["regcred"], ["acme"]);
    expect(lanes(triggers)).toEqual([
      "normal secret/team-a/regcred",
      "normal references/team-a",
      "normal credential/acme",
    ]);
    expect(triggers.at(-1)?.options?.debounced).toBe(true);
  });

  it("that is gone is forgotten under every name, and has no references to look at", () => {
    expect(lanes(namespaceTriggers(frozen({ key: "team-a", before }), ["regcred"], ["acme"]))).toEqual([
      "normal secret/team-a/regcred",
      "normal credential/acme",
    ]);
  });
});

describe("a ServiceAccount", () => {
  const account = serviceAccount();
  // The grants of TenantServiceAccount entries are rendered by the pull Secret's run, and told by the status.
  const secrets = ["undefined secret/team-a/regcred", "undefined secret/team-a/old", "normal credential/acme"];

  it.each([
    ["that has just appeared overtakes everything", { after: account }, [...secrets, "interactive references/team-a"]],
    ["that has changed is looked at in turn", { before: account, after: account }, ["normal references/team-a"]],
    [
      "that was made anew is another identity",
      { before: account, after: serviceAccount({ uid: "other" }) },
      [...secrets, "normal references/team-a"],
    ],
    [
      "that clouds know by another name is another identity",
      { before: account, after: serviceAccount({ cloud: { "eks.amazonaws.com/role-arn": "arn" } }) },
      [...secrets, "normal references/team-a"],
    ],
    ["that is gone takes its identity along", { before: account }, secrets],
    ["that did not fit has its namespace told", {}, ["normal references/team-a"]],
  ])("%s", (_what, change, expected) => {
    const triggers = serviceAccountTriggers(frozen({ key: account.key, ...change }), ["regcred", "old"], ["acme"]);
    expect(lanes(triggers)).toEqual(expected);
  });

  it.each([
    ["ServiceAccount", "regcred-system", "puller", true],
    ["ServiceAccount", "team-a", "puller", false],
    ["ServiceAccount", "regcred-system", "other", false],
    ["TenantServiceAccount", "team-a", "puller", true],
    ["TenantServiceAccount", "team-a", "other", false],
    ["Secret", "regcred-system", "puller", false],
  ] as const)("of an entry with identity %s is %s/%s: %s", (from, at, name, expected) => {
    const read = credential({ spec: { registries: [staticEntry({ identity: { from, name: "puller" } })] } });
    expect(isIdentityOf({ namespace: at, name }, read, "regcred-system")).toBe(expected);
  });
});

describe("a Secret of a pull Secret's name", () => {
  const ours = secretRecord({ credentials: ["acme", "beta"] });

  it.each([
    [
      "that has come tells the credentials in it",
      { after: ours },
      ["normal secret/team-a/regcred", "normal credential/acme", "normal credential/beta"],
    ],
    [
      "that is gone tells the credentials that were in it",
      { before: ours },
      ["normal secret/team-a/regcred", "normal credential/acme", "normal credential/beta"],
    ],
    [
      "that lost one credential for another tells these two, and has the references looked at",
      { before: ours, after: secretRecord({ credentials: ["acme", "gamma"] }) },
      ["normal secret/team-a/regcred", "normal references/team-a", "normal credential/beta", "normal credential/gamma"],
    ],
    [
      "that lists names of no RegistryCredential tells none",
      { before: ours, after: secretRecord({ credentials: ["acme", "beta", "made-up"] }) },
      ["normal secret/team-a/regcred", "normal references/team-a"],
    ],
    ["that changed otherwise tells nobody else", { before: ours, after: ours }, ["normal secret/team-a/regcred"]],
  ])("%s", (_what, change, expected) => {
    expect(lanes(secretTriggers(frozen({ key: ours.key, ...change }), (name) => name !== "made-up"))).toEqual(expected);
  });
});

describe("a RegistryCredential", () => {
  const before = credential({ status: { secretName: "regcred" } });
  const everything = [
    "interactive credential/acme",
    "bulk secret/team-a/regcred",
    "bulk secret/team-a/old",
    "bulk references/team-a",
    "bulk secret/team-b/regcred",
    "bulk secret/team-b/old",
    "bulk references/team-b",
  ];

  function triggers(one: RegistryCredential | undefined, other: RegistryCredential | undefined): readonly Trigger[] {
    const change = { key: "acme", ...(one && { before: record(one) }), ...(other && { after: record(other) }) };
    return [...credentialTriggers(frozen(change), ["team-a", "team-b"], ["regcred", "old"])];
  }

  it.each<[string, RegistryCredential | undefined, RegistryCredential | undefined]>([
    ["is new", undefined, before],
    ["is gone", before, undefined],
    ["has a new spec", before, credential({ ...before, generation: 4 })],
    ["was made anew", before, credential({ ...before, uid: "other" })],
    ["is being deleted", before, credential({ ...before, deletionTimestamp: minute(0) })],
    ["got our finalizer", before, credential({ ...before, finalizers: ["regcred.dev/drain"] })],
    [
      "got an annotation, such as the one that releases the brake",
      before,
      credential({ ...before, annotations: { a: "1" } }),
    ],
    ["was served under another name", before, credential({ ...before, status: { secretName: "new" } })],
    [
      "was taken over by this install",
      credential({ ...before, status: { secretName: "regcred", operatorNamespace: "former" } }),
      credential({ ...before, status: { secretName: "regcred", operatorNamespace: "regcred-system" } }),
    ],
    ["stored its first name", credential(), before],
    [
      "gave up a former name",
      credential({ ...before, status: { secretName: "regcred", retiring: [{ secretName: "old", until: "" }] } }),
      before,
    ],
  ])("that %s concerns every namespace, behind what somebody waits for", (_what, one, other) => {
    expect(lanes(triggers(one, other))).toEqual(everything);
  });

  it("shares the bulk lane with the others", () => {
    const flows = triggers(undefined, before).map(({ options }) => options?.flow);
    expect(new Set(flows.slice(1))).toEqual(new Set(["acme"]));
  });

  it.each<[string, RegistryCredential]>([
    ["a new status", credential({ ...before, status: { secretName: "regcred", namespacesReady: "1/2" } })],
    ["somebody else's finalizer", credential({ ...before, finalizers: ["x/y"] })],
    ["a new version", credential({ ...before, resourceVersion: "2" })],
  ])("with %s is looked at alone", (_what, after) => {
    expect(lanes(triggers(before, after))).toEqual(["interactive credential/acme"]);
  });
});
