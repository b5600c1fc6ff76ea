// Evicts pods, as many as the rate allows, and tells of each.
import type { Failure } from "../../runtime/errors.ts";
import { quotedText } from "../../runtime/foreign-text.ts";
import { type Memory, memory } from "../../runtime/queue/memory.ts";
import { textWithSteps } from "../../runtime/steps.ts";
import type { Context } from "../context.ts";
import { evictionWait, type PastEviction, stillCounting } from "./plan-eviction-rate.ts";
import type { Eviction } from "./plan.ts";

// Uids of pods and owners; the oldest are forgotten. A pod that was evicted is gone within its grace period.
const maxRemembered = 10_000;

/** Of all namespaces, which share the rate. */
export interface PodsMemory {
  /** Uids of pods. */
  readonly evicted: Memory<true>;
  readonly stuck: Memory<true>;
  /** By uid of the owner. */
  readonly firstEvictions: Memory<Temporal.Instant>;
  past: readonly PastEviction[];
}

export function podsMemory(): PodsMemory {
  const remembered = <V>(): Memory<V> => memory(maxRemembered);
  return { evicted: remembered(), stuck: remembered(), firstEvictions: remembered(), past: [] };
}

export interface Evicted {
  /** Milliseconds after which the rate allows the next one; undefined where each has been tried. */
  readonly wait?: number;
  /** Of one that was refused. */
  readonly failure?: Failure | undefined;
}

export async function evict(
  context: Context,
  { namespace, evictions }: { readonly namespace: string; readonly evictions: readonly Eviction[] },
  known: PodsMemory,
  signal: AbortSignal,
): Promise<Evicted> {
  const { clock } = context.runtime;
  let refused: Failure | undefined;
  // One that cannot be evicted, such as by its PodDisruptionBudget, does not stand in the way of the others.
  const order = [
    ...evictions.filter(({ pod }) => !known.stuck.has(pod.uid)),
    ...evictions.filter(({ pod }) => known.stuck.has(pod.uid)),
  ];
  for (const eviction of order) {
    known.past = stillCounting(known.past, clock.elapsed());
    const wait = evictionWait(known.past, namespace, clock.elapsed());
    if (wait > 0) {
      const own = known.past.filter((each) => each.namespace === namespace);
      if (evictionWait(own, namespace, clock.elapsed()) > 0) context.runtime.shareReached("evictions", namespace);
      return { wait };
    }
    // Attempts count, too.
    known.past = [...known.past, { namespace, at: clock.elapsed() }];
    refused = (await evictOne(context, eviction, known, signal)) ?? refused;
  }
  return { failure: refused };
}

/** Why it was refused. */
async function evictOne(
  context: Context,
  eviction: Eviction,
  { evicted, stuck, firstEvictions }: PodsMemory,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  const { pod } = eviction;
  try {
    await context.cluster.api.evictPod(pod.namespace, pod.name, pod.uid, signal);
    const owner = pod.controller?.uid;
    if (owner !== undefined && !firstEvictions.has(owner)) firstEvictions.set(owner, context.runtime.clock.now());
    report(context, eviction);
  } catch (error) {
    const { kind, failure } = context.cluster.callFailure(error, `evict the pod ${pod.key}`);
    // It is gone, or another has its name; the watch will say so.
    if (kind !== "notFound" && kind !== "conflict") {
      context.runtime.log.warn("pod not evicted", {
        pod: pod.key,
        reason: failure.reason,
        detail: textWithSteps(failure),
      });
      stuck.set(pod.uid, true);
      return failure;
    }
  }
  evicted.set(pod.uid, true);
  return undefined;
}

function report({ runtime: { events, log } }: Context, { pod, secret, image }: Eviction): void {
  log.info("pod evicted", { pod: pod.key, image, secret });
  events.publish({
    regarding: { apiVersion: "v1", kind: "Pod", namespace: pod.namespace, name: pod.name, uid: pod.uid },
    type: "Normal",
    reason: "PodEvicted",
    action: "Evict",
    note: `it could not pull ${quotedText(image)}, and is older than the reference to the pull Secret ${secret}, which serves that registry: its successor has it`,
  });
}
