// Metrics of the watches: whether they live, and how often they had to begin anew.
import type { ReflectorStatus } from "../runtime/watch/reflector.ts";
import type { ReflectorEvent } from "../runtime/watch/reflector-event.ts";
import type { Instruments } from "./instruments.ts";

export function countWatch({ count }: Pick<Instruments, "count">, watch: string, event: ReflectorEvent): void {
  if (event.kind === "listed") count("regcred_watch_lists_total", { watch });
  if (event.kind === "paused") count("regcred_watch_failures_total", { watch, reason: event.because.kind });
}

export function showWatches(
  { show }: Pick<Instruments, "show">,
  status: () => ReadonlyMap<string, ReflectorStatus>,
): void {
  show("regcred_watch_last_event_timestamp_seconds", function* () {
    for (const [watch, { lastAliveAt }] of status()) {
      if (lastAliveAt) yield { labels: { watch }, value: lastAliveAt.epochMilliseconds / 1000 };
    }
  });
}
