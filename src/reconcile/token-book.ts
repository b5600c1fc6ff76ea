// Which grants are wanted, by whom, and how did the last attempt at each go?
import type { Clock } from "../clock.ts";
import type { Failure } from "../errors.ts";
import type { Grant } from "../plan/grant.ts";
import type { KnownAbsent } from "../plan/presence.ts";
import { bestProbe, type Probe } from "../plan/probe.ts";
import { asksAnew, type Refreshes, type Refused } from "../plan/refresh.ts";
import type { OperatorSecretRecord } from "../plan/snapshot.ts";
import type { Token } from "../plan/token.ts";
import { keyOf } from "../plan/keys.ts";
import type { Store } from "../watch/store.ts";
import { mintBudget } from "./mint-budget.ts";

/** A grant that is needed, and how its token is tried. */
export interface Wanted {
  readonly grant: Grant;
  readonly probe: Probe | undefined;
  /** Requests to mint at once, by RegistryCredential. */
  readonly refreshes?: Refreshes;
}

export interface Attempts extends Omit<Wanted, "probe"> {
  /** Elapsed milliseconds at which the grant was first wanted. */
  readonly wantedAt: number;
  /** Of the last attempt. */
  readonly failure: Failure | undefined;
  /** What that attempt was about, where it failed. */
  readonly refused?: Refused | undefined;
}

export interface TokenBook {
  /**
   * Notes that the Secret `user` needs exactly these grants now; returns the keys that nobody needed before, or of
   * which somebody asks to be minted at once. Those that its namespace has no budget for are left out.
   */
  use(user: string, grants: ReadonlyMap<string, Wanted>): readonly string[];
  /** Milliseconds until a grant can be asked for again that `use` has left out; undefined for one that it has not. */
  leftOut(user: string, grantKey: string): number | undefined;
  /** Whether somebody waits for the grant: not where each who needs it has asked for it in place of another one. */
  isUrgent(grantKey: string): boolean;
  attempts(grantKey: string): Attempts | undefined;
  /** How the token is to be tried, as those who use it say now. */
  probe(grantKey: string): Probe | undefined;
  ended(grantKey: string, failure: Failure | undefined, refused?: Refused): void;
  /** Whether a person has asked for a token since the last attempt failed. */
  insists(grantKey: string): boolean;
  /** The stored token: the Secret in the operator's namespace is the memory. */
  token(grantKey: string): Token | undefined;
  users(grantKey: string): Iterable<string>;
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

export interface TokenBookOptions {
  readonly clock: Clock;
  readonly secrets: Pick<Store<OperatorSecretRecord>, "get">;
  readonly operatorNamespace: string;
  /** Nobody needs the grant any more: it is to be looked at, and forgotten in time. */
  readonly onUnused?: (grantKey: string) => void;
  /** It is known what the Secret needs, if anything. */
  readonly onUse?: (user: string) => void;
}

export function tokenBook({ clock, secrets, operatorNamespace, onUnused, onUse }: TokenBookOptions): TokenBook {
  const attempts = new Map<string, Attempts>();
  const users = new Map<string, Map<string, Probe | undefined>>();
  const needs = new Map<string, readonly string[]>();
  const unused = new Map<string, number>();
  const budget = mintBudget();
  const leftOut = new Map<string, ReadonlySet<string>>();
  // Grants asked for in place of others.
  const replacements = new Set<string>();

  const token = (key: string): Token | undefined => {
    const record = secrets.get(`${operatorNamespace}/${tokenSecretName(key)}`);
    return record?.kind === "token" && record.token?.grantKey === key ? record.token : undefined;
  };
  const withinBudget = (user: string, all: ReadonlyMap<string, Wanted>): ReadonlyMap<string, Wanted> => {
    const isNew = (key: string): boolean => !attempts.has(key) && token(key) === undefined;
    const tooMany = [...all.keys()].filter(
      (key) => isNew(key) && !budget.mayMint(namespaceOf(user), all.size, clock.elapsed()),
    );
    if (tooMany.length === 0) {
      leftOut.delete(user);
      return all;
    }
    leftOut.set(user, new Set(tooMany));
    return new Map([...all].filter(([key]) => !tooMany.includes(key)));
  };

  return {
    use: (user, all) => {
      onUse?.(user);
      const grants = withinBudget(user, all);
      const before = needs.get(user) ?? [];
      for (const key of before) {
        if (grants.has(key)) continue;
        const others = users.get(key);
        others?.delete(user);
        if (others?.size === 0) {
          users.delete(key);
          unused.set(key, clock.elapsed());
          onUnused?.(key);
        }
      }
      const isReplacing = before.length > 0 || !budget.isUrgent(namespaceOf(user), grants.size, clock.elapsed());
      const first: string[] = [];
      for (const [key, { grant, probe, refreshes = {} }] of grants) {
        const known = users.get(key);
        const before = attempts.get(key);
        if (known) {
          known.set(user, probe);
          const isNews = Object.entries(refreshes).some(([name, value]) => before?.refreshes?.[name] !== value);
          const isNowUrgent = !isReplacing && replacements.has(key);
          if (isNews || isNowUrgent) {
            replacements.delete(key);
            first.push(key);
          }
          if (before && isNews) attempts.set(key, { ...before, refreshes: { ...before.refreshes, ...refreshes } });
          continue;
        }
        users.set(key, new Map([[user, probe]]));
        if (isReplacing) replacements.add(key);
        else replacements.delete(key);
        unused.delete(key);
        const asked = { refreshes: { ...before?.refreshes, ...refreshes } };
        attempts.set(key, { grant, wantedAt: clock.elapsed(), failure: undefined, ...before, ...asked });
        first.push(key);
      }
      if (grants.size > 0) needs.set(user, [...grants.keys()]);
      else needs.delete(user);
      return first;
    },
    attempts: (key) => attempts.get(key),
    probe: (key) => bestProbe(users.get(key)?.values() ?? []),
    ended: (key, failure, refused) => {
      const before = attempts.get(key);
      if (before) attempts.set(key, { ...before, failure, refused });
    },
    insists: (key) => {
      const { refused, refreshes = {} } = attempts.get(key) ?? {};
      return refused !== undefined && asksAnew(refused, refreshes);
    },
    leftOut: (user, key) =>
      leftOut.get(user)?.has(key) === true
        ? Math.max(budget.freeAt(namespaceOf(user)) - clock.elapsed(), 0)
        : undefined,
    isUrgent: (key) => !replacements.has(key),
    token,
    users: (key) => users.get(key)?.keys() ?? [],
    unusedSince: (key) => {
      if (users.has(key)) return undefined;
      const since = unused.get(key) ?? clock.elapsed();
      unused.set(key, since);
      return since;
    },
    forget: (key) => {
      attempts.delete(key);
      unused.delete(key);
      replacements.delete(key);
    },
    wanted: function* () {
      for (const [key, { grant }] of attempts) yield [key, grant] as const;
    },
  };
}

/** Users are pull Secrets; another one would have a budget of its own. */
function namespaceOf(user: string): string {
  const key = keyOf(user);
  return "namespace" in key ? key.namespace : user;
}
