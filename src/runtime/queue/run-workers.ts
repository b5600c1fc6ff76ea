// Workers that run the keys: how many at once, each with a deadline, and how they stop.
import PQueue from "p-queue";
import type { Cancel, Clock } from "../clock.ts";
import { adaptiveConcurrency } from "./adaptive-concurrency.ts";
import type { Outcome, WorkQueue } from "./work-queue.ts";

export interface WorkersOptions {
  readonly queue: WorkQueue;
  /** One run. It must end soon after the signal aborts: until it ends it holds its key and its place. */
  readonly run: (key: string, signal: AbortSignal) => Promise<Outcome>;
  /** The most runs at once, at least 1. */
  readonly concurrency: number;
  /** How many of those that run wait for somebody else, in places that are counted elsewhere: they hold no place here. Default: none. */
  readonly away?: () => number;
  /** How long one run may take before its signal aborts. */
  readonly deadline: Temporal.Duration;
  readonly clock: Clock;
  /** Is told what a run threw: a bug, or an aborted run. Expected failures are outcomes. Must not throw. */
  readonly onError: (key: string, error: unknown) => void;
}

export interface Workers {
  /** How many runs at once are allowed now. */
  concurrency(): number;
  /** The API server answered 429: nothing starts for `retryAfter` (1 s to 1 min), then half as many run at once. */
  throttled(retryAfter?: Temporal.Duration): void;
  /**
   * Ends it all: takes no more keys, lets runs end for `deadline`, then aborts them and gives them one second more.
   * Resolves with the keys whose runs had to be aborted; never rejects.
   */
  drain(deadline: Temporal.Duration): Promise<readonly string[]>;
}

// What the API server's own priority and fairness asks for at least (k8s.io/apiserver dropped_requests_tracker.go: 1 to
// 32 s).
const shortestPause = Temporal.Duration.from({ seconds: 1 });
// Twice the longest wait that it asks for. A proxy that names an hour must not stop the operator for one.
const longestPause = Temporal.Duration.from({ minutes: 1 });
// An aborted request ends in milliseconds; what takes longer will not end at all.
const abortGrace = Temporal.Duration.from({ seconds: 1 });
// Runs that wait for nobody follow each other without a turn of the event loop between them: after so many milliseconds
// answers, probes and the lease have theirs.
const longestSpell = 10;
const nextTurn = new Temporal.Duration();

/**
 * Feeds p-queue one key per free place, so the backlog stays in our queue, where keys can be merged and overtaken. Its
 * timeouts and signals are not used: they free the place while the function goes on, and two runs of one key would
 * overlap.
 */
export function runWorkers(options: WorkersOptions): Workers {
  const { queue, run, concurrency, away = () => 0, deadline, clock, onError } = options;
  const limit = adaptiveConcurrency(concurrency);
  const executor = new PQueue({ concurrency });
  const running = new Map<string, AbortController>();
  let feeding = false;
  let draining = false;
  let spell: number | undefined;
  let rest: Cancel | undefined;
  let pause: { readonly until: number; readonly cancel: Cancel } | undefined;

  // Deferred to a microtask: a burst of events is in the queue, and so in order, before the first of its keys starts.
  const feedSoon = (): void => {
    if (feeding) return;
    feeding = true;
    queueMicrotask(() => {
      feeding = false;
      feed();
    });
  };

  const feed = (): void => {
    if (draining || pause || rest) return;
    while (executor.pending + executor.size < limit.current() + away()) {
      if (isLong()) return;
      const key = queue.next();
      if (key === undefined) {
        spell = undefined;
        return;
      }
      // A key that has just been taken may be away already.
      executor.concurrency = limit.current() + away();
      void executor.add(() => runOnce(key)).finally(feedSoon);
    }
  };

  /** Goes on in the next turn of the event loop. */
  const isLong = (): boolean => {
    spell ??= clock.elapsed();
    if (clock.elapsed() - spell < longestSpell) return false;
    rest = clock.schedule(nextTurn, () => {
      spell = undefined;
      rest = undefined;
      feedSoon();
    });
    return true;
  };

  const resume = (): void => {
    pause = undefined;
    feedSoon();
  };

  const runOnce = async (key: string): Promise<void> => {
    const abort = new AbortController();
    running.set(key, abort);
    const cancelDeadline = clock.schedule(deadline, () => {
      abort.abort(new DOMException(`the run took longer than ${deadline.total("seconds")} s`, "TimeoutError"));
    });
    // A bug must never park a key in silence: what is thrown counts as a failure that is worth another try.
    let outcome: Outcome = { failed: true, retry: "backoff" };
    try {
      outcome = await run(key, abort.signal);
      if (!outcome.failed) limit.succeeded();
    } catch (error) {
      // `drain` answers for the runs that it aborts.
      if (!draining || !abort.signal.aborted) onError(key, error);
    } finally {
      cancelDeadline();
      running.delete(key);
      queue.done(key, outcome);
    }
  };

  const ended = async (patience: Temporal.Duration): Promise<void> => {
    const stop = new AbortController();
    const patienceOver = clock.sleep(patience, stop.signal).catch(() => undefined);
    await Promise.race([executor.onIdle(), patienceOver]);
    stop.abort();
  };

  queue.onReady(feedSoon);
  feedSoon();

  return {
    concurrency: () => limit.current(),
    throttled: (retryAfter = shortestPause) => {
      // A 429 is about our whole flow (one per user), so everything waits, interactive keys too: they would be refused
      // as well and lengthen the wait. The lease and the watches do not come through here.
      if (draining) return;
      // The other requests of the same burst are refused too: that is one piece of news, not one each.
      if (!pause) limit.throttled();
      const wait = bounded(retryAfter, shortestPause, longestPause);
      const until = clock.elapsed() + wait.total("milliseconds");
      if (pause && pause.until >= until) return;
      pause?.cancel();
      pause = { until, cancel: clock.schedule(wait, resume) };
    },
    drain: async (patience) => {
      draining = true;
      pause?.cancel();
      rest?.();
      queue.close();
      await ended(patience);
      const aborted = [...running.keys()];
      for (const abort of running.values()) abort.abort(new DOMException("the operator stops", "AbortError"));
      if (aborted.length > 0) await ended(abortGrace);
      return aborted;
    },
  };
}

function bounded(duration: Temporal.Duration, min: Temporal.Duration, max: Temporal.Duration): Temporal.Duration {
  if (Temporal.Duration.compare(duration, min) < 0) return min;
  return Temporal.Duration.compare(duration, max) > 0 ? max : duration;
}
