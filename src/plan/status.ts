// What does the status of a RegistryCredential say?
import type { Condition, FailureGroup, RegistryCredential, RegistryStatus, Retiring, Status } from "../api/registry-credential.ts";
import type { Failure } from "../errors.ts";
import type { CredentialRecord } from "./snapshot.ts";
import { isAlive, type Token } from "./token.ts";

/** A failure, and since when it lasts. */
export interface Lasting {
  readonly failure: Failure;
  readonly since: Temporal.Instant;
}

/** How one selected namespace fares under the credential. */
export interface NamespaceView {
  readonly name: string;
  /** Not looked at yet, or waiting for something that comes by itself. */
  readonly pending: boolean;
  /** Why it is not served as wanted; empty where it is. */
  readonly failures: readonly Lasting[];
  /** Worth telling, though the namespace is served. */
  readonly notes: readonly Lasting[];
}

export interface GrantView {
  readonly token: Token | undefined;
  /** Of the last attempt. */
  readonly failure: Failure | undefined;
}

export interface EntryView {
  readonly name: string;
  readonly grants: readonly GrantView[];
}

export interface StatusSnapshot {
  readonly credential: RegistryCredential;
  readonly now: Temporal.Instant;
  readonly entries: readonly EntryView[];
  readonly namespaces: readonly NamespaceView[];
  readonly held: { readonly count: number; readonly message: string } | undefined;
  readonly retiring: readonly Retiring[];
  /** What keeps the deletion waiting; undefined while the credential is not being deleted. */
  readonly draining: { readonly left: number; readonly blocked: readonly Lasting[]; readonly examples: readonly string[] } | undefined;
}

// Bounds of design.md section 2: a status must not grow with the cluster.
const mostGroups = 16;
const mostExamples = 3;

export function statusOf(snapshot: StatusSnapshot): Status {
  const { credential, now, entries, namespaces } = snapshot;
  const registries = entries.map((entry) => registryStatus(entry, now));
  const failed = namespaces.filter(({ failures }) => failures.length > 0);
  const pending = namespaces.filter(({ failures, pending: waits }) => waits && failures.length === 0);
  const counts = {
    selected: namespaces.length,
    ready: namespaces.length - failed.length - pending.length,
    pending: pending.length,
    failed: failed.length,
  };
  const groups = failureGroups(namespaces);
  const expiries = registries.flatMap(({ expiresAt }) => (expiresAt ? [expiresAt] : [])).toSorted();
  return {
    observedGeneration: credential.generation,
    conditions: conditionsOf(snapshot, registries, counts, groups),
    registries,
    namespaces: counts,
    namespacesReady: `${counts.ready}/${counts.selected}`,
    expires: expiries[0] ?? "never",
    secretName: credential.spec.pullSecret.name,
    failures: groups,
    retiring: [...snapshot.retiring],
  };
}

function registryStatus({ name, grants }: EntryView, now: Temporal.Instant): RegistryStatus {
  const failing = grants.filter(({ failure }) => failure !== undefined);
  const alive = (token: Token | undefined): boolean => token !== undefined && isAlive(token, now);
  const expiries = grants.flatMap(({ token }) => (token?.expiresAt ? [token.expiresAt] : []));
  const issues = grants.flatMap(({ token }) => (token ? [token.issuedAt] : []));
  const worst = failing.find(({ token }) => !alive(token)) ?? failing[0];
  const state = ((): RegistryStatus["state"] => {
    if (grants.some(({ token }) => token !== undefined && !alive(token))) return "Expired";
    if (failing.length > 0) return "Failing";
    return grants.length === 0 || grants.some(({ token }) => !token) ? "Pending" : "Issued";
  })();
  return {
    name,
    identities: grants.length,
    failing: failing.length,
    ...(expiries.length > 0 && { expiresAt: timeText(earliest(expiries)) }),
    ...(issues.length > 0 && { refreshedAt: timeText(earliest(issues)) }),
    state,
    ...(worst?.failure && { reason: worst.failure.reason, message: cut(worst.failure.message, 1024) }),
  };
}

