// Paces statuses that only tell how far work is that goes on by itself: so many a second of all RegistryCredentials together.
import type { Status } from "../../api/registry-credential.ts";
import type { Clock } from "../../runtime/clock.ts";

export interface Progress {
  /** Milliseconds until the RegistryCredential's next status of this kind; 0: now. Until it is told, its turn stays. */
  rest(credentialName: string): number;
  /** Its status has just been written, or there is nothing to write. */
  told(credentialName: string): void;
}

// A write of a custom resource costs the API server five times what one of a Secret does. Two hundred RegistryCredentials that began
// together told of it once a second each: twelve hundred writes beside two thousand of what they were about.
const perSecond = 10;
const spacing = 1_000 / perSecond;
// Milliseconds.
const longestRest = 30_000;

export function progressOf({ elapsed }: Pick<Clock, "elapsed">): Progress {
  const turns = new Map<string, number>();
  let next = 0;
  return {
    rest: (name) => {
      const now = elapsed();
      let turn = turns.get(name);
      if (turn === undefined) {
        const due = Math.min(Math.max(next, now), now + longestRest);
        next = due + spacing;
        // As many as there may be in a second need not be spread over it.
        turn = due - (1_000 - spacing);
        turns.set(name, turn);
      }
      return Math.max(turn - now, 0);
    },
    told: (name) => void turns.delete(name),
  };
}

/** Whether what is to be told differs in counts and times alone: others wait for what else a status keeps. */
export function isProgress(before: Status | undefined, after: Status): boolean {
  return before !== undefined && JSON.stringify(newsOf(before)) === JSON.stringify(newsOf(after));
}

function newsOf({ observedGeneration, conditions = [], registries = [], failures = [], ...status }: Status) {
  return {
    observedGeneration,
    conditions: conditions.map((condition) => [condition.type, condition.status, condition.reason]),
    failing: [
      ...registries.flatMap(({ name, reason }) => (reason === undefined ? [] : [[name, reason]])),
      ...failures.map(({ reason }) => [reason]),
    ],
    kept: [status.secretName, status.extraReferences, status.retiring, status.mode],
  };
}
