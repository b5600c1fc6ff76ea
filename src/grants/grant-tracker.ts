// The grant tracker: which grants are wanted, by whom, and how the last attempt at each went.
import type { Clock } from "../runtime/clock.ts";
import type { Failure } from "../runtime/errors.ts";
import { timeOfText } from "../runtime/foreign-numbers.ts";
import type { Grant } from "../providers/grant.ts";
import type { KnownAbsent } from "../runtime/watch/presence.ts";
import { boundedMakers, type Maker, makerKey } from "../cluster/makers.ts";
import { grantsBySource } from "./grants-by-source.ts";
import { type Targets, targets, type VerificationTarget } from "./verification-target.ts";
import { asksAnew, type Refreshes, type Refused } from "./refresh.ts";
import type { NamespaceRecord, OperatorSecretRecord } from "../cluster/records.ts";
import { isAlive, type Token, tokenUntil } from "../cluster/token.ts";
import { shared } from "../cluster/transform/shared.ts";
import type { Store } from "../runtime/watch/store.ts";
import { grantsWithinBudget } from "./mint-budget.ts";
import { keptItem, keptTokens } from "./token-makers.ts";
import { type RepeatsByGrant, repeatsByGrant } from "./repeated-tokens.ts";
import { tokenMakers } from "./token-makers.ts";

/** A grant that is needed, and how its token is tried. */
export interface NeededGrant {
  readonly grant: Grant;
  readonly target: VerificationTarget | undefined;
  /** Requests to mint at once, by RegistryCredential. */
  readonly refreshes?: Refreshes;
  /** The entries that it is wanted for. */
  readonly makers?: readonly Maker[];
}

/** A token that was made for an entry of a namespace, and what of it was for that entry. */
export interface MadeToken {
  readonly token: Token;
  readonly maker: Maker;
}

export interface Attempts extends Omit<NeededGrant, "target" | "makers"> {
  /** Elapsed milliseconds at which the grant was first wanted. */
  readonly wantedAt: number;
  /** Of the last attempt. */
  readonly failure: Failure | undefined;
  /** What that attempt was about, where it failed. */
  readonly refused?: Refused | undefined;
  /** An attempt has ended since the start, or none was due. */
  readonly ended?: true;
}

export interface GrantTracker {
  /**
   * Notes that the Secret `user` needs exactly these grants now; returns the keys that nobody needed before, or of
   * which somebody asks to be minted at once, or whose token Secret does not yet say who needs them. Those that its namespace
   * has no budget for are left out.
   * @param kept see `keep`
   */
  use(user: string, grants: ReadonlyMap<string, NeededGrant>, kept?: ReadonlySet<string>): readonly string[];
  /**
   * Notes that the Secret lives by these tokens of before (see `keptItem`): they stay, and are not renewed for it. Returns
   * whether it is not known to have lived by one of them.
   */
  keep(user: string, kept: ReadonlySet<string>): boolean;
  /** Grants by whose tokens of before somebody lives. */
  kept(): Iterable<string>;
  /** Whether the Secret needed this token for the very entry, or lived by it, when it was last looked at. */
  had(user: string, made: MadeToken): boolean;
  /** The tokens that there are for the entry, made with the very values that the namespace has now. */
  madeFor(credential: string, entry: string, namespace: NamespaceRecord): readonly MadeToken[];
  /**
   * Who is to be named by the token Secret, when it is written now. Who has ceased to use it, and lives by it still, goes on with
   * the login that it has until that ends, and gets none that others have renewed; others are left out as soon as it is known who
   * uses it.
   */
  makers(grantKey: string): readonly Maker[];
  /** To be called when it is written: who has ceased to use it is known by what the Secret names alone. */
  forgetCeased(grantKey: string): void;
  /** The token Secret does not name all who use it. */
  lacksMakers(grantKey: string): boolean;
  /** For how many milliseconds that has been known, as far as it was asked; undefined where it names all. */
  lacksMakersFor(grantKey: string): number | undefined;
  /** Whether somebody needs the grant, and not just its token. */
  isNeeded(grantKey: string): boolean;
  /** Milliseconds until a grant can be asked for again that `use` has left out; undefined for one that it has not. */
  leftOut(user: string, grantKey: string): number | undefined;
  /** Whether somebody waits for the grant: not where each who needs it has asked for it in place of another one. */
  isUrgent(grantKey: string): boolean;
  attempts(grantKey: string): Attempts | undefined;
  /** Credential and entry of one who uses it, as long as there is one the same: whose trouble the grant's is. */
  owner(grantKey: string): string | undefined;
  /** How the token is to be tried, as those who use it say now. */
  target(grantKey: string): VerificationTarget | undefined;
  ended(grantKey: string, failure: Failure | undefined, refused?: Refused): void;
  /** Whether a person has asked for a token since the last attempt failed. */
  insists(grantKey: string): boolean;
  /** The stored token: the Secret in the operator's namespace is the memory. */
  token(grantKey: string): Token | undefined;
  /** Who needs the grant, or lives by its token. */
  users(grantKey: string): Iterable<string>;
  /** Which sources hand out the same token again. */
  readonly repeats: RepeatsByGrant;
  /** The entries of these grants, once for each grant. */
  repeated(): Iterable<Pick<Maker, "credential" | "entry">>;
  /** Elapsed milliseconds since when nobody needs it; undefined while somebody does. */
  unusedSince(grantKey: string): number | undefined;
  /** @param unneeded nobody who may need it is left to be judged */
  forget(grantKey: string, unneeded: KnownAbsent): void;
  wanted(): Iterable<readonly [grantKey: string, grant: Grant]>;
  /** Calls `listener` after the first time that a grant is wanted, with each end of an attempt, and when it is forgotten. */
  subscribe(listener: (grantKey: string) => void): void;
  /** Those of the wanted whose tokens are made from this Secret, or stored in it. @param secretKey `namespace/name` */
  wantedOf(secretKey: string): Iterable<string>;
}

