// Which grants are wanted, by whom, and how did the last attempt at each go?
import type { Clock } from "../../runtime/clock.ts";
import type { Failure } from "../../runtime/errors.ts";
import { timeOfText } from "../../runtime/foreign-numbers.ts";
import type { Grant } from "../../providers/grant.ts";
import type { KnownAbsent } from "../../runtime/watch/presence.ts";
import { boundedMakers, type Maker } from "../../cluster/makers.ts";
import { bestTarget, type VerificationTarget } from "./verification-target.ts";
import { asksAnew, type Refreshes, type Refused } from "./plan-refresh.ts";
import type { NamespaceRecord, OperatorSecretRecord } from "../../cluster/records.ts";
import { isAlive, type Token, tokenUntil } from "../../cluster/token.ts";
import type { Store } from "../../runtime/watch/store.ts";
import { grantsWithinBudget } from "./mint-budget.ts";
import { keptItem, keptTokens } from "./token-makers.ts";
import { type RepeatsByGrant, repeatsByGrant } from "./repeated-tokens.ts";
import { tokenMakers } from "./token-makers.ts";

/** A grant that is needed, and how its token is tried. */
export interface Wanted {
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

export interface Attempts extends Omit<Wanted, "target" | "makers"> {
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
  use(user: string, grants: ReadonlyMap<string, Wanted>, kept?: ReadonlySet<string>): readonly string[];
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
  /** Who is to be named by the token Secret, when it is written now. */
  makers(grantKey: string): readonly Maker[];
  /**
   * To be called before it is written: who has ceased to use it, and lives by it still, goes on with the login that it has until
   * that ends, and gets none that others have renewed. Nothing is done before it is known who uses it.
   */
  forgetCeased(grantKey: string): void;
  /** The token Secret does not name all who use it. */
  lacksMakers(grantKey: string): boolean;
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
}

/** The name of the Secret that holds the token of a grant. It belongs to format 1 (token-wire.ts); another format gets another one. */
export function tokenSecretName(grantKey: string): string {
  return `regcred-token-${grantKey}`;
}

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

export function grantTracker({
  clock,
  secrets,
  operatorNamespace,
  onUnused,
  onForgotten,
}: GrantTrackerOptions): GrantTracker {
  const attempts = new Map<string, Attempts>();
  const users = new Map<string, Map<string, Use>>();
  const needs = new Map<string, ReadonlySet<string>>();
  const kept = keptTokens();
  const made = tokenMakers(secrets);
  let firstUse: number | undefined;
  const unused = new Map<string, number>();
  const repeats = repeatsByGrant(clock);
  // Thousands may use one grant.
  const targets = new Map<string, VerificationTarget | undefined>();
  // Grants asked for in place of others.
  const replacements = new Set<string>();

  const token = (key: string): Token | undefined => {
    const record = secrets.get(`${operatorNamespace}/${tokenSecretName(key)}`);
    return record?.kind === "token" && record.token?.grantKey === key ? record.token : undefined;
  };
  const budget = grantsWithinBudget(clock, (key) => !attempts.has(key) && token(key) === undefined);

  const released = (key: string): void => {
    if (users.has(key) || kept.isKept(key)) return;
    unused.set(key, clock.elapsed());
    onUnused?.(key);
  };
  const keep = (user: string, items: ReadonlySet<string>): boolean => {
    const isNews = [...items].some((item) => !kept.has(user, item));
    for (const key of kept.set(user, items)) released(key);
    return isNews;
  };
  /** Returns those that are noted, and whether one of them is news to the token Secret. */
  const noted = (key: string, makers: readonly Maker[]): { makers: readonly Maker[]; isNews: boolean } => {
    const lacked = made.unstored(key);
    const all = makers.map((maker) => made.note(key, maker));
    return { makers: all, isNews: !lacked && made.unstored(key) };
  };

  return {
    use: (user, all, items = new Set()) => {
      firstUse ??= clock.elapsed();
      const grants = budget.within(user, all);
      const before = needs.get(user) ?? new Set();
      keep(user, items);
      for (const key of before) {
        targets.delete(key);
        if (grants.has(key)) continue;
        const others = users.get(key);
        others?.delete(user);
        if (others?.size !== 0) continue;
        users.delete(key);
        released(key);
      }
      const isReplacing = before.size > 0 || !budget.isUrgent(user, grants.size);
      const first: string[] = [];
      for (const [key, { grant, target, refreshes = {}, makers = [] }] of grants) {
        targets.delete(key);
        const known = users.get(key);
        const before = attempts.get(key);
        const { isNews: isOthers, ...use } = { ...noted(key, makers), target };
        if (known) {
          known.set(user, use);
          const isNews = Object.entries(refreshes).some(([name, value]) => before?.refreshes?.[name] !== value);
          const isNowUrgent = !isReplacing && replacements.has(key);
          if (isNews || isNowUrgent) replacements.delete(key);
          if (isNews || isNowUrgent || isOthers) first.push(key);
          if (before && isNews) attempts.set(key, { ...before, refreshes: { ...before.refreshes, ...refreshes } });
          continue;
        }
        users.set(key, new Map([[user, use]]));
        if (isReplacing) replacements.add(key);
        else replacements.delete(key);
        unused.delete(key);
        const asked = { refreshes: { ...before?.refreshes, ...refreshes } };
        attempts.set(key, { grant, wantedAt: clock.elapsed(), failure: undefined, ...before, ...asked });
        first.push(key);
      }
      if (grants.size > 0) needs.set(user, new Set(grants.keys()));
      else needs.delete(user);
      return first;
    },
    keep,
    kept: () => kept.all(),
    had: (user, { token: { grantKey }, maker: { credential, entry } }) =>
      users
        .get(grantKey)
        ?.get(user)
        ?.makers.some((each) => each.credential === credential && each.entry === entry) === true ||
      kept.has(user, keptItem(grantKey, credential, entry)),
    madeFor: (credential, entry, namespace) =>
      made.of(credential, entry, namespace).flatMap(({ grantKey, maker }) => {
        const present = token(grantKey);
        const found = present && tokenOf(present, maker);
        return found ? [{ token: found, maker }] : [];
      }),
    makers: (key) => boundedMakers(made.known(key)),
    forgetCeased: (key) => {
      if (firstUse === undefined || clock.elapsed() - firstUse < settleTime) return;
      const using = new Set([...(users.get(key)?.values() ?? [])].flatMap(({ makers }) => makers));
      const present = token(key);
      const ceased = made.known(key).flatMap((maker): Maker[] => {
        const { credential, entry, until = present?.issuedAt.toString() } = maker;
        if (using.has(maker) || !kept.hasItem(key, keptItem(key, credential, entry))) return [];
        const its = present && tokenOf(present, { ...maker, until });
        return its && isAlive(its, clock.now()) ? [{ ...maker, until }] : [];
      });
      made.keepOnly(key, using, ceased);
    },
    lacksMakers: (key) => made.unstored(key),
    isNeeded: (key) => users.has(key),
    attempts: (key) => attempts.get(key),
    owner: (key) => {
      const [maker] = users.get(key)?.values().next().value?.makers ?? [];
      return maker && `${maker.credential}/${maker.entry}`;
    },
    target: (key) => {
      if (!targets.has(key)) targets.set(key, bestTarget(verificationTargetsOf(users.get(key))));
      return targets.get(key);
    },
    ended: (key, failure, refused) => {
      const before = attempts.get(key);
      if (before) attempts.set(key, { ...before, failure, refused, ended: true });
    },
    insists: (key) => {
      const { refused, refreshes = {} } = attempts.get(key) ?? {};
      return refused !== undefined && asksAnew(refused, refreshes);
    },
    leftOut: (user, key) => budget.leftOut(user, key),
    isUrgent: (key) => !replacements.has(key),
    token,
    repeats,
    repeated: function* () {
      for (const key of repeats.keys()) {
        const entries = new Map(made.known(key).map((maker) => [`${maker.credential} ${maker.entry}`, maker]));
        yield* entries.values();
      }
    },
    users: (key) => {
      const needing = users.get(key)?.keys() ?? [];
      return kept.isKept(key) ? new Set([...needing, ...kept.users(key)]) : needing;
    },
    unusedSince: (key) => {
      if (users.has(key) || kept.isKept(key)) {
        unused.delete(key);
        return undefined;
      }
      const since = unused.get(key) ?? clock.elapsed();
      unused.set(key, since);
      return since;
    },
    forget: (key) => {
      attempts.delete(key);
      targets.delete(key);
      repeats.forget(key);
      unused.delete(key);
      replacements.delete(key);
      made.forget(key);
      onForgotten?.(key);
    },
    wanted: function* () {
      for (const [key, { grant }] of attempts) yield [key, grant] as const;
    },
  };
}

/** As the maker has had it last. */
function tokenOf(present: Token, { until }: Pick<Maker, "until">): Token | undefined {
  if (until === undefined) return present;
  const at = timeOfText(until);
  return at && tokenUntil(present, at);
}

/** How one Secret uses a grant. */
interface Use extends Pick<Wanted, "target"> {
  readonly makers: readonly Maker[];
}

function* verificationTargetsOf(uses: ReadonlyMap<string, Use> | undefined): Iterable<VerificationTarget | undefined> {
  for (const { target } of uses?.values() ?? []) yield target;
}
