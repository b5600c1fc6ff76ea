// Tests that a Secret that another tool keeps is left to it, and the tool named, and that a tenant who claims so gains nothing.
import { describe, expect, it } from "vitest";
import { toolMarks } from "../../../src/cluster/other-managers.ts";
import { planPullSecret } from "../../../src/controllers/pull-secret/plan.ts";
import type { LiveSecret } from "../../../src/cluster/pull-secret-object.ts";
import type { PullSecretPlan, PullSecretOptions } from "../../../src/controllers/pull-secret/plan-types.ts";
import { entryToken } from "../../entitlement/objects.ts";
import { live, recordOf, snapshot, written, type Wants, wants } from "./plan-scenario.ts";

const host = "a.example.com";

function wanted(onConflict: PullSecretOptions["onConflict"]): Wants {
  return wants([{ credential: "acme", entries: [entryToken({ hosts: [host] })] }], { onConflict });
}

const adopted = (changes: Partial<LiveSecret>): PullSecretPlan => {
  const standing = live({ dockerConfig: `{"auths":{"${host}":{"auth":"eDp5"}}}`, ...changes });
  return planPullSecret(snapshot({ ...wanted("Adopt"), record: recordOf(standing), live: standing }));
};

const rows = Object.entries(toolMarks).flatMap(([tool, marks]) => marks.map((mark) => ({ tool, mark })));

// As they were found on objects in clusters, apart from the table: a row that goes is missed.
const seen: Readonly<Record<string, string>> = {
  "meta.helm.sh/release-name": "Helm",
  "argocd.argoproj.io/tracking-id": "Argo CD",
  "kustomize.toolkit.fluxcd.io/name": "Flux",
  "helm.toolkit.fluxcd.io/name": "Flux",
  "objectset.rio.cattle.io/hash": "Rancher or Fleet",
  "kapp.k14s.io/app": "kapp",
  "reflector.v1.k8s.emberstack.com/reflects": "Reflector",
  "replicator.v1.mittwald.de/replicated-from-version": "kubernetes-replicator",
  "hnc.x-k8s.io/inherited-from": "Hierarchical Namespaces",
  "reconcile.external-secrets.io/managed": "External Secrets",
  "sealedsecrets.bitnami.com/managed": "Sealed Secrets",
  "secrets.hashicorp.com/vso-ownerRefUID": "the Vault Secrets Operator",
  "generate.kyverno.io/policy-name": "Kyverno",
  "secrets-store.csi.k8s.io/managed": "the Secrets Store CSI driver",
  "clustersecret.io/created-by": "ClusterSecret",
  "kubed.appscode.com/origin": "Config Syncer",
  "operator.1password.io/item-path": "the 1Password operator",
  "secrets.doppler.com/version": "Doppler",
  "applyset.kubernetes.io/part-of": "a kubectl ApplySet",
  "olm.managed": "Operator Lifecycle Manager",
};

describe("under Adopt a Secret", () => {
  it.each(Object.entries(seen))("that carries %s is told to be kept by %s", (mark, tool) => {
    expect(adopted({ annotations: { [mark]: "x" } }).failure?.message).toContain(`${tool} keeps it: ${mark}`);
  });

  it.each(rows)("of $tool, with $mark, is left to it, unless its owner consents", ({ tool, mark }) => {
    for (const where of ["labels", "annotations"] as const) {
      const plan = adopted({ [where]: { [mark]: "x" } });
      expect(plan).toMatchObject({ action: { kind: "none" }, failure: { reason: "SecretConflict", cause: "Tenant" } });
      expect(plan.failure?.message).toContain(`${tool} keeps it: ${mark}`);
    }
    expect(adopted({ annotations: { [mark]: "x", "regcred.dev/adopt": "true" } }).action.kind).toBe("replace");
  });

  it.each([
    ["labels", { labels: { "app.kubernetes.io/managed-by": "hashicorp-vso" } }, '"hashicorp-vso" tracks it'],
    // https://github.com/titansoft-pte-ltd/imagepullsecret-patcher
    [
      "annotations",
      { annotations: { "app.kubernetes.io/managed-by": "imagepullsecret-patcher" } },
      '"imagepullsecret-patcher" tracks it',
    ],
    ["owners", { ownerReferences: [{ kind: "ClusterPullSecret", name: "x" }] }, '"ClusterPullSecret x" owns it'],
  ])("whose %s name another manager is left to it", (_where, changes, why) => {
    expect(adopted(changes).failure?.message).toContain(why);
  });

  it.each([
    ["a person has made", {}],
    ["a person has applied", { annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}" } }],
    ["somebody's tool copies from", { annotations: { "reflector.v1.k8s.emberstack.com/reflection-allowed": "true" } }],
    ["belongs to an app", { labels: { "app.kubernetes.io/name": "web", "app.kubernetes.io/instance": "web" } }],
  ])("that %s is taken over", (_what, changes) => {
    expect(adopted(changes).action.kind).toBe("replace");
  });
});

describe("marks of a tool that a tenant puts on regcred's own Secret", () => {
  const body = written(planPullSecret(snapshot({ ...wanted("Fail") })));
  const marked = { ...body, annotations: { ...body.annotations, "replicator.v1.mittwald.de/replicate-from": "x/y" } };

  it("keep it neither from being renewed nor from going", () => {
    const record = recordOf(marked, { digest: "of an old login" });
    const renewed = planPullSecret(snapshot({ ...wanted("Adopt"), record }));
    expect(written(renewed).dockerConfig).toBe(body.dockerConfig);
    expect(planPullSecret(snapshot({ record })).action).toEqual({ kind: "delete" });
  });

  it("change nothing where the others were stripped, for the operator knows it", () => {
    const labels = { "meta.helm.sh/release-name": "x", "app.kubernetes.io/managed-by": "Helm" };
    const record = recordOf({ ...body, labels, annotations: {} }, { digest: "of an old login" });
    const renewed = planPullSecret(snapshot({ ...wanted("Adopt"), record, knownAsOurs: true }));
    expect(written(renewed).labels).toMatchObject({ "app.kubernetes.io/managed-by": "regcred" });
  });
});
