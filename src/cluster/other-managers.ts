// Others who keep an object: tools by their marks, owners of a Secret that is not ours, and what is told of it.
import { adoptAnnotation, managedBy, managedByLabel } from "../api/names.ts";
import { failure } from "../api/reasons.ts";
import { hostsOf } from "../registry/merge-docker-config.ts";
import type { Failure } from "../runtime/errors.ts";
import { quotedText } from "../runtime/foreign-text.ts";
import { kubectl } from "../runtime/steps.ts";
import type { LiveSecret } from "./pull-secret-object.ts";

/** Who else would revert or prune it, as its marks say; undefined where nobody is seen. */
export function otherManager({ labels, annotations, controller }: Marked): string | undefined {
  if (controller !== undefined) return `${quotedText(controller)} controls it`;
  const kept = keptBy(labels, annotations);
  if (kept) return `${kept.tool} keeps it: ${kept.mark} tracks it`;
  const manager = selfNamedManager(labels, annotations);
  return manager === undefined ? undefined : `${quotedText(manager)} tracks it`;
}

interface Marked {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** `Kind name` */
  readonly controller: string | undefined;
}

/**
 * Labels and annotations that a tool puts on what it keeps, and that nobody needs on a Secret of their own. What is on a source
 * that a tool copies from (`reflection-allowed`, `replicate-to`) is not here: nobody writes there but its owner. From each tool's
 * documentation or source. Owners are looked at beside this: Sealed Secrets, ClusterPullSecrets and others set one.
 */
export const toolMarks: Readonly<Record<string, readonly string[]>> = {
  Helm: ["meta.helm.sh/release-name"],
  "Argo CD": ["argocd.argoproj.io/tracking-id", "argocd.argoproj.io/instance"],
  Flux: [
    "kustomize.toolkit.fluxcd.io/name",
    "helm.toolkit.fluxcd.io/name",
    "resourceset.fluxcd.controlplane.io/name",
    "fluxcd.controlplane.io/name",
  ],
  "Rancher or Fleet": [
    "objectset.rio.cattle.io/hash",
    "objectset.rio.cattle.io/id",
    "fleet.cattle.io/bundle-id",
    "secret.user.cattle.io/secret",
    "management.cattle.io/project-scoped-secret",
  ],
  kapp: ["kapp.k14s.io/app", "kapp.k14s.io/identity"],
  "secretgen-controller": ["secretgen.carvel.dev/image-pull-secret", "secretgen.carvel.dev/status"],
  "a kubectl ApplySet": ["applyset.kubernetes.io/part-of"],
  "kpt or another user of cli-utils": ["config.k8s.io/owning-inventory"],
  "Config Sync": ["configmanagement.gke.io/managed", "configsync.gke.io/resource-id"],
  "the addon manager": ["addonmanager.kubernetes.io/mode"],
  Kluctl: ["kluctl.io/deployment-id"],
  werf: ["project.werf.io/name", "werf.io/version"],
  Spinnaker: ["moniker.spinnaker.io/application", "artifact.spinnaker.io/name"],
  KubeVela: ["app.oam.dev/name", "app.oam.dev/app-revision-hash"],
  Karmada: ["karmada.io/managed", "resourcetemplate.karmada.io/uid", "work.karmada.io/namespace"],
  "Open Cluster Management": ["app.open-cluster-management.io/hosting-subscription"],
  KubeFed: ["kubefed.io/managed"],
  vcluster: ["vcluster.loft.sh/managed-by", "vcluster.loft.sh/object-name"],
  Crossplane: ["crossplane.io/external-name", "crossplane.io/composition-resource-name"],
  "Operator Lifecycle Manager": ["olm.managed"],
  Reflector: [
    "reflector.v1.k8s.emberstack.com/reflects",
    "reflector.v1.k8s.emberstack.com/auto-reflects",
    "reflector.v1.k8s.emberstack.com/reflected-version",
    "reflector.v1.k8s.emberstack.com/reflected-at",
  ],
  "kubernetes-replicator": [
    "replicator.v1.mittwald.de/replicated-from-version",
    "replicator.v1.mittwald.de/replicated-at",
    "replicator.v1.mittwald.de/replicated-keys",
    "replicator.v1.mittwald.de/replicate-from",
  ],
  "Hierarchical Namespaces": ["hnc.x-k8s.io/inherited-from", "hnc.x-k8s.io/inheritedFrom"],
  ClusterSecret: ["clustersecret.io/created-by", "clustersecret.io/version", "clustersecret.io/last-sync"],
  "Config Syncer": [
    "kubed.appscode.com/origin",
    "kubed.appscode.com/origin.name",
    "config-syncer.appscode.com/origin",
    "config-syncer.appscode.com/origin.name",
  ],
  Capsule: ["capsule.clastix.io/resources", "projectcapsule.dev/managed-by"],
  Kyverno: ["generate.kyverno.io/policy-name", "kyverno.io/generated-by-policy"],
  "External Secrets": [
    "reconcile.external-secrets.io/managed",
    "reconcile.external-secrets.io/created-by",
    "reconcile.external-secrets.io/data-hash",
  ],
  "Sealed Secrets": ["sealedsecrets.bitnami.com/managed", "sealedsecrets.bitnami.com/patch"],
  "the Vault Secrets Operator": ["secrets.hashicorp.com/vso-ownerRefUID"],
  "the Secrets Store CSI driver": ["secrets-store.csi.k8s.io/managed"],
  "the 1Password operator": ["operator.1password.io/item-path", "operator.1password.io/item-version"],
  Infisical: ["secrets.infisical.com/version", "secrets.infisical.com/managed-by"],
  Doppler: ["secrets.doppler.com/version", "dopplerSecret"],
  OpenShift: ["openshift.io/internal-registry-auth-token.service-account", "openshift.io/token-secret.name"],
};

