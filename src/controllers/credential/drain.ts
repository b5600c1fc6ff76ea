// The drain: how a credential that is deleted leaves every tenant, and what keeps it.
import { failure, isForTenant } from "../../api/reasons.ts";
import { conditionOf } from "../../api/conditions.ts";
import { crdName, finalizer, forceFinalizeAnnotation } from "../../api/names.ts";
import type { RegistryCredential } from "../../api/registry-credential.ts";
import type { Failure } from "../../runtime/errors.ts";
import { crdOutdated } from "../crd-outdated.ts";
import { modeText } from "../../cluster/install-mode.ts";
import type { CredentialRecord } from "../../cluster/records.ts";
import { statusOf } from "./plan-status.ts";
import type { Draining, HeldUp, StatusSnapshot } from "./status-snapshot.ts";
import type { Outcome } from "../../runtime/queue/work-queue.ts";
import type { Context } from "../context.ts";
import { type Left, leftWith, namesOf } from "./left-behind.ts";
import { requeueAfter, done, failed, type Waited, waitsFor } from "../outcome.ts";
import { setFinalizers } from "./set-finalizers.ts";
import type { StatusWriter } from "./write-status.ts";

// References to Secrets that are gone harm nobody, nor do our marks on Secrets that are none of ours, and tenants can go on
// adding both; and a tenant can see to it that its Secret cannot be taken away, whose login it has had anyway. So a deletion
// waits no longer than this for either, in milliseconds. What can be taken off afterwards is.
const patience = 10_000;
// Nor for tenants that take turns in keeping it, so that each does only when another one does not. Milliseconds.
const patienceWithTurns = 60_000;
// What has held it up for so long is told, whatever it is.
const worthTelling = Temporal.Duration.from({ seconds: 10 });
// And so is that nothing goes, and nobody says why. Milliseconds.
const longestStandstill = 20_000;

// After a start everything has been looked at by then.
const settleTime = 60_000;

const lookAgain = 1_000;
// What has stood still for long is looked at ever more seldom, in milliseconds: each change brings it by itself.
const longestRest = 10_000;
const restForStandstill = 1 / 20;
// To look at ten thousand namespaces takes a while: a fifth of the time at most.
const restForWork = 4;
// Examples in a message.
const maxNamed = 3;

export type Drain = (
  context: Context,
  record: CredentialRecord,
  credential: RegistryCredential,
  signal: AbortSignal,
) => Promise<Outcome>;

/** What a deletion has waited for so far, in elapsed milliseconds. */
interface Waiting {
  /** When this program has first looked. */
  readonly since: number;
  /** It has not been found again since then what blocked it before. */
  settles: boolean;
  /** Since when nothing is left that it waits for without end. */
  last: number | undefined;
  /** By namespace: since when it is a tenant that keeps the Secret. */
  readonly kept: Map<string, number>;
  /** The fewest namespaces that were left, and since when; Infinity while it cannot be said. */
  fewest: { readonly count: number; readonly since: number };
}

/** The finalizer goes when nothing of the credential is left with any tenant but what tenants keep, or when a person gives up on it. */
export function drainer(statuses: StatusWriter): Drain {
  // By uid of a credential that is deleted.
  const waitings = new Map<string, Waiting>();
  return async (context, record, credential, signal) => {
    const { clock } = context;
    if (!credential.finalizers.includes(finalizer)) {
      waitings.delete(credential.uid);
      return done;
    }
    const place = { record, credential };
    const began = clock.elapsed();
    const waiting = waitings.get(credential.uid) ?? {
      since: began,
      settles: wasBlocked(credential),
      last: undefined,
      kept: new Map<string, number>(),
      fewest: { count: Infinity, since: began },
    };
    waitings.set(credential.uid, waiting);
    const forced = credential.annotations[forceFinalizeAnnotation] === "true";
    const unknown = whyUnknown(context, credential, clock.elapsed() - waiting.fewest.since);
    const left = unknown ? undefined : await leftWith(context, credential);
    if (left) noteProgress(waiting, left, clock.elapsed());
    const isDrained = left !== undefined && isOver(left, waiting, clock.elapsed());
    if (isDrained || forced) {
      const refused = await release(context, credential, signal);
      if (refused) {
        const draining = { left: 0, blocked: [{ ...refused, namespace: undefined }] };
        await statuses.write(context, place, saysOf(context, credential, draining), signal);
        return failed(refused.failure, { of: "credentials", object: credential.name });
      }
      waitings.delete(credential.uid);
      if (isDrained) context.credentialIndex.drained(credential);
      tellReleased(context, credential, left, forced);
      return done;
    }
    const draining = left ? drainingOf(context, credential, left, waiting) : unknownDraining(context, unknown);
    // What was told before a start is not unsaid before it has been looked for.
    waiting.settles &&= draining.blocked.length === 0 && clock.elapsed() - waiting.since < settleTime;
    if (!waiting.settles) await statuses.write(context, place, saysOf(context, credential, draining), signal);
    const rest = Math.min((clock.elapsed() - waiting.fewest.since) * restForStandstill, longestRest);
    const back = requeueAfter(Math.max(lookAgain, rest, (clock.elapsed() - began) * restForWork));
    return unknown ? { ...waitsFor(...secretsOf(context, credential)), ...back } : back;
  };
}

