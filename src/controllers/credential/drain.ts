// The drain: how a RegistryCredential that is deleted leaves every tenant, and what keeps it.
import { conditionOf } from "../../api/conditions.ts";
import { finalizer, forceFinalizeAnnotation } from "../../api/names.ts";
import type { Outcome } from "../../runtime/queue/work-queue.ts";
import { secretNamesOf } from "../../entitlement/credential-index.ts";
import type { Context } from "../context.ts";
import { done, failed, requeueAfter } from "../outcome.ts";
import { setFinalizers, type StatusChange, writeStatus } from "./apply.ts";
import { installSnapshot } from "./observe.ts";
import type { CredentialRuns, ReadableRun } from "./run.ts";
import { heldUpIn, leftWith, type Unknown, waitsForSecrets, whyUnknown } from "./observe-left.ts";
import { drainingOf, isOver, isSettled, newWaiting, nothingLeft, restAfter, rests } from "./plan-drain.ts";
import { statusOf } from "./plan-status.ts";
import { type Draining, type HeldUp, noNamespaces } from "./plan-types.ts";
import { reportReleased } from "./report.ts";

/** The finalizer goes when nothing of the credential is left with any tenant but what tenants keep, or when a person gives up on it. */
export async function drain(
  run: ReadableRun & Pick<CredentialRuns, "progress">,
  signal: AbortSignal,
): Promise<Outcome> {
  const { context, credential, memory, progress } = run;
  const { clock } = context.runtime;
  if (!credential.finalizers.includes(finalizer)) {
    delete memory.waiting;
    return done;
  }
  const began = clock.elapsed();
  const waiting = (memory.waiting ??= newWaiting(began, isToldBlocked(run)));
  const forced = credential.annotations[forceFinalizeAnnotation] === "true";
  // Each Secret that goes brings it, and there may be thousands.
  const count = context.credentials.members.count(credential.uid);
  if (rests(waiting, began, count) && !forced) return requeueAfter(waiting.restsUntil - began);
  waiting.members = count;
  const unknown = whyUnknown(context, credential, clock.elapsed() - waiting.fewest.since);
  const left = unknown ? undefined : await leftWith(context, credential);
  const isDrained = left !== undefined && isOver(waiting, left, clock.elapsed());
  if (isDrained || forced) {
    const denied = await release(run, signal);
    if (denied) {
      await writeStatus(run, changeOf(run, { left: 0, blocked: [denied] }), signal);
      return failed(denied.failure, { of: "credentials", object: credential.name });
    }
    delete memory.waiting;
    if (isDrained) context.credentials.index.drained(credential);
    reportReleased(context, credential, left, forced);
    return done;
  }
  const draining = left
    ? drainingOf(left, heldUpIn(context, credential, left), waiting, {
        names: secretNamesOf(context.credentials.index, credential),
        now: clock.now(),
        elapsed: clock.elapsed(),
      })
    : unknownDraining(context, unknown);
  // That nothing keeps it is told where it takes a while.
  const isNews = draining.blocked.length > 0 || isToldBlocked(run);
  const rest = isNews ? undefined : () => progress.rest(credential.name);
  const isWritten =
    isSettled(waiting, draining, clock.elapsed()) &&
    (await writeStatus(run, { ...changeOf(run, draining), rest }, signal)) === undefined;
  if (isWritten) progress.told(credential.name);
  const back = requeueAfter(restAfter(waiting, left ?? nothingLeft, began, clock.elapsed()));
  return unknown ? { ...waitsForSecrets(context, credential), ...back } : back;
}

function isToldBlocked({ credential }: ReadableRun): boolean {
  return conditionOf(credential.status, "DrainBlocked")?.status === "True";
}

/** Why the finalizer stays all the same. */
async function release(run: ReadableRun, signal: AbortSignal): Promise<HeldUp | undefined> {
  const { context, credential } = run;
  const others = credential.finalizers.filter((each) => each !== finalizer);
  try {
    await setFinalizers(run, others, signal);
    return undefined;
  } catch (error) {
    const action = `take the finalizer ${finalizer} off the RegistryCredential ${credential.name}`;
    const { failure } = context.cluster.callFailure(error, action);
    if (failure.retry !== "slowly") throw error;
    return { namespace: undefined, failure, since: context.runtime.clock.now() };
  }
}

/** Of the deletion alone: what else was told of it stays. */
function changeOf({ context, credential }: ReadableRun, draining: Draining): StatusChange {
  const { status, spec } = credential;
  const snapshot = {
    ...installSnapshot(context, credential),
    reported: { status, since: new Map<string, never>() },
    entries: [],
    namespaces: noNamespaces,
    missing: [],
    held: undefined,
    // The name under which tenants were served stays: it is what the drain goes by.
    secretName: status?.secretName ?? spec.pullSecret.name,
    retiring: status?.retiring ?? [],
    extraReferences: status?.extraReferences ?? [],
    draining,
  };
  return { status: statusOf(snapshot), failing: [] };
}

function unknownDraining({ runtime: { clock } }: Context, unknown: Unknown | undefined): Draining {
  const failure = unknown?.failure;
  return { left: undefined, blocked: failure ? [{ namespace: undefined, failure, since: clock.now() }] : [] };
}
