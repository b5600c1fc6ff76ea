// What decides on the node beside the pod's own logins, as far as the pod tells of it.
import { quotedText } from "../../runtime/foreign-text.ts";
import type { ImageFinding } from "./image-finding.ts";
import type { PodView } from "./input.ts";

/** Whole sentences. */
export function onNode(pod: PodView, images: readonly ImageFinding[]): readonly string[] {
  const having = (policy: string): readonly string[] =>
    [...pod.pullPolicies].flatMap(([image, each]) => (each === policy ? [quotedText(image)] : []));
  const cached = having("IfNotPresent");
  const never = having("Never");
  return [
    ...(cached.length > 0
      ? [
          `A node that has ${listed(cached)} already (IfNotPresent) asks no registry, and lets any pod have it, unless its kubelet verifies who may or AlwaysPullImages is on: doctor tells.`,
        ]
      : []),
    ...(never.length > 0
      ? [`Of ${listed(never)} (Never) nothing is ever pulled: the node has it, or the pod does not start.`]
      : []),
    ...(pod.pullSecrets.length > 1
      ? [
          "Of several pull Secrets a kubelet tries each login that fits, the longest path first, and among equals in the order of imagePullSecrets.",
        ]
      : []),
    ...(images.some(({ answer }) => answer !== "yes")
      ? [
          "Where none of them serves, a kubelet goes on with its node's config.json and credential providers, which cannot be seen from here.",
        ]
      : []),
  ];
}

const maxListed = 3;

function listed(images: readonly string[]): string {
  const more = images.length - maxListed;
  return more > 0 ? `${images.slice(0, maxListed).join(", ")} and ${more} more` : images.join(", ");
}
