// The state machine of a reflector: what it does next after what it has just heard. (pure)
import { membersOf } from "../json-object.ts";
import { boundedSeconds, bounds } from "../foreign-numbers.ts";
import type { ListPage, ListWatchFailure, WatchEvent } from "./list-watch.ts";

/** Where the reflector stands. Each state has exactly one activity: a request, or a pause. */
export type ReflectorState =
  /** Not started. */
  | { readonly name: "Idle" }
  /** The initial state comes as a watch (WatchList): ADDED events, then the bookmark that ends it. */
  | ({ readonly name: "Streaming" } & Health)
  /** The initial state comes in pages. `resourceVersion` is the first page's: the whole list is as of there. */
  | ({ readonly name: "Listing"; readonly resourceVersion?: string; readonly continue?: string } & Health)
  /** The store is complete; changes come from after `resourceVersion`. */
  | ({ readonly name: "Watching"; readonly resourceVersion: string } & Health)
  /** After a failure. Without `resourceVersion` the next thing is a full list, else the watch goes on from there. */
  | ({ readonly name: "Waiting"; readonly resourceVersion?: string } & Health)
  | { readonly name: "Stopped" };

interface Health {
  /** Failures since the last long healthy stream; they lengthen the pause. */
  readonly failures: number;
  /**
   * How often the watch's version was too old (410) since then. Counted apart: an API server that comes back after an
   * outage has forgotten every version, and its 410 must not be answered with the long pause that the outage led to.
   */
  readonly expired: number;
  /** The server does not know WatchList: list in pages. */
  readonly paged: boolean;
}

export type ReflectorInput =
  | { readonly kind: "start" }
  /** An object of a page. */
  | { readonly kind: "item"; readonly object: unknown }
  /** The page is over. */
  | ({ readonly kind: "page" } & ListPage)
  | ({ readonly kind: "event" } & WatchEvent)
  /** The server ended the watch in good order; `due`: after the time that it was asked for. */
  | {
      readonly kind: "ended";
      readonly lasted: Temporal.Duration;
      readonly events: number;
      readonly due: boolean;
    }
  /** The request failed, or was given up because nothing came. */
  | { readonly kind: "failed"; readonly failure: ListWatchFailure }
  /** The stream has lived for `healthyAfter`. */
  | { readonly kind: "healthy" }
  /** The pause is over. */
  | { readonly kind: "waited" }
  /** It is time to verify the store against a full list. */
  | { readonly kind: "verify" }
  /** What is read of the objects has changed: whatever is under way, a full list begins. */
  | { readonly kind: "readAgain" }
  | { readonly kind: "stop" };

export type ReflectorCommand =
  /** Store this object. */
  | { readonly kind: "keep"; readonly object: unknown }
  /** This object is deleted. */
  | { readonly kind: "drop"; readonly object: unknown }
  /** A bookmark: nothing up to here is missing. */
  | { readonly kind: "passed"; readonly resourceVersion: string }
  /** The full list is over; what it has not shown is gone. */
  | { readonly kind: "complete"; readonly resourceVersion: string }
  | Activity;

/** Takes the place of the activity before it, which is aborted. */
export type Activity =
  /** Begin a full list as a watch. */
  | { readonly kind: "stream" }
  /** Begin a full list in pages or, with `continue`, go on with it. */
  | { readonly kind: "list"; readonly continue?: string }
  | { readonly kind: "watch"; readonly resourceVersion: string }
  /**
   * The same after a break. Whoever answers now may know nothing of this version: after a restore of etcd the API server takes
   * it without a word, and is silent until it has been there. So it is asked first how far it is (410 where not as far).
   */
  | { readonly kind: "resume"; readonly resourceVersion: string }
  /** The `failures`-th pause in a row (of its sort, see `Health`). */
  | { readonly kind: "wait"; readonly failures: number; readonly because: ListWatchFailure };

type Step = readonly [ReflectorState, readonly ReflectorCommand[]];
type Running = Extract<ReflectorState, Health>;

// client-go resets its backoff after the same time: tools/cache/reflector.go, NewReflectorWithOptions.
export const healthyAfter = Temporal.Duration.from({ minutes: 2 });
// client-go calls a watch that ends sooner and without events an error: tools/cache/reflector.go, handleAnyWatch.
const suspiciouslyShort = Temporal.Duration.from({ seconds: 1 });
// Ended in good order after so long a watch was healthy, too: a server without bookmarks is asked for no longer ones.
const healthyWatch = Temporal.Duration.from({ seconds: 45 });

