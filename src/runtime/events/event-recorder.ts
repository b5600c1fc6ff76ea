// The event recorder: publishes Events with series and rate limits, without ever holding up or flooding the cluster.
import { LRUCache } from "lru-cache";
import { maxEntries } from "../max-entries.ts";
import type { Cancel, Clock, Random } from "../clock.ts";
import { oneLine } from "../foreign-text.ts";
import { longestNote } from "../steps.ts";
import { ApiError } from "../client/api-error.ts";
import { fairBuffer } from "./fair-buffer.ts";
import { microTime } from "../time-text.ts";

interface EventSubject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** Left out for cluster-scoped kinds: their Events live in `default`. */
  readonly namespace?: string;
  readonly uid: string;
}

export interface Occurrence {
  readonly regarding: EventSubject;
  readonly type: "Normal" | "Warning";
  /** PascalCase. */
  readonly reason: string;
  /** What the operator did or tried, PascalCase. */
  readonly action: string;
  readonly note: string;
}

export interface EventRecorder {
  /** Returns at once and never throws. */
  publish(occurrence: Occurrence): void;
  /** Events that were not sent: too many, or refused. */
  dropped(): number;
  /** Takes no more Events and sends what waits, for `limit` at most. */
  close(limit: Temporal.Duration): Promise<void>;
}

/** How Events reach the API server: rejects with ApiError. */
export interface EventApi {
  /** An events.k8s.io/v1 Event. */
  createEvent(
    namespace: string,
    body: object,
    signal?: AbortSignal,
  ): Promise<{ readonly metadata: { readonly uid: string } }>;
  /** A JSON merge patch that carries `metadata.uid`. */
  patchEvent(namespace: string, name: string, patch: object, signal?: AbortSignal): Promise<void>;
}

export interface EventRecorderOptions {
  readonly api: EventApi;
  readonly clock: Clock;
  readonly random: Random;
  /** Which program, as `DOMAIN/NAME`. */
  readonly reportingController: string;
  /** Which replica: the name of the pod. */
  readonly reportingInstance: string;
  /** A namespace has had its share of Events. What is published of it about the Namespace itself is still told. */
  readonly onShareReached?: (namespace: string) => void;
}

// Bytes, not characters: kubernetes/pkg/apis/core/validation/events.go
const longest = { note: longestNote, reason: 128, action: 128, reportingInstance: 128 };
// The length of a Kubernetes name, less a dot and 16 hexadecimal digits.
const longestSubject = 253 - 17;
// client-go's queue: k8s.io/client-go/tools/events/event_broadcaster.go
const maxWaiting = 1_000;
// client-go ends a series after so long without a repetition.
const seriesWindow = Temporal.Duration.from({ minutes: 6 });
// client-go's spam filter, per object: k8s.io/client-go/tools/record/events_cache.go
const ofObject = { burst: 25, oneMoreEveryMs: 5 * 60_000 };
// Objects are made anew at will, so their namespace has a share, too: enough to tell of each pod that is evicted.
const ofNamespace = { burst: 50, oneMoreEveryMs: 10_000 };
const maxRemembered = 4_096;
// An Event is news: after a quarter of a minute it has been told by the conditions.
const retryWaits = [1_000, 4_000, 10_000];

/** Repetitions of one occurrence: the Event is written once, then its series is patched now and then. */
interface Series {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  /** Of the Event, once it is written. */
  uid: string | undefined;
  count: number;
  written: number;
  lastObserved: Temporal.Instant;
  cancel: Cancel;
}

type Write =
  | { readonly kind: "create"; readonly occurrence: Occurrence; readonly series: Series }
  | { readonly kind: "patch"; readonly series: Series };

/** `tries`: how often it was tried before. */
interface Waiting {
  readonly write: Write;
  readonly tries: number;
}

/** Writes events.k8s.io/v1 Events one after the other, in the background, of each namespace in turn. */
export function eventRecorder(options: EventRecorderOptions): EventRecorder {
  return new SeriesRecorder(options);
}

