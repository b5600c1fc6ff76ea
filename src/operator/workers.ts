// The workers of both queues: how many run at once, how long a run may take, and whether they may. A part of the composition root.
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/observability/log.ts";
import { errorFields } from "../runtime/observability/log-watch.ts";
import type { Controllers } from "../runtime/queue/controllers.ts";
import { runWorkers, type Workers } from "../runtime/queue/run-workers.ts";
import type { Queues } from "./queues.ts";

export interface QueueWorkersOptions {
  readonly queues: Queues;
  readonly clock: Clock;
  readonly log: Pick<Log, "error">;
  /** The most runs at once of the tenants' queue. */
  readonly concurrency: number;
  /** How many runs of the tokens' queue wait for a cloud or registry. */
  readonly away: () => number;
  /** This replica may work. */
  readonly leading: () => boolean;
}

export interface QueueWorkers {
  /** Does the work from now on. */
  begin(run: Controllers["run"]): void;
  /** Has begun, and may go on. */
  working(): boolean;
  /** The API server has answered 429. */
  throttled(retryAfter: Temporal.Duration | undefined): void;
  /** Lets runs end within the limit. */
  drain(limit: Temporal.Duration): Promise<void>;
}

// Longer than the few requests of a run take at 5 s each.
const runDeadline = Temporal.Duration.from({ seconds: 45 });
// Beside those that wait for a cloud or registry, in places of their own: what is left is a write or two. They have workers
// of their own, so that a burst of tokens holds up no Secret.
const tokenConcurrency = 64;

export function queueWorkers({ queues, clock, log, concurrency, away, leading }: QueueWorkersOptions): QueueWorkers {
  const all: Workers[] = [];
  return {
    begin: (run) => {
      const onError = (key: string, error: unknown): void => log.error("run failed", { key, ...errorFields(error) });
      const each = { run, deadline: runDeadline, clock, onError };
      all.push(runWorkers({ ...each, queue: queues.tenants, concurrency }));
      all.push(runWorkers({ ...each, queue: queues.tokens, concurrency: tokenConcurrency, away }));
    },
    working: () => all.length > 0 && leading(),
    throttled: (retryAfter) => all.forEach((each) => each.throttled(retryAfter)),
    drain: async (limit) => void (await Promise.all(all.map((each) => each.drain(limit)))),
  };
}