/** Why the finalizer stays all the same. */
async function release(
  context: Context,
  credential: RegistryCredential,
  signal: AbortSignal,
): Promise<Omit<HeldUp, "namespace"> | undefined> {
  const others = credential.finalizers.filter((each) => each !== finalizer);
  try {
    await setFinalizers(context, credential, others, signal);
    return undefined;
  } catch (error) {
    const action = `take the finalizer ${finalizer} off the RegistryCredential ${credential.name}`;
    const { failure } = context.refusal(error, action);
    if (failure.retry !== "slowly") throw error;
    return { failure, since: context.clock.now() };
  }
}

function tellReleased(
  { log }: Context,
  { name: credential }: RegistryCredential,
  left: Left | undefined,
  forced: boolean,
): void {
  const { secrets: keptByTenants, harmless } = left ?? nothing;
  if (keptByTenants.size > 0) {
    const examples = firstOf(keptByTenants).join(", ");
    log.warn("RegistryCredential left with tenants", { credential, namespaces: keptByTenants.size, examples });
  }
  log.info("RegistryCredential released", { credential, left: keptByTenants.union(harmless).size, forced });
}

const nothing: Left = { secrets: new Set(), kept: new Set(), unexplained: new Set(), harmless: new Set() };

function saysOf(
  { clock, settings, stores }: Context,
  credential: RegistryCredential,
  draining: Draining,
): Parameters<StatusWriter["write"]>[2] {
  const { status, spec } = credential;
  const snapshot: StatusSnapshot = {
    credential,
    told: { status, since: new Map() },
    now: clock.now(),
    entries: [],
    namespaces: [],
    leaving: [],
    missing: [],
    outdated: crdOutdated(stores.crds.get(crdName)),
    mode: modeText(settings.mode),
    held: undefined,
    // The name under which tenants were served stays: it is what the drain goes by.
    secretName: status?.secretName ?? spec.pullSecret.name,
    retiring: status?.retiring ?? [],
    extraReferences: status?.extraReferences ?? [],
    draining,
  };
  return { status: statusOf(snapshot), namespaces: snapshot.namespaces };
}

/** Why it cannot be said that nothing is left: where Secrets may not be seen, or have not been, their absence says nothing. */
function whyUnknown(context: Context, credential: RegistryCredential, waited: number): Unknown | undefined {
  const names = namesOf(context, credential);
  const failure = names.map((name) => context.permissions.whole(name)).find((each) => each !== undefined);
  if (failure) return { failure };
  const unseen = names.find((name) => !context.namesSynced(name));
  if (unseen === undefined) return undefined;
  return { failure: waited < worthTelling.total("milliseconds") ? undefined : notListed(unseen) };
}

/** All Secrets of these names are known, or may be seen again. */
function secretsOf(context: Context, credential: RegistryCredential): readonly [Waited, ...Waited[]] {
  const [first, ...others] = namesOf(context, credential).map((secretsCalled): Waited => ({ secretsCalled }));
  return [first ?? { secretsCalled: credential.spec.pullSecret.name }, ...others];
}

interface Unknown {
  /** Undefined while it may come in a moment. */
  readonly failure: Failure | undefined;
}

