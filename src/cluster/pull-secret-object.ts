// A pull Secret as an object: read whole, and as it is to be. One of ours, one that we merge into, one that we let go.
import {
  argoAnnotations,
  credentialsAnnotation,
  entriesAnnotation,
  managedAnnotation,
  managedBy,
  managedByLabel,
} from "../api/names.ts";
import { dockerConfigType } from "../registry/docker-config.ts";
import type { FieldsEntry } from "./managed-fields.ts";
import { foreignMetadata, managedRecord, type Marked } from "./marks.ts";

/** The whole object, read where the cached record does not say enough. */
export interface LiveSecret {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly type: string;
  readonly immutable: boolean | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly ownerReferences: readonly { readonly kind: string; readonly name: string; readonly controller?: boolean }[];
  readonly finalizers: readonly string[];
  /** Decoded; undefined where there is none, or none that is text. */
  readonly dockerConfig: string | undefined;
  /** Every other member of `data`, as it is: base64. */
  readonly otherData: Readonly<Record<string, string>>;
  /** Where others apply it, `managedFields` without ours. */
  readonly othersFields?: readonly FieldsEntry[];
}

/** A Secret as it is to be; the writer encodes `dockerConfig`. */
export type PlannedSecret = Omit<LiveSecret, "uid" | "resourceVersion" | "immutable" | "othersFields">;

/** A docker config from which every login has been taken. No pod is to use it: the API server wants a config of this type. */
export const withoutLogins = '{"auths":{}}';

/** What a body says of its content. */
interface Described {
  readonly text: string | undefined;
  /** Names, sorted. */
  readonly credentials: readonly string[];
  /** The annotation that names the entries. */
  readonly entriesText: string;
}

/** What a spec asks for on the Secret. */
type Extras = Pick<LiveSecret, "labels" | "annotations">;

type Before = Marked & Partial<Pick<LiveSecret, "ownerReferences" | "finalizers">>;

/** Wholly ours. What others have set on `before` stays; what we set and no longer want goes. */
export function ownBody(options: Extras, content: Described, before: Before | undefined): PlannedSecret {
  const kept = before ? foreignMetadata(before) : nothingForeign;
  return {
    labels: { ...kept.labels, ...options.labels, [managedByLabel]: managedBy },
    annotations: {
      ...kept.annotations,
      ...argoAnnotations,
      ...options.annotations,
      ...marksOf(content),
      [managedAnnotation]: recordOf(options),
    },
    type: dockerConfigType,
    dockerConfig: content.text,
    otherData: {},
    ownerReferences: before?.ownerReferences ?? [],
    finalizers: before?.finalizers ?? [],
  };
}

const nothingForeign: Marked = { labels: {}, annotations: {} };

/** What is set beside the fixed marks; asked for each Secret of a rotation, which share their options' maps. */
function recordOf({ labels, annotations }: Extras): string {
  const known = recorded.get(annotations);
  if (known?.labels === labels) return known.text;
  const names = (of: object): readonly string[] => Object.keys(of).toSorted();
  const text = managedRecord({ labels: names(labels), annotations: names({ ...argoAnnotations, ...annotations }) });
  recorded.set(annotations, { labels, text });
  return text;
}

const recorded = new WeakMap<Extras["annotations"], { readonly labels: Extras["labels"]; readonly text: string }>();

/** Somebody else's, with our hosts in it. */
export function mergedBody(live: LiveSecret, content: Described, hosts: readonly string[]): PlannedSecret {
  return {
    ...bodyOf(live),
    annotations: { ...live.annotations, ...marksOf(content), [managedAnnotation]: managedRecord({ hosts }) },
    dockerConfig: content.text,
  };
}

/** No longer ours: all our metadata is off it. */
export function releasedBody(live: LiveSecret, text: string | undefined): PlannedSecret {
  return { ...bodyOf(live), ...foreignMetadata(live), dockerConfig: text };
}

/** Ours, without any login, where it may not be deleted. Our marks stay: it goes as soon as it may. */
export function emptiedBody(live: LiveSecret): PlannedSecret {
  const annotations = { ...live.annotations, [entriesAnnotation]: "[]" };
  return { ...bodyOf(live), annotations, dockerConfig: withoutLogins, otherData: {} };
}

/** As it is. */
export function bodyOf({
  labels,
  annotations,
  type,
  dockerConfig,
  otherData,
  ownerReferences,
  finalizers,
}: LiveSecret): PlannedSecret {
  return { labels, annotations, type, dockerConfig, otherData, ownerReferences, finalizers };
}

function marksOf({ credentials, entriesText }: Described): Readonly<Record<string, string>> {
  return { [credentialsAnnotation]: credentials.join(","), [entriesAnnotation]: entriesText };
}
