// Waits at a start for an API server that is away: that heals by itself, and a process that ends instead
// comes back ever more slowly.
import { hasTrait } from "../api/reasons.ts";
import type { Clock, Random } from "../runtime/clock.ts";
import { OperatorError } from "../runtime/errors.ts";
import type { Log } from "../runtime/observability/log.ts";
import { textWithSteps } from "../runtime/steps.ts";
import { backoff } from "../runtime/watch/backoff.ts";

export interface OnceAnsweredOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** What is waited for, in a sentence; undefined: nothing any more. */
  readonly tell: (sentence: string | undefined) => void;
}

/** Rejects with what only a person can mend, or with the signal's reason. */
export async function onceAnswered(attempt: () => Promise<void>, options: OnceAnsweredOptions): Promise<void> {
  const { clock, random, log, signal, tell } = options;
  let reported: string | undefined;
  for (let failures = 1; ; failures += 1) {
    signal.throwIfAborted();
    try {
      await attempt();
      if (reported !== undefined) log.info("the API server answers");
      tell(undefined);
      return;
    } catch (error) {
      if (!(error instanceof OperatorError) || !hasTrait(error, "away")) throw error;
      const sentence = textWithSteps(error);
      if (sentence !== reported) log.warn("waiting for the API server", { detail: sentence });
      reported = sentence;
      tell(sentence);
    }
    await clock.sleep(backoff(failures, random), signal);
  }
}
