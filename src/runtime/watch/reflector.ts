// The reflector: brings the state of one kind of object into its store, by list and watch, and keeps it there.
import type { Cancel, Clock, Random } from "../clock.ts";
import type { StoredObject } from "./object-meta.ts";
import { backoff } from "./backoff.ts";
import { type ListWatch, listWatchFailure, type WatchEvent, type WatchQuery } from "./list-watch.ts";
import { healthyAfter, idle, transition } from "./reflector-state.ts";
import type { Activity, ReflectorCommand, ReflectorInput, ReflectorState } from "./reflector-state.ts";
import type { ReflectorEvent } from "./reflector-event.ts";
import type { FedStore } from "./store.ts";
import { identityOf } from "./object-meta.ts";
import { olderThan } from "./resource-version.ts";
import { minBetween, silenceLimit, streamTimeout, verificationPause } from "./watch-times.ts";
import { milliseconds, watchdog } from "./watchdog.ts";

export interface ReflectorOptions<R extends StoredObject> {
  readonly listWatch: ListWatch;
  readonly store: FedStore<R>;
  /** The record of a raw object; undefined where it is of no interest. Must not keep the raw object. */
  readonly transform: (raw: unknown) => R | undefined;
  readonly clock: Clock;
  readonly random: Random;
  /** An object is there, and not to be taken in yet: what is stored of it stays. Whoever says so has all read again in time. */
  readonly heldBack?: ((record: R) => boolean) | undefined;
  readonly observe?: (event: ReflectorEvent) => void;
  /** Which keys of the store this reflector answers for. Default: all. */
  readonly covers?: (key: string) => boolean;
  /** Most objects per page where the server does not know WatchList. */
  readonly pageLimit?: number;
}

export interface ReflectorStatus {
  readonly state: ReflectorState["name"];
  /** When the server last sent something; undefined before the first time. */
  readonly lastAliveAt: Temporal.Instant | undefined;
  /** In a row. */
  readonly failures: number;
  /** Everything up to it is in the store; absent where a full list is under way, or is the next thing. */
  readonly resourceVersion?: string | undefined;
}

export interface Reflector {
  /** Begins; it goes on whatever happens until `stop` or the signal's abort. Starting twice is the same as once. */
  start(signal?: AbortSignal): void;
  /** Resolves when every request is closed. Nothing enters the store after the call. */
  stop(): Promise<void>;
  /** Stops, and takes what came from here out of the store without telling anybody. */
  close(): Promise<void>;
  /**
   * Lists everything anew and reads it again, also what is stored in the same version, since `transform` keeps more of it now.
   * Resolves when that is in the store, however often it has to be tried; stays pending if it is stopped before.
   */
  readAgain(): Promise<void>;
  /** Resolves after the first full list; stays pending if it is stopped before. */
  readonly synced: Promise<void>;
  hasSynced(): boolean;
  status(): ReflectorStatus;
}

// A page of the largest objects that etcd takes, 1.5 MiB each, comes within the time for a list; client-go asks for 500.
const usualPageLimit = 100;

// Nobody is told: whatever comes of what was abandoned is passed over.
const superseded = new Error("something else is done by now");

type Emit = (input: ReflectorInput) => void;
/**
 * Keeps the store equal to what `listWatch` shows. What happens next is decided by `transition`; here it is done.
 * Each activity (request or pause) may emit inputs until the next one takes its place.
 */
export function reflector<R extends StoredObject>(options: ReflectorOptions<R>): Reflector {
  return new ListWatchReflector<R>(options);
}

class ListWatchReflector<R extends StoredObject> implements Reflector {
  readonly #listWatch;
  readonly #store;
  readonly #transform;
  readonly #clock;
  readonly #random;
  readonly #heldBack;
  readonly #observe;
  readonly #pageLimit;
  readonly #feed;
  readonly #firstList = Promise.withResolvers<void>();
  readonly #open = new Set<Promise<void>>();
  #state = idle;
  #current: AbortController | undefined;
  /** While all is read again: who waits for it. */
  readonly #readers: PromiseWithResolvers<void>[] = [];
  #listBegan = 0;
  #aliveAt: number | undefined;
  #nextStreamAt = 0;
  /** What this server has shown lately: whether a silent stream may be dead, or may just be without news. */
  #bookmarks: "unknown" | "seen" | "missing" = "unknown";
  readonly synced;

  constructor(options: ReflectorOptions<R>) {
    const {
      listWatch,
      store,
      transform,
      clock,
      random,
      heldBack,
      observe,
      covers,
      pageLimit = usualPageLimit,
    } = options;
    this.#listWatch = listWatch;
    this.#store = store;
    this.#transform = transform;
    this.#clock = clock;
    this.#random = random;
    this.#heldBack = heldBack;
    this.#observe = observe;
    this.#pageLimit = pageLimit;
    this.#feed = store.feed(covers);
    this.synced = this.#firstList.promise;
  }

