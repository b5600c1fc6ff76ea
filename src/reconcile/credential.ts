// How does a RegistryCredential fare, may its finalizer go, and what does its status say?
import { crdName, finalizer, forceFinalizeAnnotation } from "../api/names.ts";
import type { RegistryCredential, Status } from "../api/registry-credential.ts";
import { crdOutdated } from "../plan/crd-outdated.ts";
import { extraReferences, rememberedExtras } from "../plan/extra-references.ts";
import { grantsOf, isFailure } from "../plan/grant.ts";
import { modeText } from "../plan/mode.ts";
import { invalidStatus } from "../plan/invalid-status.ts";
import { secretKey } from "../plan/keys.ts";
import { recordedReferences } from "../plan/references.ts";
import { retiringStatus } from "../plan/retirement.ts";
import { statusOf } from "../plan/status.ts";
import type { EntryView, GrantView, NamespaceView } from "../plan/status-snapshot.ts";
import type { Outcome } from "../queue/work-queue.ts";
import type { Context } from "./context.ts";
import { drainer } from "./drain.ts";
import { namespaceView } from "./namespace-view.ts";
import { done, failed, soonest, waitsFor } from "./outcome.ts";
import { type Pace, pace } from "./pace.ts";
import { setFinalizers } from "./set-finalizers.ts";
import { beginRecord } from "./store-members.ts";
import { writeStatus } from "./write-status.ts";
import { toldText } from "../steps.ts";

export interface CredentialLoop {
  (context: Context, name: string, signal: AbortSignal): Promise<Outcome>;
}

// After a start every namespace is looked at once before a status says how many are served: a restart with nothing to do
// writes nothing. A large cluster that takes longer sees the count rise.
const settleTime = 10_000;
const lookAgain = 1_000;

export function credentialLoop(): CredentialLoop {
  let startedAt: number | undefined;
  let counting: Pace | undefined;
  const drain = drainer();
  // Of specs that cannot be read, whose status cannot be compared either: the problems that were told.
  const told = new Map<string, string>();

  return async (context, name, signal) => {
    startedAt ??= context.clock.elapsed();
    const sighting = context.stores.credentials.look(name);
    if (sighting.kind !== "there") {
      if (sighting.kind !== "absent") return waitsFor({ of: "credentials", object: name });
      context.metrics.forget(name, sighting);
      counting?.forget(name);
      return soonest(context.entitlements.drainedFor(name));
    }
    const { record } = sighting;
    const credential = context.entitlements.readable(name);
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
        const problems = `${record.generation} ${record.problems.join()}`;
        if (told.get(name) === problems) return waitsFor({ of: "credentials", object: name });
        await writeStatus(context, record, undefined, invalidStatus(record, context.clock.now()), [], signal);
        told.set(name, problems);
        return done;
      }
      told.delete(name);
      const isRecorded = beginRecord(context, credential);
      // Where nothing can be written there is nothing to drain either.
      const outOfReach = context.reach.name(credential.spec.pullSecret.name) !== undefined;
      if (!credential.finalizers.includes(finalizer) && !outOfReach) {
        await setFinalizers(context, credential, [...credential.finalizers, finalizer], signal);
        return soonest(lookAgain);
      }
      // After an upgrade from a release without a record. Once a status told of the spec as it is, nobody would look for those
      // who would lose it by its last change.
      if (!isRecorded) {
        const formerNames = context.entitlements.namesOf(name).map(({ secretName }) => ({ secretsCalled: secretName }));
        return waitsFor({ secretsCalled: credential.spec.pullSecret.name }, ...formerNames);
      }
      const { observedGeneration, operatorNamespace } = credential.status ?? {};
      const isOurs = operatorNamespace === undefined || operatorNamespace === context.settings.namespace;
      const fresh = isOurs && observedGeneration === credential.generation;
      counting ??= pace(context.clock);
      const rest = counting.rest(name);
      if (fresh && rest > 0) return soonest(rest);
      const began = context.clock.elapsed();
      const views = viewsOf(context, credential);
      const pending = views.namespaces.some((view) => view.pending);
      const settling = startedAt + settleTime - context.clock.elapsed();
      if (pending && fresh && settling > 0) return { ...soonest(settling), ...waitsFor({ findings: name }) };
      const { retiring, nextRetirement } = retirementOf(context, credential);
      const status = statusOf({
        credential,
        now: context.clock.now(),
        ...views,
        lacking: context.reach.others(credential),
        outdated: crdOutdated(context.stores.crds.get(crdName)),
        mode: modeText(context.settings.mode),
        held: context.entitlements.held(name),
        // While nothing can be written under a new name, the one that tenants are served under is no former one.
        ...(outOfReach
          ? { secretName: credential.status?.secretName, retiring: credential.status?.retiring ?? [] }
          : { secretName: credential.spec.pullSecret.name, retiring }),
        extraReferences: extrasOf(context, credential),
        draining: undefined,
      });
      counting.ended(name, began, context.stores.credentials.size);
      await writeStatus(context, record, credential, status, views.namespaces, signal);
      return { ...soonest(nextRetirement), ...(pending && waitsFor({ findings: name })) };
    } catch (error) {
      const { kind, failure } = context.refusal(error, `update the RegistryCredential ${name}`);
      if (kind === "notFound") return done;
      if (kind !== "conflict")
        context.log.warn("RegistryCredential not updated", {
          credential: name,
          reason: failure.reason,
          detail: toldText(failure),
        });
      return failed(failure, { of: "credentials", object: name });
    }
  };
}

