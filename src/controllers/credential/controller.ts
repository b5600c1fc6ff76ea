// The credential controller: validates, counts, writes the status, and drains before the finalizer goes.
import { hasTrait } from "../../api/reasons.ts";
import { crdName, finalizer, forceFinalizeAnnotation } from "../../api/names.ts";
import type { RegistryCredential, Status } from "../../api/registry-credential.ts";
import type { Failure } from "../../runtime/errors.ts";
import { isAnotherSchema } from "../changes.ts";
import { crdOutdated } from "../crd-outdated.ts";
import { extraReferences, rememberedExtras } from "../../entitlement/extra-references.ts";
import { grantsOf, isFailure } from "../../providers/grant.ts";
import { modeText } from "../../cluster/install-mode.ts";
import { invalidStatus } from "./plan-invalid-status.ts";
import { recordedReferences } from "../service-account/plan.ts";
import { statusOf } from "./plan-status.ts";
import type { EntryView, GrantView, Lasting, NamespaceView } from "./status-snapshot.ts";
import type { Token } from "../../cluster/token.ts";
import { type Told, toldSince } from "./plan-reported-status.ts";
import type { Controller } from "../../runtime/queue/controllers.ts";
import type { Outcome } from "../../runtime/queue/work-queue.ts";
import type { Context } from "../context.ts";
import { partsOf } from "../keys.ts";
import { drainer } from "./drain.ts";
import { namespaceView } from "./namespace-view.ts";
import { done, failed, earliest, waitsFor } from "../outcome.ts";
import { type Pace, pace } from "../../runtime/queue/pace.ts";
import { deniedRemovals } from "./denied-removals.ts";
import { renameGraceOf } from "./rename-grace.ts";
import { finalizerKeeper, setFinalizers } from "./set-finalizers.ts";
import { reportDenial, reportSchema } from "./report.ts";
import { beginRecord } from "../members/controller.ts";
import type { Attempts } from "../token/grant-tracker.ts";
import { credentialWatches, eachCredential } from "./watches.ts";
import { statusWriter } from "./write-status.ts";

export interface CredentialLoop {
  (context: Context, name: string, signal: AbortSignal): Promise<Outcome>;
}

// After a start every namespace is looked at once, and each token that is due asked for, before a status says anything else than
// it did: a restart writes nothing, whatever fails. An attempt may take as long as a run (src/operator/controllers.ts). What
// takes longer sees the counts change.
const settleTime = 60_000;
const lookAgain = 1_000;

export function credentialController(context: Context): Controller {
  const { stores } = context;
  const run = credentialLoop();
  return {
    name: "credential",
    watches: credentialWatches(context),
    initial: () => eachCredential(stores.credentials.values()),
    begin: () => {
      const installed = stores.crds.get(crdName);
      if (installed) reportSchema(context, installed);
      stores.crds.subscribe((change) => {
        if (isAnotherSchema(change)) reportSchema(context, change.after);
      });
    },
    reconcile: (key, signal) => run(context, partsOf(key)[0], signal),
  };
}

export function credentialLoop(): CredentialLoop {
  let startedAt: number | undefined;
  let counting: Pace | undefined;
  const statuses = statusWriter();
  const finalizers = finalizerKeeper();
  const drain = drainer(statuses);
  // By name, while the RegistryCredential is there.
  const memories = new Map<string, Memory>();
  // Of specs that cannot be read, whose status cannot be compared either: the problems that were told.
  const told = new Map<string, string>();

  return async (context, name, signal) => {
    startedAt ??= context.clock.elapsed();
    const sighting = context.stores.credentials.look(name);
    if (sighting.kind !== "there") {
      if (sighting.kind !== "absent") return waitsFor({ of: "credentials", object: name });
      context.metrics.forget(name, sighting);
      counting?.forget(name);
      memories.delete(name);
      told.delete(name);
      statuses.forget(name, sighting);
      finalizers.forget(name, sighting);
      return earliest(context.credentialIndex.drainedFor(name));
    }
    const { record } = sighting;
    const credential = context.credentialIndex.readable(name);
    try {
      if (credential?.deletionTimestamp) return await drain(context, record, credential, signal);
      if (!record.credential || !credential) {
        if (record.deleting && record.annotations[forceFinalizeAnnotation] === "true") {
          await setFinalizers(
            context,
            record,
            record.finalizers.filter((each) => each !== finalizer),
            signal,
          );
          return done;
        }
        const problems = `${record.uid} ${record.generation} ${record.problems.join()}`;
        if (told.get(name) === problems) return waitsFor({ of: "credentials", object: name });
        const says = { status: invalidStatus(record, context.clock.now()), namespaces: [] };
        await statuses.write(context, { record, credential: undefined }, says, signal);
        told.set(name, problems);
        return done;
      }
      told.delete(name);
      const isRecorded = beginRecord(context, credential);
      // Where nothing can be written there is nothing to drain either.
      const outOfReach = context.permissions.name(credential.spec.pullSecret.name) !== undefined;
      let refused: Failure | undefined;
      if (!credential.finalizers.includes(finalizer) && !outOfReach) {
        refused = await finalizers.put(context, credential, signal);
        if (!refused) return earliest(lookAgain);
        reportDenial(context, record, refused);
      }
      const later = (...waits: readonly (number | undefined)[]): Outcome =>
        refused ? failed(refused, { of: "credentials", object: name }) : earliest(...waits);
      // After an upgrade from a release without a record. Once a status told of the spec as it is, nobody would look for those
      // who would lose it by its last change.
      if (!isRecorded) {
        const formerNames = context.credentialIndex
          .namesOf(name)
          .map(({ secretName }) => ({ secretsCalled: secretName }));
        return waitsFor({ secretsCalled: credential.spec.pullSecret.name }, ...formerNames);
      }
      const { observedGeneration, operatorNamespace } = credential.status ?? {};
      const isOurs = operatorNamespace === undefined || operatorNamespace === context.settings.namespace;
      const fresh = isOurs && observedGeneration === credential.generation;
      counting ??= pace(context.clock);
      const rest = counting.rest(name);
      if (fresh && rest > 0) return later(rest);
      const began = context.clock.elapsed();
      const views = await viewsOf(context, credential);
      const pending = views.namespaces.some((view) => view.pending);
      const memory = memoryOf(memories, context, credential, fresh);
      const settling = startedAt + settleTime - context.clock.elapsed();
      memory.settles &&= settling > 0 && isUnsettled(views);
      // An attempt at a token is no finding of a namespace.
      if (memory.settles && fresh)
        return { ...later(Math.min(settling, lookAgain)), ...(!refused && waitsFor({ findings: name })) };
      const { retiring, nextGraceEnd } = await renameGraceOf(context, credential);
      const extraReferences = await extrasOf(context, credential);
      const leaving = await deniedRemovals(context, credential);
      const status = statusOf({
        credential,
        told: memory,
        now: context.clock.now(),
        ...views,
        leaving,
        missing: [...context.permissions.others(credential), ...(refused ? [refused] : [])],
        outdated: crdOutdated(context.stores.crds.get(crdName)),
        mode: modeText(context.settings.mode),
        held: context.credentialIndex.held(name),
        // While nothing can be written under a new name, the one that tenants are served under is no former one.
        ...(outOfReach
          ? { secretName: credential.status?.secretName, retiring: credential.status?.retiring ?? [] }
          : { secretName: credential.spec.pullSecret.name, retiring }),
        extraReferences,
        draining: undefined,
      });
      memory.status = status;
      counting.ended(name, began, context.stores.credentials.size);
      const says = { status, namespaces: views.namespaces };
      const wait = await statuses.write(context, { record, credential }, says, signal);
      return { ...later(nextGraceEnd, wait), ...(pending && !refused && waitsFor({ findings: name })) };
    } catch (error) {
      const { kind, failure } = context.refusal(error, `update the RegistryCredential ${name}`);
      if (kind === "notFound") return done;
      if (kind !== "conflict") reportDenial(context, record, failure);
      return failed(failure, { of: "credentials", object: name });
    }
  };
}

