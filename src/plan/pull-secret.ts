// What is to be done with one pull Secret?
import {
  adoptAnnotation,
  credentialsAnnotation,
  entriesAnnotation,
  managedAnnotation,
  managedBy,
  managedByLabel,
} from "../api/names.ts";
import type { Failure } from "../errors.ts";
import { configKey } from "../registry/host.ts";
import { hostsOf, mergeDockerConfig } from "../registry/merge-docker-config.ts";
import { type Content, grantsNamedBy } from "./content.ts";
import type { NamespaceRecord, SecretRecord } from "./snapshot.ts";

export const dockerConfigType = "kubernetes.io/dockerconfigjson";
export const dockerConfigKey = ".dockerconfigjson";

/** The whole object, read where the stripped record does not say enough. `data` values are decoded text. */
export interface LiveSecret {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly type: string;
  readonly immutable: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly ownerReferences: readonly { readonly kind: string; readonly name: string; readonly controller?: boolean }[];
  readonly finalizers: readonly string[];
  readonly dockerConfig: string | undefined;
}

export interface PullSecretOptions {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly onConflict: "Fail" | "Merge" | "Adopt";
}

/** What is wanted in the namespace under this name. */
export interface Wanted {
  readonly content: Content;
  /** The keyed digest of `content`, comparable with the one of a record; undefined where content has no text. */
  readonly digest: string | undefined;
  /** Of the oldest contributing credential. */
  readonly options: PullSecretOptions;
}

export interface PullSecretSnapshot {
  readonly namespace: NamespaceRecord;
  readonly name: string;
  /** Undefined: no credential contributes here any more. */
  readonly wanted: Wanted | undefined;
  readonly record: SecretRecord | undefined;
  /** Given on a second round, when the first one asked to read. */
  readonly live: LiveSecret | undefined;
  /** This run of the operator has written the object with this uid, or has seen our marks on it. */
  readonly knownAsOurs: boolean;
  /** This version of the object was compared whole with what is wanted, and was right. */
  readonly settled: boolean;
  /** ServiceAccounts that still refer to the Secret and will cease to. */
  readonly referencesLeft: number;
  /** Every credential that leaves wants the Secret retained. */
  readonly retain: boolean;
  /** The name belongs to a source or token Secret. */
  readonly reserved: boolean;
  readonly maxBytes: number;
}

/** A Secret as it is sent. `data` holds decoded text; the writer encodes it. */
export interface SecretBody {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly type: string;
  readonly dockerConfig: string;
  readonly ownerReferences: LiveSecret["ownerReferences"];
  readonly finalizers: readonly string[];
}

export type PullSecretAction =
  | { readonly kind: "none" }
  /** Read the whole object and decide again. */
  | { readonly kind: "read" }
  | { readonly kind: "create"; readonly body: SecretBody }
  | { readonly kind: "replace"; readonly body: SecretBody }
  /** `type` and `immutable` cannot be changed in place. */
  | { readonly kind: "recreate"; readonly body: SecretBody }
  | { readonly kind: "delete" };

export interface PullSecretPlan {
  readonly action: PullSecretAction;
  /** Whether the Secret is ours (or merged) and may be referred to, once the action is done. */
  readonly usable: boolean;
  /** Why the namespace is not served as wanted; undefined where it is. */
  readonly failure?: Failure;
}

const none: PullSecretAction = { kind: "none" };
const read: PullSecretAction = { kind: "read" };

export function planPullSecret(snapshot: PullSecretSnapshot): PullSecretPlan {
  const { wanted, record } = snapshot;
  if (snapshot.namespace.terminating) return { action: none, usable: false };
  if (record?.terminating) return { action: none, usable: false, failure: deletionPending };
  if (!wanted) return record ? removal(snapshot, record) : { action: none, usable: false };
  if (snapshot.reserved) return { action: none, usable: false, failure: reservedName };
  const { text } = wanted.content;
  if (text === undefined) return withoutContent(snapshot, wanted);
  if (text.length > snapshot.maxBytes) {
    return { action: none, usable: record !== undefined, failure: tooLarge(text.length, snapshot.maxBytes) };
  }
  if (!record) {
    return { action: { kind: "create", body: ownBody(wanted, text, undefined) }, usable: true };
  }
  if (mergedHosts(record.metadata?.annotations) !== undefined) return merged(snapshot, wanted, record);
  if (isOurs(snapshot, record)) return owned(snapshot, wanted, record, text);
  return foreign(snapshot, wanted, record, text);
}

