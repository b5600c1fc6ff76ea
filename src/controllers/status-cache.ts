// What did the loops last find? In memory only: every loop finds it again after a restart.
import type { Clock } from "../runtime/clock.ts";
import type { Failure } from "../runtime/errors.ts";
import type { Shadowed } from "./pull-secret/plan-content.ts";
import type { KnownAbsent } from "../runtime/watch/presence.ts";
import type { SecretState } from "./pull-secret/plan-types.ts";
import type { FormerView, Lasting } from "./credential/status-snapshot.ts";

/** How one credential fares in one namespace, under one Secret name or with its references. */
export interface Finding {
  readonly failures: readonly Failure[];
  readonly notes: readonly Failure[];
}

/** What was found for one version of a credential's spec; another has yet to be looked at. */
export interface CredentialFinding extends Finding {
  readonly generation: number;
  /** Entries that were altered, and by whose login of before the namespace lives. Default: none. */
  readonly formers?: readonly FormerView[];
}

export interface SecretFinding {
  /** waiting: not judged yet. */
  readonly state: SecretState | "waiting";
  /** By credential. */
  readonly credentials: ReadonlyMap<string, CredentialFinding>;
  /** Hosts that another one has. */
  readonly shadowed?: readonly Shadowed[];
}

export interface ReferencesFinding extends Finding {
  /** By credential: the version of its spec that was looked at. */
  readonly generations: ReadonlyMap<string, number>;
  /** Secrets that are about to go and need wait for their references no longer. Default: none. */
  readonly left?: ReadonlySet<string>;
}

export interface StatusCache {
  secret(namespace: string, name: string): SecretFinding | undefined;
  /** Returns the failures that were not there before. */
  setSecret(namespace: string, name: string, finding: SecretFinding): readonly Failure[];
  /** No RegistryCredential has to do with the name any more. */
  forgetSecret(namespace: string, name: string): void;
  references(namespace: string): ReferencesFinding | undefined;
  setReferences(namespace: string, finding: ReferencesFinding): readonly Failure[];
  forget(namespace: string, gone: KnownAbsent): void;
  /** Since when this very failure lasts in the namespace. */
  lasting(namespace: string, failure: Failure): Lasting;
  /** Somebody keeps undoing what is written to the RegistryCredential, which counts as a fight for so many milliseconds more. */
  contested(credential: string, lasts: number): void;
  isContested(credential: string): boolean;
}

// What is found later was not there at the start: ten thousand namespaces are looked at in less.
const lookedAtFirst = 5 * 60_000;
const referencesPart = Symbol("references");

export function statusCache(clock: Clock): StatusCache {
  const secrets = new Map<string, Map<string, SecretFinding>>();
  const references = new Map<string, ReferencesFinding>();
  const since = new Map<string, Map<string, Since>>();
  // By namespace: what has been judged of it, by Secret name.
  const judged = new Map<string, Set<string | symbol>>();
  let startedAt: number | undefined;
  // By RegistryCredential: elapsed milliseconds until which somebody fights over it.
  const fights = new Map<string, number>();

  const failuresIn = (namespace: string): Set<string> => {
    const reasons = new Set<string>();
    const note = ({ failures, notes }: Finding): void => {
      for (const { reason } of [...failures, ...notes]) reasons.add(reason);
    };
    for (const finding of secrets.get(namespace)?.values() ?? []) finding.credentials.forEach(note);
    const found = references.get(namespace);
    if (found) note(found);
    return reasons;
  };

  /** The first judgement of this part since the start. */
  const isFirst = (namespace: string, part: string | symbol): boolean => {
    startedAt ??= clock.elapsed();
    const parts = judged.get(namespace) ?? new Set();
    if (parts.has(part)) return false;
    judged.set(namespace, parts.add(part));
    return clock.elapsed() - startedAt < lookedAtFirst;
  };

  /** Brings `since` up to date and tells which of `failures` are new in this namespace. */
  const started = (namespace: string, failures: readonly Failure[], foundAtStart: boolean): readonly Failure[] => {
    const before = since.get(namespace);
    const now = failuresIn(namespace);
    // Who waits has not been seen to be well.
    const waits =
      secrets
        .get(namespace)
        ?.values()
        .some((finding) => !isJudged(finding)) === true;
    if (waits) for (const reason of before?.keys() ?? []) now.add(reason);
    if (now.size === 0) {
      since.delete(namespace);
      return [];
    }
    const times = new Map<string, Since>();
    for (const reason of now) times.set(reason, before?.get(reason) ?? { at: clock.now(), foundAtStart });
    since.set(namespace, times);
    return failures.filter(({ reason }) => !before?.has(reason));
  };

  return {
    secret: (namespace, name) => secrets.get(namespace)?.get(name),
    setSecret: (namespace, name, finding) => {
      const inNamespace = secrets.get(namespace) ?? new Map<string, SecretFinding>();
      inNamespace.set(name, finding);
      secrets.set(namespace, inNamespace);
      const all = [...finding.credentials.values()];
      const failures = all.flatMap((each) => each.failures);
      return started(namespace, failures, isJudged(finding) && isFirst(namespace, name));
    },
    forgetSecret: (namespace, name) => {
      const inNamespace = secrets.get(namespace);
      inNamespace?.delete(name);
      if (inNamespace?.size === 0) secrets.delete(namespace);
      started(namespace, [], false);
    },
    references: (namespace) => references.get(namespace),
    setReferences: (namespace, finding) => {
      references.set(namespace, finding);
      return started(namespace, finding.failures, isFirst(namespace, referencesPart));
    },
    forget: (namespace) => {
      secrets.delete(namespace);
      references.delete(namespace);
      since.delete(namespace);
      judged.delete(namespace);
    },
    lasting: (namespace, failure) => {
      const { at = clock.now(), foundAtStart = false } = since.get(namespace)?.get(failure.reason) ?? {};
      return { failure, since: at, ...(foundAtStart && { foundAtStart }) };
    },
    contested: (credential, lasts) => {
      const now = clock.elapsed();
      for (const [name, until] of fights) if (until <= now) fights.delete(name);
      fights.set(credential, now + lasts);
    },
    isContested: (credential) => (fights.get(credential) ?? 0) > clock.elapsed(),
  };
}

interface Since {
  readonly at: Temporal.Instant;
  readonly foundAtStart: boolean;
}

/** Not while it waits for something that comes by itself. */
function isJudged({ state, credentials }: SecretFinding): boolean {
  if (state === "waiting") return false;
  return credentials
    .values()
    .every(({ generation, failures }) => generation > 0 && !failures.some(({ reason }) => reason === "TokenPending"));
}
