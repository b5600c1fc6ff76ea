// How is one kind of object listed in pages and watched, as the reflector asks for it?
import type { ListPage, ListWatch, WatchEvent } from "../watch/list-watch.ts";
import { malformed, unavailable } from "./api-error.ts";
import { lines } from "./lines.ts";
import type { Query, Transport } from "./transport.ts";

export interface Watched {
  /** Of the collection: see `resourcePath`. */
  readonly path: string;
  readonly query?: { readonly fieldSelector?: string; readonly labelSelector?: string };
  /** Objects come without spec, status and data, which is enough for Namespaces. */
  readonly metadataOnly?: boolean;
  /** Bytes; longer strings come cut, and cost no memory: see `cutStrings`. Default: none is cut. */
  readonly longestString?: number;
}

// https://kubernetes.io/docs/reference/using-api/api-concepts/#partial-object-metadata
/** The Accept header for objects without spec, status and data. */
export const partial = (kind: string): string => `application/json;as=${kind};g=meta.k8s.io;v=v1`;

// A page of 500 large Secrets over a slow line; the reflector asks again when it fails.
const listDeadline = Temporal.Duration.from({ seconds: 60 });

/**
 * Rejects and throws ApiError: `gone` for 410, `invalid` where the server does not know initial events, `unavailable` for a
 * stream that breaks off, `malformed` for a line that is no event. ERROR events are yielded like others.
 */
export function listWatch(
  transport: Transport,
  { path, query: selectors = {}, metadataOnly = false, longestString }: Watched,
): ListWatch {
  return {
    list: async ({ limit, continue: token, resourceVersion }, signal) => {
      const answer = await transport.request({
        method: "GET",
        path,
        query: { ...selectors, limit, continue: token, resourceVersion },
        ...(metadataOnly ? { accept: partial("PartialObjectMetadataList") } : {}),
        // Not over the connections of the writes: a page of them may take a while.
        purpose: "watches",
        longestString,
        deadline: listDeadline,
        signal,
        // The reflector tries again, with its own backoff.
        idempotent: false,
      });
      return pageFrom(answer.json());
    },
    watch: async function* ({ resourceVersion, timeout, sendInitialEvents, onAlive }, signal) {
      const chunks = await transport.stream({
        path,
        query: { ...selectors, ...watchQuery({ resourceVersion, timeout, sendInitialEvents }) },
        ...(metadataOnly ? { accept: partial("PartialObjectMetadata") } : {}),
        longestString,
        signal,
      });
      onAlive?.();
      const events = lines(chunks, onAlive);
      try {
        for (;;) {
          const next = await events.next();
          if (next.done) {
            if (next.value.trim() !== "")
              throw unavailable("the watch broke off in the middle of an event", "TruncatedEvent");
            return;
          }
          if (next.value !== "") yield eventFrom(next.value);
        }
      } finally {
        // The reader has left the loop: let go of the socket.
        await events.return("");
      }
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
  const { items, metadata } = list as {
    readonly items?: unknown[] | null;
    readonly metadata?: { resourceVersion?: string; continue?: string };
  };
  if (!metadata?.resourceVersion) throw malformed("the API server's answer is no list");
  return {
    // Go writes an empty slice that was never made as null.
    items: items ?? [],
    resourceVersion: metadata.resourceVersion,
    ...(metadata.continue ? { continue: metadata.continue } : {}),
  };
}

function eventFrom(line: string): WatchEvent {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    // The error of JSON.parse quotes the text, which may be a Secret.
    throw malformed("a line of the watch is no JSON");
  }
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
