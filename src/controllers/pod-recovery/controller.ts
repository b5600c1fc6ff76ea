// The pod-recovery controller: evicts stuck pods of a namespace whose successors can pull.
import { charged } from "../../cluster/metered-api.ts";
import type { Controller } from "../../runtime/queue/controllers.ts";
import type { Outcome } from "../../runtime/queue/work-queue.ts";
import type { Context } from "../context.ts";
import { partsOf } from "../keys.ts";
import { done, failed, requeueAfter } from "../outcome.ts";
import { evict, podsMemory } from "./apply.ts";
import { recoverableSecrets } from "./observe.ts";
import { podsToEvict } from "./plan.ts";
import { podsWatches, stuckPods } from "./watches.ts";

export type PodsReconciler = (context: Context, namespace: string, signal: AbortSignal) => Promise<Outcome>;

// Milliseconds.
const lookAgain = 60_000;

export function podRecoveryController(context: Context): Controller {
  const run = podsReconciler();
  return {
    name: "pods",
    watches: podsWatches(context),
    initial: () => stuckPods(context.cluster.stores),
    reconcile: (key, signal) => charged(context, (counting) => run(counting, partsOf(key)[0], signal)),
  };
}

export function podsReconciler(): PodsReconciler {
  const known = podsMemory();

  return async (context, namespaceName, signal) => {
    const { stores } = context.cluster;
    const namespace = stores.namespaces.get(namespaceName);
    const pods = stores.pods.byIndex(namespaceName);
    if (!namespace || namespace.terminating || pods.length === 0) return done;
    const evictions = podsToEvict({
      pods,
      serviceAccount: (name) => stores.serviceAccounts.get(`${namespaceName}/${name}`),
      secrets: recoverableSecrets(context, namespace),
      evicted: known.evicted,
      firstEviction: (uid) => known.firstEvictions.get(uid),
    });
    const { wait, failure } = await evict(context, { namespace: namespaceName, evictions }, known, signal);
    if (wait !== undefined) return requeueAfter(wait);
    if (failure) return failed(failure, { of: "namespaces", object: namespaceName });
    // What else lets them be evicted one day is not told to this controller: a token that arrives, a Secret that is mended.
    return requeueAfter(lookAgain);
  };
}
