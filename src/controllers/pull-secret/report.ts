// Reporting what was found of one pull Secret: to the status cache, to who waits for it, and to the tenant as events.
import { isOurs } from "./plan-removal.ts";
import { lostAgain, alwaysTooLate } from "../lost-races.ts";
import { tokenPatience } from "../../grants/contributions.ts";
import { contestedFor } from "../../runtime/queue/conflict-backoff.ts";
import { done, waitsFor, failed, type Waited, earliest } from "../outcome.ts";
import type { Run } from "./run.ts";
import type { Outcome } from "../../runtime/queue/work-queue.ts";
import type { Snapshot } from "./observe.ts";
import { failure, hasTrait } from "../../api/reasons.ts";
import { credentialKey, referencesKey } from "../keys.ts";
import { namespaceNotPermitted } from "../../cluster/install-mode.ts";
import type { NamespaceRecord, SecretRecord } from "../../cluster/records.ts";
import { longestNote, textWithSteps, kubectl } from "../../runtime/steps.ts";
import type { CredentialFinding, SecretFinding } from "../status-cache.ts";
import type { Context } from "../context.ts";
import { credentialsAnnotation, entriesAnnotation, managedAnnotation } from "../../api/names.ts";
import type { Failure } from "../../runtime/errors.ts";
import { otherManager } from "../../cluster/other-managers.ts";
import type { Content, ContentLogin, Shadowed } from "../../content/content.ts";
import type { PullSecretPlan, PullSecretSnapshot } from "./plan-types.ts";
import type { FormerView } from "../credential/plan-types.ts";
import { earliestInstant } from "../../runtime/time-text.ts";
import type { Contributor } from "../../entitlement/credential-index.ts";

/** A status is written once for many changes. */
export const statusSoon = { lane: "normal", debounced: true } as const;

export function reportSecret(context: Context, namespace: NamespaceRecord, name: string, finding: SecretFinding): void {
  const { statusCache } = context.credentials;
  const { enqueue } = context.queue;
  const { events } = context.runtime;
  const { stores } = context.cluster;
  const { settings } = context;
  const before = statusCache.secret(namespace.name, name);
  const newFailures = statusCache.setSecret(namespace.name, name, finding);
  if (before?.state !== finding.state) {
    lookAgainAtReferences(statusCache, namespace.name, finding.credentials);
    // Behind its token where it waits for one: there is nothing to refer to before.
    const lane = finding.state === "waiting" ? "bulk" : before ? "normal" : "interactive";
    enqueue(referencesKey(namespace.name), { lane });
  }
  for (const credential of new Set([...finding.credentials.keys(), ...(before?.credentials.keys() ?? [])])) {
    if (sameFinding(before?.credentials.get(credential), finding.credentials.get(credential))) continue;
    enqueue(credentialKey(credential), statusSoon);
  }
  // Of a namespace that the operator was not installed for, the status says so; nothing is sent there.
  if (namespaceNotPermitted(settings.mode, namespace.name)) return;
  const uid = stores.pullSecrets.get(`${namespace.name}/${name}`)?.uid ?? "";
  for (const failure of newFailures) {
    if (hasTrait(failure, "passing")) continue;
    events.publish({
      regarding: { apiVersion: "v1", kind: "Secret", namespace: namespace.name, name, uid },
      type: "Warning",
      reason: failure.reason,
      action: "Serve",
      note: textWithSteps(failure, longestNote),
    });
  }
}

/** What was found of references before the Secret was as it is says nothing of them: nobody is served by a Secret alone. */
function lookAgainAtReferences(
  statusCache: Context["credentials"]["statusCache"],
  namespace: string,
  credentials: SecretFinding["credentials"],
): void {
  const found = statusCache.references(namespace);
  if (!found) return;
  const generations = new Map([...found.generations].filter(([name]) => !credentials.has(name)));
  statusCache.setReferences(namespace, { ...found, generations });
}

function sameFinding(a: CredentialFinding | undefined, b: CredentialFinding | undefined): boolean {
  if (a === b) return true;
  return a !== undefined && a.generation === b?.generation && textOf(a) === textOf(b);
}

function textOf({ failures, notes, formers = [] }: CredentialFinding): string {
  return [
    ...[...failures, ...notes].map((failure) => `${failure.reason} ${textWithSteps(failure)}`),
    ...formers.map(({ entry, until, pending }) => `${entry} ${until?.toString()} ${pending}`),
  ].join("\n");
}

/** Nothing is known yet. The API server counts generations from 1. */
const pendingFinding: CredentialFinding = { failures: [], notes: [], generation: 0 };

/**
 * Nobody contributes here: what stands under the name, if anything that stays, is not ours to keep.
 * @param copied whose marks somebody has copied on it
 */
export function findingWithout(record: SecretRecord | undefined, copied: readonly Contributor[] = []): SecretFinding {
  if (!record || record.terminating) return nothingOfOurs.absent;
  const [first] = copied;
  return first ? failedFinding(copied, "foreign", secretCopied(record, first.name)) : nothingOfOurs.foreign;
}

const nothingOfOurs: Readonly<Record<"foreign" | "absent", SecretFinding>> = {
  foreign: { state: "foreign", credentials: new Map() },
  absent: { state: "absent", credentials: new Map() },
};

