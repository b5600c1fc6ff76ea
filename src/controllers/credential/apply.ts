// Writes to a RegistryCredential: its finalizers, and its status where it says something new.
import { finalizer } from "../../api/names.ts";
import { failure } from "../../api/reasons.ts";
import type { Status } from "../../api/registry-credential.ts";
import type { Failure } from "../../runtime/errors.ts";
import { afterWrite, contestedFor, waitBeforeWrite } from "../../runtime/queue/conflict-backoff.ts";
import type { ReadableRun, Run } from "./run.ts";
import type { TroubleGroup } from "./plan-types.ts";
import { publishTransitions, reportDenial } from "./report.ts";

export async function setFinalizers(
  { context, record: { name, resourceVersion } }: Pick<Run, "context" | "record">,
  finalizers: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const answer = await context.cluster.api.patchCredential(name, { metadata: { resourceVersion, finalizers } }, signal);
  const written = context.cluster.transforms.credential(answer);
  // Without its last finalizer an object in deletion is gone; the watch says so.
  if (written && !(written.deleting && finalizers.length === 0)) context.cluster.stores.credentials.wrote(written);
}

/** Puts ours on. @returns why it is not there, which its status is to tell: whoever refuses it is the platform's */
export async function putFinalizer(run: ReadableRun, signal: AbortSignal): Promise<Failure | undefined> {
  const { context, credential, memory } = run;
  const { name, uid, finalizers } = credential;
  const now = context.runtime.clock.elapsed();
  if (waitBeforeWrite(memory.finalizerReverts, uid, now) > 0) return finalizerContested;
  try {
    await setFinalizers(run, [...finalizers, finalizer], signal);
    memory.finalizerReverts = afterWrite(memory.finalizerReverts, uid, now);
    const fight = contestedFor(memory.finalizerReverts, now);
    if (fight !== undefined) context.credentials.statusCache.contested(name, fight);
    return undefined;
  } catch (error) {
    const denied = context.cluster.callFailure(error, `put the finalizer on the RegistryCredential ${name}`).failure;
    if (denied.retry !== "slowly") throw error;
    const { reason, retry, message, steps } = denied;
    return { reason, cause: "Platform", retry, message, ...(steps && { steps }) };
  }
}

const finalizerContested = failure("Contested", {
  cause: "Platform",
  retry: "slowly",
  message: `somebody keeps taking the finalizer ${finalizer} off: let them leave metadata.finalizers alone; until then what tenants have stays as it is, and is not renewed`,
});

/** A status, and the namespaces that fail. */
export interface StatusChange {
  readonly status: Status;
  readonly failing: readonly TroubleGroup[];
  /** Milliseconds for which it may wait; asked where there is something to write. Default: it waits for nobody. */
  readonly rest?: (() => number) | undefined;
}

// A person who tries out what a status may say edits it more often than any object of a tenant, and nobody waits for it meanwhile;
// a controller that reverts us has used them up in a second.
const freely = 30;

/**
 * Reports a status: as metrics, and written where it says something new, as a merge patch. Of a RegistryCredential that cannot be read
 * only what is told here is compared.
 * @returns milliseconds after which it is to be tried again, where somebody else keeps writing it, or it rests; undefined: it stands
 */
export async function writeStatus(
  { context, record, credential, memory }: Run,
  { status: reported, failing, rest = () => 0 }: StatusChange,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { clock, metrics } = context.runtime;
  const { api, transforms, stores } = context.cluster;
  const { settings } = context;
  const status = { ...reported, operatorNamespace: settings.namespace };
  // Of a spec that cannot be read the metrics stay: tenants keep what they had, and it still ends when it ends.
  if (credential) metrics.publish(credential, status, failing);
  const before = credential ? (credential.status ?? {}) : pick(record.status ?? {}, Object.keys(status));
  if (sameJson(before, status) && record.statusDamaged !== true) return undefined;
  const resting = rest();
  if (resting > 0) return resting;
  const { name, generation, resourceVersion } = record;
  const last = memory.written;
  const isUndone = last !== undefined && !sameJson(last.status, record.status ?? {});
  // A spec that changes is told at once, whoever else writes here.
  const purpose = `${generation}`;
  const wait = isUndone ? waitBeforeWrite(last.reverts, purpose, clock.elapsed(), freely) : 0;
  if (wait > 0) return wait;
  const patch = { metadata: { resourceVersion }, status: withRemovals(before, status) };
  const written = transforms.credential(await api.patchCredentialStatus(name, patch, signal));
  if (written) {
    stores.credentials.wrote(written);
    const reverts = isUndone ? afterWrite(last.reverts, purpose, clock.elapsed()) : last?.reverts;
    memory.written = { status: written.status ?? {}, reverts };
    const fight = contestedFor(reverts, clock.elapsed(), freely);
    if (isUndone && fight !== undefined) {
      context.credentials.statusCache.contested(name, fight);
      reportDenial(context, record, statusContested);
    }
  }
  publishTransitions(context, record, last?.status ?? before, status);
  return undefined;
}

const statusContested = failure("Contested", {
  cause: "Platform",
  retry: "slowly",
  message:
    "somebody else keeps writing the status of this RegistryCredential, which is repaired ever more seldom: let them leave it alone, for example in Argo CD with ignoreDifferences: [{group: regcred.dev, kind: RegistryCredential, jsonPointers: [/status]}]",
});

function pick(status: Status, keys: readonly string[]): Status {
  return Object.fromEntries(Object.entries(status).filter(([key]) => keys.includes(key)));
}

/** A merge patch keeps what it does not name. */
function withRemovals(before: Status, after: Status): object {
  const gone = Object.keys(before).filter((key) => !(key in after));
  return { ...Object.fromEntries(gone.map((key) => [key, null])), ...after };
}

/** As JSON, without members that say nothing, in any order. */
function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const [ours, theirs] = [a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>];
  return Object.keys({ ...ours, ...theirs }).every((key) => sameJson(ours[key], theirs[key]));
}
