// Classifies failed calls for the controllers, which know the API server and the network by their types only.
import { failure } from "../api/reasons.ts";
import { type Failure, failureOf, OperatorError } from "../runtime/errors.ts";
import { ApiError } from "../runtime/client/api-error.ts";
import { failureFrom } from "../cluster/api-failure.ts";
import { NetworkError } from "../providers/http/network-error.ts";
import type { Context } from "../controllers/context.ts";
import { errorFields } from "../runtime/observability/log-watch.ts";
import type { Log } from "../runtime/observability/log.ts";

/** What nobody foresaw is logged with all that is known of it: the failure that tenants read says no more than its kind. */
export function callFailures(log: Pick<Log, "error">, operatorNamespace: string): Context["cluster"]["callFailure"] {
  return (error, action) => {
    if (error instanceof ApiError)
      return { kind: error.kind, failure: failureFrom(error, { action, operatorNamespace }) };
    const foreseen = foreseenFailure(error);
    if (foreseen) return { kind: undefined, failure: foreseen };
    log.error("unexpected error", { action, ...errorFields(error) });
    return { kind: undefined, failure: failureOf(error) };
  };
}

function foreseenFailure(error: unknown): Failure | undefined {
  if (error instanceof OperatorError) return error;
  // What the signal of a run aborts with, when its time is over or the operator stops: see src/runtime/queue/run-workers.ts.
  const isAbort = error instanceof DOMException && ["TimeoutError", "AbortError"].includes(error.name);
  if (!isAbort && !(error instanceof NetworkError)) return undefined;
  return failure(isAbort ? "DeadlineExceeded" : "CloudUnavailable", { message: `${error.message}; it is tried again` });
}