/** Who leaves hears why it cannot, unless that is a matter of moments. */
export function findingOfPlan(
  plan: PullSecretPlan,
  {
    contributing,
    leaving,
    content,
  }: Pick<PullSecretSnapshot, "content"> & {
    readonly contributing: readonly Contributor[];
    readonly leaving: readonly Contributor[];
  },
): SecretFinding {
  // What is about entries that contribute keeps nobody from leaving.
  const isStuck =
    plan.failure !== undefined && !plan.missing && plan.action.kind === "none" && plan.state !== "leaving";
  const credentials = new Map(isStuck ? failuresOf(leaving, plan.failure) : []);
  // Nothing is served in what is somebody else's, so nobody is in another's shadow there.
  const decided = plan.state === "foreign" ? undefined : (plan.decided ?? content);
  const { served = [], shadowed: all = [] } = decided ?? {};
  // Of hundreds who contribute, each costs what is its own.
  const formerLogins = Map.groupBy(
    served.filter(({ former }) => former),
    ({ credential }) => credential,
  );
  const failing = Map.groupBy(content?.failures ?? [], ({ credential }) => credential);
  const overshadowed = Map.groupBy(all, ({ credential }) => credential);
  for (const { name, role, credential } of contributing) {
    if (role !== "current") continue;
    const failures = (failing.get(name) ?? []).map(({ entry, failure }) => failureOfEntry(entry, failure));
    const shadowed = overshadowed.get(name)?.[0];
    const itsFormers = formerLogins.get(name);
    const formers = itsFormers && plan.state === "usable" && content ? formersOf(itsFormers, content, plan) : [];
    credentials.set(name, {
      failures: [...ownTrouble(plan, name), ...failures],
      notes: shadowed ? [hostShadowed(shadowed)] : [],
      generation: credential.generation,
      ...(formers.length > 0 && { formers }),
    });
  }
  return { state: plan.state, credentials, shadowed: all };
}

/** What keeps the Secret from being as it is wanted, as far as it is about this one. */
function ownTrouble({ failure, missing }: PullSecretPlan, credential: string): readonly Failure[] {
  if (!failure) return [];
  if (!missing) return [failure];
  return missing.flatMap((each) => (each.credential === credential ? [failureOfEntry(each.entry, failure)] : []));
}

/** Entries of a RegistryCredential that live by a login from before they were altered. @param formers these logins */
function formersOf(
  formers: readonly ContentLogin[],
  { failures }: Content,
  { missing = [] }: PullSecretPlan,
): readonly FormerView[] {
  const ends = new Map<string, Temporal.Instant | undefined>();
  for (const { entry, expiresAt } of formers) {
    const before = ends.get(entry);
    ends.set(entry, before && expiresAt ? earliestInstant([before, expiresAt]) : (before ?? expiresAt));
  }
  const pending = (entry: string): boolean => {
    const isIts = (each: Pick<ContentLogin, "credential" | "entry">): boolean =>
      each.credential === formers[0]?.credential && each.entry === entry;
    return !missing.some(isIts) && failures.every((each) => !isIts(each) || hasTrait(each.failure, "passing"));
  };
  return [...ends].map(([entry, until]) => ({ entry, until, pending: pending(entry) }));
}

/** The state stays as it was found before; nothing is said of the credentials yet. */
export function waitingFinding(contributing: readonly Contributor[], state: SecretFinding["state"]): SecretFinding {
  return { state, credentials: new Map(contributing.map(({ name }) => [name, pendingFinding])) };
}

/** One failure for all who contribute; `state` is that of what still stands there. */
export function failedFinding(
  contributing: readonly Contributor[],
  state: SecretFinding["state"],
  failure: Failure,
): SecretFinding {
  return { state, credentials: new Map(failuresOf(contributing, failure)) };
}

function failuresOf(contributors: readonly Contributor[], failure: Failure): [string, CredentialFinding][] {
  return contributors.map(({ name, credential: { generation } }) => [
    name,
    { failures: [failure], notes: [], generation },
  ]);
}

export function contestedFinding(
  finding: SecretFinding,
  contributing: readonly Contributor[],
  secret: string,
): SecretFinding {
  const contested = failure("Contested", {
    message: `somebody keeps changing the Secret ${secret} back: let them ignore it, for example in Argo CD with ignoreDifferences: [{kind: Secret, name: ${secret}, jsonPointers: [/data, /metadata]}]`,
  });
  const credentials = new Map(
    contributing.map(({ name, credential: { generation } }) => {
      const found = finding.credentials.get(name);
      return [name, { generation, failures: [contested, ...(found?.failures ?? [])], notes: found?.notes ?? [] }];
    }),
  );
  return { ...finding, credentials };
}

/** Field by field: the failure may be an Error, of which a spread keeps no message. */
function failureOfEntry(entry: string, { reason, cause, retry, message, steps }: Failure): Failure {
  return { reason, cause, retry, message: `entry ${entry}: ${message}`, ...(steps && { steps }) };
}

function hostShadowed({ credential, entry, host, by }: Shadowed): Failure {
  const holder = by === credential ? "another entry" : `the RegistryCredential ${by}`;
  return failure("HostShadowed", {
    message: `${host} of entry ${entry} is served by ${holder}: take it off one of them`,
  });
}

function secretCopied({ namespace, name, metadata, controller }: SecretRecord, credential: string): Failure {
  const keeper = otherManager({ labels: metadata?.labels ?? {}, annotations: metadata?.annotations ?? {}, controller });
  return failure("SecretCopied", {
    message: `the Secret ${name} carries the marks of the RegistryCredential ${credential}, which does not serve this namespace: it is a copy that regcred neither renews nor removes, and its logins end${keeper === undefined ? "" : `; ${keeper}`}`,
    steps: [
      { message: "have the namespace selected, or delete the copy" },
      {
        message: "or, to keep it as your own, take off the marks",
        command: kubectl`annotate -n ${namespace} secret ${name} ${credentialsAnnotation}- ${entriesAnnotation}- ${managedAnnotation}-`,
      },
    ],
  });
}

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
  const reported = { reason: failure.reason, detail: textWithSteps(failure) };
  context.runtime.log.warn("pull Secret not written", { namespace: namespace.name, secret: name, ...reported });
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
