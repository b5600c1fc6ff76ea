// One run of the credential controller: which RegistryCredential it is about, and what is remembered of it from the runs before.
import type { Reported } from "./plan-types.ts";
import { earliest, waitsFor, type Waited } from "../outcome.ts";
import { memory, type Memory } from "../../runtime/queue/memory.ts";
import { type Pace, pace } from "../../runtime/queue/pace.ts";
import type { Outcome } from "../../runtime/queue/work-queue.ts";
import { restForLook, type Waiting } from "./plan-drain.ts";
import { type Progress, progressOf } from "./progress.ts";
import type { Reverts } from "../../runtime/queue/conflict-backoff.ts";
import type { RegistryCredential } from "../../api/registry-credential.ts";
import type { CredentialRecord } from "../../cluster/records.ts";
import type { Context } from "../context.ts";

/** One run, for one RegistryCredential. */
export interface Run {
  readonly context: Context;
  readonly record: CredentialRecord;
  /** As it was read, or last could be; undefined where it never could be. */
  readonly credential: RegistryCredential | undefined;
  /** Changed in place. */
  readonly memory: CredentialMemory;
}

export type ReadableRun = Run & { readonly credential: RegistryCredential };

/** What is remembered between runs of the RegistryCredential with this uid, while it is there. */
export interface CredentialMemory {
  readonly uid: string;
  /** The status that the object has counts once: after that what was told is this program's own. */
  reported?: Reported;
  /** It has not been found again since the start what its status says. */
  settles?: boolean;
  /** Of a spec that cannot be read, whose status cannot be compared either: the problems that were told. */
  problems?: string | undefined;
  /** The status as it stood after our last write, and what somebody else has made of it since. */
  written?: { readonly status: NonNullable<CredentialRecord["status"]>; readonly reverts: Reverts | undefined };
  /** How often somebody has taken the finalizer off. */
  finalizerReverts?: Reverts;
  /** Of its deletion. */
  waiting?: Waiting;
  /** What it has left in namespaces and accounts, as far as it has been looked at. */
  looks?: Looks;
}

/** By what was looked for: what was found, and until when, in elapsed milliseconds, that is enough. */
export type Looks = Map<string, { readonly found: unknown; readonly until: number }>;

/** What was found the last time, or is found now, where that was long enough ago. @param look gives also at how many things it has looked */
export async function seldom<Found>(
  looks: Looks,
  what: string,
  { elapsed }: Pick<Context["runtime"]["clock"], "elapsed">,
  look: () => Promise<{ readonly found: Found; readonly of: number }>,
): Promise<Found> {
  const before = looks.get(what);
  if (before && elapsed() < before.until) return before.found as Found;
  const { found, of } = await look();
  looks.set(what, { found, until: elapsed() + restForLook(of) });
  return found;
}

/** Begins the run on the RegistryCredential of this name. An outcome instead: there is none, or it cannot be seen. */
export type BeginRun = (context: Context, name: string) => Run | Outcome;

export interface CredentialRuns {
  readonly begin: BeginRun;
  /** Of the first run. */
  readonly startedAt: number;
  /** How often each is counted. */
  readonly counting: Pace;
  /** How often each tells how far it is. */
  readonly progress: Progress;
}

export function credentialRuns(clock: Context["runtime"]["clock"]): CredentialRuns {
  const counting = pace(clock);
  const progress = progressOf(clock);
  const memories = memory<CredentialMemory>();
  return {
    startedAt: clock.elapsed(),
    counting,
    progress,
    begin: (context, name) => {
      const { index: credentialIndex } = context.credentials;
      const sighting = context.cluster.stores.credentials.look(name);
      if (sighting.kind === "absent") {
        context.runtime.metrics.forget(name, sighting);
        counting.forget(name);
        progress.told(name);
        memories.forget(name);
        return earliest(credentialIndex.drainedFor(name));
      }
      if (sighting.kind !== "there") return waitsFor(itself(name));
      const { record } = sighting;
      return { context, record, credential: credentialIndex.readable(name), memory: memoryOf(memories, record) };
    },
  };
}

/** One that is made anew under its name is another one. */
export function memoryOf(memories: Memory<CredentialMemory>, { name, uid }: CredentialRecord): CredentialMemory {
  const known = memories.get(name);
  if (known?.uid === uid) return known;
  const made = { uid };
  memories.set(name, made);
  return made;
}

export const itself = (name: string): Waited => ({ of: "credentials", object: name });