const toolOf = new Map(
  Object.entries(toolMarks).flatMap(([tool, marks]) => marks.map((mark) => [mark, tool] as const)),
);

type Words = Readonly<Record<string, string>>;

/** Undefined where no mark is known. */
function keptBy(labels: Words, annotations: Words): { readonly tool: string; readonly mark: string } | undefined {
  for (const mark of [...Object.keys(labels), ...Object.keys(annotations)]) {
    const tool = toolOf.get(mark);
    if (tool !== undefined) return { tool, mark };
  }
  return undefined;
}

/** Who says of itself that it manages it: a label by convention, and an annotation of imagepullsecret-patcher. */
function selfNamedManager(labels: Words, annotations: Words): string | undefined {
  return [labels[managedByLabel], annotations[managedByLabel]].find((each) => each !== undefined && each !== managedBy);
}

// A message should stay readable.
const maxExamples = 3;

/**
 * Why a whole Secret of somebody else's is not taken over; undefined where it may be. Its owner's consent overrides every reason.
 * @param served hosts that it would have: it is to have each that it has now
 */
export function adoptionBlocker(live: LiveSecret, served: ReadonlySet<string>): string | undefined {
  if (live.annotations[adoptAnnotation] === "true") return undefined;
  const owner = live.ownerReferences.find((each) => each.controller);
  const other = otherManager({ ...live, controller: owner && `${owner.kind} ${owner.name}` });
  if (other !== undefined) return other;
  // The garbage collector deletes it with its owner.
  const [first] = live.ownerReferences;
  if (first) return `${quotedText(`${first.kind} ${first.name}`)} owns it`;
  const keys = Object.keys(live.otherData);
  if (keys.length > 0)
    return `it holds more than a docker config (${quotedText(keys.toSorted().slice(0, maxExamples).join(", "))})`;
  if (live.dockerConfig === undefined) return undefined;
  const held = hostsOf(live.dockerConfig);
  if (!held.ok) return undefined;
  const lost = held.hosts.filter((host) => !served.has(host));
  return lost.length === 0
    ? undefined
    : `no entry serves its ${lost.length === 1 ? "host" : "hosts"} ${quotedText(lost.slice(0, maxExamples).join(", "))}`;
}

/**
 * A Secret of the pull Secret's name is somebody else's.
 * @param why completes the sentence "it cannot be taken over or merged into because ..."; undefined under `Fail`
 */
export function secretConflict(
  {
    namespace,
    name,
    manager,
  }: { readonly namespace: string; readonly name: string; readonly manager: string | undefined },
  why: string | undefined,
): Failure {
  const managed = manager === undefined ? "" : `, managed by ${quotedText(manager)}`;
  return failure("SecretConflict", {
    message: `the namespace has a Secret ${name} of its own${managed}${why === undefined ? "" : `, and ${why}`}`,
    steps:
      why === undefined
        ? [{ message: "delete it" }, { message: "or set pullSecret.onConflict to Merge or Adopt" }]
        : [
            { message: "delete it" },
            {
              message: "or let it be replaced by onConflict: Adopt and",
              command: kubectl`annotate -n ${namespace} secret ${name} ${adoptAnnotation}=true --overwrite`,
            },
          ],
  });
}
