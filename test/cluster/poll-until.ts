// Polls until a condition holds, with a time limit.

import { setTimeout as sleep } from "node:timers/promises";

export interface PollOptions {
  /** What is waited for; ends the sentence "waited 60 s for ...". */
  readonly what: string;
  readonly limit: Temporal.Duration;
  readonly every?: Temporal.Duration;
}

/**
 * Asks until the answer is neither `undefined` nor `false`, and gives it. What `check` throws ends the wait at once.
 * @throws Error that names what was waited for, when the limit has passed.
 */
export async function pollUntil<T>(
  check: () => Promise<T | undefined | false> | T | undefined | false,
  options: PollOptions,
): Promise<T> {
  const limit = options.limit.total("milliseconds");
  const pause = (options.every ?? Temporal.Duration.from({ milliseconds: 50 })).total("milliseconds");
  const start = performance.now();
  for (;;) {
    const answer = await check();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() - start > limit) throw new Error(`waited ${limit / 1000} s for ${options.what}`);
    await sleep(pause);
  }
}
