// Input of `explain`: what it gets to see of a namespace, a ServiceAccount or a pod, and the credentials.
import { type Seen, there } from "../seen.ts";
import { selectsNamespace } from "../../entitlement/selection.ts";
import type { RenderScope } from "../../providers/grant-types.ts";
import type { CredentialRecord, NamespaceRecord, ServiceAccountRecord } from "../../cluster/records.ts";

export interface PodView {
  readonly name: string;
  readonly serviceAccountName: string;
  readonly images: readonly string[];
  /** By image; the one that asks least of several containers with the same. */
  readonly pullPolicies: ReadonlyMap<string, string>;
  /** Its own list, in which admission has put that of its ServiceAccount if it named none. */
  readonly pullSecrets: readonly string[];
  /** Of its controller: `ReplicaSet web-5d4f`; undefined for a pod that nobody makes anew. */
  readonly owner: string | undefined;
}

/** A Secret without its content. */
export interface SecretView {
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly terminating: boolean;
  /** `Kind name` of the owner that controls it. */
  readonly controller: string | undefined;
  /** Keys of its docker config, where the content was asked for as well; empty where it holds none. */
  readonly hosts: readonly string[] | undefined;
}

export interface ExplainInput {
  readonly now: Temporal.Instant;
  readonly operatorNamespace: string;
  readonly namespaceName: string;
  readonly namespace: Seen<NamespaceRecord>;
  readonly serviceAccountName: string;
  readonly serviceAccount: Seen<ServiceAccountRecord>;
  /** Undefined: it was asked about the ServiceAccount. */
  readonly pod: PodView | undefined;
  /** Image references as pods write them. */
  readonly images: readonly string[];
  /** It is whoever asks who named the images, not a pod. */
  readonly imagesAsked: boolean;
  /** Oldest first. */
  readonly credentials: readonly CredentialRecord[];
  /** False: only those that Secrets name. */
  readonly allCredentials: boolean;
  /** Every Secret that the subject refers to, or that a credential would write here. */
  readonly secrets: ReadonlyMap<string, Seen<SecretView>>;
  readonly serviceAccountOf: RenderScope["serviceAccount"];
  /** False: one of those that identities name could not be read, so it is not known whether entries can be rendered. */
  readonly accountsSeen: boolean;
}

/** What entries are rendered against in the namespace that is asked about, once it is seen. */
export function scopeOf(
  { operatorNamespace, serviceAccountOf }: ExplainInput,
  namespace: NamespaceRecord,
): RenderScope {
  return { namespace, operatorNamespace, serviceAccount: serviceAccountOf };
}

/** Names in `imagePullSecrets` that count for the subject; undefined where they are not known. */
export function referencesOf({ pod, serviceAccount }: ExplainInput): readonly string[] | undefined {
  if (pod) return pod.pullSecrets;
  switch (serviceAccount.seen) {
    case "there":
      return serviceAccount.value.references;
    case "absent":
      return [];
    case "hidden":
      return undefined;
  }
}

/** Images that stand for all of a host's, where nobody names one, by what to call them: one for each host of the credentials that select the namespace, else of all. */
export function imagesOfHosts(input: ExplainInput): ReadonlyMap<string, string> {
  const { credentials, operatorNamespace } = input;
  const namespace = there(input.namespace);
  const readable = credentials.flatMap(({ credential }) => (credential ? [credential] : []));
  const selecting = namespace
    ? readable.filter(({ spec }) => selectsNamespace(spec.namespaces, namespace, operatorNamespace))
    : readable;
  const hosts = (selecting.length > 0 ? selecting : readable).flatMap(({ spec }) =>
    spec.registries.flatMap((entry) => entry.hosts),
  );
  return new Map(
    hosts.filter((host) => host !== "*").map((host) => [`${host.replaceAll("*", "x")}/image`, `the images of ${host}`]),
  );
}
