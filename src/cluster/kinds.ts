// The kinds that are watched, a row for each: stores, transforms, watches and needed rights follow from it.
import { crdName, defaultPullSecretName, sourceLabel } from "../api/names.ts";
import type { Shape } from "../runtime/client/shape.ts";
import type { StoredObject } from "../runtime/watch/object-meta.ts";
import type { Store, StoreOptions } from "../runtime/watch/store.ts";
import type { Digest } from "./digest.ts";
import type { Install } from "./install-mode.ts";
import { labelsOfMakers } from "./makers.ts";
import { kept } from "./object-limits.ts";
import { bytesOfPod, bytesOfServiceAccount } from "./record-bytes.ts";
import type { OperatorSecretRecord, PodRecord, SecretRecord, ServiceAccountRecord } from "./records.ts";
import { type Resource, resources } from "./resources.ts";
import { tokenFromData } from "./token-wire.ts";
import { transformCrd } from "./transform/crd.ts";
import { labelsAskedBy, transformCredential } from "./transform/credential.ts";
import { transformNamespace } from "./transform/namespace.ts";
import { transformOperatorSecret } from "./transform/operator-secret.ts";
import { transformPod } from "./transform/pod.ts";
import { transformSecret } from "./transform/secret.ts";
import { transformServiceAccount } from "./transform/service-account.ts";

export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete";

/** One watch of a kind. */
export interface KindWatch<R> {
  /** What it is called in logs, metrics and failures. */
  readonly what: string;
  /** Left out: in every namespace. */
  readonly namespace?: string;
  /** Left out: whatever the name. */
  readonly name?: string;
  readonly query?: { readonly fieldSelector?: string; readonly labelSelector?: string };
  /** What the operator needs the right to where it looks; nothing in a namespace that may come later. */
  readonly verbs: readonly Verb[];
  /** Whether it is the namespaces concerned that say so where it is refused, rather than every RegistryCredential. */
  readonly reportedElsewhere: boolean;
  /** A record is held back until the labels of Namespaces are known that it is judged by. */
  readonly labels?: (record: R) => Iterable<string>;
}

/** What a transform is made with. */
export interface TransformOptions {
  /** Of this program. */
  readonly release: string;
  readonly digest: Digest;
  /** Keys of the labels of Namespaces to keep; undefined: all. */
  readonly labels: (() => Iterable<string>) | undefined;
}

/** fails: the operator does not start without them. waits: what needs them does, and says so. goes on: with all it does. */
export type WithoutRights = "fails" | "waits" | "goes on";

export interface Kind<R extends StoredObject> {
  readonly resource: Resource;
  /** What one object is called among the transforms. */
  readonly one: string;
  /** What is kept of an object; undefined where it is of no interest. */
  readonly transform: (options: TransformOptions) => (raw: unknown) => R | undefined;
  /** What is read of an object that is large. */
  readonly keeps: (options: { readonly maxConfigBytes: number; readonly labels: () => Iterable<string> }) => Shape;
  /** Objects come without spec, status and data. */
  readonly metadataOnly?: true;
  readonly store?: Pick<StoreOptions<R>, "indexBy" | "share">;
  /** Those of an install. The pull Secrets are watched by names that come and go: see pull-secret-watches.ts. */
  readonly watches: (install: Install) => readonly KindWatch<R>[];
  /** Rights beside those of the watches. */
  readonly rights?: (install: Install) => readonly KindRights[];
  readonly withoutRights: WithoutRights;
  /** A watch that is refused keeps nobody from beginning. */
  readonly mayBeRefused: boolean;
  /** Namespaces are read after it: it says which of their labels are kept. */
  readonly namesLabels?: true;
}

export interface KindRights {
  readonly verbs: readonly Verb[];
  readonly subresource?: string;
  readonly name?: string;
}

const kind = <R extends StoredObject, const One extends string>(
  row: Kind<R> & { readonly one: One },
): Kind<R> & { readonly one: One } => row;

const listAndWatch = ["list", "watch"] as const;
const byNamespace = ({ namespace }: { readonly namespace: string }): string => namespace;

// Twenty thousand sound ServiceAccounts, a few in each namespace, never come near their own 64 KiB, and 10,000 of them in one
// namespace take 4 MiB. A tenant with 500 namespaces takes its 32 MiB at most, and the pool.
const serviceAccountShare = { own: 64 * 1024, max: 5 * 1024 * 1024, pool: 32 * 1024 * 1024 };
const podShare = { own: 16 * 1024, max: 1024 * 1024, pool: 8 * 1024 * 1024 };

/** Keys of Namespaces' labels by which it is told whether a token's former entry would render it still. */
const labelsAskedByToken = (record: OperatorSecretRecord): readonly string[] =>
  record.kind === "token" ? labelsOfMakers(record.token?.makers) : [];

