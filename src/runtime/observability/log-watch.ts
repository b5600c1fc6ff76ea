// Log lines of watches, and the fields of an unexpected error.
import type { ReflectorEvent } from "../watch/reflector-event.ts";
import type { Log } from "./log.ts";

export function logWatch(log: Log, what: string, event: ReflectorEvent): void {
  switch (event.kind) {
    case "listed":
      log.debug("listed", { what, milliseconds: event.took.total("milliseconds") });
      return;
    case "paused":
      log.warn("watch interrupted", {
        what,
        because: event.because.kind,
        failures: event.failures,
        pause: event.pause.toString(),
        ...(event.because.origin instanceof Error && { error: event.because.origin.message }),
      });
      return;
    case "unreadable":
      log.warn("object not readable", { what, key: event.key, ...errorFields(event.error) });
  }
}

const foreseen: ReadonlySet<string> = new Set(["OperatorError", "ApiError", "NetworkError", "ProxyError"]);

/** Of a bug in who listens to changes: what it has not taken in would be waited for in silence. */
export function listenerFailed(log: Pick<Log, "error">): (error: unknown) => void {
  return (error) => log.error("change not taken in", errorFields(error));
}

export function errorFields(error: unknown): { readonly error: string; readonly stack?: string } {
  if (!(error instanceof Error)) return { error: String(error) };
  // What was foreseen says all in its message: where it was thrown helps nobody.
  if (foreseen.has(error.name)) return { error: error.message };
  return { error: `${error.name}: ${error.message}`, ...(error.stack !== undefined && { stack: error.stack }) };
}
