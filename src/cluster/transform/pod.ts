// Transform of a pod: nothing is kept, unless it waits for an image that cannot be pulled.
import { timeOfText } from "../../runtime/foreign-numbers.ts";
import type { PodRecord } from "../records.ts";
import { limits } from "../object-limits.ts";
import {
  boundedWord,
  type Fields,
  fields,
  identityOf,
  isTerminating,
  listOf,
  metadataOf,
  optional,
} from "../../runtime/watch/object-meta.ts";

// A kubelet's words: kubernetes pkg/kubelet/images/types.go, ErrImagePull and ErrImagePullBackOff.
const stuckReasons: ReadonlySet<string> = new Set(["ErrImagePull", "ImagePullBackOff"]);

// A pod may name many; one that is served is enough.
const maxImages = 16;

/** Undefined for a pod that is not stuck, or is going already: it leaves the store. */
export function transformPod(raw: unknown): PodRecord | undefined {
  const { key, namespace, name, uid, resourceVersion } = identityOf(raw);
  const pod = fields(raw, "Pod");
  const spec = fields(pod["spec"] ?? {}, "spec");
  const stuckImages = stuckImagesOf(spec, fields(pod["status"] ?? {}, "status"));
  const references = listOf(spec["imagePullSecrets"], "imagePullSecrets");
  const names = references.map((reference) => optional(fields(reference, "imagePullSecrets"), "name") ?? "");
  const createdAt = timeOfText(optional(metadataOf(raw), "creationTimestamp") ?? "");
  if (stuckImages.length === 0 || isTerminating(raw) || references.length > limits.referencesHeld || !createdAt)
    return undefined;
  return {
    key,
    namespace,
    name,
    uid,
    resourceVersion,
    createdAt,
    serviceAccount: boundedWord(optional(spec, "serviceAccountName") ?? "default"),
    references: names.map((each) => boundedWord(each)),
    stuckImages,
    controller: controllerOf(metadataOf(raw)),
  };
}

/** As the spec writes them: a status may hold an id instead. */
function stuckImagesOf(spec: Fields, status: Fields): readonly string[] {
  const images = new Set<string>();
  for (const kind of ["initContainer", "container"]) {
    const stuck = new Set(
      listOf(status[`${kind}Statuses`], `${kind}Statuses`)
        .slice(0, limits.containers)
        .map((each) => fields(each, "container status"))
        .filter((each) => stuckReasons.has(waitingReason(each) ?? ""))
        .map((each) => optional(each, "name")),
    );
    for (const container of listOf(spec[`${kind}s`], `${kind}s`).slice(0, limits.containers)) {
      const each = fields(container, "container");
      const image = optional(each, "image");
      if (image !== undefined && image.length <= limits.image && stuck.has(optional(each, "name"))) images.add(image);
    }
  }
  return [...images].slice(0, maxImages);
}

function waitingReason(status: Fields): string | undefined {
  const state = fields(status["state"] ?? {}, "state");
  return optional(fields(state["waiting"] ?? {}, "waiting"), "reason");
}

function controllerOf(metadata: Fields): PodRecord["controller"] {
  const owner = listOf(metadata["ownerReferences"], "ownerReferences")
    .slice(0, limits.owners)
    .map((reference) => fields(reference, "owner"))
    .find((reference) => reference["controller"] === true);
  const [apiVersion, kind, uid] = ["apiVersion", "kind", "uid"].map((name) => {
    const word = owner && optional(owner, name);
    return word === undefined || word.length > limits.name ? undefined : word;
  });
  return apiVersion === undefined || kind === undefined || uid === undefined ? undefined : { apiVersion, kind, uid };
}
