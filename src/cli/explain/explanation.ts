// The explanation: whether a pod, or a pod of a ServiceAccount, can pull its images, image by image.
import { kubectl } from "../../runtime/steps.ts";
import { type ImageFinding, imageFinding } from "./image-finding.ts";
import type { Blocker } from "./blocker.ts";
import { onNode } from "./on-node.ts";
import type { ExplainInput } from "./input.ts";

export interface Explanation {
  readonly answer: "yes" | "no" | "unknown";
  /** What was asked about: `pod team-a/web`. */
  readonly subject: string;
  readonly images: readonly ImageFinding[];
  /** What is wrong before any image is looked at. */
  readonly blocker: Blocker | undefined;
  /** The earliest end of all logins that serve; undefined: they name none, or none serves. */
  readonly until: Temporal.Instant | undefined;
  /** What else decides on the node, each a whole sentence. */
  readonly onNode: readonly string[];
  /** What was not seen, each a whole sentence. */
  readonly unseen: readonly string[];
}

export function explanationOf(input: ExplainInput): Explanation {
  const { namespaceName, pod, serviceAccountName } = input;
  const subject = pod ? `pod ${namespaceName}/${pod.name}` : `ServiceAccount ${namespaceName}/${serviceAccountName}`;
  const blocker = namespaceBlocker(input);
  const images = blocker ? [] : [...new Set(input.images)].map((image) => imageFinding(input, image));
  const ends = images.flatMap((finding) => (finding.answer === "yes" && finding.until ? [finding.until] : []));
  return {
    subject,
    images,
    blocker,
    answer: blocker ? "no" : answerOf(images),
    until: ends.toSorted((one, other) => Temporal.Instant.compare(one, other))[0],
    onNode: pod && !blocker ? onNode(pod, images) : [],
    unseen: unseen(input),
  };
}

/** One image that cannot be pulled keeps the pod from starting. */
function answerOf(images: readonly ImageFinding[]): Explanation["answer"] {
  if (images.some(({ answer }) => answer === "no")) return "no";
  return images.length === 0 || images.some(({ answer }) => answer === "unknown") ? "unknown" : "yes";
}

function namespaceBlocker({ namespace, namespaceName }: ExplainInput): Blocker | undefined {
  if (namespace.seen === "absent") {
    return {
      reason: "NamespaceMissing",
      cause: "Tenant",
      others: 0,
      why: `there is no namespace ${namespaceName}`,
      remedy: { change: "create it", commands: [kubectl`create namespace ${namespaceName}`] },
    };
  }
  if (namespace.seen === "there" && namespace.value.terminating) {
    return {
      reason: "NamespaceTerminating",
      cause: "Tenant",
      others: 0,
      why: `namespace ${namespaceName} is being deleted, so nothing can be created in it`,
      remedy: { change: "use another one", commands: [] },
    };
  }
  return undefined;
}

function unseen(input: ExplainInput): string[] {
  const { namespace, namespaceName, serviceAccount, serviceAccountName, secrets } = input;
  return [
    ...(input.allCredentials
      ? []
      : ["RegistryCredentials could not be listed; only those that the Secrets name were looked at."]),
    ...(input.accountsSeen
      ? []
      : ["A ServiceAccount that an entry's identity names could not be read, so whether the entry fits is not known."]),
    ...(namespace.seen === "hidden"
      ? [`The labels of namespace ${namespaceName} could not be read, so whether a credential selects it is not known.`]
      : []),
    ...(serviceAccount.seen === "hidden" ? [`ServiceAccount ${serviceAccountName} could not be read.`] : []),
    ...hiddenSecrets([...secrets].filter(([, secret]) => secret.seen === "hidden").map(([name]) => name)),
  ];
}

const maxNamed = 5;

function hiddenSecrets(names: readonly string[]): readonly string[] {
  const more = names.length > maxNamed ? ` and ${names.length - maxNamed} more` : "";
  if (names.length === 0) return [];
  return names.length === 1
    ? [`The Secret ${names[0]} could not be read.`]
    : [`The Secrets ${names.slice(0, maxNamed).join(", ")}${more} could not be read.`];
}