/** In the order in which missing rights are told. */
export const kinds = {
  /** The one of RegistryCredentials; the store is empty where the operator may not see it. */
  crds: kind({
    resource: resources.crds,
    one: "crd",
    transform: ({ release }) => transformCrd(release),
    keeps: () => kept.crd,
    watches: () => [{ what: "customresourcedefinitions", name: crdName, verbs: listAndWatch, reportedElsewhere: true }],
    // It cannot tell an older kind then: see src/controllers/crd-outdated.ts.
    withoutRights: "goes on",
    mayBeRefused: true,
  }),
  credentials: kind({
    resource: resources.credentials,
    one: "credential",
    transform: () => transformCredential,
    keeps: () => kept.credential,
    watches: () => [
      {
        what: "registrycredentials",
        verbs: ["list", "watch", "patch"],
        reportedElsewhere: false,
        labels: labelsAskedBy,
      },
    ],
    rights: () => [{ verbs: ["patch"], subresource: "status" }],
    withoutRights: "fails",
    mayBeRefused: false,
    namesLabels: true,
  }),
  namespaces: kind({
    resource: resources.namespaces,
    one: "namespace",
    transform: ({ labels }) => transformNamespace(labels),
    keeps: ({ labels }) => kept.namespace(labels()),
    metadataOnly: true,
    watches: () => [{ what: "namespaces", verbs: listAndWatch, reportedElsewhere: false }],
    withoutRights: "fails",
    mayBeRefused: false,
  }),
  serviceAccounts: kind({
    resource: resources.serviceAccounts,
    one: "serviceAccount",
    transform: () => transformServiceAccount(),
    keeps: () => kept.serviceAccount,
    store: {
      indexBy: byNamespace,
      share: { limits: serviceAccountShare, bytesOf: (record: ServiceAccountRecord) => bytesOfServiceAccount(record) },
    },
    watches: ({ namespace: own, mode: { watchNamespaces } }) =>
      watchNamespaces.length === 0
        ? [{ what: "serviceaccounts", verbs: ["get", "list", "watch", "patch"], reportedElsewhere: true }]
        : // The operator's own too: entries name ServiceAccounts of it as their identity.
          [...new Set([own, ...watchNamespaces])].map((namespace) => ({
            what: serviceAccountsOf(namespace),
            namespace,
            verbs: namespace === own ? listAndWatch : [],
            reportedElsewhere: namespace !== own,
          })),
    // References wait, and the status of each RegistryCredential says for what.
    withoutRights: "waits",
    mayBeRefused: true,
  }),
  /** Every Secret, in any namespace, that bears a pull Secret's name. */
  pullSecrets: kind({
    resource: resources.secrets,
    one: "secret",
    transform: ({ digest }) => transformSecret(digest),
    keeps: ({ maxConfigBytes }) => kept.secret(maxConfigBytes),
    store: { indexBy: ({ namespace }: SecretRecord) => namespace },
    watches: () => [],
    rights: ({ mode: { watchNamespaces, pullSecretNames } }) =>
      watchNamespaces.length > 0
        ? []
        : [
            { verbs: ["create"] },
            // By name only, so that the operator needs no right to read other Secrets of tenants.
            ...(pullSecretNames.length > 0 ? pullSecretNames : [defaultPullSecretName]).map((name) => ({
              verbs: ["get", "list", "watch", "update", "delete"] as const,
              name,
            })),
          ],
    withoutRights: "fails",
    mayBeRefused: true,
  }),
  /** Those that wait for an image that could not be pulled; none unless pods may be evicted. */
  pods: kind({
    resource: resources.pods,
    one: "pod",
    transform: () => transformPod,
    keeps: () => kept.pod,
    store: {
      indexBy: byNamespace,
      share: { limits: podShare, bytesOf: (record: PodRecord) => bytesOfPod(record) },
    },
    watches: ({ mode: { podRecovery, watchNamespaces } }) => {
      // A pod that waits for its first image is Pending; those that run cost nothing.
      const query = { fieldSelector: "status.phase=Pending" };
      if (!podRecovery) return [];
      return watchNamespaces.length === 0
        ? [{ what: "pods", query, verbs: listAndWatch, reportedElsewhere: false }]
        : watchNamespaces.map((namespace) => ({
            what: `pods of ${namespace}`,
            namespace,
            query,
            verbs: [],
            reportedElsewhere: true,
          }));
    },
    rights: ({ mode: { podRecovery, watchNamespaces } }) =>
      podRecovery && watchNamespaces.length === 0 ? [{ verbs: ["create"], subresource: "eviction" }] : [],
    withoutRights: "fails",
    mayBeRefused: true,
  }),
  /** Secrets of the operator's namespace, where sources and its own tokens are, and labelled ones of the source namespaces. */
  operatorSecrets: kind({
    resource: resources.secrets,
    one: "operatorSecret",
    transform: () => transformOperatorSecret(tokenFromData),
    keeps: () => kept.operatorSecret,
    watches: ({ namespace: own, sourceNamespaces }) =>
      [...new Set([own, ...sourceNamespaces])].map((namespace) => ({
        what: `secrets of ${namespace}`,
        namespace,
        reportedElsewhere: false,
        ...(namespace === own
          ? { verbs: ["list", "watch", "create", "update", "delete"] as const, labels: labelsAskedByToken }
          : { verbs: listAndWatch, query: { labelSelector: `${sourceLabel}=true` } }),
      })),
    withoutRights: "fails",
    mayBeRefused: false,
    namesLabels: true,
  }),
};

export type KindName = keyof typeof kinds;

export const kindNames: readonly KindName[] = Object.keys(kinds).filter((name): name is KindName => name in kinds);

/** What is kept of an object of the kind. */
export type RecordOf<K extends KindName> = (typeof kinds)[K] extends Kind<infer R> ? R : never;

export type Stores = { readonly [K in KindName]: Store<RecordOf<K>> };

/** Each turns an answer of the API server into a record; the same functions feed the stores. */
export type Transforms = {
  readonly [K in KindName as (typeof kinds)[K]["one"]]: (raw: unknown) => RecordOf<K> | undefined;
};

/** What the watch of the ServiceAccounts of one namespace is called. */
export function serviceAccountsOf(namespace: string): string {
  return `${kinds.serviceAccounts.resource.resource} of ${namespace}`;
}
