// Patches the imagePullSecrets of ServiceAccounts, a few in each run: plan, wait where somebody keeps reverting it, write.
import { failure } from "../../api/reasons.ts";
import { referencesAnnotation } from "../../api/names.ts";
import type { Failure } from "../../runtime/errors.ts";
import type { ServiceAccountObject } from "../../cluster/cluster-api.ts";
import { afterWrite, contestedFor, type Reverts, waitBeforeWrite } from "../../runtime/queue/conflict-backoff.ts";
import type { FieldsEntry } from "../../cluster/managed-fields.ts";
import { planReferences } from "./plan.ts";
import type { ServiceAccountRecord } from "../../cluster/records.ts";
import { othersFieldsIn } from "../../cluster/transform/managed-fields.ts";
import type { Context } from "../context.ts";
import { writer } from "../keys.ts";
import { alwaysTooLate, lostAgain, type LostRaces } from "../lost-races.ts";
import { metered } from "../../cluster/metered-api.ts";
import type { ObservedReferences, WantedReferences } from "./observe.ts";
import type { ReferencesRound } from "./round.ts";

/** What came of one ServiceAccount. */
export interface PatchResult {
  /** Writes that were needed lately; undefined where there was none. */
  readonly reverts: Reverts | undefined;
  /** Writes that came too late lately; undefined where the last one did not. */
  readonly lost?: LostRaces | undefined;
  /** Worth telling. */
  readonly failure?: Failure;
  /** Why to come back, though it is not worth telling. */
  readonly retry?: Failure;
  /** Milliseconds after which to look again. */
  readonly wait?: number;
  /** Its list is too large even to be read, and it is left alone. */
  readonly tooLarge?: true;
  /** The namespace is going or gone: nothing in it is worth another call. */
  readonly namespaceGone?: true;
}

// A run is short, whatever its namespace holds, because others wait for its place: some 50 ms of an API server that has
// time, a few milliseconds of our own.
const maxUnits = 10;
const maxLookedAt = 1_000;
/** Milliseconds. Where the API server is slow, a run ends after this and one more request. */
const longestRun = 250;

/** As many of the round as one run may take. */
export async function applyRound(
  context: Context,
  round: ReferencesRound,
  observed: ObservedReferences,
  signal: AbortSignal,
): Promise<{ readonly ended: "round" | "early" | "namespaceGone"; readonly lookedAt: number }> {
  const { clock } = context.runtime;
  const { api, cost } = metered(context.cluster.api);
  const { formerExtras } = observed;
  const began = clock.elapsed();
  round.want(observed.text);
  let lookedAt = 0;
  for (let account = round.next(); account; account = round.next()) {
    if (lookedAt >= maxLookedAt || cost() >= maxUnits || clock.elapsed() - began >= longestRun) {
      round.putBack(account);
      return { ended: "early", lookedAt };
    }
    const wanted = { ...observed.of(account), formerExtras };
    const result = await patchReferences(
      { ...context, cluster: { ...context.cluster, api } },
      account,
      { ...wanted, ...round.before(account) },
      signal,
    );
    if (result.namespaceGone) return { ended: "namespaceGone", lookedAt };
    round.looked(account, result);
    lookedAt += 1;
  }
  return { ended: "round", lookedAt };
}

/** What a former run has found, and left. */
type ReferencesBefore = Pick<PatchResult, "reverts" | "lost"> & { readonly formerExtras: ReadonlySet<string> };

