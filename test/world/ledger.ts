// What is remembered of a history, to judge what the operator writes next.
import type { RegistryCredential } from "../../src/api/registry-credential.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import type { ModelServer } from "../../src/cluster/in-memory/in-memory-server.ts";
import { type Past, past } from "./past.ts";
import type { PlayedCloud } from "./played-cloud.ts";
import { reader, truthOf } from "./truth.ts";
import { type SystemNamespace, systemNamespaces } from "./words.ts";

// Of a call (src/cluster/cluster-objects.ts), after those by which the references to a Secret that goes are taken off
// (src/controllers/service-account/report.ts).
const lateness = 5_000 + 10_000;
/** Who is drained is known for so long: src/entitlement/names-in-use.ts. */
export const drainedMemory = 20 * 60_000;

export interface LedgerOptions {
  readonly server: ModelServer;
  readonly clock: Clock;
  readonly cloud: PlayedCloud;
  readonly home: () => SystemNamespace;
  /** How far back lies what the operator may believe still, in elapsed milliseconds. */
  readonly believedSince: () => number;
  /** It may put together what was never there at one moment: it cannot hear, or has not for long enough. */
  readonly isBlind: () => boolean;
  /** When the operator's own Secrets have last been refused, in elapsed milliseconds. */
  readonly storingRefusedAt: () => number;
  /** When a process has last begun to work, in elapsed milliseconds; now, if none does. */
  readonly idleUntil: () => number;
  /** It works, and hears of RegistryCredentials, or will. */
  readonly isListening: () => "now" | "later" | "no";
  /** Complaints that count. */
  readonly counts: (text: string) => boolean;
}

export interface Ledger extends Omit<LedgerOptions, "counts"> {
  readonly complaints: readonly string[];
  readonly complain: (text: string) => void;
  readonly past: Past;
  /** Something has changed that decides what is wanted. */
  readonly look: () => void;
  /** Uids of Secrets that the operator has made. */
  readonly ours: Set<string>;
  /** Uids of those that have lost their mark before the record of members could tell whose they are. */
  readonly unrecorded: Set<string>;
  /** Uids of Secrets that a tenant has written to. */
  readonly touched: Set<string>;
  /** The operator has let go of the RegistryCredential of that name, after it had left all tenants: what lists it may go. */
  readonly isDrained: (name: string) => boolean;
  /** Somebody has been drained so lately that what comes back of them is taken out again. */
  readonly isLeaving: () => boolean;
  /** Uids of RegistryCredentials that the operator let go of when they had left all tenants. */
  readonly drainedUids: Set<string>;
  /** @param isForced it was to give up on it: what is on its way then arrives, and nothing more goes */
  readonly noteDrained: (name: string, isForced: boolean) => void;
  /** Somebody took the finalizer off one whose deletion the operator is still to hear of: its watch tells both, one after the other. */
  readonly noteUnheard: (name: string) => void;
  /** A process that begins anew hears nothing of what was before it. */
  readonly forgetUnheard: () => void;
  /** As it was read last, by name, of those who are gone. */
  readonly departed: Map<string, RegistryCredential>;
  /** Another one of the name is there. */
  readonly noteCreated: (name: string) => void;
  /** By uid of a Secret, in elapsed milliseconds: when the operator has last asked for its deletion. */
  readonly deletionAskedAt: Map<string, number>;
  /** By name, in elapsed milliseconds. */
  readonly namespaceChangedAt: Map<string, number>;
  /** By uid of a RegistryCredential that was deleted with Retain: until when what referred to its Secrets may be left to its tenants. */
  readonly leftRetained: Map<string, number>;
  /** By uid of a ServiceAccount: references that somebody else has put there, or that we cannot know as ours any more. */
  readonly foreignReferences: Map<string, Set<string>>;
  /**
   * It has been handed out, and its end has yet to come. What was given to a claim that has another grant by now ends as well when
   * others have its token renewed: nobody gets by an old copy what they go on having.
   */
  readonly isAlive: (password: string | undefined, identity?: string) => boolean;
  /** For which claim a login was written into a Secret: its identity. */
  readonly writtenFor: (secretUid: string, key: string, password: string) => string | undefined;
  /** When that was, in elapsed milliseconds. */
  readonly writtenAt: (secretUid: string, key: string, password: string) => number | undefined;
  readonly noteWritten: (secretUid: string, key: string, password: string, identity: string) => void;
  /**
   * When the status of the RegistryCredential has last named another pull Secret in place of this one: until then, for want of a
   * right or of an answer, the former name is no former one.
   */
  readonly renamedAt: (credentialUid: string, secretName: string) => number | undefined;
  readonly noteRenamed: (credentialUid: string, secretName: string) => void;
}

