// The status cache: what the controllers last found. In memory only: each finds it again after a restart.
import { hasTrait } from "../api/reasons.ts";
import { shared } from "../cluster/transform/shared.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Failure } from "../runtime/errors.ts";
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

/** All that was found in a namespace: never changed, so that all in which nothing is wrong have one. */
interface Found {
  /** By name. */
  readonly secrets: ReadonlyMap<string, SecretFinding>;
  readonly references: ReferencesFinding | undefined;
  /** Names of Secrets that have been judged since the start. Nothing once what is found was not there at the start. */
  readonly judged: ReadonlySet<string | typeof ofReferences>;
}

const ofReferences = Symbol("references");
const nothing: Found = { secrets: new Map(), references: undefined, judged: new Set() };

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
  readonly #found = new Map<string, Found>();
  readonly #alike = {
    secrets: shared<SecretFinding>(),
    references: shared<ReferencesFinding>(),
    found: shared<Found>(),
  };
  readonly #since = new Map<string, Map<string, Since>>();
  readonly #listeners: ((change: FindingChange) => void)[] = [];
  #startedAt: number | undefined;
  // By RegistryCredential: elapsed milliseconds until which somebody fights over it.
  readonly #fights = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly #in = (namespace: string): Found => this.#found.get(namespace) ?? nothing;

  readonly #set = (namespace: string, found: Found): void => {
    const isNothing = found.secrets.size + found.judged.size === 0 && !found.references;
    if (isNothing) return void this.#found.delete(namespace);
    const text = untroubled(found);
    this.#found.set(namespace, text === undefined ? found : this.#alike.found(text, () => found));
  };

  readonly #failuresIn = (namespace: string): Set<string> => {
    const reasons = new Set<string>();
    const note = ({ failures, notes }: Finding): void => {
      for (const { reason } of [...failures, ...notes]) reasons.add(reason);
    };
    const { secrets, references } = this.#in(namespace);
    for (const finding of secrets.values()) finding.credentials.forEach(note);
    if (references) note(references);
    return reasons;
  };

  /** What has been judged since the start, and with it what is judged now, by name of the Secret. */
  readonly #judged = ({ judged }: Found, now: string | typeof ofReferences | undefined): Found["judged"] => {
    if (now !== undefined) this.#startedAt ??= this.#clock.elapsed();
    if (this.#startedAt !== undefined && this.#clock.elapsed() - this.#startedAt >= lookedAtFirst)
      return nothing.judged;
    return now === undefined || judged.has(now) ? judged : new Set([...judged, now]);
  };

  /** Brings `since` up to date and tells which of `failures` are new in this namespace. */
  readonly #started = (namespace: string, failures: readonly Failure[], foundAtStart: boolean): readonly Failure[] => {
    const before = this.#since.get(namespace);
    const now = this.#failuresIn(namespace);
    // Who waits has not been seen to be well.
    const waits = this.#in(namespace)
      .secrets.values()
      .some((finding) => !isJudged(finding));
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

  readonly secret: StatusCache["secret"] = (namespace, name) => this.#in(namespace).secrets.get(name);

  // What is set later makes another map.
  readonly secretNames: StatusCache["secretNames"] = (namespace) => this.#in(namespace).secrets.keys();

  readonly setSecret: StatusCache["setSecret"] = (namespace, name, finding) => {
    const before = this.#in(namespace);
    const text = untroubledSecret(finding);
    const kept = text === undefined ? finding : this.#alike.secrets(text, () => finding);
    const judged = this.#judged(before, isJudged(finding) ? name : undefined);
    this.#set(namespace, { ...before, secrets: new Map([...before.secrets, [name, kept]]), judged });
    const all = [...finding.credentials.values()];
    const failures = all.flatMap((each) => each.failures);
    const started = this.#started(namespace, failures, judged.size > before.judged.size);
    this.#tell(namespace, before.secrets.get(name)?.credentials, finding.credentials);
    return started;
  };

  readonly forgetSecret: StatusCache["forgetSecret"] = (namespace, name) => {
    const before = this.#in(namespace);
    const gone = before.secrets.get(name);
    if (gone) {
      const secrets = new Map([...before.secrets].filter(([each]) => each !== name));
      this.#set(namespace, { ...before, secrets, judged: this.#judged(before, undefined) });
    }
    this.#started(namespace, [], false);
    if (gone) this.#tell(namespace, gone.credentials);
  };

  readonly references: StatusCache["references"] = (namespace) => this.#in(namespace).references;

  readonly setReferences: StatusCache["setReferences"] = (namespace, finding) => {
    const before = this.#in(namespace);
    const text = untroubledReferences(finding);
    const references = text === undefined ? finding : this.#alike.references(text, () => finding);
    const judged = this.#judged(before, ofReferences);
    this.#set(namespace, { ...before, references, judged });
    const started = this.#started(namespace, finding.failures, judged.size > before.judged.size);
    this.#tell(namespace, before.references?.generations, finding.generations);
    return started;
  };

  readonly forget: StatusCache["forget"] = (namespace) => {
    const { secrets, references } = this.#in(namespace);
    this.#found.delete(namespace);
    this.#since.delete(namespace);
    this.#tell(namespace, ...[...secrets.values()].map(({ credentials }) => credentials), references?.generations);
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

/** Undefined: it is kept apart. */
function untroubled({ secrets, references, judged }: Found): string | undefined {
  const texts: string[] = [];
  for (const [name, finding] of secrets) {
    const text = untroubledSecret(finding);
    if (text === undefined) return undefined;
    texts.push(name, text);
  }
  const referring = references && untroubledReferences(references);
  if (references && referring === undefined) return undefined;
  return JSON.stringify([texts, referring, [...judged].map(String)]);
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