const healthy = { failures: 0, expired: 0 } as const;

/** The state of a reflector that has not begun. */
export const idle: ReflectorState = { name: "Idle" };

/**
 * The next state, and what is to be done in this order. At most one command is an activity, and it is the last one;
 * without one the running activity goes on (in `Stopped` and `Idle` there is none).
 */
export function transition(state: ReflectorState, input: ReflectorInput): Step {
  switch (state.name) {
    case "Idle":
      if (input.kind === "stop") return [{ name: "Stopped" }, []];
      return input.kind === "start" ? beginList({ failures: 0, expired: 0, paged: false }) : [state, []];
    case "Stopped":
      return [state, []];
    case "Streaming":
    case "Listing":
    case "Watching":
    case "Waiting":
      return whileRunning(state, input);
  }
}

function whileRunning(state: Running, input: ReflectorInput): Step {
  switch (input.kind) {
    case "start":
      return [state, []];
    case "item":
      return [state, [{ kind: "keep", object: input.object }]];
    case "page":
      return afterPage(state, input);
    case "event":
      return afterEvent(state, input);
    case "ended":
      return afterEnd(state, input);
    case "failed":
      return afterFailure(state, input.failure);
    case "healthy":
      return [{ ...state, ...healthy }, []];
    case "waited":
      if (state.name !== "Waiting" || state.resourceVersion === undefined) return beginList(healthOf(state));
      return resumeWatch(healthOf(state), state.resourceVersion);
    case "verify":
      return verify(state);
    case "readAgain":
      if (state.name === "Waiting") return [{ name: "Waiting", ...healthOf(state) }, []];
      return beginList(healthOf(state));
    case "stop":
      return [{ name: "Stopped" }, []];
  }
}

// Lists name no resourceVersion: the answer is the most recent state, so nothing goes back in time and what is absent
// is really gone. API servers since 1.31 serve such lists from their cache (KEP-2340).
function beginList(health: Health): Step {
  if (health.paged) return [{ name: "Listing", ...health }, [{ kind: "list" }]];
  return [{ name: "Streaming", ...health }, [{ kind: "stream" }]];
}

function beginWatch(health: Health, resourceVersion: string): Step {
  return [{ name: "Watching", resourceVersion, ...health }, [{ kind: "watch", resourceVersion }]];
}

function resumeWatch(health: Health, resourceVersion: string): Step {
  return [{ name: "Watching", resourceVersion, ...health }, [{ kind: "resume", resourceVersion }]];
}

function afterPage(state: Running, page: ListPage): Step {
  const resourceVersion = (state.name === "Listing" ? state.resourceVersion : undefined) ?? page.resourceVersion;
  if (page.continue) {
    // It would go on for ever, without a pause.
    if (state.name === "Listing" && page.continue === state.continue) {
      return afterBroken(state, { kind: "malformed", origin: "the page names itself as the next one" });
    }
    const listing = { name: "Listing", resourceVersion, continue: page.continue, ...healthOf(state) } as const;
    return [listing, [{ kind: "list", continue: page.continue }]];
  }
  const [watching, watch] = beginWatch(healthOf(state), resourceVersion);
  return [watching, [{ kind: "complete", resourceVersion }, ...watch]];
}

function afterEvent(state: Running, event: WatchEvent): Step {
  if (event.type === "ERROR") return afterErrorEvent(state, event.object);
  const resourceVersion = text(metadataOf(event.object)["resourceVersion"]);
  if (resourceVersion === undefined) return afterBroken(state, { kind: "malformed", origin: event.type });
  const next: ReflectorState = state.name === "Watching" ? { ...state, resourceVersion } : state;
  switch (event.type) {
    case "ADDED":
    case "MODIFIED":
      return [next, [{ kind: "keep", object: event.object }]];
    case "DELETED":
      return [next, [{ kind: "drop", object: event.object }]];
    case "BOOKMARK":
      if (state.name === "Watching") return [next, [{ kind: "passed", resourceVersion }]];
      if (!endsInitialEvents(event.object)) return [state, []];
      // The same stream goes on as the watch.
      return [{ name: "Watching", resourceVersion, ...healthOf(state) }, [{ kind: "complete", resourceVersion }]];
    default: // an event type that Kubernetes does not have
      return afterBroken(state, { kind: "malformed", origin: event.type });
  }
}