/** What was told of a RegistryCredential. The status that the object has counts once: after that it is this program's own. */
interface Memory extends Told {
  readonly uid: string;
  status: Status | undefined;
  /** It has not been found again since the start what its status says. */
  settles: boolean;
}

function memoryOf(
  memories: Map<string, Memory>,
  { clock }: Context,
  { name, uid, status, creationTimestamp }: RegistryCredential,
  isTold: boolean,
): Memory {
  const known = memories.get(name);
  if (known?.uid === uid) return known;
  const since = toldSince(status, creationTimestamp, clock.now());
  const made: Memory = { uid, status, since, settles: isTold };
  memories.set(name, made);
  return made;
}

function isUnsettled({ entries, namespaces }: Views): boolean {
  const isComing = ({ failure }: Lasting): boolean => hasTrait(failure, "passing");
  return (
    entries.some(({ grants }) => grants.some(({ awaited }) => awaited)) ||
    namespaces.some(({ pending, failures }) => pending || failures.some(isComing))
  );
}

interface Views {
  readonly entries: readonly EntryView[];
  readonly namespaces: readonly NamespaceView[];
}

async function viewsOf(context: Context, credential: RegistryCredential): Promise<Views> {
  const { stores, credentialIndex, statusCache, tokens } = context;
  const secretName = credential.spec.pullSecret.name;
  const grants = new Map(credential.spec.registries.map(({ name }) => [name, new Map<string, GrantView>()]));
  const namespaces: NamespaceView[] = [];
  await context.inSlices(stores.namespaces.values(), (namespace) => {
    if (namespace.terminating || !credentialIndex.entitled(credential, namespace)) return;
    const scope = context.scopeOf(namespace);
    const isPermitted = context.permissions.secret(secretName, namespace.name) === undefined;
    for (const entry of isPermitted ? credential.spec.registries : []) {
      const views = grants.get(entry.name);
      for (const { grant } of grantsOf(entry, scope)) {
        if (isFailure(grant) || !views) continue;
        const key = context.grantKey(grant);
        if (!views.has(key)) views.set(key, grantView(tokens.token(key), tokens.attempts(key)));
      }
    }
    namespaces.push(namespaceView(statusCache, credential, namespace.name));
  });
  return {
    namespaces,
    entries: [...grants].map(([name, views]) => ({ name, grants: [...views.values()] })),
  };
}

function grantView(token: Token | undefined, attempts: Attempts | undefined): GrantView {
  return { token, failure: attempts?.failure, awaited: attempts !== undefined && !attempts.ended };
}

/** The records are read only where something was taken out of the spec. */
async function extrasOf(
  { inSlices, stores, permissions }: Context,
  credential: RegistryCredential,
): Promise<readonly string[]> {
  const extras = extraReferences(credential);
  const recorded = new Set<string>();
  if (extras.former.length > 0) {
    // Where the accounts may not be seen, some may have it.
    if ([...stores.namespaces.values()].some(({ name }) => permissions.serviceAccounts(name) !== undefined))
      return rememberedExtras(extras, new Set(extras.former));
    await inSlices(stores.serviceAccounts.values(), ({ record, terminating }) => {
      if (!terminating) for (const name of recordedReferences(record)) recorded.add(name);
    });
  }
  return rememberedExtras(extras, recorded);
}