/** Namespaces that fail alike are one line: reason and cause, how many, since when, three of them. */
function failureGroups(namespaces: readonly NamespaceView[]): FailureGroup[] {
  const groups = new Map<string, { reason: string; cause: Failure["cause"]; members: { name: string; since: Temporal.Instant }[] }>();
  for (const { name, failures, notes } of namespaces) {
    const seen = new Set<string>();
    for (const { failure, since } of [...failures, ...notes]) {
      const key = `${failure.reason}/${failure.cause}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const group = groups.get(key) ?? { reason: failure.reason, cause: failure.cause, members: [] };
      group.members.push({ name, since });
      groups.set(key, group);
    }
  }
  return [...groups.values()]
    .toSorted((a, b) => b.members.length - a.members.length || (a.reason < b.reason ? -1 : 1))
    .slice(0, mostGroups)
    .map(({ reason, cause, members }) => ({
      reason,
      cause,
      count: members.length,
      oldestSince: timeText(earliest(members.map(({ since }) => since))),
      examples: members
        .map(({ name }) => name)
        .toSorted()
        .slice(0, mostExamples),
    }));
}

interface Verdict {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

function conditionsOf(
  snapshot: StatusSnapshot,
  registries: readonly RegistryStatus[],
  counts: NonNullable<Status["namespaces"]>,
  groups: readonly FailureGroup[],
): Condition[] {
  const { credential, namespaces } = snapshot;
  const verdicts: Verdict[] = [
    ready(snapshot, registries, counts),
    tokensFresh(registries),
    distributed(counts, groups, namespaces),
  ];
  // kstatus: abnormal conditions are there only while they are True.
  const { draining, held } = snapshot;
  if (draining) {
    const blocked = draining.blocked[0]?.failure;
    verdicts.push(
      blocked
        ? {
            type: "DrainBlocked",
            status: "True",
            reason: blocked.reason,
            message: `${draining.left} namespaces still hold it (${draining.examples.join(", ")}): ${blocked.message}. To give up on them: kubectl annotate registrycredential ${credential.name} regcred.dev/force-finalize=true`,
          }
        : { type: "Reconciling", status: "True", reason: "Draining", message: `${draining.left} namespaces still hold it` },
    );
  } else if (counts.pending > 0 && !credential.spec.suspend) {
    verdicts.push({
      type: "Reconciling",
      status: "True",
      reason: "Progressing",
      message: `${counts.pending} of ${counts.selected} namespaces are being served`,
    });
  }
  const stuck = platformFailure(namespaces, "on-change") ?? entryFailure(snapshot, "on-change");
  if (stuck && !draining) verdicts.push({ type: "Stalled", status: "True", reason: stuck.reason, message: stuck.message });
  if (held) verdicts.push({ type: "RemovalHeld", status: "True", reason: "TooManyNamespaces", message: held.message });
  return verdicts.map((verdict) => condition(verdict, credential, snapshot.now));
}

function ready(
  snapshot: StatusSnapshot,
  registries: readonly RegistryStatus[],
  counts: NonNullable<Status["namespaces"]>,
): Verdict {
  const { credential, namespaces, draining } = snapshot;
  const type = "Ready";
  if (draining) return { type, status: "False", reason: "Deleting", message: "the credential is being taken away" };
  const expired = registries.find(({ state }) => state === "Expired");
  if (expired) {
    return { type, status: "False", reason: expired.reason ?? "TokenExpired", message: `${expired.name}: ${expired.message ?? "its token has expired"}` };
  }
  const failure = platformFailure(namespaces) ?? tokenless(snapshot);
  if (failure) return { type, status: "False", reason: failure.reason, message: failure.message };
  if (credential.spec.suspend) {
    return { type, status: counts.pending > 0 ? "False" : "True", reason: "Suspended", message: "spec.suspend is set: nothing is written to tenants" };
  }
  if (counts.pending > 0) return { type, status: "False", reason: "Progressing", message: "namespaces are being served" };
  if (counts.selected === 0) {
    return { type, status: "True", reason: "NoNamespaceSelected", message: "spec.namespaces selects no namespace" };
  }
  return { type, status: "True", reason: "Served", message: "every namespace that can be served is served" };
}

function tokensFresh(registries: readonly RegistryStatus[]): Verdict {
  const type = "TokensFresh";
  const worst = registries.find(({ state }) => state === "Expired") ?? registries.find(({ state }) => state === "Failing");
  if (worst) {
    return { type, status: "False", reason: worst.reason ?? worst.state, message: `${worst.name}: ${worst.message ?? worst.state}` };
  }
  if (registries.some(({ state, identities }) => state === "Pending" && identities > 0)) {
    return { type, status: "False", reason: "Pending", message: "tokens are being fetched" };
  }
  return { type, status: "True", reason: "Fresh", message: "every token is in force" };
}

function distributed(
  counts: NonNullable<Status["namespaces"]>,
  groups: readonly FailureGroup[],
  namespaces: readonly NamespaceView[],
): Verdict {
  const type = "Distributed";
  const failure = namespaces.find(({ failures }) => failures.length > 0);
  const worst = groups.find((group) => namespaces.some(({ failures }) => failures.some((each) => each.failure.reason === group.reason)));
  if (failure && worst) {
    const example = namespaces.find(({ name }) => name === worst.examples[0]);
    const message = example?.failures.find((each) => each.failure.reason === worst.reason)?.failure.message ?? "";
    return {
      type,
      status: "False",
      reason: worst.reason,
      message: `${counts.failed} of ${counts.selected} namespaces are not served as wanted; in ${worst.examples.join(", ")}: ${message}`,
    };
  }
  if (counts.pending > 0) return { type, status: "False", reason: "Progressing", message: "namespaces are being served" };
  return { type, status: "True", reason: "Distributed", message: "every selected namespace is served" };
}

function platformFailure(namespaces: readonly NamespaceView[], retry?: Failure["retry"]): Failure | undefined {
  for (const { failures } of namespaces) {
    const found = failures.find(({ failure }) => failure.cause === "Platform" && (!retry || failure.retry === retry));
    if (found) return found.failure;
  }
  return undefined;
}

/** A platform's grant that has no token at all, even where no namespace shows it. */
function tokenless({ entries, now }: StatusSnapshot): Failure | undefined {
  return entries
    .flatMap(({ grants }) => grants)
    .find(({ token, failure }) => failure?.cause === "Platform" && !(token && isAlive(token, now)))?.failure;
}

function entryFailure(snapshot: StatusSnapshot, retry: Failure["retry"]): Failure | undefined {
  const failure = tokenless(snapshot);
  return failure?.retry === retry ? failure : undefined;
}

function condition(verdict: Verdict, credential: RegistryCredential, now: Temporal.Instant): Condition {
  const before = credential.status?.conditions?.find(({ type }) => type === verdict.type);
  return {
    ...verdict,
    message: cut(verdict.message, 4096),
    observedGeneration: credential.generation,
    lastTransitionTime: before?.status === verdict.status ? before.lastTransitionTime : timeText(now),
  };
}

/** RFC 3339 with whole seconds, as metav1.Time is written. */
export function timeText(at: Temporal.Instant): string {
  return at.toString({ smallestUnit: "second" });
}

function earliest(instants: readonly Temporal.Instant[]): Temporal.Instant {
  return instants.reduce((first, next) => (Temporal.Instant.compare(next, first) < 0 ? next : first));
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** The object cannot be read: what was served goes on, and a person must mend the spec. */
export function invalidStatus(record: CredentialRecord, now: Temporal.Instant): Status {
  const message = cut(`the spec cannot be read, and tenants keep what they had: ${record.problems.join("; ")}`, 4096);
  const verdict = (type: string, status: "True" | "False"): Condition => ({
    type,
    status,
    reason: "InvalidSpec",
    message,
    observedGeneration: record.generation,
    lastTransitionTime: timeText(now),
  });
  return { observedGeneration: record.generation, conditions: [verdict("Ready", "False"), verdict("Stalled", "True")] };
}
