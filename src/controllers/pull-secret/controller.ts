// The pull-secret controller: keeps one pull Secret as its namespace and the RegistryCredentials want it.
import { charged } from "../../cluster/metered-api.ts";
import { keepDecided } from "../../grants/former-logins.ts";
import type { Controller } from "../../runtime/queue/controllers.ts";
import type { Outcome } from "../../runtime/queue/work-queue.ts";
import type { Context } from "../context.ts";
import { partsOf, secretKey } from "../keys.ts";
import { changedMeanwhile, maxLost } from "../lost-races.ts";
import { failed } from "../outcome.ts";
import { applyPlan } from "./apply.ts";
import { observeSecret, readLive, readAgain, withLive, settledBy } from "./observe.ts";
import { isOurs } from "./plan-removal.ts";
import { planPullSecret } from "./plan.ts";
import { asDone, type PullSecretPlan, type PullSecretSnapshot } from "./plan-types.ts";
import {
  reportSecret,
  type Decision,
  ownObject,
  type Result,
  resultOfFailure,
  resultWithout,
  tooLate,
} from "./report.ts";
import { forgetLogins, needsNothing, type Run, secretRuns } from "./run.ts";
import { pullSecretWatches } from "./watches.ts";

export type PullSecretReconciler = (
  context: Context,
  namespace: string,
  name: string,
  signal: AbortSignal,
) => Promise<Outcome>;

// A tenant that writes to its Secret all the time must not keep by that what was taken back: what stands there is read, and
// tried again at once. After as many it is told.
const maxAttempts = maxLost;

// A large docker config takes a while to be judged, and whoever makes it large pays for that with its share: work is 50 units a
// second, so one namespace has a tenth of the time at most.
const millisecondsOfUnit = 2;

/** Decides, and counts the milliseconds that go into it. */
type Decide = (snapshot: PullSecretSnapshot) => PullSecretPlan;

export function pullSecretController(context: Context): Controller {
  const run = pullSecretReconciler();
  return {
    name: "secret",
    watches: pullSecretWatches(context),
    begin: () =>
      // What it was given is no reason to give it to one of its name, which may be there before a key of it has run.
      void context.cluster.stores.namespaces.subscribe(({ key, gone }) => {
        if (gone) forgetLogins(context, key, context.credentials.statusCache.secretNames(key));
      }),
    reconcile: (key, signal) => {
      const [namespace, name] = partsOf(key);
      return charged(context, (counting) => run(counting, namespace, name, signal));
    },
  };
}

export function pullSecretReconciler(): PullSecretReconciler {
  const begin = secretRuns();
  return async (context, namespace, name, signal) => {
    const { clock } = context.runtime;
    let milliseconds = 0;
    const decide: Decide = (snapshot) => {
      const began = clock.elapsed();
      const plan = planPullSecret(snapshot);
      milliseconds += clock.elapsed() - began;
      return plan;
    };
    const withCost = (outcome: Outcome): Outcome => ({ ...outcome, cost: milliseconds / millisecondsOfUnit });
    for (let attempt = 1; ; attempt += 1) {
      const judged = context.cluster.stores.pullSecrets.get(`${namespace}/${name}`)?.resourceVersion;
      const run = begin(context, namespace, name);
      const outcome = "memory" in run ? await reconcile(run, decide, signal) : run;
      if (outcome !== "changed meanwhile") return withCost(outcome);
      const isNew = attempt < maxAttempts && (await readAgain(context, { namespace, name, judged }, signal));
      if (!isNew) return withCost(failed(changedMeanwhile, ownObject(namespace, name)));
    }
  };
}

async function reconcile(run: Run, decide: Decide, signal: AbortSignal): Promise<Result["outcome"]> {
  const { context, namespace, name, memory, remember } = run;
  const snapshot = observeSecret(run);
  if (!("gathered" in snapshot)) return snapshot;
  if (snapshot.contributing.length === 0 && snapshot.leaving.length === 0) {
    if (!memory.tookBack) remember(undefined);
    needsNothing(context, namespace.name, name);
    return report(run, resultWithout(run, snapshot));
  }
  remember(memory);
  let plan = decide(snapshot);
  try {
    if (plan.action.kind === "read") {
      const live = await readLive(run, snapshot.record, signal);
      if (!live) return report(run, tooLate(run, { snapshot, plan }, changedMeanwhile));
      plan = decide(withLive(run, snapshot, live));
      // Until it changes it need not be read again.
      if (plan.action.kind === "none") memory.settled = settledBy(snapshot, asDone(plan), snapshot.record);
    }
    noteDecided(run, { snapshot, plan });
    return report(run, await applyPlan(run, { snapshot, plan }, signal));
  } catch (error) {
    return report(run, resultOfFailure(run, { snapshot, plan }, error));
  }
}

function report({ context, namespace, name }: Run, { finding, outcome }: Result): Result["outcome"] {
  if (finding) reportSecret(context, namespace, name, finding);
  return outcome;
}

/** By which tokens the Secret lives, and whose it is. */
function noteDecided({ context, namespace, name, memory }: Run, { snapshot, plan }: Decision): void {
  const { record, keeps, content, contributing, gathered } = snapshot;
  // What it has had may be all that is left of an entry whose next token, which others have by then, cannot be rendered any more.
  const replaces = plan.action.kind === "none" ? [] : gathered.contributions;
  const place = { namespace: namespace.name, name, keeps };
  for (const present of keepDecided(context, place, { plan, content, replaces }, contributing)) {
    context.queue.enqueue(secretKey(namespace.name, present), { lane: "normal" });
  }
  if (!snapshot.hidden) context.credentials.judged.judged(namespace.name, name);
  if (record?.labelled && isOurs(snapshot, record)) memory.ours = record.uid;
}