/** Ours by our marks, by what we remember, or because it holds exactly what we would write: stripped marks are drift. */
export function isOurs(
  snapshot: Pick<PullSecretSnapshot, "knownAsOurs" | "wanted">,
  record: SecretRecord,
): boolean {
  return (
    (record.labelled && record.credentials.length > 0) ||
    snapshot.knownAsOurs ||
    (snapshot.wanted?.digest !== undefined && snapshot.wanted.digest === record.digest)
  );
}

function owned(
  snapshot: PullSecretSnapshot,
  wanted: Wanted,
  record: SecretRecord,
  text: string,
): PullSecretPlan {
  const { live } = snapshot;
  const metadata = live ?? record.metadata;
  if (!metadata) return snapshot.settled ? { action: none, usable: true } : { action: read, usable: true };
  const body = ownBody(wanted, text, { ...emptyExtras, ...metadata });
  if (record.immutable || record.type !== dockerConfigType) {
    return { action: { kind: "recreate", body }, usable: true };
  }
  const right =
    record.digest === wanted.digest &&
    sameEntries(body.labels, metadata.labels) &&
    sameEntries(body.annotations, metadata.annotations);
  return { action: right ? none : { kind: "replace", body }, usable: true };
}

function foreign(
  snapshot: PullSecretSnapshot,
  wanted: Wanted,
  record: SecretRecord,
  text: string,
): PullSecretPlan {
  const { live } = snapshot;
  const { onConflict } = wanted.options;
  if (onConflict === "Fail") return conflict(snapshot, record, "");
  if (!live) return { action: read, usable: false };
  if (onConflict === "Merge") return merged(snapshot, wanted, record);
  const refusal = adoptionRefusal(live, wanted.content);
  if (refusal) return conflict(snapshot, record, refusal);
  const body = ownBody(wanted, text, live);
  const inPlace = live.type === dockerConfigType && !live.immutable;
  return { action: { kind: inPlace ? "replace" : "recreate", body }, usable: true };
}

/** Somebody else's Secret in which our hosts are ours and all others stay, byte for byte. */
function merged(
  snapshot: PullSecretSnapshot,
  wanted: Wanted,
  record: SecretRecord,
): PullSecretPlan {
  const { live } = snapshot;
  if (!live) return { action: snapshot.settled ? none : read, usable: true };
  if (live.type !== dockerConfigType || live.immutable) {
    return conflict(snapshot, record, "; Merge needs a mutable Secret of type kubernetes.io/dockerconfigjson");
  }
  const { content } = wanted;
  const keys = content.served.map(({ host }) => configKey(host)).toSorted();
  const before = mergedHosts(live.annotations) ?? [];
  const result = mergeDockerConfig(
    live.dockerConfig ?? "",
    content.served.map(({ host, login }) => ({ key: configKey(host), login })),
    before,
  );
  if (!result.ok) return conflict(snapshot, record, `; its docker config cannot be merged: ${result.problem}`);
  if (result.text === undefined) return { action: none, usable: false };
  if (result.text.length > snapshot.maxBytes) {
    return { action: none, usable: true, failure: tooLarge(result.text.length, snapshot.maxBytes) };
  }
  const body: SecretBody = {
    labels: live.labels,
    annotations: {
      ...live.annotations,
      [credentialsAnnotation]: content.credentials.join(","),
      [entriesAnnotation]: content.entriesText,
      [managedAnnotation]: JSON.stringify({ hosts: keys }),
    },
    type: live.type,
    dockerConfig: result.text,
    ownerReferences: live.ownerReferences,
    finalizers: live.finalizers,
  };
  const right = result.text === live.dockerConfig && sameEntries(body.annotations, live.annotations);
  return { action: right ? none : { kind: "replace", body }, usable: true };
}

