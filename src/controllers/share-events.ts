// Reports that a namespace has had its share: to the tenant by an Event, to the platform by numbers.
import type { Clock } from "../runtime/clock.ts";
import type { Instruments } from "../metrics/instruments.ts";
import type { Context } from "./context.ts";

/** What a namespace has a share of. */
export const shareKinds = ["work", "grants", "events", "evictions"] as const;
export type ShareKind = (typeof shareKinds)[number];

export type ShareReached = (kind: ShareKind, namespace: string) => void;

export interface ShareEventsOptions {
  readonly clock: Clock;
  readonly events: Context["runtime"]["events"];
  readonly instruments: Pick<Instruments, "count" | "show">;
  readonly uidOf: (namespace: string) => string | undefined;
}

// One Event in so long, and so long does a namespace count as one that is over its share.
const window = Temporal.Duration.from({ minutes: 10 }).total("milliseconds");
// The oldest is told of again.
const maxRemembered = 4_096;

const texts: Readonly<Record<ShareKind, string>> = {
  work: "so much changes here that regcred's work for this namespace waits for its turn; other namespaces do not wait with it",
  grants:
    "this namespace's labels have asked for more new registry logins than one namespace may have in an hour; what is not minted yet waits",
  events:
    "regcred has more to tell of objects in this namespace than one namespace's share of Events; the rest is left out",
  evictions:
    "more pods wait here to be evicted than one namespace's share, so the rest wait for their turn; those of other namespaces do not",
};

export function shareEvents({ clock, events, instruments, uidOf }: ShareEventsOptions): ShareReached {
  // By kind: namespaces, and when it was told; the oldest first. Not lru-cache: who is over its share is told by the window, and counted.
  const reported = new Map<ShareKind, Map<string, number>>(shareKinds.map((kind) => [kind, new Map()]));
  const lately = (kind: ShareKind): ReadonlyMap<string, number> => {
    const of = reported.get(kind) ?? new Map<string, number>();
    for (const [namespace, at] of of) {
      if (at + window > clock.elapsed()) break;
      of.delete(namespace);
    }
    return of;
  };
  instruments.show("regcred_namespaces_over_share", () =>
    shareKinds.map((kind) => ({ labels: { kind }, value: lately(kind).size })),
  );
  return (kind, namespace) => {
    if (lately(kind).has(namespace)) return;
    const of = reported.get(kind);
    const oldest = of && of.size >= maxRemembered ? of.keys().next().value : undefined;
    if (oldest !== undefined) of?.delete(oldest);
    of?.set(namespace, clock.elapsed());
    instruments.count("regcred_shares_reached_total", { kind });
    events.publish({
      regarding: { apiVersion: "v1", kind: "Namespace", namespace, name: namespace, uid: uidOf(namespace) ?? "" },
      type: "Warning",
      reason: "ShareReached",
      action: "Share",
      note: texts[kind],
    });
  };
}
