// The status cache: what the controllers last found. In memory only: each finds it again after a restart.
import { hasTrait } from "../api/reasons.ts";
import { shared } from "../cluster/transform/shared.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Failure } from "../runtime/errors.ts";
import { MultiMap } from "../runtime/multi-map.ts";
import { SmallMap } from "../runtime/small-map.ts";
import type { Shadowed } from "../content/content.ts";
import type { KnownAbsent } from "../runtime/watch/presence.ts";
import type { SecretState } from "./pull-secret/plan-types.ts";
import type { FormerView, Lasting } from "./credential/plan-types.ts";

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

/** Something else may have been found of these in the namespace. */
export interface FindingChange {
  readonly namespace: string;
  readonly credentials: ReadonlySet<string>;
}

export interface StatusCache {
  secret(namespace: string, name: string): SecretFinding | undefined;
  /** Under which something was found. */
  secretNames(namespace: string): Iterable<string>;
  /** Returns the failures that were not there before. */
  setSecret(namespace: string, name: string, finding: SecretFinding): readonly Failure[];
  /** No RegistryCredential has to do with the name any more. */
  forgetSecret(namespace: string, name: string): void;
  references(namespace: string): ReferencesFinding | undefined;
  setReferences(namespace: string, finding: ReferencesFinding): readonly Failure[];
  forget(namespace: string, gone: KnownAbsent): void;
  /** Calls `listener` after each change of what was found. */
  subscribe(listener: (change: FindingChange) => void): void;
  /** Since when this very failure lasts in the namespace. */
  lasting(namespace: string, failure: Failure): Lasting;
  /** Somebody keeps undoing what is written to the RegistryCredential, which counts as a fight for so many milliseconds more. */
  contested(credential: string, lasts: number): void;
  isContested(credential: string): boolean;
}

// What is found later was not there at the start: ten thousand namespaces are looked at in less.
const lookedAtFirst = 5 * 60_000;

export function statusCache(clock: Clock): StatusCache {
  return new CachedFindings(clock);
}

class CachedFindings implements StatusCache {
  readonly #clock;
  readonly #secrets = new Map<string, SmallMap<string, SecretFinding>>();
  readonly #references = new Map<string, ReferencesFinding>();
  readonly #alike = { secrets: shared<SecretFinding>(), references: shared<ReferencesFinding>() };
  readonly #since = new Map<string, Map<string, Since>>();
  // Namespaces whose Secrets, by name, and whose references have been judged since the start. Nothing once what is found was not there
  // at the start.
  readonly #judged = { secrets: new MultiMap<string, string>(), references: new Set<string>() };
  readonly #listeners: ((change: FindingChange) => void)[] = [];
  #startedAt: number | undefined;
  // By RegistryCredential: elapsed milliseconds until which somebody fights over it.
  readonly #fights = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly #failuresIn = (namespace: string): Set<string> => {
    const reasons = new Set<string>();
    const note = ({ failures, notes }: Finding): void => {
      for (const { reason } of [...failures, ...notes]) reasons.add(reason);
    };
    for (const finding of this.#secrets.get(namespace)?.values() ?? []) finding.credentials.forEach(note);
    const found = this.#references.get(namespace);
    if (found) note(found);
    return reasons;
  };