// An annotation names an end in whole seconds, and of a login whose RegistryCredential cannot be read it is all that is known.
const wholeSeconds = 1_000;

export function ledger(options: LedgerOptions): Ledger {
  const { server, clock, cloud, home, counts } = options;
  const read = reader();
  const story = past(truthOf(server, read, home()));
  const complaints: string[] = [];
  const written = new Map<string, { readonly identity: string; readonly at: number }>();
  const renamed = new Map<string, number>();
  const unheard = new Set<string>();
  let leavingUntil = 0;
  // Until when something that lists it may go.
  const drained = new Map<string, number>();
  return {
    ...options,
    complaints,
    complain: (text) => {
      if (counts(text)) complaints.push(`${clock.now().toString()} ${text}`);
    },
    past: story,
    look: () => story.note(truthOf(server, read, home()), clock.elapsed()),
    ours: new Set(),
    unrecorded: new Set(),
    touched: new Set(),
    drainedUids: new Set(),
    departed: new Map(),
    isDrained: (name) => {
      // Whoever acts on its deletion has heard of it by now.
      if (unheard.delete(name)) drained.set(name, clock.elapsed() + lateness);
      return (drained.get(name) ?? 0) > clock.elapsed();
    },
    noteUnheard: (name) => void unheard.add(name),
    forgetUnheard: () => unheard.clear(),
    isLeaving: () => clock.elapsed() < leavingUntil,
    noteDrained: (name, isForced) => {
      drained.set(name, isForced ? clock.elapsed() + lateness : Infinity);
      leavingUntil = clock.elapsed() + drainedMemory;
    },
    noteCreated: (name) => void drained.delete(name),
    deletionAskedAt: new Map(),
    namespaceChangedAt: new Map(),
    leftRetained: new Map(),
    foreignReferences: new Map(),
    renamedAt: (uid, secretName) => renamed.get(`${uid} ${secretName}`),
    noteRenamed: (uid, secretName) => void renamed.set(`${uid} ${secretName}`, clock.elapsed()),
    isAlive: (password, identity) => {
      const mint = cloud.minted.get(password ?? "");
      if (!mint || mint.expiresAt <= clock.elapsed() + wholeSeconds) return false;
      const claim = story.now().claims.find((each) => each.identity === identity);
      if (!claim || claim.grantKey === mint.grantKey) return true;
      return ![...cloud.minted.values()].some(
        ({ grantKey, mintedAt }) => grantKey === mint.grantKey && mintedAt > mint.mintedAt,
      );
    },
    writtenFor: (uid, key, password) => written.get(`${uid} ${key} ${password}`)?.identity,
    writtenAt: (uid, key, password) => written.get(`${uid} ${key} ${password}`)?.at,
    noteWritten: (uid, key, password, identity) => {
      written.set(`${uid} ${key} ${password}`, { identity, at: clock.elapsed() });
    },
  };
}

export function isSystems(namespace: string | undefined): boolean {
  return (systemNamespaces as readonly (string | undefined)[]).includes(namespace);
}
