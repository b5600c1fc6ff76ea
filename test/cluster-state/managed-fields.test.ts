// Tests of managedFields: who else applies an object is found, and what they apply is given back to them.
import { describe, expect, it } from "vitest";
import { appliersIn, type FieldsEntry, fieldsOfOthers, othersApply } from "../../src/cluster/managed-fields.ts";
import { planPullSecret } from "../../src/controllers/pull-secret/plan.ts";
import type { PullSecretOptions, PullSecretSnapshot } from "../../src/controllers/pull-secret/plan-types.ts";
import { planReferences } from "../../src/controllers/service-account/plan.ts";
import { entryToken, serviceAccount } from "../entitlement/objects.ts";
import { live, recordOf, snapshot, written, type Wants, wants } from "../controllers/pull-secret/plan-scenario.ts";

const entry = (manager: string, operation: string, more: object = {}): FieldsEntry => ({
  manager,
  operation,
  apiVersion: "v1",
  fieldsType: "FieldsV1",
  fieldsV1: { "f:imagePullSecrets": {} },
  ...more,
});
const ours = entry("regcred", "Update");
const helm = entry("helm", "Apply");

function wanted(onConflict: PullSecretOptions["onConflict"]): Wants {
  return wants([{ credential: "acme", entries: [entryToken({ hosts: ["a.example.com"] })] }], { onConflict });
}

describe("others apply an object", () => {
  it.each<[string, readonly FieldsEntry[], ReturnType<typeof othersApply>]>([
    ["nobody has set a field", [], undefined],
    ["only regcred has", [ours], undefined],
    ["somebody who updates has", [ours, entry("kubectl-patch", "Update")], undefined],
    ["Helm applies it", [helm], "unhindered"],
    ["Helm applies it, and regcred owns fields of it", [helm, ours], "hindered"],
    ["Helm 3 has, which Helm 4 takes over", [entry("helm", "Update"), ours], "hindered"],
    ["kubectl has, which takes it over itself", [entry("kubectl-client-side-apply", "Update"), ours], "hindered"],
    ["only of its status", [entry("x", "Apply", { subresource: "status" }), ours], undefined],
    ["regcred owns only of its status", [helm, { ...ours, subresource: "status" }], "unhindered"],
    ["somebody applies it in regcred's name", [entry("regcred", "Apply"), ours], undefined],
    ["an entry holds nonsense", [{ manager: 7, operation: {}, subresource: [] }, ours], undefined],
  ])("where %s", (_title, entries, found) => {
    expect(othersApply(entries)).toBe(found);
  });

  it("and keep all that is theirs, as it is, and regcred nothing", () => {
    const status = { ...ours, subresource: "status" };
    expect(fieldsOfOthers([helm, ours, status])).toEqual([helm, status]);
  });

  it("and are named once each", () => {
    expect(appliersIn([helm, ours, helm, entry("kustomize-controller", "Apply"), entry("x", "Update")])).toEqual([
      "helm",
      "kustomize-controller",
    ]);
  });
});

describe("the references of a ServiceAccount that somebody applies", () => {
  const plan = (othersApplyIt: "hindered" | "unhindered", unjudged: readonly string[] = []) =>
    planReferences({
      serviceAccount: serviceAccount({ othersApply: othersApplyIt, references: ["mine"] }),
      references: undefined,
      secrets: [],
      extras: [],
      formerExtras: new Set(),
      unjudged: new Set(unjudged),
    }).kind;

  it("are given up where they are right, as long as nobody is refused for them", () => {
    expect(plan("hindered")).toBe("giveUp");
    expect(plan("unhindered")).toBe("none");
  });

  it("stay as they are while something is suspended or unknown", () => {
    expect(plan("hindered", ["regcred"])).toBe("none");
  });
});

describe("a Secret that somebody applies", () => {
  const othersFields = [helm];
  const merging = (changes: Partial<PullSecretSnapshot> = {}): PullSecretSnapshot =>
    snapshot({
      ...wanted("Merge"),
      record: recordOf(live({ othersFields }), { othersApply: "unhindered" }),
      live: live({ othersFields }),
      ...changes,
    });

  it("is written, and what is theirs given back", () => {
    expect(planPullSecret(merging()).action).toMatchObject({ kind: "replace", othersFields });
  });

  it("is written as before where nobody can tell what is theirs", () => {
    const { action } = planPullSecret(merging({ live: live() }));
    expect(action).toMatchObject({ kind: "replace" });
    expect(action).not.toHaveProperty("othersFields");
  });

  it("is read before it is written, for what is theirs", () => {
    const plan = planPullSecret(merging({ live: undefined }));
    expect(plan.action).toEqual({ kind: "read" });
  });

  it("is given up where it is right, and nobody has to be refused any more", () => {
    const body = written(planPullSecret(merging()));
    const right = live({ ...body, othersFields });
    const hindered = recordOf(body, { othersApply: "hindered" });
    expect(planPullSecret(merging({ record: hindered, live: undefined })).action).toEqual({ kind: "read" });
    expect(planPullSecret(merging({ record: hindered, live: right })).action).toEqual({
      kind: "giveUp",
      body,
      othersFields,
    });
    const free = recordOf(body, { othersApply: "unhindered" });
    expect(planPullSecret(merging({ record: free, live: right })).action).toEqual({ kind: "none" });
  });

  it("loses what was taken back even if it has become too large to be read", () => {
    const own = wanted("Fail");
    const body = written(planPullSecret(snapshot(own)));
    const record = recordOf(body, { digest: "other", othersApply: "hindered", metadata: undefined });
    const { action } = planPullSecret(snapshot({ ...own, record, tooLarge: true }));
    expect(action).toMatchObject({ kind: "replace", body: { dockerConfig: body.dockerConfig } });
  });
});
