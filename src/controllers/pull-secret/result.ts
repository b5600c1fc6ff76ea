// The result of a run: what is found of the pull Secret, and when or at which change to come back.
import type { Contributor } from "../../entitlement/credential-index.ts";
import type { Failure } from "../../runtime/errors.ts";
import { contestedFor } from "../../runtime/queue/conflict-backoff.ts";
import type { Outcome } from "../../runtime/queue/work-queue.ts";
import { textWithSteps } from "../../runtime/steps.ts";
import { alwaysTooLate, lostAgain } from "../lost-races.ts";
import { done, earliest, failed, waitsFor } from "../outcome.ts";
import type { SecretFinding } from "../status-cache.ts";
import type { Waited } from "../outcome.ts";
import { type Run, type Snapshot, tokenPatience } from "./observe.ts";
import { isOurs } from "./plan-removal.ts";
import type { PullSecretPlan } from "./plan-types.ts";
import { contestedFinding, failedFinding, findingOfPlan, findingWithout, waitingFinding } from "./report.ts";

/** What was found, and what is to be done about it. */
export interface Decision {
  readonly snapshot: Snapshot;
  readonly plan: PullSecretPlan;
}

export interface Result {
  /** Undefined: nobody needs to hear of it. */
  readonly finding: SecretFinding | undefined;
  /** Changed meanwhile: what stands there is to be read, and the run begun anew. */
  readonly outcome: Outcome | "changed meanwhile";
}

/** Nobody has to do with it. A removal needs a positive observation: a credential that is there, is named by the Secret, and no longer yields it. */
export function resultWithout({ context, namespace, name }: Run, { record, copied, orphaned }: Snapshot): Result {
  const place = { namespaceUid: namespace.uid, secretName: name };
  if (orphaned.names.length === 0) context.credentials.members.note(place, undefined);
  return { finding: findingWithout(record, copied), outcome: done };
}

/** Nothing is to be written, or nothing may be for the moment. */
export function resultOfPlan(run: Run, { snapshot, plan }: Decision): Result & { readonly finding: SecretFinding } {
  const { contributing, gathered } = snapshot;
  const finding = gathered.waiting ? waitingFinding(contributing, plan.state) : findingOfPlan(plan, snapshot);
  const fight = contestedFor(run.memory.reverts, run.context.runtime.clock.elapsed());
  return {
    finding: fight === undefined ? finding : contestedFinding(finding, contributing, run.name),
    outcome: {
      ...snapshot.undone,
      ...earliest(
        millisecondsTo(run, gathered.nextExpiry),
        millisecondsTo(run, plan.keptUntil),
        gathered.waiting ? tokenPatience : undefined,
        fight,
      ),
    },
  };
}

/** Who contributes or leaves is suspended: a write for one that is not serves the others too. */
export function resultOfSuspension(
  { namespace, name }: Run,
  { contributing, leaving, record }: Snapshot,
  found: SecretFinding["state"],
): Result {
  const state = found === "leaving" ? "waiting" : found;
  return {
    finding: waitingFinding(contributing, record ? state : "absent"),
    outcome: waitsFor(ownObject(namespace.name, name), ...[...contributing, ...leaving].map(itself)),
  };
}

export function resultOfFailure(run: Run, decision: Decision, error: unknown): Result {
  const { context, namespace, name } = run;
  const { kind, failure } = context.cluster.callFailure(error, `write the Secret ${namespace.name}/${name}`);
  if (kind === "namespaceTerminating" || kind === "namespaceNotFound") return { finding: undefined, outcome: done };
  // Somebody wrote meanwhile: what happened is on its way through the watch, and nobody needs to hear of it.
  if (kind === "conflict") return tooLate(run, decision, failure);
  const outcome = failed(failure, ownObject(namespace.name, name), { of: "namespaces", object: namespace.name });
  if (kind === "alreadyExists" || kind === "notFound") return { finding: undefined, outcome };
  const told = { reason: failure.reason, detail: textWithSteps(failure) };
  context.runtime.log.warn("pull Secret not written", { namespace: namespace.name, secret: name, ...told });
  return { finding: findingOfFailure(decision, failure), outcome };
}

/** Somebody else has written it before us, which is told where that is so each time. */
export function tooLate({ memory, namespace, name }: Run, decision: Decision, failure: Failure): Result {
  const { record, leaving } = decision.snapshot;
  memory.lost = record && lostAgain(memory.lost, record.resourceVersion);
  const always = memory.lost && alwaysTooLate(memory.lost, { kind: "Secret", namespace: namespace.name, name });
  return {
    finding: always && findingOfFailure(decision, always),
    outcome: leaving.length > 0 ? "changed meanwhile" : failed(failure, ownObject(namespace.name, name)),
  };
}

function findingOfFailure({ snapshot, plan }: Decision, failure: Failure): SecretFinding {
  const { record, contributing, leaving } = snapshot;
  // What may not be deleted still is to go: a reference that came back would be taken off again at once.
  const standing = plan.state === "leaving" ? "leaving" : record && isOurs(snapshot, record) ? "usable" : "foreign";
  return failedFinding([...contributing, ...leaving], record ? standing : "absent", failure);
}

export function ownObject(namespace: string, name: string): Waited {
  return { of: "pullSecrets", object: `${namespace}/${name}` };
}

const itself = ({ name }: Contributor): Waited => ({ of: "credentials", object: name });

function millisecondsTo({ context }: Run, at: Temporal.Instant | undefined): number | undefined {
  return at?.since(context.runtime.clock.now()).total("milliseconds");
}