  /** The first judgement since the start of the Secret, or of the references. */
  readonly #isFirst = (namespace: string, secret?: string): boolean => {
    const { secrets, references } = this.#judged;
    this.#startedAt ??= this.#clock.elapsed();
    if (this.#clock.elapsed() - this.#startedAt >= lookedAtFirst) {
      secrets.clear();
      references.clear();
      return false;
    }
    if (secret === undefined ? references.has(namespace) : secrets.has(namespace, secret)) return false;
    if (secret === undefined) references.add(namespace);
    else secrets.add(namespace, secret);
    return true;
  };

  /** Brings `since` up to date and tells which of `failures` are new in this namespace. */
  readonly #started = (namespace: string, failures: readonly Failure[], foundAtStart: boolean): readonly Failure[] => {
    const before = this.#since.get(namespace);
    const now = this.#failuresIn(namespace);
    // Who waits has not been seen to be well.
    const waits =
      this.#secrets
        .get(namespace)
        ?.values()
        .some((finding) => !isJudged(finding)) === true;
    if (waits) for (const reason of before?.keys() ?? []) now.add(reason);
    if (now.size === 0) {
      this.#since.delete(namespace);
      return [];
    }
    const times = new Map<string, Since>();
    for (const reason of now) times.set(reason, before?.get(reason) ?? { at: this.#clock.now(), foundAtStart });
    this.#since.set(namespace, times);
    return failures.filter(({ reason }) => !before?.has(reason));
  };

  readonly subscribe: StatusCache["subscribe"] = (listener) => void this.#listeners.push(listener);

  readonly #tell = (namespace: string, ...named: readonly (ReadonlyMap<string, unknown> | undefined)[]): void => {
    if (this.#listeners.length === 0) return;
    const credentials = new Set(named.flatMap((each) => [...(each?.keys() ?? [])]));
    for (const listener of this.#listeners) listener({ namespace, credentials });
  };

  readonly secret: StatusCache["secret"] = (namespace, name) => this.#secrets.get(namespace)?.get(name);

  readonly secretNames: StatusCache["secretNames"] = (namespace) => this.#secrets.get(namespace)?.keys() ?? [];

  readonly setSecret: StatusCache["setSecret"] = (namespace, name, finding) => {
    const inNamespace = this.#secrets.get(namespace) ?? new SmallMap<string, SecretFinding>();
    const before = inNamespace.get(name);
    const text = untroubledSecret(finding);
    inNamespace.set(name, text === undefined ? finding : this.#alike.secrets(text, () => finding));
    this.#secrets.set(namespace, inNamespace);
    const all = [...finding.credentials.values()];
    const failures = all.flatMap((each) => each.failures);
    const started = this.#started(namespace, failures, isJudged(finding) && this.#isFirst(namespace, name));
    this.#tell(namespace, before?.credentials, finding.credentials);
    return started;
  };

  readonly forgetSecret: StatusCache["forgetSecret"] = (namespace, name) => {
    const inNamespace = this.#secrets.get(namespace);
    const before = inNamespace?.get(name);
    inNamespace?.delete(name);
    if (inNamespace?.size === 0) this.#secrets.delete(namespace);
    this.#started(namespace, [], false);
    if (before) this.#tell(namespace, before.credentials);
  };

  readonly references: StatusCache["references"] = (namespace) => this.#references.get(namespace);

  readonly setReferences: StatusCache["setReferences"] = (namespace, finding) => {
    const before = this.#references.get(namespace);
    const text = untroubledReferences(finding);
    this.#references.set(namespace, text === undefined ? finding : this.#alike.references(text, () => finding));
    const started = this.#started(namespace, finding.failures, this.#isFirst(namespace));
    this.#tell(namespace, before?.generations, finding.generations);
    return started;
  };

  readonly forget: StatusCache["forget"] = (namespace) => {
    const found = [...(this.#secrets.get(namespace)?.values() ?? [])].map(({ credentials }) => credentials);
    const referring = this.#references.get(namespace)?.generations;
    this.#secrets.delete(namespace);
    this.#references.delete(namespace);
    this.#since.delete(namespace);
    this.#judged.secrets.forget(namespace);
    this.#judged.references.delete(namespace);
    this.#tell(namespace, ...found, referring);
  };

  readonly lasting: StatusCache["lasting"] = (namespace, failure) => {
    const { at = this.#clock.now(), foundAtStart = false } = this.#since.get(namespace)?.get(failure.reason) ?? {};
    return { failure, since: at, ...(foundAtStart && { foundAtStart }) };
  };

  readonly contested: StatusCache["contested"] = (credential, lasts) => {
    const now = this.#clock.elapsed();
    for (const [name, until] of this.#fights) if (until <= now) this.#fights.delete(name);
    this.#fights.set(credential, now + lasts);
  };

  readonly isContested: StatusCache["isContested"] = (credential) =>
    (this.#fights.get(credential) ?? 0) > this.#clock.elapsed();
}

interface Since {
  readonly at: Temporal.Instant;
  readonly foundAtStart: boolean;
}

/** Of a finding that says no more than what is found of nearly every namespace, which is kept once: all that it says. */
function untroubledSecret({ state, credentials, shadowed = [] }: SecretFinding): string | undefined {
  if (shadowed.length > 0) return undefined;
  let text: string = state;
  for (const [name, { generation, failures, notes, formers = [] }] of credentials) {
    if (failures.length + notes.length + formers.length > 0) return undefined;
    text += ` ${name}@${generation}`;
  }
  return text;
}

function untroubledReferences({ failures, notes, left, generations }: ReferencesFinding): string | undefined {
  if (failures.length + notes.length > 0 || left) return undefined;
  let text = "";
  for (const [name, generation] of generations) text += ` ${name}@${generation}`;
  return text;
}

/** Not while it waits for something that comes by itself. */
function isJudged({ state, credentials }: SecretFinding): boolean {
  if (state === "waiting") return false;
  return credentials
    .values()
    .every(({ generation, failures }) => generation > 0 && !failures.some((failure) => hasTrait(failure, "passing")));
}
