// Plans the conditions of a RegistryCredential: Ready, TokensFresh and Distributed always; the others while they are True.
import { isForTenant } from "../../api/reasons.ts";
import type { ConditionType } from "../../api/conditions.ts";
import type { Condition, RegistryStatus, Status } from "../../api/registry-credential.ts";
import type { Failure } from "../../runtime/errors.ts";
import { type MessageWithSteps, textWithSteps } from "../../runtime/steps.ts";
import { reasonOfHold } from "../../entitlement/removal-limit.ts";
import { largestFirst } from "./plan-failure-groups.ts";
import { giveUp } from "../../cluster/install-steps.ts";
import { type Draining, expired, type StatusSnapshot } from "./plan-types.ts";
import { believedTime, formerText, namespacesText } from "./plan-status-text.ts";
import { timeText } from "../../runtime/time-text.ts";

// Longer than any message that a person reads; the schema allows 32 KiB each.
export const longestMessage = 4096;

const tokensAwaited = "tokens are being fetched";

interface Verdict extends MessageWithSteps {
  readonly type: ConditionType;
  readonly status: "True" | "False";
  readonly reason: string;
}

type Counts = NonNullable<Status["namespaces"]>;

export function conditionsOf(
  snapshot: StatusSnapshot,
  registries: readonly RegistryStatus[],
  counts: Counts,
): readonly Condition[] {
  const verdicts: Readonly<Record<ConditionType, Verdict | undefined>> = {
    Ready: ready(snapshot, counts),
    TokensFresh: tokensFresh(registries),
    Distributed: distributed(snapshot, counts),
    Reconciling: reconciling(snapshot, counts),
    Stalled: stalled(snapshot),
    DrainBlocked: drainBlocked(snapshot),
    RemovalHeld: removalHeld(snapshot),
    CRDOutdated: crdOutdated(snapshot),
  };
  return Object.values(verdicts)
    .filter((verdict) => verdict !== undefined)
    .map((verdict) => condition(verdict, snapshot));
}

function ready(snapshot: StatusSnapshot, counts: Counts): Verdict {
  const { credential, draining } = snapshot;
  const verdict = (status: "True" | "False", reason: string, message: string): Verdict => {
    return { type: "Ready", status, reason, message };
  };
  if (draining) return verdict("False", "Deleting", "the credential is being taken away");
  const blocker = blockers(snapshot).next().value;
  if (blocker) return { ...reported(blocker), type: "Ready", status: "False", reason: blocker.reason };
  const isWaiting = counts.pending > 0;
  if (credential.spec.suspend) {
    return verdict(isWaiting ? "False" : "True", "Suspended", "spec.suspend is set: nothing is written to tenants");
  }
  if (isWaiting) return verdict("False", "Progressing", progress(snapshot, counts));
  if (awaitsTokens(snapshot)) return verdict("False", "Progressing", tokensAwaited);
  if (counts.selected === 0) return verdict("True", "NoNamespaceSelected", "spec.namespaces selects no namespace");
  return verdict("True", "Served", "every namespace that can be served is served");
}

function tokensFresh(registries: readonly RegistryStatus[]): Verdict {
  const type = "TokensFresh";
  const worst =
    registries.find(({ state }) => state === "Expired") ?? registries.find(({ state }) => state === "Failing");
  if (worst) {
    const { name, state, reason, message, expiresAt, former } = worst;
    // How long is left: as a time, which stays true without being written again.
    const lives = state === "Failing" && expiresAt !== undefined ? `; what tenants have lives until ${expiresAt}` : "";
    const left = former ? `; ${formerText(former)}` : lives;
    return { type, status: "False", reason: reason ?? state, message: `${name}: ${message ?? expired.message}${left}` };
  }
  if (registries.some(({ state, identities }) => state === "Pending" && identities > 0)) {
    return { type, status: "False", reason: "Pending", message: tokensAwaited };
  }
  return { type, status: "True", reason: "Fresh", message: "every token is in force" };
}

function distributed(snapshot: StatusSnapshot, counts: Counts): Verdict {
  const type = "Distributed";
  const [worst] = largestFirst(snapshot.namespaces.failing);
  if (worst) {
    const { failure, examples } = worst;
    const others = worst.count > examples.length ? ", ..." : "";
    return {
      type,
      status: "False",
      reason: worst.reason,
      message: `${counts.failed} of ${namespacesText(counts.selected)} not served as wanted; in ${examples.join(", ")}${others}: ${failure.message}`,
      steps: failure.steps ?? [],
    };
  }
  if (counts.pending > 0) return { type, status: "False", reason: "Progressing", message: progress(snapshot, counts) };
  return { type, status: "True", reason: "Distributed", message: "every selected namespace is served" };
}