/** The name of the Secret that holds the token of a grant. It belongs to format 1 (token-wire.ts); another format gets another one. */
export function tokenSecretName(grantKey: string): string {
  return `${tokenSecretPrefix}${grantKey}`;
}

const tokenSecretPrefix = "regcred-token-";

// After a start those who use a token become known one by one: until then none of them is taken for one who has ceased to.
const settleTime = Temporal.Duration.from({ minutes: 10 }).total("milliseconds");

export interface GrantTrackerOptions {
  readonly clock: Clock;
  readonly secrets: Pick<Store<OperatorSecretRecord>, "get" | "values" | "subscribe">;
  readonly operatorNamespace: string;
  /** Nobody needs the grant any more: it is to be looked at, and forgotten in time. */
  readonly onUnused?: (grantKey: string) => void;
  readonly onForgotten?: (grantKey: string) => void;
}

export function grantTracker(options: GrantTrackerOptions): GrantTracker {
  return new TrackedGrants(options);
}

class TrackedGrants implements GrantTracker {
  readonly #clock;
  readonly #secrets;
  readonly #operatorNamespace;
  readonly #onUnused;
  readonly #onForgotten;
  readonly #attempts = new Map<string, Attempts>();
  /** By grant, by user: for whom it is wanted there. */
  readonly #users = new Map<string, Map<string, readonly Maker[]>>();
  readonly #needs = new Map<string, ReadonlySet<string>>();
  readonly #alikeNeeds = shared<ReadonlySet<string>>();
  readonly #kept = keptTokens();
  readonly #made;
  #firstUse: number | undefined;
  readonly #unused = new Map<string, number>();
  readonly #repeats;
  // Of those that somebody uses.
  readonly #targets = new Map<string, Targets>();
  /** By grant: elapsed milliseconds since when its Secret, as it stands, is known not to name all. */
  readonly #lacking = new Map<string, { readonly token: Token | undefined; readonly since: number }>();
  // Grants asked for in place of others.
  readonly #replacements = new Set<string>();
  readonly #budget;
  readonly #bySource;
  readonly #listeners: ((grantKey: string) => void)[] = [];
  readonly repeats;

  constructor({ clock, secrets, operatorNamespace, onUnused, onForgotten }: GrantTrackerOptions) {
    this.#clock = clock;
    this.#secrets = secrets;
    this.#operatorNamespace = operatorNamespace;
    this.#onUnused = onUnused;
    this.#onForgotten = onForgotten;
    this.#made = tokenMakers(secrets);
    this.#repeats = repeatsByGrant(clock);
    this.#budget = grantsWithinBudget(clock, (key) => !this.#attempts.has(key) && this.token(key) === undefined);
    this.#bySource = grantsBySource(operatorNamespace);
    this.repeats = this.#repeats;
  }

  readonly token = (key: string): Token | undefined => {
    const record = this.#secrets.get(`${this.#operatorNamespace}/${tokenSecretName(key)}`);
    return record?.kind === "token" && record.token?.grantKey === key ? record.token : undefined;
  };

  readonly #released = (key: string): void => {
    if (this.#users.has(key) || this.#kept.isKept(key)) return;
    this.#unused.set(key, this.#clock.elapsed());
    this.#onUnused?.(key);
  };