/** Grants are in force, or have just ended, and none of them has a token. */
function withoutContent(snapshot: PullSecretSnapshot, wanted: Wanted): PullSecretPlan {
  const { record } = snapshot;
  const failure = wanted.content.failures[0]?.failure ?? nothingToServe;
  if (!record) return { action: none, usable: false, failure };
  const inForce = grantsNamedBy(record.metadata?.annotations[entriesAnnotation]);
  const failing = wanted.content.failures.some(
    ({ grantKey }) => grantKey !== undefined && (inForce.has(grantKey) || record.metadata === undefined),
  );
  // The same grant, only its token is lost: what the tenant has may still work, and a failure takes nothing away.
  if (failing) return { action: none, usable: true, failure };
  return { ...removal(snapshot, record), failure };
}

function removal(snapshot: PullSecretSnapshot, record: SecretRecord): PullSecretPlan {
  const { live } = snapshot;
  const hosts = mergedHosts((live ?? record.metadata)?.annotations);
  if (!isOurs(snapshot, record) && hosts === undefined) {
    if (record.metadata === undefined && record.credentials.length > 0 && !live) return { action: read, usable: false };
    return { action: none, usable: false };
  }
  if (!snapshot.retain && hosts === undefined) {
    if (snapshot.referencesLeft > 0) return { action: none, usable: false, failure: referencesPending };
    return { action: { kind: "delete" }, usable: false };
  }
  if (!live) return { action: read, usable: false };
  const result =
    hosts === undefined || snapshot.retain
      ? { ok: true as const, text: live.dockerConfig }
      : mergeDockerConfig(live.dockerConfig ?? "", [], hosts);
  // Unreadable by now: our hosts cannot be told from the others, so only our marks go.
  const text = result.ok ? result.text : live.dockerConfig;
  if (text === undefined) return { action: { kind: "delete" }, usable: false };
  return {
    action: {
      kind: "replace",
      body: {
        ...foreignMetadata(live),
        type: live.type,
        dockerConfig: text,
        ownerReferences: live.ownerReferences,
        finalizers: live.finalizers,
      },
    },
    usable: false,
  };
}

type Extras = Pick<LiveSecret, "labels" | "annotations" | "ownerReferences" | "finalizers">;
const emptyExtras: Extras = { labels: {}, annotations: {}, ownerReferences: [], finalizers: [] };

function ownBody(wanted: Wanted, text: string, before: Extras | undefined): SecretBody {
  const extras = before ?? emptyExtras;
  const kept = foreignMetadata(extras);
  const { options, content } = wanted;
  const labelKeys = Object.keys(options.labels).toSorted();
  const annotationKeys = Object.keys(options.annotations).toSorted();
  return {
    labels: { ...kept.labels, ...options.labels, [managedByLabel]: managedBy },
    annotations: {
      ...kept.annotations,
      ...options.annotations,
      [credentialsAnnotation]: content.credentials.join(","),
      [entriesAnnotation]: content.entriesText,
      ...(labelKeys.length + annotationKeys.length > 0 && {
        [managedAnnotation]: JSON.stringify({ labels: labelKeys, annotations: annotationKeys }),
      }),
    },
    type: dockerConfigType,
    dockerConfig: text,
    ownerReferences: extras.ownerReferences,
    finalizers: extras.finalizers,
  };
}

/** Labels and annotations less everything that we have set. */
function foreignMetadata(metadata: Pick<Extras, "labels" | "annotations">): Pick<Extras, "labels" | "annotations"> {
  const ours = managedKeys(metadata.annotations[managedAnnotation]);
  return {
    labels: without(metadata.labels, (key) => key === managedByLabel && metadata.labels[key] === managedBy || ours.labels.has(key)),
    annotations: without(
      metadata.annotations,
      (key) =>
        key === credentialsAnnotation ||
        key === entriesAnnotation ||
        key === managedAnnotation ||
        ours.annotations.has(key),
    ),
  };
}

function without(
  record: Readonly<Record<string, string>>,
  dropped: (key: string) => boolean,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !dropped(key)));
}

