// What does regcred need to know of a Namespace?
import { ignoreAnnotation } from "../../api/names.ts";
import type { NamespaceRecord } from "../../plan/snapshot.ts";
import { annotationsOf, identityOf, isTerminating, labelsOf } from "./object-meta.ts";
import { shared } from "./shared.ts";

/** Takes a PartialObjectMetadata or a whole Namespace. One per store: records share equal label values. */
export function stripNamespace(): (raw: unknown) => NamespaceRecord {
  const sharedValue = shared<string>();
  return (raw) => {
    const { key, name, uid, resourceVersion } = identityOf(raw);
    const labels: Record<string, string> = {};
    for (const [label, value] of Object.entries(labelsOf(raw))) {
      // Kubernetes sets one label to the name, on each Namespace:
      // https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-metadata-name
      labels[label] = value === name ? name : sharedValue(value, () => value);
    }
    return {
      key,
      resourceVersion,
      name,
      uid,
      labels,
      optedOut: annotationsOf(raw)[ignoreAnnotation] === "true",
      terminating: isTerminating(raw),
    };
  };
}