  readonly keep = (user: string, items: ReadonlySet<string>): boolean => {
    const isChanged = [...items].some((item) => !this.#kept.has(user, item));
    for (const key of this.#kept.set(user, items)) this.#released(key);
    return isChanged;
  };

  /** Returns those that are noted, and whether one of them is news to the token Secret. */
  readonly #noted = (key: string, makers: readonly Maker[]): { makers: readonly Maker[]; isChanged: boolean } => {
    const lacked = this.#made.unstored(key);
    const all = makers.map((maker) => this.#made.note(key, maker));
    // Nearly all who use a grant want it for the same, which is kept once.
    const [first] = this.#users.get(key)?.values() ?? [];
    return { makers: first && isSameList(first, all) ? first : all, isChanged: !lacked && this.#made.unstored(key) };
  };

  readonly #tried = (key: string, user: string, target: VerificationTarget | undefined): void => {
    const known = this.#targets.get(key);
    if (known) known.set(user, target);
    else if (target) {
      const first = targets();
      first.set(user, target);
      this.#targets.set(key, first);
    }
  };

  readonly use: GrantTracker["use"] = (user, all, items = new Set()) => {
    this.#firstUse ??= this.#clock.elapsed();
    const grants = this.#budget.within(user, all);
    const before = this.#needs.get(user) ?? new Set();
    this.keep(user, items);
    for (const key of before) {
      if (grants.has(key)) continue;
      const others = this.#users.get(key);
      others?.delete(user);
      this.#targets.get(key)?.set(user, undefined);
      if (others?.size !== 0) continue;
      this.#users.delete(key);
      this.#targets.delete(key);
      this.#released(key);
    }
    const isReplacing = before.size > 0 || !this.#budget.isUrgent(user, grants.size);
    const first: string[] = [];
    for (const [key, { grant, target, refreshes = {}, makers = [] }] of grants) {
      const known = this.#users.get(key);
      const before = this.#attempts.get(key);
      const { isChanged: isOthers, makers: noted } = this.#noted(key, makers);
      this.#tried(key, user, target);
      if (known) {
        known.set(user, noted);
        const isChanged = Object.entries(refreshes).some(([name, value]) => before?.refreshes?.[name] !== value);
        const isNowUrgent = !isReplacing && this.#replacements.has(key);
        if (isChanged || isNowUrgent) this.#replacements.delete(key);
        if (isChanged || isNowUrgent || isOthers) first.push(key);
        if (before && isChanged)
          this.#attempts.set(key, { ...before, refreshes: { ...before.refreshes, ...refreshes } });
        continue;
      }
      this.#users.set(key, new Map([[user, noted]]));
      if (isReplacing) this.#replacements.add(key);
      else this.#replacements.delete(key);
      this.#unused.delete(key);
      const asked = { refreshes: { ...before?.refreshes, ...refreshes } };
      this.#bySource.note(key, grant);
      this.#attempts.set(key, { grant, wantedAt: this.#clock.elapsed(), failure: undefined, ...before, ...asked });
      if (!before) this.#tell(key);
      first.push(key);
    }
    if (grants.size === 0) this.#needs.delete(user);
    else
      this.#needs.set(
        user,
        this.#alikeNeeds([...grants.keys()].join(), () => new Set(grants.keys())),
      );
    return first;
  };

  readonly kept: GrantTracker["kept"] = () => this.#kept.all();

  readonly had: GrantTracker["had"] = (user, { token: { grantKey }, maker: { credential, entry } }) =>
    this.#users
      .get(grantKey)
      ?.get(user)
      ?.some((each) => each.credential === credential && each.entry === entry) === true ||
    this.#kept.has(user, keptItem(grantKey, credential, entry));

  readonly madeFor: GrantTracker["madeFor"] = (credential, entry, namespace) =>
    this.#made.of(credential, entry, namespace).flatMap(({ grantKey, maker }) => {
      const present = this.token(grantKey);
      const found = present && tokenOf(present, maker);
      return found ? [{ token: found, maker }] : [];
    });

  /** Undefined: it is not known yet. */
  readonly #using = (key: string): ReadonlySet<Maker> | undefined => {
    if (this.#firstUse === undefined || this.#clock.elapsed() - this.#firstUse < settleTime) return undefined;
    return new Set([...(this.#users.get(key)?.values() ?? [])].flat());
  };

  readonly makers: GrantTracker["makers"] = (key) => {
    const using = this.#using(key);
    if (!using) return boundedMakers(this.#made.known(key));
    const latest = this.#made.latest(key, using);
    const keys = new Set(latest.map(makerKey));
    const present = this.token(key);
    const ceased = this.#made.known(key).flatMap((maker): Maker[] => {
      const { credential, entry, until = present?.issuedAt.toString() } = maker;
      if (keys.has(makerKey(maker)) || !this.#kept.hasItem(key, keptItem(key, credential, entry))) return [];
      const its = present && tokenOf(present, { ...maker, until });
      return its && isAlive(its, this.#clock.now()) ? [{ ...maker, until }] : [];
    });
    return boundedMakers([...ceased, ...latest]);
  };

  readonly forgetCeased: GrantTracker["forgetCeased"] = (key) => {
    const using = this.#using(key);
    if (using) this.#made.keepOnly(key, using);
  };

  readonly lacksMakers: GrantTracker["lacksMakers"] = (key) => this.#made.unstored(key);

  readonly lacksMakersFor: GrantTracker["lacksMakersFor"] = (key) => {
    if (!this.#made.unstored(key)) {
      this.#lacking.delete(key);
      return undefined;
    }
    const now = this.#clock.elapsed();
    const token = this.token(key);
    const before = this.#lacking.get(key);
    // Who is not named by one that was written meanwhile has come since.
    const since = before?.token === token ? (before?.since ?? now) : now;
    this.#lacking.set(key, { token, since });
    return now - since;
  };

  readonly isNeeded: GrantTracker["isNeeded"] = (key) => this.#users.has(key);

  readonly attempts: GrantTracker["attempts"] = (key) => this.#attempts.get(key);

  readonly owner: GrantTracker["owner"] = (key) => {
    const [maker] = this.#users.get(key)?.values().next().value ?? [];
    return maker && `${maker.credential}/${maker.entry}`;
  };

  readonly target: GrantTracker["target"] = (key) => this.#targets.get(key)?.best();

  readonly ended: GrantTracker["ended"] = (key, failure, refused) => {
    const before = this.#attempts.get(key);
    if (!before) return;
    this.#attempts.set(key, { ...before, failure, refused, ended: true });
    this.#tell(key);
  };

  readonly insists: GrantTracker["insists"] = (key) => {
    const { refused, refreshes = {} } = this.#attempts.get(key) ?? {};
    return refused !== undefined && asksAnew(refused, refreshes);
  };

  readonly leftOut: GrantTracker["leftOut"] = (user, key) => this.#budget.leftOut(user, key);

  readonly isUrgent: GrantTracker["isUrgent"] = (key) => !this.#replacements.has(key);

  *repeated(): Generator<Pick<Maker, "credential" | "entry">> {
    for (const key of this.#repeats.keys()) {
      const entries = new Map(this.#made.known(key).map((maker) => [`${maker.credential} ${maker.entry}`, maker]));
      yield* entries.values();
    }
  }

  readonly users: GrantTracker["users"] = (key) => {
    const needing = this.#users.get(key)?.keys() ?? [];
    return this.#kept.isKept(key) ? new Set([...needing, ...this.#kept.users(key)]) : needing;
  };

  readonly unusedSince: GrantTracker["unusedSince"] = (key) => {
    if (this.#users.has(key) || this.#kept.isKept(key)) {
      this.#unused.delete(key);
      return undefined;
    }
    const since = this.#unused.get(key) ?? this.#clock.elapsed();
    this.#unused.set(key, since);
    return since;
  };

  readonly forget: GrantTracker["forget"] = (key) => {
    this.#attempts.delete(key);
    this.#tell(key);
    this.#bySource.forget(key);
    this.#repeats.forget(key);
    this.#unused.delete(key);
    this.#replacements.delete(key);
    this.#made.forget(key);
    this.#lacking.delete(key);
    this.#onForgotten?.(key);
  };

  readonly #tell = (key: string): void => {
    for (const listener of this.#listeners) listener(key);
  };

  readonly subscribe: GrantTracker["subscribe"] = (listener) => void this.#listeners.push(listener);

  *wanted(): Generator<readonly [key: string, grant: Grant]> {
    for (const [key, { grant }] of this.#attempts) yield [key, grant];
  }

  *wantedOf(secretKey: string): Generator<string> {
    const prefix = `${this.#operatorNamespace}/${tokenSecretPrefix}`;
    const stored = secretKey.startsWith(prefix) ? secretKey.slice(prefix.length) : undefined;
    if (stored !== undefined && this.#attempts.has(stored)) yield stored;
    yield* this.#bySource.of(secretKey);
  }
}

function isSameList(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((each, at) => each === other[at]);
}

/** As the maker has had it last. */
function tokenOf(present: Token, { until }: Pick<Maker, "until">): Token | undefined {
  if (until === undefined) return present;
  const at = timeOfText(until);
  return at && tokenUntil(present, at);
}
