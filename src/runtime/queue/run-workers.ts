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
  return new QueueWorkers(options);
}

class QueueWorkers implements Workers {
  readonly #queue;
  readonly #run;
  readonly #away;
  readonly #deadline;
  readonly #clock;
  readonly #onError;
  readonly #limit;
  readonly #executor;
  readonly #running = new Map<string, AbortController>();
  #feeding = false;
  #draining = false;
  #spell: number | undefined;
  #rest: Cancel | undefined;
  #pause: { readonly until: number; readonly cancel: Cancel } | undefined;

  constructor(options: WorkersOptions) {
    const { queue, run, concurrency, away = () => 0, deadline, clock, onError } = options;
    this.#queue = queue;
    this.#run = run;
    this.#away = away;
    this.#deadline = deadline;
    this.#clock = clock;
    this.#onError = onError;
    this.#limit = adaptiveConcurrency(concurrency);
    this.#executor = new PQueue({ concurrency });
    queue.onReady(this.#feedSoon);
    this.#feedSoon();
  }

  // Deferred to a microtask: a burst of events is in the queue, and so in order, before the first of its keys starts.
  readonly #feedSoon = (): void => {
    if (this.#feeding) return;
    this.#feeding = true;
    queueMicrotask(() => {
      this.#feeding = false;
      this.#feed();
    });
  };

  readonly #feed = (): void => {
    if (this.#draining || this.#pause || this.#rest) return;
    while (this.#executor.pending + this.#executor.size < this.#limit.current() + this.#away()) {
      if (this.#isLong()) return;
      const key = this.#queue.next();
      if (key === undefined) {
        this.#spell = undefined;
        return;
      }
      // A key that has just been taken may be away already.
      this.#executor.concurrency = this.#limit.current() + this.#away();
      void this.#executor.add(() => this.#runOnce(key)).finally(this.#feedSoon);
    }
  };

  /** Goes on in the next turn of the event loop. */
  readonly #isLong = (): boolean => {
    this.#spell ??= this.#clock.elapsed();
    if (this.#clock.elapsed() - this.#spell < longestSpell) return false;
    this.#rest = this.#clock.schedule(nextTurn, () => {
      this.#spell = undefined;
      this.#rest = undefined;
      this.#feedSoon();
    });
    return true;
  };

  readonly #resume = (): void => {
    this.#pause = undefined;
    this.#feedSoon();
  };

  readonly #runOnce = async (key: string): Promise<void> => {
    const abort = new AbortController();
    this.#running.set(key, abort);
    const cancelDeadline = this.#clock.schedule(this.#deadline, () => {
      abort.abort(new DOMException(`the run took longer than ${this.#deadline.total("seconds")} s`, "TimeoutError"));
    });
    // A bug must never park a key in silence: what is thrown counts as a failure that is worth another try.
    let outcome: Outcome = { failed: true, retry: "backoff" };
    try {
      outcome = await this.#run(key, abort.signal);
      if (!outcome.failed) this.#limit.succeeded();
    } catch (error) {
      // `drain` answers for the runs that it aborts.
      if (!this.#draining || !abort.signal.aborted) this.#onError(key, error);
    } finally {
      cancelDeadline();
      this.#running.delete(key);
      this.#queue.done(key, outcome);
    }
  };

  readonly #ended = async (patience: Temporal.Duration): Promise<void> => {
    const stop = new AbortController();
    const patienceOver = this.#clock.sleep(patience, stop.signal).catch(() => undefined);
    await Promise.race([this.#executor.onIdle(), patienceOver]);
    stop.abort();
  };

  readonly concurrency: Workers["concurrency"] = () => this.#limit.current();

  readonly throttled: Workers["throttled"] = (retryAfter = shortestPause) => {
    // A 429 is about our whole flow (one per user), so everything waits, interactive keys too: they would be refused
    // as well and lengthen the wait. The lease and the watches do not come through here.
    if (this.#draining) return;
    // The other requests of the same burst are refused too: that is one piece of news, not one each.
    if (!this.#pause) this.#limit.throttled();
    const wait = bounded(retryAfter, shortestPause, longestPause);
    const until = this.#clock.elapsed() + wait.total("milliseconds");
    if (this.#pause && this.#pause.until >= until) return;
    this.#pause?.cancel();
    this.#pause = { until, cancel: this.#clock.schedule(wait, this.#resume) };
  };

  readonly drain: Workers["drain"] = async (patience) => {
    this.#draining = true;
    this.#pause?.cancel();
    this.#rest?.();
    this.#queue.close();
    await this.#ended(patience);
    const aborted = [...this.#running.keys()];
    for (const abort of this.#running.values()) abort.abort(new DOMException("the operator stops", "AbortError"));
    if (aborted.length > 0) await this.#ended(abortGrace);
    return aborted;
  };
}

function bounded(duration: Temporal.Duration, min: Temporal.Duration, max: Temporal.Duration): Temporal.Duration {
  if (Temporal.Duration.compare(duration, min) < 0) return min;
  return Temporal.Duration.compare(duration, max) > 0 ? max : duration;
}