function managedKeys(annotation: string | undefined): { labels: Set<string>; annotations: Set<string>; hosts: string[] | undefined } {
  const strings = (value: unknown): string[] =>
    Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
  try {
    const parsed = JSON.parse(annotation ?? "{}") as { labels?: unknown; annotations?: unknown; hosts?: unknown } | null;
    return {
      labels: new Set(strings(parsed?.labels)),
      annotations: new Set(strings(parsed?.annotations)),
      hosts: parsed?.hosts === undefined ? undefined : strings(parsed.hosts),
    };
  } catch {
    return { labels: new Set(), annotations: new Set(), hosts: undefined };
  }
}

/** The config keys that are ours in a merged Secret; undefined for a Secret that is wholly ours or wholly foreign. */
function mergedHosts(annotations: Readonly<Record<string, string>> | undefined): string[] | undefined {
  return managedKeys(annotations?.[managedAnnotation]).hosts;
}

function sameEntries(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

// Marks of tools that would revert or prune an adopted object: Helm, Argo CD, Flux, External Secrets.
const trackingKeys = [
  "meta.helm.sh/release-name",
  "argocd.argoproj.io/tracking-id",
  "argocd.argoproj.io/instance",
  "kustomize.toolkit.fluxcd.io/name",
  "helm.toolkit.fluxcd.io/name",
  "reconcile.external-secrets.io/managed",
  "reconcile.external-secrets.io/created-by",
];

function adoptionRefusal(live: LiveSecret, content: Content): string | undefined {
  if (live.annotations[adoptAnnotation] === "true") return undefined;
  const controller = live.ownerReferences.find((owner) => owner.controller);
  if (controller) return `; Adopt is refused while ${controller.kind} ${controller.name} controls it`;
  const manager = live.labels[managedByLabel];
  const mark = trackingKeys.find((key) => key in live.labels || key in live.annotations);
  if (mark ?? manager) return `; Adopt is refused while ${mark ?? manager} tracks it`;
  if (live.dockerConfig === undefined) return undefined;
  const served = new Set(content.served.map(({ host }) => host));
  const held = hostsOf(live.dockerConfig);
  const lost = held.ok ? held.hosts.filter((host) => !served.has(host)) : [];
  return lost.length === 0 ? undefined : `; Adopt is refused because no entry serves its hosts ${lost.slice(0, 3).join(", ")}`;
}

function conflict(snapshot: PullSecretSnapshot, record: SecretRecord, why: string): PullSecretPlan {
  const manager =
    record.controller ?? snapshot.live?.labels[managedByLabel] ?? record.metadata?.labels[managedByLabel];
  return {
    action: none,
    usable: false,
    failure: {
      reason: "SecretConflict",
      cause: "Tenant",
      retry: "on-change",
      message: `a Secret ${snapshot.name} that is not regcred's exists${manager ? ` (managed by ${manager})` : ""}${why}: delete or rename it, or consent with kubectl annotate -n ${snapshot.namespace.name} secret ${snapshot.name} ${adoptAnnotation}=true under onConflict: Adopt`,
    },
  };
}

const referencesPending: Failure = {
  reason: "ReferencesPending",
  cause: "Platform",
  retry: "on-change",
  message: "waiting for references to go before the Secret does",
};

const deletionPending: Failure = {
  reason: "DeletionPending",
  cause: "Tenant",
  retry: "on-change",
  message: "the Secret is being deleted but held by a finalizer; it is written again once it is gone",
};

const reservedName: Failure = {
  reason: "SecretNameReserved",
  cause: "Platform",
  retry: "on-change",
  message: "the pull Secret's name is taken by a source or token Secret in this namespace: choose another pullSecret.name",
};

const nothingToServe: Failure = {
  reason: "NothingToServe",
  cause: "Platform",
  retry: "on-change",
  message: "every host is served by an older RegistryCredential",
};

function tooLarge(bytes: number, limit: number): Failure {
  return {
    reason: "ConfigTooLarge",
    cause: "Platform",
    retry: "on-change",
    message: `the merged docker config has ${bytes} bytes, more than ${limit}: list fewer hosts, or raise --max-config-bytes; what was served before is left as it is`,
  };
}
