// Events to tenants and the platform, and who has had its share of them. A part of the composition root.
import { group, managedBy } from "../api/names.ts";
import type { Clock, Random } from "../runtime/clock.ts";
import type { ClusterApi } from "../cluster/cluster-api.ts";
import { type EventRecorder, eventRecorder } from "../runtime/events/event-recorder.ts";
import type { Stores } from "../cluster/kinds.ts";
import type { Log } from "../runtime/observability/log.ts";
import { listenerFailed } from "../runtime/observability/log-watch.ts";
import { listeners } from "../runtime/watch/listeners.ts";
import { type ShareReached, shareEvents } from "../controllers/share-events.ts";
import type { Instruments } from "../metrics/instruments.ts";

export interface EventReporterOptions {
  readonly api: ClusterApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Which replica: the name of the pod or host. */
  readonly instance: string;
  readonly instruments: Pick<Instruments, "count" | "show">;
  readonly namespaces: Stores["namespaces"];
}

export interface EventReporter {
  readonly events: EventRecorder;
  /** A namespace has had its share of something: an Event tells it so. */
  readonly shareReached: ShareReached;
}

export function eventReporter({
  api,
  clock,
  random,
  log,
  instance,
  instruments,
  namespaces,
}: EventReporterOptions): EventReporter {
  const overShare = listeners<string>(listenerFailed(log));
  const events = eventRecorder({
    reportingController: `${group}/${managedBy}`,
    api,
    clock,
    random,
    reportingInstance: instance,
    onShareReached: overShare.tell,
  });
  const shareReached = shareEvents({
    clock,
    events,
    instruments,
    uidOf: (namespace) => namespaces.get(namespace)?.uid,
  });
  overShare.subscribe((namespace) => shareReached("events", namespace));
  instruments.show("regcred_events_dropped_total", () => [{ labels: {}, value: events.dropped() }]);
  return { events, shareReached };
}
