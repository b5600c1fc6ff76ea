// The work queue: merges equal keys, runs one run per key at a time, in lanes, with delays and retries.
import type { Cancel, Clock, Random } from "../clock.ts";
import { heap, notPlaced, type Placed } from "../heap.ts";
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

interface Waiting extends Placed, Ready<Waiting> {
  /** When it is due: elapsed milliseconds of the clock. */
  at: number;
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
  return new LaneQueue(options);
}

class LaneQueue implements WorkQueue {
  readonly #clock;
  readonly #observer;
  readonly #debounce;
  readonly #gate;
  readonly #fair;
  readonly #waiting = new Map<string, Waiting>();
  readonly #delayed = heap<Waiting>((one, other) => one.at < other.at);
  readonly #ready;
  readonly #running = new Map<string, Run>();
  readonly #failed;
  readonly #idleWaiters: (() => void)[] = [];
  #listener: (() => void) | undefined;
  #timer: { readonly at: number; readonly cancel: Cancel } | undefined;
  #adds = 0;
  #retries = 0;
  #closed = false;

  constructor(options: WorkQueueOptions) {
    const { clock, random, observer, debounce = aSecond, slowly, gate } = options;
    this.#clock = clock;
    this.#observer = observer;
    this.#debounce = debounce;
    this.#gate = gate;
    this.#fair = fairShares(options.fairness);
    this.#ready = readyKeys<Waiting>(gate, () => this.#listener?.());
    this.#failed = failures(random, slowly?.total("milliseconds"));
  }

  // Whole milliseconds: a small integer costs no heap, and a Duration holds no fraction of a millisecond.
  readonly #now = (): number => Math.floor(this.#clock.elapsed());

