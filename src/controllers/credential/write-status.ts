// Reports a status: as metrics, and written where it says something new, as a merge patch.
import { failure } from "../../api/reasons.ts";
import type { RegistryCredential, Status } from "../../api/registry-credential.ts";
import type { Failure } from "../../runtime/errors.ts";
import { afterWrite, contestedFor, type Reverts, waitBeforeWrite } from "../../runtime/queue/conflict-backoff.ts";
import type { KnownAbsent } from "../../runtime/watch/presence.ts";
import type { CredentialRecord } from "../../cluster/records.ts";
import type { NamespaceView } from "./status-snapshot.ts";
import type { Context } from "../context.ts";
import { publishTransitions, reportDenial } from "./report.ts";

/** Whose status, as it stands. */
export interface StatusPlace {
  readonly record: CredentialRecord;
  /** As it was read; undefined where it cannot be, and of its status only what is told here is looked at. */
  readonly credential: RegistryCredential | undefined;
}

export interface StatusWriter {
  /**
   * @param namespaces what the status counts
   * @returns milliseconds after which it is to be tried again, where somebody else keeps writing it; undefined: it stands
   */
  write(
    context: Context,
    place: StatusPlace,
    says: { readonly status: Status; readonly namespaces: readonly NamespaceView[] },
    signal: AbortSignal,
  ): Promise<number | undefined>;
  forget(name: string, gone: KnownAbsent): void;
}

// A person who tries out what a status may say edits it more often than any object of a tenant, and nobody waits for it meanwhile;
// a controller that reverts us has used them up in a second.
const freely = 30;

/** What is remembered of one status. */
interface Memory {
  readonly uid: string;
  /** As it stood after our last write. */
  readonly written: Status;
  /** Of what somebody else has made of it since. */
  readonly reverts: Reverts | undefined;
}

export function statusWriter(): StatusWriter {
  // By name, while the RegistryCredential is there.
  const memories = new Map<string, Memory>();
  return {
    write: async (context, place, { status: says, namespaces }, signal) => {
      const { record, credential } = place;
      const { clock, settings, metrics, api, transforms, stores } = context;
      const status = { ...says, operatorNamespace: settings.namespace };
      // Of a spec that cannot be read the metrics stay: tenants keep what they had, and it still ends when it ends.
      if (credential) metrics.publish(credential, status, namespaces);
      const before = credential ? (credential.status ?? {}) : pick(record.status ?? {}, Object.keys(status));
      if (sameJson(before, status) && record.statusDamaged !== true) return undefined;
      const { name, uid, generation, resourceVersion } = record;
      const known = memories.get(name);
      const last = known?.uid === uid ? known : undefined;
      const isUndone = last !== undefined && !sameJson(last.written, record.status ?? {});
      // A spec that changes is told at once, whoever else writes here.
      const purpose = `${generation}`;
      const wait = isUndone ? waitBeforeWrite(last.reverts, purpose, clock.elapsed(), freely) : 0;
      if (wait > 0) return wait;
      const patch = { metadata: { resourceVersion }, status: withRemovals(before, status) };
      const written = transforms.credential(await api.patchCredentialStatus(name, patch, signal));
      if (written) {
        stores.credentials.wrote(written);
        const reverts = isUndone ? afterWrite(last.reverts, purpose, clock.elapsed()) : last?.reverts;
        memories.set(name, { uid, written: written.status ?? {}, reverts });
        const fight = contestedFor(reverts, clock.elapsed(), freely);
        if (isUndone && fight !== undefined) {
          context.statusCache.contested(name, fight);
          reportDenial(context, record, contested);
        }
      }
      publishTransitions(context, record, last?.written ?? before, status);
      return undefined;
    },
    forget: (name) => void memories.delete(name),
  };
}

const contested: Failure = failure("Contested", {
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
