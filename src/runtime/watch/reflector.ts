// The reflector: brings the state of one kind of object into its store, by list and watch, and keeps it there.
import type { Cancel, Clock, Random } from "../clock.ts";
import type { StoredObject } from "./object-meta.ts";
import { backoff } from "./backoff.ts";
import { type ListWatch, listWatchFailure, type WatchQuery } from "./list-watch.ts";
import { healthyAfter, idle, transition } from "./reflector-state.ts";
import type { Activity, ReflectorCommand, ReflectorInput, ReflectorState } from "./reflector-state.ts";
import type { ReflectorEvent } from "./reflector-event.ts";
import type { FedStore } from "./store.ts";
import { identityOf } from "./object-meta.ts";
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
  const { listWatch, store, transform, clock, random, heldBack, observe, covers, pageLimit = usualPageLimit } = options;
  const feed = store.feed(covers);
  const firstList = Promise.withResolvers<void>();
  const open = new Set<Promise<void>>();
  let state = idle;
  let current: AbortController | undefined;
  /** While all is read again: who waits for it. */
  const readers: PromiseWithResolvers<void>[] = [];
  let cancelVerification: Cancel = () => undefined;
  let listBegan = 0;
  let aliveAt: number | undefined;
  let nextStreamAt = 0;
  /** What this server has shown lately: whether a silent stream may be dead, or may just be without news. */
  let bookmarks: "unknown" | "seen" | "lacking" = "unknown";

  const alive = (): void => {
    aliveAt = clock.elapsed();
  };
  const onSilence = (silent: () => void): Cancel => watchdog(clock, silenceLimit, () => aliveAt, silent);

  const advance: Emit = (input) => {
    const [next, commands] = transition(state, input);
    state = next;
    for (const command of commands) {
      execute(command);
      if (state !== next) return; // a listener has stopped us meanwhile
    }
  };

  const execute = (command: ReflectorCommand): void => {
    switch (command.kind) {
      case "keep":
        keep(command.object);
        return;
      case "drop":
        drop(command.object);
        return;
      case "passed":
        feed.passed(command.resourceVersion);
        return;
      case "complete":
        complete(command.resourceVersion);
        return;
      case "stream":
      case "list":
      case "watch":
      case "wait":
        perform(command);
        return;
    }
  };

  const keep = (raw: unknown): void => {
    let key: string | undefined;
    try {
      const { key: its, resourceVersion } = identityOf(raw);
      key = its;
      // Mostly the echo of our own write, whose answer is in the store: a version of an object never changes. A list is read
      // whole all the same: more may be kept of the objects by now, and a restored etcd gives a version twice.
      const known = store.get(key);
      const isKnown = known?.resourceVersion === resourceVersion && state.name === "Watching";
      const record = isKnown ? known : transform(raw);
      if (!record) feed.vanished(key, resourceVersion);
      else if (!isKnown && heldBack?.(record)) feed.unreadable(key);
      else feed.observed(record);
    } catch (error) {
      feed.unreadable(key);
      observe?.({ kind: "unreadable", key, error });
    }
  };

  const drop = (raw: unknown): void => {
    try {
      const { key, resourceVersion } = identityOf(raw);
      feed.vanished(key, resourceVersion);
    } catch (error) {
      observe?.({ kind: "unreadable", key: undefined, error });
    }
  };

  const complete = (resourceVersion: string): void => {
    feed.completed(resourceVersion);
    firstList.resolve();
    for (const reader of readers.splice(0)) reader.resolve();
    observe?.({ kind: "listed", took: milliseconds(clock.elapsed() - listBegan) });
    cancelVerification();
    cancelVerification = clock.schedule(verificationPause(random), () => advance({ kind: "verify" }));
  };

  const perform = (activity: Activity): void => {
    current?.abort(superseded);
    const controller = new AbortController();
    current = controller;
    const emit: Emit = (input) => {
      if (current === controller) advance(input);
    };
    const running = carryOut(activity, controller.signal, emit)
      .catch((error: unknown) => emit({ kind: "failed", failure: listWatchFailure(error) }))
      .finally(() => open.delete(running));
    open.add(running);
  };

  const carryOut = async (activity: Activity, signal: AbortSignal, emit: Emit): Promise<void> => {
    switch (activity.kind) {
      case "stream":
        beginList();
        return watch({ sendInitialEvents: true }, signal, emit);
      case "list":
        if (activity.continue === undefined) beginList();
        return list(activity.continue, signal, emit);
      case "watch":
        return watch({ resourceVersion: activity.resourceVersion }, signal, emit);
      case "wait": {
        const { because, failures } = activity;
        const pause = backoff(failures, random, because.retryAfter);
        // In good order, and all that is heard for now.
        if (because.kind !== "ended") feed.blind(because.kind === "forbidden" ? "not-permitted" : "not-seen");
        observe?.({ kind: "paused", because, failures, pause });
        await clock.sleep(pause, signal);
        return emit({ kind: "waited" });
      }
    }
  };

  const beginList = (): void => {
    listBegan = clock.elapsed();
    feed.begin();
  };

  const list = async (token: string | undefined, signal: AbortSignal, emit: Emit): Promise<void> => {
    const cancel = onSilence(() => emit({ kind: "failed", failure: { kind: "silent" } }));
    try {
      const query = { limit: pageLimit, ...(token !== undefined && { continue: token }) };
      const onItem = (object: unknown): void => {
        alive();
        emit({ kind: "item", object });
      };
      const page = await listWatch.list(query, onItem, signal);
      alive();
      emit({ kind: "page", ...page });
    } finally {
      cancel();
    }
  };

  const watch = async (
    query: Omit<WatchQuery, "timeout" | "onAlive">,
    signal: AbortSignal,
    emit: Emit,
  ): Promise<void> => {
    // A server that ends each stream at once makes no loop, also where each has an event.
    const early = nextStreamAt - clock.elapsed();
    if (early > 0) await clock.sleep(milliseconds(early), signal);
    const began = clock.elapsed();
    let events = 0;
    const ended = (): void => {
      nextStreamAt = began + minBetween.total("milliseconds");
      emit({ kind: "ended", lasted: milliseconds(clock.elapsed() - began), events });
    };
    const cancelSilence = onSilence(() => {
      // Without bookmarks that is no sign of anything; a request that is not answered at all has failed by now.
      const isFailure = bookmarks === "seen" || state.name !== "Watching";
      bookmarks = "lacking";
      if (isFailure) emit({ kind: "failed", failure: { kind: "silent" } });
      else ended();
    });
    const cancelHealthy = clock.schedule(healthyAfter, () => emit({ kind: "healthy" }));
    try {
      const timeout = streamTimeout(bookmarks !== "lacking", random);
      for await (const event of listWatch.watch({ ...query, timeout, onAlive: alive }, signal)) {
        if (signal.aborted) return;
        events += 1;
        alive();
        if (event.type === "BOOKMARK") bookmarks = "seen";
        emit({ kind: "event", ...event });
      }
      ended();
    } finally {
      cancelSilence();
      cancelHealthy();
    }
  };

  const stop = async (): Promise<void> => {
    advance({ kind: "stop" });
    cancelVerification();
    current?.abort();
    current = undefined;
    await Promise.all(open);
  };

  return {
    start: (signal) => {
      if (signal?.aborted) advance({ kind: "stop" });
      signal?.addEventListener("abort", () => void stop(), { once: true });
      advance({ kind: "start" });
    },
    stop,
    close: async () => {
      const stopped = stop();
      feed.close();
      await stopped;
    },
    readAgain: () => {
      const reader = Promise.withResolvers<void>();
      readers.push(reader);
      advance({ kind: "readAgain" });
      return reader.promise;
    },
    synced: firstList.promise,
    hasSynced: () => feed.synced,
    status: () => ({
      state: state.name,
      lastAliveAt: aliveAt === undefined ? undefined : clock.now().subtract(milliseconds(clock.elapsed() - aliveAt)),
      failures: "failures" in state ? state.failures : 0,
      resourceVersion: state.name === "Watching" || state.name === "Waiting" ? state.resourceVersion : undefined,
    }),
  };
}
