// Transform of a Secret that bears the name of a pull Secret.
import { credentialsAnnotation, managedAnnotation, managedBy, managedByLabel } from "../../api/names.ts";
import { foreignText } from "../../runtime/foreign-text.ts";
import { mergedHosts } from "../marks.ts";
import type { SecretRecord } from "../records.ts";
import type { Digest } from "../digest.ts";
import { limits as max } from "../object-limits.ts";
import { appliedIn, writtenIn } from "./managed-fields.ts";
import {
  annotationsOf,
  boundedWord,
  fields,
  identityOf,
  isTerminating,
  labelsOf,
  listOf,
  metadataOf,
  optional,
  stringMap,
} from "../../runtime/watch/object-meta.ts";
import { shared } from "./shared.ts";

export interface SecretLimits {
  /** Most characters of JSON kept of the metadata of a Secret that does not carry our label. */
  readonly foreign: number;
  /** The same for one that does. */
  readonly ours: number;
}

// What tenants make larger than this is read before it is written to. Ours are alike in most namespaces, and so shared.
const keptInStore: SecretLimits = { foreign: max.foreignMetadata, ours: max.ownMetadata };

// A docker config that is kept under 64 KiB holds no more logins than this, and each credential in it has one.
const maxCredentials = 256;

type Metadata = NonNullable<SecretRecord["metadata"]>;

const noCredentials: readonly string[] = Object.freeze([]);

/**
 * One per store: equal metadata is shared. `limits` bounds what is kept: Infinity for an answer to GET that is looked
 * at once and not stored.
 */
export function transformSecret(digest: Digest, limits: SecretLimits = keptInStore): (raw: unknown) => SecretRecord {
  const sharedText = shared<string>();
  const sharedMap = shared<Readonly<Record<string, string>>>();
  const sharedList = shared<readonly string[]>();
  const sharedMetadata = shared<Metadata>();

  const metadataWithin = (
    limit: number,
    labels: Readonly<Record<string, string>>,
    annotations: Readonly<Record<string, string>>,
  ): Metadata | undefined => {
    const json = JSON.stringify([labels, annotations]);
    if (json.length > limit) return undefined;
    return sharedMetadata(json, () => ({
      labels: sharedMap(JSON.stringify(labels), () => labels),
      annotations: sharedMap(JSON.stringify(annotations), () => annotations),
    }));
  };

  return (raw) => {
    const { key, namespace, name, uid, resourceVersion } = identityOf(raw);
    const secret = fields(raw, "Secret");
    const labels = labelsOf(raw);
    const annotations = annotationsOf(raw);
    const labelled = labels[managedByLabel] === managedBy;
    const limit = labelled ? limits.ours : limits.foreign;
    // A PUT replaces owners and finalizers too, so whoever writes must read them first.
    const more =
      listOf(metadataOf(raw)["ownerReferences"], "ownerReferences").length +
      listOf(metadataOf(raw)["finalizers"], "finalizers").length;
    const metadata = more > 0 ? undefined : metadataWithin(limit, labels, annotations);
    const merged = metadata === undefined && isMerged(annotations[managedAnnotation] ?? "");
    const credentials = annotations[credentialsAnnotation] ?? "";
    const type = shown(optional(secret, "type") ?? "Opaque");
    return {
      key,
      resourceVersion,
      namespace,
      name: sharedText(name, () => name),
      uid,
      type: sharedText(type, () => type),
      immutable: typeof secret["immutable"] === "boolean" ? secret["immutable"] : undefined,
      terminating: isTerminating(raw),
      digest: digest(stringMap(secret["data"], "data")),
      metadata,
      ...(merged && { merged }),
      labelled,
      credentials:
        credentials === "" || credentials.length > limit
          ? noCredentials
          : sharedList(credentials, () => namesIn(credentials)),
      controller: controllerOf(raw),
      ...appliedIn(raw),
      ...writtenIn(raw),
    };
  };
}

/** A longer one than any of ours is a forged one. */
function isMerged(managed: string): boolean {
  if (managed.length > max.ownMetadata) return false;
  return mergedHosts({ annotations: { [managedAnnotation]: managed } }) !== undefined;
}

/** Names of objects are never empty: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ */
function namesIn(list: string): readonly string[] {
  return list
    .split(",", maxCredentials)
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

/** `Kind name` of the owner that controls the object. */
function controllerOf(raw: unknown): string | undefined {
  for (const reference of listOf(metadataOf(raw)["ownerReferences"], "ownerReferences").slice(0, max.owners)) {
    const owner = fields(reference, "ownerReference");
    if (owner["controller"] !== true) continue;
    return `${shown(optional(owner, "kind") ?? "")} ${shown(optional(owner, "name") ?? "")}`;
  }
  return undefined;
}

/** What a person may get to read. */
function shown(word: string): string {
  return foreignText(boundedWord(word), max.name);
}
