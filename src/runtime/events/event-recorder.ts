// The event recorder: publishes Events with series and rate limits, without ever holding up or flooding the cluster.
import type { Cancel, Clock, Random } from "../clock.ts";
import { oneLine } from "../foreign-text.ts";
import { longestNote } from "../steps.ts";
import { ApiError } from "../client/api-error.ts";
import { fairBuffer } from "./fair-buffer.ts";
import { microTime } from "../micro-time.ts";

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
  const { api, clock, random, onShareReached } = options;
  const waiting = fairBuffer<Waiting>(maxWaiting);
  /** What waits for another try holds up nobody. */
  const retries = new Set<Cancel>();
  const series = new Map<string, Series>();
  const objects = new Map<string, Allowance>();
  const namespaces = new Map<string, Allowance>();
  const stopped = new AbortController();
  let dropped = 0;
  let closed = false;
  let sending: Promise<void> | undefined;

  const drop = ({ write }: Waiting): void => {
    dropped += 1;
    // There may be nothing to patch: the next occurrence writes a new Event.
    forget(write.series);
  };

  const enqueue = (write: Write, tries = 0): void => {
    const tooMuch = waiting.put(write.series.namespace, { write, tries });
    if (tooMuch) drop(tooMuch);
    sending ??= sendAll();
  };

  const sendAll = async (): Promise<void> => {
    for (let next = waiting.take(); next; next = waiting.take()) {
      try {
        await send(next.write);
      } catch (error) {
        const mayTry = !closed && retries.size < maxWaiting && isWorthAnotherTry(error);
        const wait = mayTry ? retryWaits[next.tries] : undefined;
        if (wait === undefined) drop(next);
        else tryAgain(next, wait);
      }
    }
    // In the same turn in which nothing was left, so that no Event is added to a sender that has gone.
    sending = undefined;
  };

  const tryAgain = ({ write, tries }: Waiting, wait: number): void => {
    const cancel = clock.schedule(Temporal.Duration.from({ milliseconds: Math.round(wait * (0.5 + random())) }), () => {
      retries.delete(cancel);
      enqueue(write, tries + 1);
    });
    retries.add(cancel);
  };

  const send = async (write: Write): Promise<void> => {
    const { namespace, name } = write.series;
    if (write.kind === "create") {
      const event = eventFrom(write.occurrence, write.series, options);
      write.series.uid = (await api.createEvent(namespace, event, stopped.signal)).metadata.uid;
      return;
    }
    const { count, lastObserved } = write.series;
    write.series.written = count;
    await api.patchEvent(
      namespace,
      name,
      { metadata: { uid: write.series.uid }, series: { count, lastObservedTime: microTime(lastObserved) } },
      stopped.signal,
    );
  };

  const forget = (one: Series): void => {
    one.cancel();
    if (series.get(one.key) === one) series.delete(one.key);
  };

  /** At the end of each window: tell of the repetitions in it; a window without any ends the series. */
  const closeWindow = (one: Series): void => {
    if (one.count === one.written) {
      forget(one);
      return;
    }
    enqueue({ kind: "patch", series: one });
    one.cancel = clock.schedule(seriesWindow, () => closeWindow(one));
  };

  const begin = (key: string, occurrence: Occurrence): void => {
    const { regarding } = occurrence;
    const suffix = Math.floor(random() * 2 ** 48)
      .toString(16)
      .padStart(12, "0");
    const one: Series = {
      key,
      namespace: regarding.namespace ?? "default",
      name: `${truncated(regarding.name, longestSubject).replace(/\.$/, "")}.${suffix}`,
      uid: undefined,
      count: 1,
      written: 1,
      lastObserved: clock.now(),
      cancel: clock.schedule(seriesWindow, () => closeWindow(one)),
    };
    forgetOldest(series, (oldest) => oldest.cancel());
    series.set(key, one);
    enqueue({ kind: "create", occurrence, series: one });
  };

  const taken = (allowances: Map<string, Allowance>, key: string, { burst, oneMoreEveryMs }: Rate): boolean => {
    const before = allowances.get(key) ?? { left: burst, at: clock.elapsed() };
    const left = Math.min(burst, before.left + (clock.elapsed() - before.at) / oneMoreEveryMs);
    // Set anew, so that the oldest in the map is the one unheard of for the longest.
    allowances.delete(key);
    forgetOldest(allowances, () => undefined);
    allowances.set(key, { left: left >= 1 ? left - 1 : left, at: clock.elapsed() });
    return left >= 1;
  };

  const allowed = (subject: EventSubject): boolean => {
    const { kind, namespace } = subject;
    if (!taken(objects, subjectKey(subject), ofObject)) return false;
    // Of the Namespace itself there is one, and little to tell.
    if (namespace === undefined || kind === "Namespace" || taken(namespaces, namespace, ofNamespace)) return true;
    onShareReached?.(namespace);
    return false;
  };

  return {
    publish: (occurrence) => {
      if (closed) return;
      const key = occurrenceKey(occurrence);
      const known = series.get(key);
      if (known) {
        known.count += 1;
        known.lastObserved = clock.now();
        // The first repetition is told at once: it makes the Event a series. The others wait for the end of the window.
        if (known.count === 2) enqueue({ kind: "patch", series: known });
      } else if (allowed(occurrence.regarding)) {
        begin(key, occurrence);
      } else {
        dropped += 1;
      }
    },
    dropped: () => dropped,
    close: async (limit) => {
      closed = true;
      for (const one of series.values()) one.cancel();
      for (const cancelRetry of retries) cancelRetry();
      dropped += retries.size;
      const cancel = clock.schedule(limit, () => {
        dropped += waiting.size;
        waiting.clear();
        stopped.abort(new Error("shutting down"));
      });
      await sending;
      cancel();
    },
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

function forgetOldest<T>(map: Map<string, T>, onForget: (value: T) => void): void {
  if (map.size < maxRemembered) return;
  const [oldest] = map;
  if (!oldest) return;
  map.delete(oldest[0]);
  onForget(oldest[1]);
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
