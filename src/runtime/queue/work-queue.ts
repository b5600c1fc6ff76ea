// The work queue: merges equal keys, runs one run per key at a time, in lanes, with delays and retries.
import type { Cancel, Clock, Random } from "../clock.ts";
import { delayedKeys, notDelayed, type Delayed } from "./delayed-keys.ts";
import { earliestAndHighest, type Fairness, fairShares, type Wish } from "./fairness.ts";
import { failures, type Failed } from "./failures.ts";
import type { Gate } from "./gate.ts";
import type { Lane } from "./lane-turns.ts";
import { type Ready, readyKeys } from "./ready-keys.ts";

export interface AddOptions {
  /** Default: `normal`. */
  readonly lane?: Lane;
  /**
   * Fairness group, such as a credential's name: flows of one lane take turns. Default: in `bulk` one nameless group, in the
   * other lanes the key's owner, or the key itself where it has none.
   */
  readonly flow?: string;
  /** Time to wait first, in days or smaller units. Default: none. */
  readonly after?: Temporal.Duration;
  /** Wait as long as the queue does for more of the same, so that one run answers many changes. */
  readonly debounced?: boolean;
}

/**
 * How a run ended. `cost`: the units that it takes of its owner's share beside the one that each run takes. `waitsFor`: what it
 * has left undone until then, beside what its time says; see `waits.ts`.
 */
export type Outcome = (Done | Failed) & { readonly cost?: number; readonly waitsFor?: readonly string[] };

export interface Done {
  readonly failed?: false;
  /** When to look again even if nothing happens. Default: never. */
  readonly requeueAfter?: Temporal.Duration;
  /** It goes on in another run; former failures are not over yet. Default: false. */
  readonly unfinished?: boolean;
}

/** Each number is one of client-go's work queue metrics, so that dashboards made for those fit. */
export interface QueueStats {
  /** Ready keys (`workqueue_depth`). */
  readonly depth: Readonly<Record<Lane, number>>;
  /** Keys that wait for their time; client-go has no such metric. */
  readonly delayed: number;
  readonly running: number;
  /** Keys that entered the queue; an `add` that changed nothing is not counted (`workqueue_adds_total`). */
  readonly adds: number;
  /** Failed runs that come back by themselves (`workqueue_retries_total`). */
  readonly retries: number;
  /** Seconds that the present runs have taken, summed (`workqueue_unfinished_work_seconds`). */
  readonly unfinishedSeconds: number;
  /** `workqueue_longest_running_processor_seconds`. */
  readonly longestRunningSeconds: number;
  /** Ready keys that the gate does not let in, by what they lack. */
  readonly aside: ReadonlyMap<string, number>;
}

/** Is told how long things took, for histograms. Must not throw. */
export interface QueueObserver {
  /** A key starts to run, this long after it became ready (`workqueue_queue_duration_seconds`). */
  started(lane: Lane, queueSeconds: number): void;
  /** A run ended (`workqueue_work_duration_seconds`). */
  finished(lane: Lane, workSeconds: number): void;
}

export interface WorkQueue {
  /**
   * Asks for a run of the key. A key that is waiting already stays one: the higher lane and the earlier time win.
   * A key that is running runs again afterwards.
   */
  add(key: string, options?: AddOptions): void;
  /** Takes the key whose turn it is. It is running until `done`. */
  next(): string | undefined;
  /** Ends the run of a key. Throws if the key is not running. */
  done(key: string, outcome: Outcome): void;
  /** Calls `listener` whenever a key has become ready; one listener, the last one set. */
  onReady(listener: () => void): void;
  /** Nothing is ready and nothing runs, nor does anything that waits become ready within this time. Default: none. */
  idle(ahead?: Temporal.Duration): boolean;
  /** Resolves as soon as the queue is idle. */
  whenIdle(): Promise<void>;
  /** Drops what waits and takes nothing more; what runs may end. */
  close(): void;
  stats(): QueueStats;
}

