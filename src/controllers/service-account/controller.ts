// The service-account controller: keeps the references that the ServiceAccounts of a namespace need, one patch each, for all credentials.
import { charged } from "../../cluster/metered-api.ts";
import type { Controller } from "../../runtime/queue/controllers.ts";
import { revertsByKey } from "../../runtime/queue/conflict-backoff.ts";
import { memory } from "../../runtime/queue/memory.ts";
import type { Outcome } from "../../runtime/queue/work-queue.ts";
import type { Context } from "../context.ts";
import { partsOf } from "../keys.ts";
import { done, failed, goOn, earliest, notSeen, waitsFor } from "../outcome.ts";
import { applyRound, type PatchResult } from "./apply.ts";
import { observeReferences } from "./observe.ts";
import { letGo, noneLeaving, noteLeaving, type ReferencesMemory, reportMissing, reportRound } from "./report.ts";
import { type ReferencesRound, referencesRound } from "./round.ts";
import { referencesEverywhere, referencesWatches } from "./watches.ts";

export type ReferencesReconciler = (context: Context, namespace: string, signal: AbortSignal) => Promise<Outcome>;

/** Cost as much of our time as a request. */
const lookedAtForUnit = 500;
/** How soon what a round has missed is looked at, where something has to be tried again anyway. */
const missedWithin = Temporal.Duration.from({ seconds: 1 });

export function serviceAccountController(context: Context): Controller {
  const run = referencesReconciler();
  return {
    name: "references",
    watches: referencesWatches(context),
    initial: () => referencesEverywhere(context),
    reconcile: (key, signal) => charged(context, (counting) => run(counting, partsOf(key)[0], signal)),
  };
}

export function referencesReconciler(): ReferencesReconciler {
  const memories = memory<ReferencesMemory>();
  const reverts = revertsByKey();

  return async (context, namespaceName, signal) => {
    const sighting = context.cluster.stores.namespaces.look(namespaceName);
    if (sighting.kind !== "there" && sighting.kind !== "absent")
      return waitsFor({ of: "namespaces", object: namespaceName });
    if (sighting.kind === "absent" || sighting.record.terminating) {
      memories.forget(namespaceName);
      return done;
    }
    const namespace = sighting.record;
    const observed = observeReferences(context, namespace);
    const known = memories.of(namespaceName, () => ({
      round: referencesRound(context.cluster.stores.serviceAccounts, namespaceName, reverts),
      leavingSince: noneLeaving,
    }));
    noteLeaving(context, known, observed.leaving);
    const missing = context.cluster.permissions.serviceAccounts(namespaceName);
    if (missing) return reportMissing(context, known, { namespace, observed, missing });

    const { ended, lookedAt } = await applyRound(context, known.round, observed, signal);
    const cost = lookedAt / lookedAtForUnit;
    if (ended === "namespaceGone") return done;
    if (ended === "early") {
      letGo(context, known, namespace, observed.leaving);
      return { ...goOn, cost };
    }
    reportRound(context, known, namespace, observed);
    const back = afterRound(namespaceName, known.round);
    if (known.round.isForgettable() && known.leavingSince.size === 0) memories.forget(namespaceName);
    return { ...(observed.unseen.length > 0 ? within(back, notSeen) : back), cost };
  };
}

function within(outcome: Outcome, milliseconds: number): Outcome {
  const limit = Temporal.Duration.from({ milliseconds });
  const sooner = (one: Temporal.Duration = limit): Temporal.Duration =>
    Temporal.Duration.compare(one, limit) < 0 ? one : limit;
  return outcome.failed
    ? { ...outcome, retryWithin: sooner(outcome.retryWithin) }
    : { ...outcome, requeueAfter: sooner(outcome.requeueAfter) };
}

/** Where somebody changes an account whenever it is about to be written, each try makes it one that was missed. */
function afterRound(namespace: string, round: ReferencesRound): Outcome {
  const back = requeue(namespace, [...round.results().values()]);
  if (!round.hasMissed()) return back;
  return back.failed ? { ...back, retryWithin: missedWithin } : goOn;
}

/** What one account waits for makes no other wait longer. */
function requeue(namespace: string, results: readonly PatchResult[]): Outcome {
  const waits = earliest(...results.map(({ wait }) => wait));
  const retries = results.flatMap(({ retry }) => retry ?? []);
  const retry = retries.find((each) => each.retry === "backoff") ?? retries.at(-1);
  if (!retry) return waits;
  const within = "requeueAfter" in waits && waits.requeueAfter ? { retryWithin: waits.requeueAfter } : {};
  return { ...failed(retry, { of: "namespaces", object: namespace }), ...within };
}
