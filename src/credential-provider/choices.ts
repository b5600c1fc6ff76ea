// Chooses the entries of a node's file that serve an image for a pod, and what they grant.
import { cloudAnnotations } from "../api/cloud-annotations.ts";
import { defaultOperatorNamespace } from "../api/names.ts";
import type { Entry } from "../api/registry-credential.ts";
import type { NamespaceRecord } from "../cluster/records.ts";
import { selectsNamespace, selectsServiceAccount } from "../entitlement/selection.ts";
import type { Failure } from "../runtime/errors.ts";
import { globMatches } from "../runtime/glob.ts";
import { type Grant, grantsOf } from "../providers/grant.ts";
import type { RenderScope } from "../providers/grant-types.ts";
import { loginsFor } from "../registry/kubelet-match.ts";
import type { NodeEntry, NodeFile, PodSelection } from "./node-file.ts";
import type { PodAccount } from "./pod-account.ts";
import type { ProviderRequest } from "./request.ts";

export interface Choice {
  /** Of the entry. */
  readonly name: string;
  /** Of the entry's hosts the one that serves the image. */
  readonly host: string;
  readonly grant: Grant | Failure;
}

export interface Choices {
  /** In the order in which the kubelet tries them. */
  readonly chosen: readonly Choice[];
  /** Entries for the image that are not for this pod, each with the reason; for whoever looks at the node. */
  readonly passedOver: readonly string[];
}

/** Whose pod it is, and where the node is. */
export interface Asker {
  /** Undefined where the file serves the node itself. */
  readonly account: PodAccount | undefined;
  /** The folder of the Secrets, which stands in messages where an operator would name its namespace. */
  readonly secrets: string;
}

/**
 * All hosts that match the image, as in a docker config: the kubelet tries one after the other, the longest path first. Of
 * entries with the same host the first that is for the pod stands for all.
 */
export function choicesFor(
  { image, annotations }: ProviderRequest,
  { entries }: Pick<NodeFile, "entries">,
  { account, secrets }: Asker,
): Choices {
  const matching = loginsFor(
    image,
    entries.flatMap((each) => each.entry.hosts.map((host) => [host, { ...each, host }] as const)),
  );
  const judged = matching.map((each) => ({ ...each, blocker: blockerOf(each, account, annotations) }));
  const open = judged.filter(({ blocker }) => blocker === undefined);
  const first = open.filter(({ host }, index) => open.findIndex((each) => each.host === host) === index);
  const scope = scopeOf({ account, secrets }, annotations);
  return {
    chosen: first.map(({ entry, host }) => ({
      name: entry.name,
      host,
      grant: grantAt(asked(entry, account), host, scope),
    })),
    passedOver: judged.flatMap(({ entry, blocker }) =>
      blocker === undefined ? [] : [`entry ${entry.name}: ${blocker}`],
    ),
  };
}

/** Why the entry is not for the pod; undefined where it is. */
function blockerOf(
  { entry, pods }: NodeEntry,
  account: PodAccount | undefined,
  annotations: Readonly<Record<string, string>>,
): string | undefined {
  // A file without pods is one of the node itself: node-file.ts.
  if (!account) return undefined;
  if (!pods) return "it names no pods";
  const { namespace, name } = account;
  if (!selectsNamespace(pods.namespaces, namespaceRecord(namespace), defaultOperatorNamespace)) {
    return `pods.namespaces does not select ${namespace}`;
  }
  if (!selectsServiceAccount(pods.serviceAccounts, name)) return `pods.serviceAccounts does not select ${name}`;
  const missing = missingAnnotation(pods, annotations);
  if (missing !== undefined) return `the ServiceAccount ${namespace}/${name} lacks the annotation ${missing}`;
  const { identity } = entry;
  if (identity.from === "TenantServiceAccount" && !globMatches(identity.name, name)) {
    return `its identity is the ServiceAccount ${identity.name}, and the pod's is ${name}`;
  }
  return undefined;
}

function missingAnnotation(
  { annotations: wanted = [] }: PodSelection,
  has: Readonly<Record<string, string>>,
): string | undefined {
  return wanted.find((key) => !Object.hasOwn(has, key));
}

/** On a node `*` may be in the name: the pod's own ServiceAccount asks, and no other. */
function asked(entry: Entry, account: PodAccount | undefined): Entry {
  if (!account || entry.identity.from !== "TenantServiceAccount") return entry;
  return { ...entry, identity: { ...entry.identity, name: account.name } };
}

function grantAt(entry: Entry, host: string, scope: RenderScope): Grant | Failure {
  // By one host: what is wrong with another one of the entry is no concern of this image.
  const [group] = grantsOf({ ...entry, hosts: [host] }, scope);
  if (!group) throw new TypeError("a host belongs to no grant");
  return group.grant;
}

function scopeOf({ account, secrets }: Asker, annotations: Readonly<Record<string, string>>): RenderScope {
  const clouds = Object.entries(annotations).filter(([key]) => cloudAnnotations.includes(key));
  return {
    namespace: namespaceRecord(account?.namespace ?? ""),
    operatorNamespace: secrets,
    serviceAccount: (namespace, name) =>
      account && namespace === account.namespace && name === account.name
        ? { uid: account.uid, annotations: Object.fromEntries(clouds) }
        : undefined,
  };
}

/** A node knows its name and nothing else. */
function namespaceRecord(name: string): NamespaceRecord {
  return { key: name, resourceVersion: "0", name, uid: "", labels: {}, optedOut: false, terminating: false };
}