interface Waiting extends Delayed, Ready<Waiting> {
  readonly key: string;
  lane: Lane;
  flow: string;
}

interface Run {
  readonly lane: Lane;
  readonly flow: string;
  readonly startedAt: number;
  /** Asked for during the run: held until it ends. */
  again: Wish | undefined;
}

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly observer?: QueueObserver;
  /** How long a key waits that is added debounced. */
  readonly debounce?: Temporal.Duration | undefined;
  /** Default: no key has an owner. */
  readonly fairness?: Fairness;
  /** Default: no key needs anything but its turn. */
  readonly gate?: Gate;
  /** How soon a key comes back the first time that it fails in a way that only a person can mend. Default: half a minute. */
  readonly slowly?: Temporal.Duration | undefined;
}

/** A report that is a second late misleads nobody, and a burst of changes is mostly over by then. */
const aSecond = Temporal.Duration.from({ seconds: 1 });

/**
 * A queue of keys that forgets events: however often a key is added, it runs once more. A key is in one place at a
 * time:
 *
 *     add ──▶ delayed ──▶ ready ──▶ running ──▶ gone
 *                ▲          ▲          │
 *                └──────────┴──────────┘ done, and wanted again
 *
 * One waiting key costs some 135 bytes besides its text (measured: 2.7 MB for 20,000 on Node 26); p-queue's own backlog
 * costs 1.1 KB.
 */