class SeriesRecorder implements EventRecorder {
  readonly #options;
  readonly #api;
  readonly #clock;
  readonly #random;
  readonly #onShareReached;
  readonly #waiting = fairBuffer<Waiting>(maxWaiting);
  /** What waits for another try holds up nobody. */
  readonly #retries = new Set<Cancel>();
  readonly #series = new LRUCache<string, Series>({
    ...maxEntries(maxRemembered),
    dispose: (one, _key, why) => {
      if (why === "evict") one.cancel();
    },
  });
  readonly #objects = new LRUCache<string, Allowance>(maxEntries(maxRemembered));
  readonly #namespaces = new LRUCache<string, Allowance>(maxEntries(maxRemembered));
  readonly #stopped = new AbortController();
  #dropped = 0;
  #closed = false;
  #sending: Promise<void> | undefined;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    const { api, clock, random, onShareReached } = options;
    this.#api = api;
    this.#clock = clock;
    this.#random = random;
    this.#onShareReached = onShareReached;
  }

  readonly #drop = ({ write }: Waiting): void => {
    this.#dropped += 1;
    // There may be nothing to patch: the next occurrence writes a new Event.
    this.#forget(write.series);
  };

  readonly #enqueue = (write: Write, tries = 0): void => {
    const tooMuch = this.#waiting.put(write.series.namespace, { write, tries });
    if (tooMuch) this.#drop(tooMuch);
    this.#sending ??= this.#sendAll();
  };

  readonly #sendAll = async (): Promise<void> => {
    for (let next = this.#waiting.take(); next; next = this.#waiting.take()) {
      try {
        await this.#send(next.write);
      } catch (error) {
        const mayTry = !this.#closed && this.#retries.size < maxWaiting && isWorthAnotherTry(error);
        const wait = mayTry ? retryWaits[next.tries] : undefined;
        if (wait === undefined) this.#drop(next);
        else this.#tryAgain(next, wait);
      }
    }
    // In the same turn in which nothing was left, so that no Event is added to a sender that has gone.
    this.#sending = undefined;
  };

  readonly #tryAgain = ({ write, tries }: Waiting, wait: number): void => {
    const cancel = this.#clock.schedule(
      Temporal.Duration.from({ milliseconds: Math.round(wait * (0.5 + this.#random())) }),
      () => {
        this.#retries.delete(cancel);
        this.#enqueue(write, tries + 1);
      },
    );
    this.#retries.add(cancel);
  };

  readonly #send = async (write: Write): Promise<void> => {
    const { namespace, name } = write.series;
    if (write.kind === "create") {
      const event = eventFrom(write.occurrence, write.series, this.#options);
      write.series.uid = (await this.#api.createEvent(namespace, event, this.#stopped.signal)).metadata.uid;
      return;
    }
    const { count, lastObserved } = write.series;
    write.series.written = count;
    await this.#api.patchEvent(
      namespace,
      name,
      { metadata: { uid: write.series.uid }, series: { count, lastObservedTime: microTime(lastObserved) } },
      this.#stopped.signal,
    );
  };

  readonly #forget = (one: Series): void => {
    one.cancel();
    if (this.#series.get(one.key) === one) this.#series.delete(one.key);
  };

  /** At the end of each window: tell of the repetitions in it; a window without any ends the series. */
  readonly #closeWindow = (one: Series): void => {
    if (one.count === one.written) {
      this.#forget(one);
      return;
    }
    this.#enqueue({ kind: "patch", series: one });
    one.cancel = this.#clock.schedule(seriesWindow, () => this.#closeWindow(one));
  };

  readonly #begin = (key: string, occurrence: Occurrence): void => {
    const { regarding } = occurrence;
    const suffix = Math.floor(this.#random() * 2 ** 48)
      .toString(16)
      .padStart(12, "0");
    const one: Series = {
      key,
      namespace: regarding.namespace ?? "default",
      name: `${truncated(regarding.name, longestSubject).replace(/\.$/, "")}.${suffix}`,
      uid: undefined,
      count: 1,
      written: 1,
      lastObserved: this.#clock.now(),
      cancel: this.#clock.schedule(seriesWindow, () => this.#closeWindow(one)),
    };
    this.#series.set(key, one);
    this.#enqueue({ kind: "create", occurrence, series: one });
  };

  readonly #taken = (
    allowances: LRUCache<string, Allowance>,
    key: string,
    { burst, oneMoreEveryMs }: Rate,
  ): boolean => {
    const before = allowances.get(key) ?? { left: burst, at: this.#clock.elapsed() };
    const left = Math.min(burst, before.left + (this.#clock.elapsed() - before.at) / oneMoreEveryMs);
    allowances.set(key, { left: left >= 1 ? left - 1 : left, at: this.#clock.elapsed() });
    return left >= 1;
  };

  readonly #allowed = (subject: EventSubject): boolean => {
    const { kind, namespace } = subject;
    if (!this.#taken(this.#objects, subjectKey(subject), ofObject)) return false;
    // Of the Namespace itself there is one, and little to tell.
    if (namespace === undefined || kind === "Namespace" || this.#taken(this.#namespaces, namespace, ofNamespace))
      return true;
    this.#onShareReached?.(namespace);
    return false;
  };

  readonly publish: EventRecorder["publish"] = (occurrence) => {
    if (this.#closed) return;
    const key = occurrenceKey(occurrence);
    const known = this.#series.get(key);
    if (known) {
      known.count += 1;
      known.lastObserved = this.#clock.now();
      // The first repetition is told at once: it makes the Event a series. The others wait for the end of the window.
      if (known.count === 2) this.#enqueue({ kind: "patch", series: known });
    } else if (this.#allowed(occurrence.regarding)) {
      this.#begin(key, occurrence);
    } else {
      this.#dropped += 1;
    }
  };

  readonly dropped: EventRecorder["dropped"] = () => this.#dropped;

  readonly close: EventRecorder["close"] = async (limit) => {
    this.#closed = true;
    for (const one of this.#series.values()) one.cancel();
    for (const cancelRetry of this.#retries) cancelRetry();
    this.#dropped += this.#retries.size;
    const cancel = this.#clock.schedule(limit, () => {
      this.#dropped += this.#waiting.size;
      this.#waiting.clear();
      this.#stopped.abort(new Error("shutting down"));
    });
    await this.#sending;
    cancel();
  };
}

interface Rate {
  readonly burst: number;
  readonly oneMoreEveryMs: number;
}

interface Allowance {
  readonly left: number;
  readonly at: number;
}

/** A server that is gone or busy comes back; a namespace that ends, a quota or a missing right do not for an Event's sake. */
function isWorthAnotherTry(error: unknown): boolean {
  return error instanceof ApiError && (error.kind === "unavailable" || error.kind === "throttled");
}

function subjectKey({ kind, namespace, name, uid }: EventSubject): string {
  return JSON.stringify([kind, namespace, name, uid]);
}

function occurrenceKey({ regarding, type, reason, action, note }: Occurrence): string {
  return JSON.stringify([subjectKey(regarding), type, reason, action, note]);
}

function eventFrom(
  { regarding, type, reason, action, note }: Occurrence,
  one: Series,
  { reportingController, reportingInstance }: Pick<EventRecorderOptions, "reportingController" | "reportingInstance">,
): object {
  return {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { namespace: one.namespace, name: one.name },
    eventTime: microTime(one.lastObserved),
    reportingController: reportingController,
    reportingInstance: truncated(reportingInstance, longest.reportingInstance),
    action: truncated(action, longest.action),
    reason: truncated(reason, longest.reason),
    regarding,
    note: truncated(oneLine(note), longest.note),
    type,
  };
}

function truncated(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  // A character that is cut through decodes to U+FFFD.
  return bytes
    .subarray(0, maxBytes)
    .toString()
    .replace(/\uFFFD+$/, "");
}
