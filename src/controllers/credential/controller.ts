// The credential controller: puts the finalizer on, counts, writes the status, and drains before the finalizer goes.
import { crdName, finalizer, forceFinalizeAnnotation } from "../../api/names.ts";
import type { RegistryCredential } from "../../api/registry-credential.ts";
import type { Failure } from "../../runtime/errors.ts";
import type { Controller } from "../../runtime/queue/controllers.ts";
import type { Outcome } from "../../runtime/queue/work-queue.ts";
import { isAnotherSchema } from "../changes.ts";
import type { Context } from "../context.ts";
import { partsOf } from "../keys.ts";
import { beginRecord } from "../members/observe.ts";
import { done, earliest, failed, waitsFor } from "../outcome.ts";
import { putFinalizer, setFinalizers, writeStatus } from "./apply.ts";
import { drain } from "./drain.ts";
import { type ReadableRun, type Run, type CredentialRuns, credentialRuns, itself } from "./run.ts";
import {
  type Counted,
  counted,
  isNameNotPermitted,
  isUnsettled,
  statusSnapshot,
  viewsOf,
  isReportedHere,
  renameGraceOf,
  reportedBefore,
} from "./observe.ts";
import { tallies } from "./tallies.ts";
import { waitsForSecrets } from "./observe-left.ts";
import { invalidStatus, statusOf } from "./plan-status.ts";
import { isProgress } from "./progress.ts";
import { reportDenial, reportSchema } from "./report.ts";
import { credentialWatches, eachCredential } from "./watches.ts";

export type CredentialReconciler = (context: Context, name: string, signal: AbortSignal) => Promise<Outcome>;

type TallyOf = (context: Context, credential: RegistryCredential) => Promise<Counted>;

// After a start every namespace is looked at once, and each token that is due asked for, before a status says anything else than
// it did: a restart writes nothing, whatever fails. An attempt may take as long as a run (src/operator/controllers.ts). What
// takes longer sees the counts change.
const settleTime = 60_000;
const lookAgain = 1_000;

export function credentialController(context: Context): Controller {
  const { stores } = context.cluster;
  const known = tallies(context);
  const run = credentialReconciler((_, credential) => known.of(credential));
  return {
    name: "credential",
    watches: credentialWatches(context),
    initial: () => eachCredential(stores.credentials.values()),
    begin: () => {
      known.follow();
      stores.credentials.subscribe(({ key, gone }) => gone && known.forget(key));
      // After all watches of Namespaces: who was found in one that is gone has to be asked once more.
      stores.namespaces.subscribe(({ key, gone }) => gone && context.credentials.statusCache.forget(key, gone));
      const installed = stores.crds.get(crdName);
      if (installed) reportSchema(context, installed);
      stores.crds.subscribe((change) => {
        if (isAnotherSchema(change)) reportSchema(context, change.after);
      });
    },
    reconcile: (key, signal) => run(context, partsOf(key)[0], signal),
  };
}

/** @param tallyOf Default: all namespaces are counted in each run. */
export function credentialReconciler(tallyOf: TallyOf = counted): CredentialReconciler {
  let runs: CredentialRuns | undefined;
  return async (context, name, signal) => {
    runs ??= credentialRuns(context.runtime.clock);
    const run = runs.begin(context, name);
    if (!("memory" in run)) return run;
    const { record, credential } = run;
    try {
      if (credential?.deletionTimestamp) return await drain({ ...run, credential, progress: runs.progress }, signal);
      if (!record.credential || !credential) return await reconcileUnreadable(run, signal);
      return await reconcile({ ...run, credential }, { ...runs, tallyOf }, signal);
    } catch (error) {
      const { kind, failure } = context.cluster.callFailure(error, `update the RegistryCredential ${name}`);
      if (kind === "notFound") return done;
      if (kind !== "conflict") reportDenial(context, record, failure);
      return failed(failure, itself(name));
    }
  };
}

async function reconcile(
  run: ReadableRun,
  { startedAt, counting, progress, tallyOf }: CredentialRuns & { readonly tallyOf: TallyOf },
  signal: AbortSignal,
): Promise<Outcome> {
  const { context, record, credential, memory } = run;
  const { clock } = context.runtime;
  const { name } = credential;
  memory.problems = undefined;
  const isRecorded = beginRecord(context, credential);
  let denied: Failure | undefined;
  if (!credential.finalizers.includes(finalizer) && !isNameNotPermitted(context, credential)) {
    denied = await putFinalizer(run, signal);
    if (!denied) return earliest(lookAgain);
    reportDenial(context, record, denied);
  }
  const later = (...waits: readonly (number | undefined)[]): Outcome =>
    denied ? failed(denied, itself(name)) : earliest(...waits);
  // After an upgrade from a release without a record. Once a status told of the spec as it is, nobody would look for those
  // who would lose it by its last change.
  if (!isRecorded) {
    return waitsForSecrets(context, credential);
  }
  const isFresh = isReportedHere(run);
  const untilCounted = counting.rest(name);
  if (isFresh && untilCounted > 0) return later(untilCounted);
  const { tally, looked } = await tallyOf(context, credential);
  const views = viewsOf(context, credential, tally);
  const isPending = views.namespaces.unsettled > 0 && !denied;
  const reported = (memory.reported ??= reportedBefore(run));
  const settling = startedAt + settleTime - clock.elapsed();
  memory.settles = (memory.settles ?? isFresh) && settling > 0 && isUnsettled(views);
  // An attempt at a token is no finding of a namespace.
  if (memory.settles && isFresh)
    return { ...later(Math.min(settling, lookAgain)), ...(!denied && waitsFor({ findings: name })) };
  const { snapshot, nextGraceEnd } = await statusSnapshot(run, { reported, views, denied });
  const status = statusOf(snapshot);
  counting.looked(name, looked);
  memory.reported = { ...reported, status };
  const rest = isProgress(credential.status, status) ? () => progress.rest(name) : undefined;
  const wait = await writeStatus(run, { status, failing: views.namespaces.failing, rest }, signal);
  if (wait === undefined) progress.told(name);
  return { ...later(nextGraceEnd, wait), ...(isPending && waitsFor({ findings: name })) };
}

/** What was served goes on; it is told what is wrong with the spec, once for each. */
async function reconcileUnreadable(run: Run, signal: AbortSignal): Promise<Outcome> {
  const { context, record, credential, memory } = run;
  const { name, generation, deleting, annotations, finalizers } = record;
  if (deleting && annotations[forceFinalizeAnnotation] === "true") {
    const others = finalizers.filter((each) => each !== finalizer);
    await setFinalizers(run, others, signal);
    return done;
  }
  // It goes on as it was last read: whom it leaves is judged by its record, as of any other, and its former names go in time.
  if (credential && !beginRecord(context, credential)) return waitsForSecrets(context, credential);
  const { nextGraceEnd } = credential ? await renameGraceOf(context, credential, (memory.looks ??= new Map())) : {};
  const back = earliest(nextGraceEnd);
  const problems = `${generation} ${record.problems.join()}`;
  if (memory.problems === problems) return { ...waitsFor(itself(name)), ...back };
  const status = invalidStatus(record, context.runtime.clock.now());
  await writeStatus({ ...run, credential: undefined }, { status, failing: [] }, signal);
  memory.problems = problems;
  return back;
}
