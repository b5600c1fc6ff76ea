// Transform of a Namespace.
import { ignoreAnnotation } from "../../api/names.ts";
import type { NamespaceRecord } from "../records.ts";
import { limits } from "../object-limits.ts";
import { annotationsOf, boundedWord, identityOf, isTerminating, labelsOf } from "../../runtime/watch/object-meta.ts";
import { shared } from "./shared.ts";

// Kubernetes sets it to the name, on each Namespace:
// https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-metadata-name
const nameLabel = "kubernetes.io/metadata.name";

/**
 * Takes a PartialObjectMetadata or a whole Namespace. One per store: records share equal label values.
 * @param asked keys of the labels to keep; of a Namespace that is read by itself all are
 */
export function transformNamespace(asked?: () => Iterable<string>): (raw: unknown) => NamespaceRecord {
  const sharedValue = shared<string>();
  const sharedLabels = shared<Readonly<Record<string, string>>>();
  return (raw) => {
    const { key, name, uid, resourceVersion } = identityOf(raw);
    const all = labelsOf(raw);
    const labels: Record<string, string> = {};
    for (const label of asked?.() ?? Object.keys(all)) {
      const value = Object.hasOwn(all, label) ? all[label] : undefined;
      if (value === undefined) continue;
      labels[label] = value === name ? name : sharedValue(value, () => boundedWord(value, limits.label));
    }
    return {
      key,
      resourceVersion,
      name,
      uid,
      // The one label that differs everywhere would fill the table.
      labels: labels[nameLabel] === undefined ? sharedLabels(JSON.stringify(labels), () => labels) : labels,
      optedOut: annotationsOf(raw)[ignoreAnnotation] === "true",
      terminating: isTerminating(raw),
    };
  };
}
