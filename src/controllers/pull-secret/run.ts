// One run of the pull-secret controller: which Secret it is about, and what is remembered of it from the runs before.
import type { NamespaceRecord } from "../../cluster/records.ts";
import { type Shared, shared } from "../../cluster/transform/shared.ts";
import type { Content } from "../../content/content.ts";
import { memory, type Memory } from "../../runtime/queue/memory.ts";
import type { Outcome } from "../../runtime/queue/work-queue.ts";
import { SmallMap } from "../../runtime/small-map.ts";
import type { Context } from "../context.ts";
import { secretKey } from "../keys.ts";
import { done, waitsFor } from "../outcome.ts";
import type { PullSecretPlan } from "./plan-types.ts";
import type { LostRaces } from "../lost-races.ts";
import type { Reverts } from "../../runtime/queue/conflict-backoff.ts";

/** One run, for one pull Secret. */
export interface Run {
  readonly context: Context;
  readonly namespace: NamespaceRecord;
  /** Of the Secret. */
  readonly name: string;
  /** What was rendered, by signature of the contributions. */
  readonly rendered: Memory<Content>;
  /** What is remembered of many Secrets alike is in memory once. */
  readonly sharedText: Shared<string>;
  /** Changed in place. */
  readonly memory: Remembered;
  /** What is remembered from now on; undefined: nothing. */
  readonly remember: (kept: Remembered | undefined) => void;
}

/** What is remembered of one Secret between runs; found anew after a restart. */
export interface Remembered {
  /** Uid of the object that we made our own, or on which we saw our marks; never of one that we merged into. */
  ours?: string | undefined;
  /** We have removed one from this very namespace: what is put back is no copy that nobody meant for it. */
  tookBack?: boolean | undefined;
  settled?: Settled | undefined;
  reverts?: Reverts | undefined;
  /** Who comes into it could not be recorded, and it has not been written since. */
  unrecordable?: boolean | undefined;
  /** Who comes into it is being recorded, and it has been neither written nor found right since that began. */
  recording?: Recording | undefined;
  lost?: LostRaces | undefined;
}

/** How many runs have asked for what is not recorded yet: the last of them that is answered brings the next run. */
export interface Recording {
  asked: number;
}

/** What is remembered of each that was removed. */
export const takenBack: Remembered = { tookBack: true };

/** All fields are there from the beginning: an object to which they come one by one is half as large again. */
function remembered(before: Remembered | undefined): Remembered {
  if (before && before !== takenBack) return before;
  return {
    ours: undefined,
    tookBack: before?.tookBack,
    settled: undefined,
    reverts: undefined,
    unrecordable: undefined,
    recording: undefined,
    lost: undefined,
  };
}

/** The version that was compared whole, with what, and what was found. */
export interface Settled {
  readonly resourceVersion: string;
  readonly signature: string;
  readonly plan: PullSecretPlan;
}

/** A namespace that is made anew under its name is another one. */
interface NamespaceMemory {
  readonly uid: string;
  /** By name of the Secret. */
  readonly secrets: SmallMap<string, Remembered>;
}

// Far more than a cluster has (https://kubernetes.io/docs/setup/best-practices/cluster-large/). Whichever is forgotten is looked at
// as after a restart.
const maxNamespaces = 50_000;

// One for each tenant that has a token of its own, so a bound by count; the oldest goes first.
const maxRendered = 512;

/** Begins the run on the Secret of this name there. An outcome instead: nobody wants anything of it, or it cannot be said. */
type BeginRun = (context: Context, namespace: string, name: string) => Run | Outcome;

export function secretRuns(): BeginRun {
  const memories = memory<NamespaceMemory>(maxNamespaces);
  const rendered = memory<Content>(maxRendered);
  const sharedText = shared<string>();
  return (context, namespaceName, name) => {
    const { credentials, cluster } = context;
    credentials.judged.unjudged(namespaceName, name);
    const sighting = cluster.stores.namespaces.look(namespaceName);
    if (sighting.kind !== "there") {
      if (sighting.kind !== "absent") return waitsFor({ of: "namespaces", object: namespaceName });
      forgetLogins(context, namespaceName, namesFound(context, namespaceName, memories.get(namespaceName)));
      memories.forget(namespaceName);
      needsNothing(context, namespaceName, name);
      credentials.statusCache.forget(namespaceName, sighting);
      return done;
    }
    const namespace = sighting.record;
    const secrets = secretsOf(context, memories, namespace);
    if (!credentials.index.isInUse(name)) {
      secrets.delete(name);
      needsNothing(context, namespaceName, name);
      credentials.statusCache.forgetSecret(namespaceName, name);
      return done;
    }
    const remember = (kept: Remembered | undefined): void => {
      if (kept) secrets.set(name, kept);
      else secrets.delete(name);
    };
    return { context, namespace, name, rendered, sharedText, memory: remembered(secrets.get(name)), remember };
  };
}

function secretsOf(
  context: Context,
  memories: Memory<NamespaceMemory>,
  { name, uid }: NamespaceRecord,
): NamespaceMemory["secrets"] {
  const before = memories.get(name);
  if (before?.uid === uid) return before.secrets;
  const secrets: NamespaceMemory["secrets"] = new SmallMap();
  memories.set(name, { uid, secrets });
  if (before) forgetLogins(context, name, namesFound(context, name, before));
  return secrets;
}

/** Whatever was given, something was found of the Secret, or is remembered of it. */
function namesFound(
  { credentials: { statusCache } }: Pick<Context, "credentials">,
  namespace: string,
  before: NamespaceMemory | undefined,
): ReadonlySet<string> {
  return new Set([...statusCache.secretNames(namespace), ...(before?.secrets.keys() ?? [])]);
}

/** What the one before was given under any of the names is no reason to give it to one that was made anew. */
export function forgetLogins(
  { grants: { tokens } }: Pick<Context, "grants">,
  namespace: string,
  names: Iterable<string>,
): void {
  for (const name of names) tokens.use(secretKey(namespace, name), new Map());
}

/** Nothing is wanted here, so nothing is needed for it. */
export function needsNothing(
  { grants: { tokens }, credentials: { judged } }: Context,
  namespace: string,
  name: string,
): void {
  tokens.use(secretKey(namespace, name), new Map());
  judged.judged(namespace, name);
}
