// Events to tenants and the platform, and who has had its share of them. A part of the composition root.
import { group, managedBy } from "../api/names.ts";
import type { Clock, Random } from "../runtime/clock.ts";
import type { ClusterApi } from "../cluster/cluster-api.ts";
import { type EventRecorder, eventRecorder } from "../runtime/events/event-recorder.ts";
import type { Stores } from "../cluster/kinds.ts";
import { type ShareNews, shareNews } from "../controllers/share-events.ts";
import type { Instruments } from "../metrics/instruments.ts";

export interface NewsOptions {
  readonly api: ClusterApi;
  readonly clock: Clock;
  readonly random: Random;
  /** Which replica: the name of the pod or host. */
  readonly instance: string;
  readonly instruments: Pick<Instruments, "count" | "show">;
  readonly namespaces: Stores["namespaces"];
}

export function news({ api, clock, random, instance, instruments, namespaces }: NewsOptions): {
  readonly events: EventRecorder;
  readonly shareReached: ShareNews;
} {
  const events = eventRecorder({
    reportingController: `${group}/${managedBy}`,
    api,
    clock,
    random,
    reportingInstance: instance,
    onShareReached: (namespace) => shareReached("events", namespace),
  });
  const shareReached = shareNews({ clock, events, instruments, uidOf: (namespace) => namespaces.get(namespace)?.uid });
  instruments.show("regcred_events_dropped_total", () => [{ labels: {}, value: events.dropped() }]);
  return { events, shareReached };
}