  #cancelVerification: Cancel = () => undefined;

  readonly #alive = (): void => {
    this.#aliveAt = this.#clock.elapsed();
  };

  readonly #onSilence = (silent: () => void): Cancel =>
    watchdog(this.#clock, silenceLimit, () => this.#aliveAt, silent);

  readonly #advance: Emit = (input) => {
    const [next, commands] = transition(this.#state, input);
    this.#state = next;
    for (const command of commands) {
      this.#execute(command);
      if (this.#state !== next) return; // a listener has stopped us meanwhile
    }
  };

  readonly #execute = (command: ReflectorCommand): void => {
    switch (command.kind) {
      case "keep":
        this.#keep(command.object);
        return;
      case "drop":
        this.#drop(command.object);
        return;
      case "passed":
        this.#feed.passed(command.resourceVersion);
        return;
      case "complete":
        this.#complete(command.resourceVersion);
        return;
      case "stream":
      case "list":
      case "watch":
      case "resume":
      case "wait":
        this.#perform(command);
        return;
    }
  };

  readonly #keep = (raw: unknown): void => {
    let key: string | undefined;
    try {
      const { key: its, resourceVersion } = identityOf(raw);
      key = its;
      // Mostly the echo of our own write, whose answer is in the store: a version of an object never changes. A list is read
      // whole all the same: more may be kept of the objects by now, and a restored etcd gives a version twice.
      const known = this.#store.get(key);
      const isKnown = known?.resourceVersion === resourceVersion && this.#state.name === "Watching";
      const record = isKnown ? known : this.#transform(raw);
      if (!record) this.#feed.vanished(key, resourceVersion);
      else if (!isKnown && this.#heldBack?.(record)) this.#feed.unreadable(key);
      else this.#feed.observed(record);
    } catch (error) {
      this.#feed.unreadable(key);
      this.#observe?.({ kind: "unreadable", key, error });
    }
  };

  readonly #drop = (raw: unknown): void => {
    try {
      const { key, resourceVersion } = identityOf(raw);
      this.#feed.vanished(key, resourceVersion);
    } catch (error) {
      this.#observe?.({ kind: "unreadable", key: undefined, error });
    }
  };

  readonly #complete = (resourceVersion: string): void => {
    this.#feed.completed(resourceVersion);
    this.#firstList.resolve();
    for (const reader of this.#readers.splice(0)) reader.resolve();
    this.#observe?.({ kind: "listed", took: milliseconds(this.#clock.elapsed() - this.#listBegan) });
    this.#cancelVerification();
    this.#cancelVerification = this.#clock.schedule(verificationPause(this.#random), () =>
      this.#advance({ kind: "verify" }),
    );
  };

  readonly #perform = (activity: Activity): void => {
    this.#current?.abort(superseded);
    const controller = new AbortController();
    this.#current = controller;
    const emit: Emit = (input) => {
      if (this.#current === controller) this.#advance(input);
    };
    const running = this.#carryOut(activity, controller.signal, emit)
      .catch((error: unknown) => emit({ kind: "failed", failure: listWatchFailure(error) }))
      .finally(() => this.#open.delete(running));
    this.#open.add(running);
  };

  readonly #carryOut = async (activity: Activity, signal: AbortSignal, emit: Emit): Promise<void> => {
    switch (activity.kind) {
      case "stream":
        this.#beginList();
        return this.#watch({ sendInitialEvents: true }, signal, emit);
      case "list":
        if (activity.continue === undefined) this.#beginList();
        return this.#list(activity.continue, signal, emit);
      case "watch":
        return this.#watch({ resourceVersion: activity.resourceVersion }, signal, emit);
      case "resume":
        return this.#resume(activity.resourceVersion, signal, emit);
      case "wait": {
        const { because, failures } = activity;
        const pause = backoff(failures, this.#random, because.retryAfter);
        // In good order, and all that is heard for now.
        if (because.kind !== "ended") this.#feed.blind(because.kind === "forbidden" ? "not-permitted" : "not-seen");
        this.#observe?.({ kind: "paused", because, failures, pause });
        await this.#clock.sleep(pause, signal);
        return emit({ kind: "waited" });
      }
    }
  };

  readonly #beginList = (): void => {
    this.#listBegan = this.#clock.elapsed();
    this.#feed.begin();
  };

  readonly #list = async (token: string | undefined, signal: AbortSignal, emit: Emit): Promise<void> => {
    const cancel = this.#onSilence(() => emit({ kind: "failed", failure: { kind: "silent" } }));
    try {
      const query = { limit: this.#pageLimit, ...(token !== undefined && { continue: token }) };
      const onItem = (object: unknown): void => {
        this.#alive();
        emit({ kind: "item", object });
      };
      const page = await this.#listWatch.list(query, onItem, signal);
      this.#alive();
      emit({ kind: "page", ...page });
    } finally {
      cancel();
    }
  };

  readonly #resume = async (resourceVersion: string, signal: AbortSignal, emit: Emit): Promise<void> => {
    if (this.#isEarly()) await this.#untilNextStream(signal);
    const cancel = this.#onSilence(() => emit({ kind: "failed", failure: { kind: "silent" } }));
    try {
      // Of the most recent state, of which nothing but its version is wanted.
      const newest = await this.#listWatch.list({ limit: 1 }, this.#alive, signal);
      this.#alive();
      if (olderThan(newest.resourceVersion, resourceVersion)) {
        const origin = `the API server is at version ${newest.resourceVersion}, before ${resourceVersion}`;
        emit({ kind: "failed", failure: { kind: "gone", origin } });
        // By the time of the list it may be further, and some other object be all that shows it.
        return this.#feed.wentBack();
      }
    } finally {
      cancel();
    }
    return this.#watch({ resourceVersion }, signal, emit);
  };

  /** A server that ends each stream at once makes no loop, also where each has an event. */
  readonly #isEarly = (): boolean => this.#clock.elapsed() < this.#nextStreamAt;
  readonly #untilNextStream = (signal: AbortSignal): Promise<void> =>
    this.#clock.sleep(milliseconds(this.#nextStreamAt - this.#clock.elapsed()), signal);

  readonly #watch = async (
    query: Omit<WatchQuery, "timeout" | "onAlive">,
    signal: AbortSignal,
    emit: Emit,
  ): Promise<void> => {
    if (this.#isEarly()) await this.#untilNextStream(signal);
    const began = this.#clock.elapsed();
    const timeout = streamTimeout(this.#bookmarks !== "missing", this.#random);
    let events = 0;
    const ended = (): void => {
      this.#nextStreamAt = began + minBetween.total("milliseconds");
      const lasted = milliseconds(this.#clock.elapsed() - began);
      emit({ kind: "ended", lasted, events, due: Temporal.Duration.compare(lasted, timeout) >= 0 });
    };
    const cancelSilence = this.#onSilence(() => {
      // Without bookmarks that is no sign of anything; a request that is not answered at all has failed by now.
      const isFailure = this.#bookmarks === "seen" || this.#state.name !== "Watching";
      this.#bookmarks = "missing";
      if (isFailure) emit({ kind: "failed", failure: { kind: "silent" } });
      else ended();
    });
    const cancelHealthy = this.#clock.schedule(healthyAfter, () => emit({ kind: "healthy" }));
    try {
      const onEvent = (event: WatchEvent): void => {
        if (signal.aborted) return;
        events += 1;
        this.#alive();
        if (event.type === "BOOKMARK") this.#bookmarks = "seen";
        emit({ kind: "event", ...event });
      };
      await this.#listWatch.watch({ ...query, timeout, onAlive: this.#alive }, onEvent, signal);
      ended();
    } finally {
      cancelSilence();
      cancelHealthy();
    }
  };

  readonly stop = async (): Promise<void> => {
    this.#advance({ kind: "stop" });
    this.#cancelVerification();
    this.#current?.abort();
    this.#current = undefined;
    await Promise.all(this.#open);
  };

  readonly start: Reflector["start"] = (signal) => {
    if (signal?.aborted) this.#advance({ kind: "stop" });
    signal?.addEventListener("abort", () => void this.stop(), { once: true });
    this.#advance({ kind: "start" });
  };

  readonly close: Reflector["close"] = async () => {
    const stopped = this.stop();
    this.#feed.close();
    await stopped;
  };

  readonly readAgain: Reflector["readAgain"] = () => {
    const reader = Promise.withResolvers<void>();
    this.#readers.push(reader);
    this.#advance({ kind: "readAgain" });
    return reader.promise;
  };

  readonly hasSynced: Reflector["hasSynced"] = () => this.#feed.synced;

  readonly status: Reflector["status"] = () => ({
    state: this.#state.name,
    lastAliveAt:
      this.#aliveAt === undefined
        ? undefined
        : this.#clock.now().subtract(milliseconds(this.#clock.elapsed() - this.#aliveAt)),
    failures: "failures" in this.#state ? this.#state.failures : 0,
    resourceVersion:
      this.#state.name === "Watching" || this.#state.name === "Waiting" ? this.#state.resourceVersion : undefined,
  });
}
