// Bodies of pull Secrets: one of ours, one that we merge into, one that we let go.
import {
  argoAnnotations,
  credentialsAnnotation,
  entriesAnnotation,
  managedAnnotation,
  managedBy,
  managedByLabel,
} from "../../api/names.ts";
import type { Content } from "./plan-content.ts";
import { foreignMetadata, managedRecord, type Marked } from "../../cluster/marks.ts";
import { dockerConfigType, type LiveSecret, type PullSecretOptions, type PlannedSecret } from "./plan-types.ts";

/** A docker config from which every login has been taken. No pod is to use it: the API server wants a config of this type. */
export const withoutLogins = '{"auths":{}}';

/** What a body says of its content. */
type Said = Pick<Content, "text" | "credentials" | "entriesText">;

type Before = Marked & Partial<Pick<LiveSecret, "ownerReferences" | "finalizers">>;

/** Wholly ours. What others have set on `before` stays; what we set and no longer want goes. */
export function ownBody(options: PullSecretOptions, content: Said, before: Before | undefined): PlannedSecret {
  const kept = foreignMetadata(before ?? { labels: {}, annotations: {} });
  const set = { ...argoAnnotations, ...options.annotations };
  const labels = Object.keys(options.labels).toSorted();
  const annotations = Object.keys(set).toSorted();
  return {
    labels: { ...kept.labels, ...options.labels, [managedByLabel]: managedBy },
    annotations: {
      ...kept.annotations,
      ...set,
      ...marksOf(content),
      [managedAnnotation]: managedRecord({ labels, annotations }),
    },
    type: dockerConfigType,
    dockerConfig: content.text,
    otherData: {},
    ownerReferences: before?.ownerReferences ?? [],
    finalizers: before?.finalizers ?? [],
  };
}

/** Somebody else's, with our hosts in it. */
export function mergedBody(live: LiveSecret, content: Said, hosts: readonly string[]): PlannedSecret {
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

function marksOf({ credentials, entriesText }: Said): Readonly<Record<string, string>> {
  return { [credentialsAnnotation]: credentials.join(","), [entriesAnnotation]: entriesText };
}
