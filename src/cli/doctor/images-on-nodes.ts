// The doctor on images that lie on a node already: whether a pod must show a login of its own to use one.
import { resources } from "../../cluster/resources.ts";
import type { CredentialRecord } from "../../cluster/records.ts";
import { boundedNumber, bounds } from "../../runtime/foreign-numbers.ts";
import { wordIn } from "../../providers/answers.ts";
import { resourcePath } from "../../runtime/client/resource-path.ts";
import { kubectl } from "../../runtime/steps.ts";
import { seen, seenAll } from "../reads.ts";
import { there } from "../seen.ts";
import type { Session } from "../session.ts";
import { bad, type Finding, notSeen, unknown, well } from "./finding.ts";

const check = "images on nodes";

// KubeletEnsureSecretPulledImages is on by default from here on:
// https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/2535-ensure-secret-pulled-images
const verifyingMinor = 35;
const gate = "KubeletEnsureSecretPulledImages";
const defaultPolicy = "NeverVerifyPreloadedImages";
// Each is a call through the API server to a kubelet; what a cluster's nodes have differs by their pools.
const maxAsked = 10;

interface NodeView {
  readonly name: string;
  readonly minor: number;
}

/** Without it, whoever knows an image's name runs what another tenant has pulled. */
export async function imagesAreAskedFor(session: Session, records: readonly CredentialRecord[]): Promise<Finding> {
  const limited = limitedCredentials(records);
  if (limited.length === 0) return well(check, "each credential is for every namespace");
  const found = await seenAll(session.objects.list(resources.nodes), nodeView);
  if (found.seen !== "there") return notSeen(check, "Nodes");
  if (found.value.length === 0) return well(check, "there are no nodes");
  const policies = await Promise.all(found.value.slice(0, maxAsked).map((node) => policyOf(session, node)));
  const isOpen = policies.some((policy) => policy === undefined || policy === "NeverVerify");
  if (!isOpen) {
    const preloaded = policies.includes(defaultPolicy) ? "; images that were pre-pulled are open to every pod" : "";
    return well(
      check,
      `kubelets ask again for images that another login has pulled (${[...new Set(policies)].join(", ")})${preloaded}`,
    );
  }
  const isForced = await pullsAlways(session);
  if (isForced === true) return well(check, "AlwaysPullImages has each pod show a login whenever it starts");
  const finding = isForced === false ? bad : unknown;
  return finding(
    check,
    `${isForced === false ? "AlwaysPullImages is off" : "whether AlwaysPullImages is on cannot be seen"}, and not all kubelets verify who may use an image that they have: with imagePullPolicy IfNotPresent or Never any pod runs what another's login has pulled, so ${limited.join(", ")} keep nobody apart there; switch on that admission plugin, or let kubelets of 1.${verifyingMinor} or newer verify (imagePullCredentialsVerificationPolicy)`,
    kubectl`get nodes -o custom-columns=NAME:.metadata.name,KUBELET:.status.nodeInfo.kubeletVersion`,
  );
}

/** Names of those that are not for every namespace alike. */
export function limitedCredentials(records: readonly CredentialRecord[]): readonly string[] {
  return records.flatMap(({ name, credential }) => {
    if (!credential) return [];
    const { namespaces, registries } = credential.spec;
    const isForAll = (namespaces.include?.includes("*") ?? false) && !namespaces.exclude && !namespaces.selector;
    return isForAll && !JSON.stringify(registries).includes("$(namespace.") ? [] : [name];
  });
}

function nodeView(raw: unknown): NodeView {
  const { metadata, status } = raw as {
    readonly metadata: { readonly name: string };
    readonly status?: { readonly nodeInfo?: { readonly kubeletVersion?: string } };
  };
  const digits = /^v1\.(\d+)\./.exec(status?.nodeInfo?.kubeletVersion ?? "")?.[1];
  return { name: metadata.name, minor: boundedNumber(digits, bounds.count) ?? 0 };
}

/** Undefined: it verifies nothing. Where it may not be asked, what its release does by default. */
async function policyOf({ transport }: Session, { name, minor }: NodeView): Promise<string | undefined> {
  const path = `${resourcePath({ ...resources.nodes, name })}/proxy/configz`;
  const read = transport.request({ method: "GET", path }).then((answer) => answer.json());
  // What keeps a kubelet from answering is no concern here.
  const answered = await seen(read, (raw) => raw as { readonly kubeletconfig?: KubeletSettings }).catch(
    () => undefined,
  );
  const { featureGates = {}, imagePullCredentialsVerificationPolicy: policy } = there(answered)?.kubeletconfig ?? {};
  if (!(featureGates[gate] ?? minor >= verifyingMinor)) return undefined;
  return wordIn(policy) ?? defaultPolicy;
}

interface KubeletSettings {
  readonly featureGates?: Readonly<Record<string, boolean>>;
  readonly imagePullCredentialsVerificationPolicy?: string;
}

/** A pod that nobody runs tells; undefined where it may not be tried, or is refused. */
async function pullsAlways({ transport, operatorNamespace }: Session): Promise<boolean | undefined> {
  const path = resourcePath({ ...resources.pods, namespace: operatorNamespace });
  const spec = {
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: "RuntimeDefault" } },
    containers: [
      {
        name: "asked",
        image: "registry.example.com/asked:1",
        imagePullPolicy: "IfNotPresent",
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
      },
    ],
  };
  const body = JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata: { name: "regcred-doctor" }, spec });
  const tried = transport.request({ method: "POST", path, query: { dryRun: "All" }, body });
  const answer = await tried.then((made) => made.json()).catch(() => undefined);
  const { containers = [] } = (answer as { readonly spec?: typeof spec } | undefined)?.spec ?? {};
  const policy = containers[0]?.imagePullPolicy;
  return policy === undefined ? undefined : policy === "Always";
}
