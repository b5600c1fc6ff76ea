// Which of the grants that a Secret needs has its namespace a budget for?
import type { Clock } from "../../runtime/clock.ts";
import { keyOf } from "../keys.ts";
import { mintBudget } from "./mint-budget.ts";

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
