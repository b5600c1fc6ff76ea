// How many new logins may one namespace have minted in an hour, whatever its labels say?
import type { Failure } from "../../runtime/errors.ts";
import { shares } from "../../runtime/queue/shares.ts";

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

export const overMintBudget: Failure = {
  reason: "MintBudget",
  cause: "Tenant",
  retry: "on-change",
  message: `the labels of this namespace have asked for more new logins than one namespace may have in an hour, so the login that they ask for now waits; the next one comes within minutes`,
};