export async function patchReferences(
  context: Context,
  serviceAccount: ServiceAccountRecord,
  { reverts, lost, ...wanted }: WantedReferences & ReferencesBefore,
  signal: AbortSignal,
): Promise<PatchResult> {
  const { api, stores, transforms } = context.cluster;
  const { clock, log } = context.runtime;
  const { namespace, name, resourceVersion } = serviceAccount;
  const snapshot = { ...wanted, serviceAccount };
  const purpose = purposeOf(wanted);
  let counted = reverts;
  if (serviceAccount.tooLarge) return isWanted(wanted) ? { reverts, tooLarge: true } : { reverts };
  try {
    let plan = planReferences({ ...snapshot, references: undefined });
    let others: readonly FieldsEntry[] | undefined;
    if (plan.kind === "read" || (plan.kind !== "none" && serviceAccount.othersApply)) {
      const object = await api.getServiceAccount(namespace, name, signal);
      if (object?.metadata.resourceVersion !== resourceVersion) {
        // Changed since: the store that knows it now, or the event that says so, queues the namespace again.
        stores.serviceAccounts.found(serviceAccount, object && transforms.serviceAccount(object));
        return { reverts };
      }
      plan = planReferences({ ...snapshot, references: namesIn(object) });
      others = othersFieldsIn(object);
    }
    const isWrite = plan.kind === "patch" || (plan.kind === "giveUp" && others !== undefined);
    if (!isWrite) return settled(reverts, name, clock.elapsed());
    const wait = waitBeforeWrite(reverts, purpose, clock.elapsed());
    if (wait > 0) return { ...settled(reverts, name, clock.elapsed()), wait };
    const send = patching(context, serviceAccount, signal);
    let version: string | undefined = resourceVersion;
    if (plan.kind === "patch") {
      const { added, removed } = plan;
      version = await send({
        metadata: { resourceVersion, annotations: { [referencesAnnotation]: plan.record } },
        imagePullSecrets: plan.references.map((reference) => ({ name: reference })),
      });
      log.debug("references written", { namespace, serviceAccount: name, added, removed });
      // Whatever becomes of the rest: whoever undoes it each time is not to be answered each time at once.
      counted = afterWrite(reverts, purpose, clock.elapsed());
    }
    // A request of its own: whatever the one that writes a field says, the field is its.
    if (others && version) await send({ metadata: { resourceVersion: version, managedFields: others } });
    return settled(afterWrite(reverts, purpose, clock.elapsed()), name, clock.elapsed());
  } catch (error) {
    const { kind, failure } = context.cluster.callFailure(error, `patch the ServiceAccount ${namespace}/${name}`);
    if (kind === "namespaceTerminating" || kind === "namespaceNotFound")
      return { reverts: counted, namespaceGone: true };
    if (kind === "notFound") return { reverts: counted };
    if (kind === "tooLarge") return { reverts: counted, tooLarge: true };
    if (kind !== "conflict") return { reverts: counted, retry: failure, failure };
    // A stale version is no failure to tell, unless it always is: the event that made it stale is on its way.
    const again = lostAgain(lost, resourceVersion);
    const always = alwaysTooLate(again, { kind: "ServiceAccount", namespace, name });
    return { reverts: counted, retry: failure, lost: again, ...(always && { failure: always }) };
  }
}

/** Sends a patch, and gives the version that it has made. */
function patching(
  { cluster: { api, stores, transforms } }: Context,
  { key, namespace, name }: ServiceAccountRecord,
  signal: AbortSignal,
): (patch: object) => Promise<string | undefined> {
  return async (patch) => {
    // The round looks at it as it is now.
    const written = await stores.serviceAccounts.send(key, writer.references, async () =>
      transforms.serviceAccount(await api.patchServiceAccount(namespace, name, patch, signal)),
    );
    return written?.resourceVersion;
  };
}

/** Equal for as long as the same is wanted, so that a fight is told from a change of mind. */
function purposeOf({ secrets, extras }: WantedReferences): string {
  return JSON.stringify([secrets.filter(({ wanted, usable }) => wanted && usable).map(({ name }) => name), extras]);
}

/** A fight is told for as long as it lasts. */
function settled(reverts: Reverts | undefined, name: string, now: number): PatchResult {
  const fight = contestedFor(reverts, now);
  return fight === undefined ? { reverts } : { reverts, failure: contested(name), wait: fight };
}

function isWanted({ secrets, extras }: WantedReferences): boolean {
  return extras.length > 0 || secrets.some(({ wanted, usable, leaving }) => wanted && usable && !leaving);
}

function namesIn({ imagePullSecrets }: ServiceAccountObject): readonly string[] {
  // One without a name is foreign, and stays in its place.
  return (imagePullSecrets ?? []).map(({ name }) => name ?? "");
}

function contested(serviceAccount: string): Failure {
  return failure("Contested", {
    message: `somebody keeps taking the reference off the ServiceAccount ${serviceAccount}: let them ignore it, for example in Argo CD with ignoreDifferences: [{kind: ServiceAccount, name: ${serviceAccount}, jsonPointers: [/imagePullSecrets]}], or name the pull Secret in the list that they apply`,
  });
}