export function workQueue(options: WorkQueueOptions): WorkQueue {
  const { clock, random, observer, debounce = aSecond, slowly, gate } = options;
  const fair = fairShares(options.fairness);
  const waiting = new Map<string, Waiting>();
  const delayed = delayedKeys<Waiting>();
  const ready = readyKeys<Waiting>(gate, () => listener?.());
  const running = new Map<string, Run>();
  const failed = failures(random, slowly?.total("milliseconds"));
  const idleWaiters: (() => void)[] = [];
  let listener: (() => void) | undefined;
  let timer: { readonly at: number; readonly cancel: Cancel } | undefined;
  let adds = 0;
  let retries = 0;
  let closed = false;

  // Whole milliseconds: a small integer costs no heap, and a Duration holds no fraction of a millisecond.
  const now = (): number => Math.floor(clock.elapsed());

  const idle = (ahead?: Temporal.Duration): boolean =>
    ready.size === 0 &&
    running.size === 0 &&
    (!ahead || (delayed.first()?.at ?? Infinity) > now() + ahead.total("milliseconds"));

  /** Puts a key where its time says; the caller has taken it out of its former place. */
  const put = (item: Waiting): void => {
    if (item.at > now()) {
      delayed.put(item);
      arm();
      return;
    }
    ready.put(item);
    listener?.();
  };

  /**
   * One timer, for the key that is due first. It is left alone when that key goes: at worst it wakes up for nothing.
   */
  const arm = (): void => {
    const first = delayed.first();
    if (!first || (timer && timer.at <= first.at)) return;
    timer?.cancel();
    const delay = Temporal.Duration.from({ milliseconds: Math.ceil(first.at - clock.elapsed()) });
    timer = { at: first.at, cancel: clock.schedule(delay, wake) };
  };

  const wake = (): void => {
    timer = undefined;
    for (let first = delayed.first(); first && first.at <= now(); first = delayed.first()) {
      delayed.remove(first);
      put(first);
    }
    arm();
  };

  const wait = (key: string, asked: Wish): void => {
    const wish = fair.within(key, asked, now());
    const at = Math.ceil(Math.max(wish.at, failed.notBefore(key)));
    const item = waiting.get(key);
    if (!item) {
      adds += 1;
      const added: Waiting = {
        key,
        lane: wish.lane,
        flow: wish.flow,
        at,
        position: notDelayed,
        line: undefined,
        previous: undefined,
        next: undefined,
      };
      waiting.set(key, added);
      put(added);
      return;
    }
    const better = earliestAndHighest({ lane: item.lane, flow: item.flow, at: item.at }, { ...wish, at });
    const isDelayed = item.position !== notDelayed;
    if (better.lane === item.lane && (!isDelayed || better.at === item.at)) {
      if (!isDelayed) ready.review(item);
      return;
    }
    if (isDelayed) delayed.remove(item);
    else ready.remove(item);
    item.lane = better.lane;
    item.flow = better.flow;
    item.at = better.at;
    put(item);
  };

  const afterFailure = (key: string, run: Run, failure: Failed): Wish | undefined => {
    const at = failed.failed(key, failure, now());
    if (at === undefined) return undefined;
    retries += 1;
    // What was wanted is still wanted as much: it keeps its lane.
    return { lane: run.lane, flow: run.flow, at };
  };

  const afterSuccess = (key: string, run: Run, { requeueAfter, unfinished = false }: Done): Wish | undefined => {
    if (!unfinished) failed.forget(key);
    if (!requeueAfter) return undefined;
    // Nobody waits for a second look, so it does not overtake.
    return {
      lane: run.lane === "interactive" ? "normal" : run.lane,
      flow: run.flow,
      at: now() + requeueAfter.total("milliseconds"),
    };
  };

  return {
    add: (key, options = {}) => {
      if (closed) return;
      const after = options.after ?? (options.debounced ? debounce : undefined);
      const at = now() + (after?.total("milliseconds") ?? 0);
      const lane = options.lane ?? "normal";
      const wish = { lane, flow: options.flow ?? fair.flowOf(key, lane), at };
      const run = running.get(key);
      if (run) run.again = run.again ? earliestAndHighest(run.again, wish) : wish;
      else wait(key, wish);
    },
    next: () => {
      const item = ready.take();
      if (!item) return undefined;
      waiting.delete(item.key);
      const startedAt = clock.elapsed();
      fair.started(item.key, item.lane, now());
      running.set(item.key, { lane: item.lane, flow: item.flow, startedAt, again: undefined });
      observer?.started(item.lane, Math.max(startedAt - item.at, 0) / 1000);
      return item.key;
    },
    done: (key, outcome) => {
      const run = running.get(key);
      if (!run) throw new Error(`the key ${key} is not running`);
      running.delete(key);
      gate?.leave(key);
      fair.ended(key, outcome.cost ?? 0, now());
      observer?.finished(run.lane, (clock.elapsed() - run.startedAt) / 1000);
      const own = outcome.failed ? afterFailure(key, run, outcome) : afterSuccess(key, run, outcome);
      const wish = own && run.again ? earliestAndHighest(own, run.again) : (own ?? run.again);
      if (wish && !closed) wait(key, wish);
      if (idle()) for (const resolve of idleWaiters.splice(0)) resolve();
    },
    onReady: (call) => {
      listener = call;
    },
    idle,
    whenIdle: () => (idle() ? Promise.resolve() : new Promise((resolve) => idleWaiters.push(resolve))),
    close: () => {
      closed = true;
      timer?.cancel();
      timer = undefined;
      for (const item of waiting.values()) {
        if (item.position === notDelayed) ready.remove(item);
        else delayed.remove(item);
      }
      waiting.clear();
      if (idle()) for (const resolve of idleWaiters.splice(0)) resolve();
    },
    stats: () => {
      const ages = [...running.values()].map((run) => (clock.elapsed() - run.startedAt) / 1000);
      return {
        depth: { interactive: ready.depth("interactive"), normal: ready.depth("normal"), bulk: ready.depth("bulk") },
        delayed: delayed.size,
        running: running.size,
        adds,
        retries,
        unfinishedSeconds: ages.reduce((sum, age) => sum + age, 0),
        longestRunningSeconds: Math.max(0, ...ages),
        aside: ready.aside(),
      };
    },
  };
}
