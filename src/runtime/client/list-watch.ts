// Lists one kind of object in pages and watches it, as the reflector asks for it.
import type { ListPage, ListWatch, WatchEvent } from "../watch/list-watch.ts";
import { record, type Shape, text } from "./shape.ts";
import { malformed, unavailable } from "./api-error.ts";
import { pageReader } from "./bounded-json.ts";
import { jsonLines } from "./json-lines.ts";
import type { Query, Transport } from "./transport.ts";

export interface Watched {
  /** Of the collection: see `resourcePath`. */
  readonly path: string;
  readonly query?: { readonly fieldSelector?: string; readonly labelSelector?: string };
  /** Objects come without spec, status and data, which is enough for Namespaces. */
  readonly metadataOnly?: boolean;
  /** What is read of an object that is large; asked for each of them, and for `src/cluster/object-limits.ts` to say. */
  readonly keeps: () => Shape;
}

// https://kubernetes.io/docs/reference/using-api/api-concepts/#partial-object-metadata
/** The Accept header for objects without spec, status and data. */
export const partial = (kind: string): string => `application/json;as=${kind};g=meta.k8s.io;v=v1`;

// ADDED, MODIFIED, DELETED, BOOKMARK, ERROR.
const longestType = 16;

// A page of 500 large Secrets over a slow line; the reflector asks again when it fails.
const listDeadline = Temporal.Duration.from({ seconds: 60 });

/**
 * Rejects with ApiError: `gone` for 410, `invalid` where the server does not know initial events, `unavailable` for a
 * stream that breaks off, `malformed` for a line that is no event. ERROR events are handed out like others.
 */
export function listWatch(
  transport: Transport,
  { path, query: selectors = {}, metadataOnly = false, keeps }: Watched,
): ListWatch {
  const event = (): Shape => record({ type: text(longestType), object: keeps() });
  return {
    list: async ({ limit, continue: token, resourceVersion }, onItem, signal) => {
      const answer = await transport.request({
        method: "GET",
        path,
        query: { ...selectors, limit, continue: token, resourceVersion },
        ...(metadataOnly ? { accept: partial("PartialObjectMetadataList") } : {}),
        // Not over the connections of the writes: a page of them may take a while.
        purpose: "watches",
        reader: () => pageReader(keeps, onItem),
        deadline: listDeadline,
        signal,
        // The reflector tries again, with its own backoff.
        idempotent: false,
      });
      return pageFrom(answer.json());
    },
    watch: async ({ resourceVersion, timeout, sendInitialEvents, onAlive }, onEvent, signal) => {
      const lines = jsonLines(event, (value) => onEvent(eventFrom(value)));
      await transport.stream({
        path,
        query: { ...selectors, ...watchQuery({ resourceVersion, timeout, sendInitialEvents }) },
        ...(metadataOnly ? { accept: partial("PartialObjectMetadata") } : {}),
        signal,
        onBegin: () => onAlive?.(),
        onPiece: (piece) => {
          onAlive?.();
          try {
            lines.write(piece);
          } catch (error) {
            throw error instanceof SyntaxError ? malformed("a line of the watch is no JSON") : error;
          }
        },
      });
      if (!lines.isWhole()) throw unavailable("the watch broke off in the middle of an event", "TruncatedEvent");
    },
  };
}

function watchQuery({
  resourceVersion,
  timeout,
  sendInitialEvents,
}: {
  readonly resourceVersion: string | undefined;
  readonly timeout: Temporal.Duration;
  readonly sendInitialEvents: boolean | undefined;
}): Query {
  return {
    watch: true,
    allowWatchBookmarks: true,
    timeoutSeconds: Math.max(1, Math.round(timeout.total("seconds"))),
    resourceVersion,
    // KEP-3157: initial events need both this match and bookmarks.
    ...(sendInitialEvents ? { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" } : {}),
  };
}

function pageFrom(list: unknown): ListPage {
  const { metadata } = (list ?? {}) as { readonly metadata?: { resourceVersion?: unknown; continue?: unknown } };
  const { resourceVersion, continue: next } = metadata ?? {};
  if (typeof resourceVersion !== "string" || resourceVersion === "")
    throw malformed("the API server's answer is no list");
  return { resourceVersion, ...(typeof next === "string" && next !== "" && { continue: next }) };
}

function eventFrom(event: unknown): WatchEvent {
  if (
    typeof event === "object" &&
    event !== null &&
    "type" in event &&
    typeof event.type === "string" &&
    "object" in event
  ) {
    return { type: event.type, object: event.object };
  }
  throw malformed("a line of the watch is no event");
}
