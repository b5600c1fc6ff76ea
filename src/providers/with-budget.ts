// How does a provider ask no more than its cloud bears?
import PQueue from "p-queue";
import type { Clock } from "../clock.ts";
import { OperatorError } from "../errors.ts";
import type { Grant } from "../plan/grant.ts";
import type { Provider } from "./provider.ts";
import { rateBudget } from "./rate-budget.ts";

export interface Budget {
  /** Calls at once. */
  readonly concurrency: number;
  /** Calls begun per second, in the long run. */
  readonly perSecond: number;
  /** Calls begun at once after a rest. */
  readonly burst: number;
}

/** Waits for a place, then for a turn. One that is aborted while it waits asks nobody. */
export function withBudget<G extends Grant>(provider: Provider<G>, budget: Budget, clock: Clock): Provider<G> {
  const places = new PQueue({ concurrency: budget.concurrency });
  const rate = rateBudget({ ...budget, clock });
  return {
    fetch: async (grant, signal) => {
      let asked = false;
      try {
        return await places.add(
          async () => {
            await rate.take(signal);
            asked = true;
            return provider.fetch(grant, signal);
          },
          { signal },
        );
      } catch (error) {
        if (asked) throw error;
        throw new OperatorError(
          {
            reason: "RateLimited",
            cause: "Platform",
            retry: "backoff",
            message: `more ${grant.provider} tokens are due than may be asked for at once, and this one's turn did not come; it is tried again`,
          },
          error,
        );
      }
    },
  };
}
