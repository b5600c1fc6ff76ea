// Plans which pods to evict: those that cannot pull only because they are older than the reference that would let them.
import { loginsFor } from "../../registry/kubelet-match.ts";
import { recordedReferences } from "../service-account/plan.ts";
import type { PodRecord, ServiceAccountRecord } from "../../cluster/records.ts";

/** A pull Secret of the namespace that is there and whose credentials want stuck pods evicted. */
export interface RecoverableSecret {
  readonly name: string;
  /** Keys of its docker config. */
  readonly keys: readonly string[];
}

export interface PodRecoverySnapshot {
  /** Stuck pods of one namespace. */
  readonly pods: readonly PodRecord[];
  readonly serviceAccount: (name: string) => ServiceAccountRecord | undefined;
  readonly secrets: readonly RecoverableSecret[];
  /** Uids of pods that were evicted. */
  readonly evicted: { has(uid: string): boolean };
  /** When a pod of the owner, by uid, was first evicted. */
  readonly firstEviction: (ownerUid: string) => Temporal.Instant | undefined;
}

export interface Eviction {
  readonly pod: PodRecord;
  /** Of the Secret that its successor will have. */
  readonly secret: string;
  /** That it waits for and the Secret serves. */
  readonly image: string;
}

// These make a new pod at once and count no failure. A Job counts one, unless its podFailurePolicy ignores disruptions:
// https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy. Nobody makes a bare pod anew.
const recreating: ReadonlySet<string> = new Set(["ReplicaSet", "StatefulSet", "DaemonSet"]);

/** Oldest first. */
export function podsToEvict(snapshot: PodRecoverySnapshot): readonly Eviction[] {
  return snapshot.pods
    .flatMap((pod) => evictionOf(pod, snapshot) ?? [])
    .toSorted((a, b) => Temporal.Instant.compare(a.pod.createdAt, b.pod.createdAt));
}

function evictionOf(pod: PodRecord, snapshot: PodRecoverySnapshot): Eviction | undefined {
  const { controller } = pod;
  if (snapshot.evicted.has(pod.uid)) return undefined;
  if (!controller?.apiVersion.startsWith("apps/") || !recreating.has(controller.kind)) return undefined;
  // Its successor came without the reference too: another one would as well.
  const first = snapshot.firstEviction(controller.uid);
  if (first && Temporal.Instant.compare(pod.createdAt, first) >= 0) return undefined;
  const account = snapshot.serviceAccount(pod.serviceAccount);
  if (!account?.references || !isFromBefore(pod, account, snapshot.secrets)) return undefined;
  for (const { name, keys } of snapshot.secrets) {
    if (!account.references.includes(name) || pod.references.includes(name)) continue;
    const auths = keys.map((key) => [key, key] as const);
    const image = pod.stuckImages.find((each) => loginsFor(each, auths).length > 0);
    if (image !== undefined) return { pod, secret: name, image };
  }
  return undefined;
}

/**
 * Whether the pod's list is what its ServiceAccount had before ours were added. The API server copies that list where a pod's
 * own is empty (plugin/pkg/admission/serviceaccount). One that the template names is kept, whatever the ServiceAccount
 * lists: a new pod would be no better.
 */
function isFromBefore(
  { references }: PodRecord,
  { references: listed = [], record }: ServiceAccountRecord,
  secrets: readonly RecoverableSecret[],
): boolean {
  const ours = new Set([...secrets.map(({ name }) => name), ...recordedReferences(record)]);
  const [had, has] = [references, listed].map((names) => names.filter((name) => !ours.has(name)).join());
  return references.length === 0 || had === has;
}
