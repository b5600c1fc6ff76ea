// What did the loops last find? In memory only: every loop finds it again after a restart.
import type { Clock } from "../clock.ts";
import type { Failure } from "../errors.ts";
import type { Shadowed } from "../plan/content.ts";
import type { KnownAbsent } from "../plan/presence.ts";
import type { SecretState } from "../plan/pull-secret-plan.ts";
import type { FormerView, Lasting } from "../plan/status-snapshot.ts";

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

export interface Board {
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
}

export function board(clock: Clock): Board {
  const secrets = new Map<string, Map<string, SecretFinding>>();
  const references = new Map<string, ReferencesFinding>();
  const since = new Map<string, Map<string, Temporal.Instant>>();

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

  /** Brings `since` up to date and tells which of `failures` are new in this namespace. */
  const started = (namespace: string, failures: readonly Failure[]): readonly Failure[] => {
    const before = since.get(namespace);
    const now = failuresIn(namespace);
    if (now.size === 0) {
      since.delete(namespace);
      return [];
    }
    const times = new Map<string, Temporal.Instant>();
    for (const reason of now) times.set(reason, before?.get(reason) ?? clock.now());
    since.set(namespace, times);
    return failures.filter(({ reason }) => !before?.has(reason));
  };

  return {
    secret: (namespace, name) => secrets.get(namespace)?.get(name),
    setSecret: (namespace, name, finding) => {
      const inNamespace = secrets.get(namespace) ?? new Map<string, SecretFinding>();
      inNamespace.set(name, finding);
      secrets.set(namespace, inNamespace);
      return started(
        namespace,
        [...finding.credentials.values()].flatMap(({ failures }) => failures),
      );
    },
    forgetSecret: (namespace, name) => {
      const inNamespace = secrets.get(namespace);
      inNamespace?.delete(name);
      if (inNamespace?.size === 0) secrets.delete(namespace);
      started(namespace, []);
    },
    references: (namespace) => references.get(namespace),
    setReferences: (namespace, finding) => {
      references.set(namespace, finding);
      return started(namespace, finding.failures);
    },
    forget: (namespace) => {
      secrets.delete(namespace);
      references.delete(namespace);
      since.delete(namespace);
    },
    lasting: (namespace, failure) => ({ failure, since: since.get(namespace)?.get(failure.reason) ?? clock.now() }),
  };
}