function unknownDraining({ clock }: Context, unknown: Unknown | undefined): Draining {
  const failure = unknown?.failure;
  return { left: undefined, blocked: failure ? [{ namespace: undefined, failure, since: clock.now() }] : [] };
}

function notListed(name: string): Failure {
  return failure("ApiUnavailable", {
    message: `the API server has not shown all Secrets called ${name} since the operator started, so that it is not known what is left: the operator's log says why`,
  });
}

function wasBlocked({ status }: RegistryCredential): boolean {
  return conditionOf(status, "DrainBlocked")?.status === "True";
}

function noteProgress(waiting: Waiting, { secrets, harmless }: Left, now: number): void {
  const count = secrets.size + harmless.size;
  if (count < waiting.fewest.count) waiting.fewest = { count, since: now };
}

/** Nothing is left to wait for: of what is, tenants have kept it for long enough. */
function isOver({ secrets, kept, unexplained, harmless }: Left, waiting: Waiting, now: number): boolean {
  for (const namespace of kept) if (!waiting.kept.has(namespace)) waiting.kept.set(namespace, now);
  const every = (test: (namespace: string) => boolean): boolean => {
    for (const namespace of secrets) if (!test(namespace)) return false;
    return true;
  };
  // One who keeps it only now and then starts nothing anew.
  waiting.last = every((namespace) => waiting.kept.has(namespace)) ? (waiting.last ?? now) : undefined;
  const isLong = (since: number | undefined, max = patience): boolean => since !== undefined && now - since >= max;
  const isKept = (namespace: string): boolean => {
    const since = waiting.kept.get(namespace);
    return kept.has(namespace) ? isLong(since) : unexplained.has(namespace) && isLong(since, patienceWithTurns);
  };
  return every(isKept) && (harmless.size === 0 || isLong(waiting.last));
}

function drainingOf(
  context: Context,
  credential: RegistryCredential,
  { secrets, harmless }: Left,
  { fewest }: Waiting,
): Draining {
  const left = secrets.union(harmless);
  const names = namesOf(context, credential);
  const blocked: HeldUp[] = [];
  for (const namespace of left) {
    for (const each of holdUps(context, credential, namespace, names)) blocked.push({ ...each, namespace });
  }
  const [first] = firstOf(left);
  const standsStill = context.clock.elapsed() - fewest.since >= longestStandstill;
  if (blocked.length === 0 && first !== undefined && standsStill) {
    blocked.push({ namespace: first, failure: standstill(first, names), since: context.clock.now() });
  }
  return { left: left.size, blocked };
}

function standstill(namespace: string, names: readonly string[]): Failure {
  const secrets = names.map((name) => `${namespace}/${name}`).join(", ");
  return failure("Draining", {
    message: `nothing has been refused, but nothing has gone for a while: the Secret ${secrets}, or a reference to it; the operator's log may say why`,
  });
}

/** What somebody must mend before the credential can leave the namespace, and whatever else has held it up for long. */
function holdUps(
  { statusCache, clock, permissions }: Context,
  { name, deletionTimestamp }: RegistryCredential,
  namespace: string,
  secretNames: readonly string[],
): readonly Omit<HeldUp, "namespace">[] {
  const deletedAt = deletionTimestamp ?? clock.now();
  // What ails others in a Secret that it shares does not keep it.
  const failures = [
    // What is out of reach is found by no run for one that is deleted.
    ...secretNames.flatMap((each) => permissions.secret(each, namespace) ?? []),
    ...secretNames.flatMap((each) => statusCache.secret(namespace, each)?.credentials.get(name)?.failures ?? []),
    ...(statusCache.references(namespace)?.failures ?? []),
  ];
  return failures
    .map((failure) => statusCache.lasting(namespace, failure))
    .filter(({ failure, since }) => {
      const began = Temporal.Instant.compare(since, deletedAt) < 0 ? deletedAt : since;
      const isLong = Temporal.Instant.compare(began.add(worthTelling), clock.now()) <= 0;
      return failure.retry === "slowly" || isForTenant(failure) || isLong;
    });
}

/** The first ones by name. */
function firstOf(names: Iterable<string>): readonly string[] {
  const first: string[] = [];
  for (const name of names) {
    first.push(name);
    first.sort();
    if (first.length > maxNamed) first.pop();
  }
  return first;
}
