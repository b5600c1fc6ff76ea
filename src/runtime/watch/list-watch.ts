// ListWatch: what a reflector needs from the API server, and what may fail there.

/** One parsed line of a watch. */
export interface WatchEvent {
  readonly type: string;
  readonly object: unknown;
}

export interface ListQuery {
  /** Most items per page; the server may send fewer. */
  readonly limit?: number;
  /** The `continue` of the page before. */
  readonly continue?: string;
  /** Left out: the most recent state (a consistent read). */
  readonly resourceVersion?: string;
}

/** The end of a page. */
export interface ListPage {
  readonly resourceVersion: string;
  /** There is another page. */
  readonly continue?: string;
}

export interface WatchQuery {
  readonly resourceVersion?: string;
  /** After this time the server ends the stream in good order (`timeoutSeconds`). */
  readonly timeout: Temporal.Duration;
  /** The state of the moment comes first, as ADDED events (WatchList, KEP-3157). */
  readonly sendInitialEvents?: boolean;
  /** Called for each byte received, also for those that complete no event. */
  readonly onAlive?: () => void;
}

/**
 * The objects of one kind (and selector) at the API server; one attempt per call, no retry. Bookmarks are asked for
 * always. Both give up soon after the signal aborts. What they reject with is read as a `ListWatchFailure`.
 */
export interface ListWatch {
  /** `onItem` is given each object of the page as it arrives, also of one that fails before its end. */
  list(query: ListQuery, onItem: (object: unknown) => void, signal: AbortSignal): Promise<ListPage>;
  /** `onEvent` is given each event as it arrives. Resolves when the server ends the stream. */
  watch(query: WatchQuery, onEvent: (event: WatchEvent) => void, signal: AbortSignal): Promise<void>;
}

/**
 * Why a list or a watch failed. Kinds that matter here: `gone` (410: list anew), `invalid` (the server will never
 * take this query), `malformed` (it sent what cannot be read). Every other kind is worth the same query again.
 */
export interface ListWatchFailure {
  readonly kind: string;
  /** The least time to wait, where the server named one. */
  readonly retryAfter?: Temporal.Duration;
  /** What was thrown or received, for logs. */
  readonly origin?: unknown;
}

/** The failure inside any thrown value; `transient` where it does not say. */
export function listWatchFailure(error: unknown): ListWatchFailure {
  // A line that JSON.parse refuses is thrown as it is.
  if (error instanceof SyntaxError) return { kind: "malformed", origin: error };
  if (typeof error !== "object" || error === null || !("kind" in error) || typeof error.kind !== "string") {
    return { kind: "transient", origin: error };
  }
  const retryAfter = "retryAfter" in error ? error.retryAfter : undefined;
  return { kind: error.kind, origin: error, ...(retryAfter instanceof Temporal.Duration && { retryAfter }) };
}
