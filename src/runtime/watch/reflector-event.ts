// Events of a watch, for onlookers: logs and metrics.
import type { ListWatchFailure } from "./list-watch.ts";

export type ReflectorEvent =
  /** A full list is in the store. */
  | { readonly kind: "listed"; readonly took: Temporal.Duration }
  /** A failure; the next attempt comes after `pause`. */
  | {
      readonly kind: "paused";
      readonly because: ListWatchFailure;
      readonly failures: number;
      readonly pause: Temporal.Duration;
    }
  /** An object that `transform` threw at; it is skipped. */
  | { readonly kind: "unreadable"; readonly key: string | undefined; readonly error: unknown };

/** A right is missing: the server will not show these objects before somebody grants it. */
export function isDenied(event: ReflectorEvent): boolean {
  return event.kind === "paused" && event.because.kind === "forbidden";
}
