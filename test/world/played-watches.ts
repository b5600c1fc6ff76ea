// What the API server shows of its objects, when, and what it hides.
import { sourceLabel } from "../../src/api/names.ts";
import type { Cancel, Clock } from "../../src/runtime/clock.ts";
import type { ClusterObject } from "../../src/cluster/cluster-api.ts";
import type { Watched } from "../../src/runtime/client/list-watch.ts";
import type { ModelEvent, ModelServer, Resource } from "../../src/cluster/in-memory/in-memory-server.ts";
import { refused } from "../../src/cluster/in-memory/denials.ts";
import type { ListWatch, WatchEvent, WatchQuery } from "../../src/runtime/watch/list-watch.ts";
import { type ListFault, listError } from "./faults.ts";

/** The events of a server, for all who watch. */
export interface EventLog {
  readonly events: readonly { readonly version: bigint; readonly event: ModelEvent }[];
}

export function eventLog(server: ModelServer): EventLog {
  const events: { version: bigint; event: ModelEvent }[] = [];
  server.subscribe((event) => events.push({ version: BigInt(event.object.metadata.resourceVersion), event }));
  return { events };
}

export interface PlayedWatches {
  readonly listWatch: (watched: Watched) => ListWatch;
  /** Something has happened that watches may show: an event of this kind, or another fault, which may be one of all kinds. */
  readonly stir: (resource?: Resource) => void;
}

export interface PlayedWatchesOptions {
  readonly server: ModelServer;
  readonly log: EventLog;
  readonly clock: Clock;
  readonly faults: () => Iterable<ListFault>;
}

interface Stream {
  readonly resource: Resource;
  /** It looks again for what has happened. */
  wake: () => void;
}

const nothing = (): void => undefined;
// Bookmarks come about once a minute; seldomer, but within what a reflector bears, they cost less.
const bookmarkEvery = Temporal.Duration.from({ seconds: 85 });

/** Those of one process: nothing of them is left when it is dropped. */
export function playedWatches({ server, log, clock, faults }: PlayedWatchesOptions): PlayedWatches {
  const streams = new Set<Stream>();
  let forgetBeat: Cancel | undefined;

  const faultOf = (resource: Resource): ListFault | undefined =>
    [...faults()].find((each) => each.resource === resource);
  const stir: PlayedWatches["stir"] = (resource) => {
    for (const each of streams) if (resource === undefined || each.resource === resource) each.wake();
  };
  const beat = (): void => {
    forgetBeat = clock.schedule(bookmarkEvery, () => {
      beat();
      stir();
    });
  };
  /** A stream that is woken by what happens, by the time, and when nobody follows it any more. */
  const opened = (resource: Resource, signal: AbortSignal): Stream & { readonly close: () => void } => {
    const stream: Stream = { resource, wake: nothing };
    const wake = (): void => stream.wake();
    signal.addEventListener("abort", wake);
    streams.add(stream);
    if (!forgetBeat) beat();
    const close = (): void => {
      signal.removeEventListener("abort", wake);
      streams.delete(stream);
      if (streams.size > 0) return;
      forgetBeat?.();
      forgetBeat = undefined;
    };
    return Object.assign(stream, { close });
  };

  const listWatch = (watched: Watched): ListWatch => {
    const { resource, shows } = selectionOf(watched);
    const shown = (): readonly ClusterObject[] => server.list(resource).filter(shows);

    const follow = async function* (
      { resourceVersion, sendInitialEvents, timeout, onAlive }: WatchQuery,
      signal: AbortSignal,
    ): AsyncGenerator<WatchEvent> {
      const refuses = faultOf(resource);
      if (refuses?.how === "hidden" || refuses?.how === "down") throw listError(refuses);
      const began = clock.elapsed();
      const ends = began + timeout.total("milliseconds");
      let at = indexAfter(log, BigInt(resourceVersion ?? server.version()));
      if (sendInitialEvents) {
        const [objects, version] = [shown(), server.version()];
        at = log.events.length;
        for (const object of objects) yield { type: "ADDED", object };
        yield bookmark(version, { "k8s.io/initial-events-end": "true" });
      }
      const stream = opened(resource, signal);
      try {
        while (!signal.aborted && clock.elapsed() < ends) {
          const fault = faultOf(resource);
          if (fault?.how === "hidden" || fault?.how === "down") throw listError(fault);
          if (fault?.how === "expired" && fault.since > began)
            throw refused(410, "Expired", "too old resource version");
          const next = fault?.how === "deaf" ? undefined : log.events[at];
          if (next) {
            at += 1;
            const event = next.event.resource === resource ? seen(next.event, shows) : undefined;
            if (event) yield event;
            continue;
          }
          onAlive?.();
          await new Promise<void>((resolve) => {
            stream.wake = resolve;
          });
        }
      } finally {
        stream.close();
      }
    };
    return {
      list: async (_query, onItem) => {
        const fault = faultOf(resource);
        if (fault?.how === "hidden" || fault?.how === "down") throw listError(fault);
        for (const object of shown()) onItem(object);
        return { resourceVersion: server.version() };
      },
      watch: async (query, onEvent, signal) => {
        for await (const event of follow(query, signal)) onEvent(event);
      },
    };
  };
  return { listWatch, stir };
}

function selectionOf({ path, query = {} }: Watched): {
  readonly resource: Resource;
  readonly shows: (object: ClusterObject) => boolean;
} {
  const parts = path.split("/");
  const resource = parts.at(-1) as Resource;
  const namespace = parts.at(-3) === "namespaces" ? parts.at(-2) : undefined;
  const name = query.fieldSelector?.replace("metadata.name=", "");
  return {
    // Of others, such as the CustomResourceDefinition, the server has none.
    resource,
    shows: ({ metadata }) =>
      (namespace === undefined || metadata.namespace === namespace) &&
      (name === undefined || metadata.name === name) &&
      (query.labelSelector === undefined || metadata.labels?.[sourceLabel] === "true"),
  };
}

/** The event as a watch with a selector shows it. */
function seen({ type, object, before }: ModelEvent, shows: (object: ClusterObject) => boolean): WatchEvent | undefined {
  const was = before !== undefined && shows(before);
  const is = type !== "DELETED" && shows(object);
  if (!was && !is) return undefined;
  return { type: is ? (was ? "MODIFIED" : "ADDED") : "DELETED", object };
}

function bookmark(resourceVersion: string, annotations: Readonly<Record<string, string>>): WatchEvent {
  return { type: "BOOKMARK", object: { metadata: { resourceVersion, annotations } } };
}

function indexAfter({ events }: EventLog, version: bigint): number {
  let index = events.length;
  while (index > 0 && (events[index - 1]?.version ?? 0n) > version) index -= 1;
  return index;
}