function viewsOf(
  context: Context,
  credential: RegistryCredential,
): { entries: EntryView[]; namespaces: NamespaceView[] } {
  const { stores, entitlements, board, tokens } = context;
  const secretName = credential.spec.pullSecret.name;
  const grants = new Map(credential.spec.registries.map(({ name }) => [name, new Map<string, GrantView>()]));
  const namespaces: NamespaceView[] = [];
  for (const namespace of stores.namespaces.values()) {
    if (namespace.terminating || !entitlements.entitled(credential, namespace)) continue;
    const scope = context.scopeOf(namespace);
    const isInReach = context.reach.secret(secretName, namespace.name) === undefined;
    for (const entry of isInReach ? credential.spec.registries : []) {
      const views = grants.get(entry.name);
      for (const { grant } of grantsOf(entry, scope)) {
        if (isFailure(grant) || !views) continue;
        const key = context.grantKey(grant);
        if (!views.has(key)) views.set(key, { token: tokens.token(key), failure: tokens.attempts(key)?.failure });
      }
    }
    namespaces.push(namespaceView(board, credential, namespace.name));
  }
  return {
    namespaces,
    entries: [...grants].map(([name, views]) => ({ name, grants: [...views.values()] })),
  };
}

/** Former names as the status lists them, and the milliseconds until the next one is over. */
function retirementOf(
  context: Context,
  credential: RegistryCredential,
): { retiring: Status["retiring"] & object; nextRetirement: number | undefined } {
  const { entitlements, stores, clock, enqueue } = context;
  const retired = entitlements.namesOf(credential.name);
  // One that may not be seen may be there.
  const mayStand = (key: string): boolean => {
    const secret = stores.pullSecrets.look(key);
    return secret.kind === "there" ? secret.record.credentials.includes(credential.name) : secret.kind !== "absent";
  };
  const holders = (secretName: string): string[] =>
    [...entitlements.mayHold(credential.name)].filter((namespace) => mayStand(`${namespace}/${secretName}`));
  for (const { secretName, over } of retired) {
    if (!over) continue;
    for (const namespace of holders(secretName))
      enqueue(secretKey(namespace, secretName), { lane: "bulk", flow: credential.name });
  }
  const waits = retired.filter(({ over }) => !over).map(({ until }) => until.since(clock.now()).total("milliseconds"));
  return {
    retiring: retiringStatus(
      retired,
      (secretName) => !context.namesSynced(secretName) || holders(secretName).length > 0,
    ),
    nextRetirement: waits.length > 0 ? Math.max(Math.min(...waits), lookAgain) : undefined,
  };
}

/** The records are read only where something was taken out of the spec. */
function extrasOf({ stores, reach }: Context, credential: RegistryCredential): readonly string[] {
  const extras = extraReferences(credential);
  const recorded = new Set<string>();
  if (extras.former.length > 0) {
    // Where the accounts may not be seen, some may have it.
    if ([...stores.namespaces.values()].some(({ name }) => reach.serviceAccounts(name) !== undefined))
      return rememberedExtras(extras, new Set(extras.former));
    for (const { record, terminating } of stores.serviceAccounts.values()) {
      if (!terminating) for (const name of recordedReferences(record)) recorded.add(name);
    }
  }
  return rememberedExtras(extras, recorded);
}