/**
 * An ERROR event carries a Status:
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
function afterErrorEvent(state: Running, status: unknown): Step {
  const { code, reason, details } = membersOf(status);
  const tooOld = code === 410 || reason === "Expired" || reason === "Gone";
  if (tooOld) return pauseExpired(state, { kind: "gone", origin: status });
  const retryAfter = boundedSeconds(membersOf(details)["retryAfterSeconds"], bounds.apiWait);
  return afterBroken(state, { kind: "errorEvent", origin: status, ...(retryAfter && { retryAfter }) });
}

/**
 * The stream cannot be read on. The watch goes on from the last known version; if that leads here again, the cause may
 * be the very event after it, and only a full list comes past that.
 */
function afterBroken(state: Running, failure: ListWatchFailure): Step {
  return pause(state, failure, state.failures === 0 ? resumeFrom(state) : undefined);
}

function afterEnd(state: Running, { lasted, events, due }: Extract<ReflectorInput, { kind: "ended" }>): Step {
  // A server that ignores `sendInitialEvents` never sends the bookmark.
  if (state.name !== "Watching") return pause({ ...healthOf(state), paged: true }, { kind: "ended" }, undefined);
  const short = Temporal.Duration.compare(lasted, suspiciouslyShort) < 0;
  if (short && events === 0) return pause(state, { kind: "ended" }, state.resourceVersion);
  const isHealthy = Temporal.Duration.compare(lasted, healthyWatch) >= 0;
  const health = { ...healthOf(state), ...(isHealthy && healthy) };
  return due ? beginWatch(health, state.resourceVersion) : resumeWatch(health, state.resourceVersion);
}

function afterFailure(state: Running, failure: ListWatchFailure): Step {
  switch (failure.kind) {
    case "gone": // 410: this version is too old, or this `continue`
      return pauseExpired(state, failure);
    case "invalid": // so is WatchList refused: 422, apimachinery, ValidateListOptions
      if (state.name === "Streaming") return beginList({ ...healthOf(state), paged: true });
      return pause(state, failure, undefined);
    case "malformed":
      return afterBroken(state, failure);
    case "forbidden": // and a list tells, as a watch would not before its first event, that it is so no longer
      return pause(state, failure, undefined);
    // Unavailable, throttled, a broken connection, silence: the same query may work at once. A server that was away says 429, too,
    // until it has read what there is.
    default:
      return afterBroken(state, failure);
  }
}

/** A list that WatchList or a page failed to finish begins anew; a watch goes on where it was. */
function resumeFrom(state: Running): string | undefined {
  return state.name === "Watching" ? state.resourceVersion : undefined;
}

function pause(health: Health, because: ListWatchFailure, resourceVersion: string | undefined): Step {
  const { expired, paged } = health;
  const failures = health.failures + 1;
  return [
    { name: "Waiting", failures, expired, paged, ...(resourceVersion !== undefined && { resourceVersion }) },
    [{ kind: "wait", failures, because }],
  ];
}

/** The server has answered, and has forgotten our version: only a full list helps. */
function pauseExpired(health: Health, because: ListWatchFailure): Step {
  const expired = health.expired + 1;
  return [
    { name: "Waiting", failures: 0, expired, paged: health.paged },
    [{ kind: "wait", failures: expired, because }],
  ];
}

function healthOf({ failures, expired, paged }: Health): Health {
  return { failures, expired, paged };
}

/** Also asks for WatchList again: the control plane may have been upgraded. */
function verify(state: Running): Step {
  const health = { ...healthOf(state), paged: false };
  switch (state.name) {
    case "Watching":
      return beginList(health);
    case "Waiting":
      return [{ name: "Waiting", ...health }, []];
    case "Streaming":
    case "Listing":
      return [state, []]; // a full list is under way
  }
}

// The annotation is part of the API: apimachinery, metav1.InitialEventsAnnotationKey (KEP-3157).
function endsInitialEvents(object: unknown): boolean {
  return membersOf(metadataOf(object)["annotations"])["k8s.io/initial-events-end"] === "true";
}

function metadataOf(object: unknown): Readonly<Record<string, unknown>> {
  return membersOf(membersOf(object)["metadata"]);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
