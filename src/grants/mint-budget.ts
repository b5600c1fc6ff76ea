// The budget of new logins: how many a namespace may have minted in an hour, whatever its labels say.
import { failure } from "../api/reasons.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Failure } from "../runtime/errors.ts";
import { shares } from "../runtime/queue/shares.ts";
import { keyOf } from "../controllers/keys.ts";

export interface MintBudget {
  /** Counts one grant that nobody has needed lately; answers whether it may be minted. `needed`: grants of the namespace now. */
  mayMint(namespace: string, needed: number, now: number): boolean;
  /** When it may have one again: elapsed milliseconds. */
  freeAt(namespace: string): number;
  /** It has lately had no more than once what it needs: it may be new. */
  isUrgent(namespace: string, needed: number, now: number): boolean;
}

// Who may label a Namespace can ask for another grant with each change, and each is a call to a cloud. A person who tries
// labels out needs a few an hour.
const maxInHour = 20;
// Where a namespace has many entries, as many times all of them: an administrator's edits are no tenant's fault.
const maxOfEach = 10;
const hour = 3_600;
// Of sums of parts of a unit.
const rounding = 1e-6;

function unitsOf(needed: number): number {
  return maxInHour / Math.max(maxInHour, maxOfEach * needed);
}

export function mintBudget(): MintBudget {
  const minted = shares({ perSecond: maxInHour / hour, burst: maxInHour });
  return {
    mayMint: (namespace, needed, now) => {
      const units = unitsOf(needed);
      if (minted.spent(namespace, now) + units > maxInHour + rounding) return false;
      minted.spend(namespace, units, now);
      return true;
    },
    freeAt: (namespace) => minted.freeAt(namespace),
    isUrgent: (namespace, needed, now) => minted.spent(namespace, now) <= needed * unitsOf(needed) + rounding,
  };
}

export const overMintBudget: Failure = failure("MintBudget", {
  message: `the labels of this namespace have asked for more new logins than one namespace may have in an hour, so the login that they ask for now waits; the next one comes within minutes`,
});

export interface GrantsWithinBudget {
  /** Those of them that are not new, or that the namespace may have anew. */
  within<T>(user: string, all: ReadonlyMap<string, T>): ReadonlyMap<string, T>;
  /** Milliseconds until a grant that was left out may be asked for; undefined for one that was not. */
  leftOut(user: string, grantKey: string): number | undefined;
  /** Whether so many may overtake others. */
  isUrgent(user: string, count: number): boolean;
}

/** @param isNew whether a grant would have to be minted first */
export function grantsWithinBudget(clock: Clock, isNew: (grantKey: string) => boolean): GrantsWithinBudget {
  const budget = mintBudget();
  // By user.
  const leftOut = new Map<string, ReadonlySet<string>>();
  return {
    within: (user, all) => {
      const tooMany = [...all.keys()].filter(
        (key) => isNew(key) && !budget.mayMint(namespaceOf(user), all.size, clock.elapsed()),
      );
      if (tooMany.length === 0) {
        leftOut.delete(user);
        return all;
      }
      leftOut.set(user, new Set(tooMany));
      return new Map([...all].filter(([key]) => !tooMany.includes(key)));
    },
    leftOut: (user, key) =>
      leftOut.get(user)?.has(key) === true
        ? Math.max(budget.freeAt(namespaceOf(user)) - clock.elapsed(), 0)
        : undefined,
    isUrgent: (user, count) => budget.isUrgent(namespaceOf(user), count, clock.elapsed()),
  };
}

/** Users are pull Secrets; another one would have a budget of its own. */
function namespaceOf(user: string): string {
  const key = keyOf(user);
  return "namespace" in key ? key.namespace : user;
}