  readonly idle = (ahead?: Temporal.Duration): boolean =>
    this.#ready.size === 0 &&
    this.#running.size === 0 &&
    (!ahead || (this.#delayed.first()?.at ?? Infinity) > this.#now() + ahead.total("milliseconds"));

  /** Puts a key where its time says; the caller has taken it out of its former place. */
  readonly #put = (item: Waiting): void => {
    if (item.at > this.#now()) {
      this.#delayed.put(item);
      this.#arm();
      return;
    }
    this.#ready.put(item);
    this.#listener?.();
  };

  /**
   * One timer, for the key that is due first. It is left alone when that key goes: at worst it wakes up for nothing.
   */
  readonly #arm = (): void => {
    const first = this.#delayed.first();
    if (!first || (this.#timer && this.#timer.at <= first.at)) return;
    this.#timer?.cancel();
    const delay = Temporal.Duration.from({ milliseconds: Math.ceil(first.at - this.#clock.elapsed()) });
    this.#timer = { at: first.at, cancel: this.#clock.schedule(delay, this.#wake) };
  };

  readonly #wake = (): void => {
    this.#timer = undefined;
    for (let first = this.#delayed.first(); first && first.at <= this.#now(); first = this.#delayed.first()) {
      this.#delayed.remove(first);
      this.#put(first);
    }
    this.#arm();
  };

  readonly #wait = (key: string, asked: Wish): void => {
    const wish = this.#fair.within(key, asked, this.#now());
    const at = Math.ceil(Math.max(wish.at, this.#failed.notBefore(key)));
    const item = this.#waiting.get(key);
    if (!item) {
      this.#adds += 1;
      const added: Waiting = {
        key,
        lane: wish.lane,
        flow: wish.flow,
        at,
        position: notPlaced,
        line: undefined,
        previous: undefined,
        next: undefined,
      };
      this.#waiting.set(key, added);
      this.#put(added);
      return;
    }
    const better = earliestAndHighest({ lane: item.lane, flow: item.flow, at: item.at }, { ...wish, at }, this.#now());
    const isDelayed = item.position !== notPlaced;
    if (better.lane === item.lane && (!isDelayed || better.at === item.at)) {
      if (!isDelayed) this.#ready.review(item);
      return;
    }
    if (isDelayed) this.#delayed.remove(item);
    else this.#ready.remove(item);
    item.lane = better.lane;
    item.flow = better.flow;
    item.at = better.at;
    this.#put(item);
  };

  readonly #afterFailure = (key: string, run: Run, failure: Failed): Wish | undefined => {
    const at = this.#failed.failed(key, failure, this.#now());
    if (at === undefined) return undefined;
    this.#retries += 1;
    // What was wanted is still wanted as much: it keeps its lane.
    return { lane: run.lane, flow: run.flow, at };
  };

  readonly #afterSuccess = (key: string, run: Run, { requeueAfter, unfinished = false }: Done): Wish | undefined => {
    if (!unfinished) this.#failed.forget(key);
    if (!requeueAfter) return undefined;
    // Nobody waits for a second look, so it does not overtake.
    return {
      lane: run.lane === "interactive" ? "normal" : run.lane,
      flow: run.flow,
      at: this.#now() + requeueAfter.total("milliseconds"),
    };
  };

  readonly add: WorkQueue["add"] = (key, options = {}) => {
    if (this.#closed) return;
    const after = options.after ?? (options.debounced ? this.#debounce : undefined);
    const at = this.#now() + (after?.total("milliseconds") ?? 0);
    const lane = options.lane ?? "normal";
    const wish = { lane, flow: options.flow ?? this.#fair.flowOf(key, lane), at };
    const run = this.#running.get(key);
    if (run) run.again = run.again ? earliestAndHighest(run.again, wish, this.#now()) : wish;
    else this.#wait(key, wish);
  };

  readonly next: WorkQueue["next"] = () => {
    const item = this.#ready.take();
    if (!item) return undefined;
    this.#waiting.delete(item.key);
    const startedAt = this.#clock.elapsed();
    this.#fair.started(item.key, item.lane, this.#now());
    this.#running.set(item.key, { lane: item.lane, flow: item.flow, startedAt, again: undefined });
    this.#observer?.started(item.lane, Math.max(startedAt - item.at, 0) / 1000);
    return item.key;
  };

  readonly done: WorkQueue["done"] = (key, outcome) => {
    const run = this.#running.get(key);
    if (!run) throw new Error(`the key ${key} is not running`);
    this.#running.delete(key);
    this.#gate?.leave(key);
    this.#fair.ended(key, outcome.cost ?? 0, this.#now());
    this.#observer?.finished(run.lane, (this.#clock.elapsed() - run.startedAt) / 1000);
    const own = outcome.failed ? this.#afterFailure(key, run, outcome) : this.#afterSuccess(key, run, outcome);
    const wish = own && run.again ? earliestAndHighest(own, run.again, this.#now()) : (own ?? run.again);
    if (wish && !this.#closed) this.#wait(key, wish);
    if (this.idle()) for (const resolve of this.#idleWaiters.splice(0)) resolve();
  };

  readonly onReady: WorkQueue["onReady"] = (call) => {
    this.#listener = call;
  };

  readonly whenIdle: WorkQueue["whenIdle"] = () =>
    this.idle() ? Promise.resolve() : new Promise((resolve) => this.#idleWaiters.push(resolve));

  readonly close: WorkQueue["close"] = () => {
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const item of this.#waiting.values()) {
      if (item.position === notPlaced) this.#ready.remove(item);
      else this.#delayed.remove(item);
    }
    this.#waiting.clear();
    if (this.idle()) for (const resolve of this.#idleWaiters.splice(0)) resolve();
  };

  readonly stats: WorkQueue["stats"] = () => {
    const ages = [...this.#running.values()].map((run) => (this.#clock.elapsed() - run.startedAt) / 1000);
    return {
      depth: {
        interactive: this.#ready.depth("interactive"),
        normal: this.#ready.depth("normal"),
        bulk: this.#ready.depth("bulk"),
      },
      delayed: this.#delayed.size,
      running: this.#running.size,
      adds: this.#adds,
      retries: this.#retries,
      unfinishedSeconds: ages.reduce((sum, age) => sum + age, 0),
      longestRunningSeconds: Math.max(0, ...ages),
      aside: this.#ready.aside(),
    };
  };
}