/** kstatus: the desired state is not reached yet, and the operator is at it. */
function reconciling(snapshot: StatusSnapshot, counts: Counts): Verdict | undefined {
  const { credential, draining } = snapshot;
  const type = "Reconciling";
  if (draining) {
    if (draining.blocked.length > 0) return undefined;
    const { left } = draining;
    const message = left === undefined ? "what is left is not known yet" : `${namespacesText(left)} left`;
    return { type, status: "True", reason: "Draining", message };
  }
  const retried = blockers(snapshot).find(({ retry }) => retry === "backoff");
  if (retried) {
    const { message, steps } = reported(retried);
    return { type, status: "True", reason: retried.reason, message: `tried again: ${message}`, steps };
  }
  const isWaiting = counts.pending > 0 && !credential.spec.suspend;
  if (!isWaiting && !awaitsTokens(snapshot)) return undefined;
  return {
    type,
    status: "True",
    reason: "Progressing",
    message: isWaiting ? progress(snapshot, counts) : tokensAwaited,
  };
}

/** A first attempt is under way. Who waits for Ready after a change must not be told what was true before it. */
function awaitsTokens({ entries }: StatusSnapshot): boolean {
  return entries.some((entry) => entry.awaitsTokens);
}

/** kstatus: only a person of the platform can bring it further. */
function stalled(snapshot: StatusSnapshot): Verdict | undefined {
  if (snapshot.draining) return undefined;
  const stuck = blockers(snapshot).find(({ retry }) => retry !== "backoff");
  return stuck && { ...reported(stuck), type: "Stalled", status: "True", reason: stuck.reason };
}

/** Names what is held, where, and who can let go of it. */
function drainBlocked({ credential, draining }: StatusSnapshot): Verdict | undefined {
  const [first] =
    draining?.blocked.toSorted((one, other) => ((one.namespace ?? "") < (other.namespace ?? "") ? -1 : 1)) ?? [];
  if (!draining || !first) return undefined;
  const { failure } = first;
  return {
    type: "DrainBlocked",
    status: "True",
    reason: failure.reason,
    message: `${stillHeld(draining, failure)}, for ${isForTenant(failure) ? "the tenant" : "the platform"} to mend: ${failure.message}`,
    steps: [...(failure.steps ?? []), { message: "to give up on them", command: giveUp(credential.name) }],
  };
}

// A condition message should stay readable.
const maxNamed = 3;

/** With the namespaces that are held for this reason. */
function stillHeld({ left, blocked }: Draining, { reason }: Failure): string {
  const names = new Set(blocked.flatMap((each) => (each.failure.reason === reason ? (each.namespace ?? []) : [])));
  const examples = [...names].toSorted().slice(0, maxNamed);
  const named = examples.length > 0 ? ` (${examples.join(", ")}${names.size > maxNamed ? ", ..." : ""})` : "";
  return left === undefined || left === 0 ? "still held" : `still held by ${namespacesText(left)}${named}`;
}

function removalHeld({ held }: StatusSnapshot): Verdict | undefined {
  if (!held) return undefined;
  return { ...reported(held), type: "RemovalHeld", status: "True", reason: reasonOfHold[held.cause] };
}

/** Of the install as a whole, but it is here that people look. Ready goes by what comes of it. */
function crdOutdated({ outdated }: StatusSnapshot): Verdict | undefined {
  return outdated && { ...reported(outdated), type: "CRDOutdated", status: "True", reason: outdated.reason };
}

interface Blocker extends Pick<Failure, "reason" | "retry" | "steps"> {
  /** With the entry or namespace that it happened in. */
  readonly message: string;
}

/**
 * What keeps the platform from its promise: a grant without a living token, a namespace that is not served, a
 * missing right. What only a tenant can mend is none.
 */
function* blockers({ entries, namespaces, missing }: StatusSnapshot): Generator<Blocker, undefined> {
  const within = (where: string, { reason, retry, message, steps }: Failure): Blocker => {
    return { reason, retry, message: `${where}: ${message}`, ...(steps && { steps }) };
  };
  for (const { name, blocking } of entries) for (const failure of blocking) yield within(name, failure);
  for (const { name, failure } of namespaces.blocking) yield within(`namespace ${name}`, failure);
  yield* missing;
  return undefined;
}

function progress({ namespaces }: StatusSnapshot, { pending, selected }: Counts): string {
  return `${pending} of ${namespacesText(selected)} ${namespaces.awaiting > 0 ? "waiting for a first token, or " : ""}not looked at yet`;
}

/** Member by member: it may be an Error, of which a spread keeps no message. */
function reported({ message, steps = [] }: MessageWithSteps): Required<MessageWithSteps> {
  return { message, steps };
}

function condition(verdict: Verdict, { credential, reported, now }: StatusSnapshot): Condition {
  const { type, status: is, reason } = verdict;
  const before = reported.status?.conditions?.find((each) => each.type === type && each.status === is);
  const since = before && believedTime(before.lastTransitionTime, credential.creationTimestamp, now);
  return {
    type,
    status: is,
    reason,
    message: textWithSteps(verdict, longestMessage),
    observedGeneration: credential.generation,
    lastTransitionTime: timeText(since ?? now),
  };
}
