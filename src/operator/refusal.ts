// What does a failed call mean to the loops, which know the API server and the network by their types only?
import { type Failure, failureOf } from "../errors.ts";
import { ApiError } from "../kube/api-error.ts";
import { failureFrom } from "../kube/api-failure.ts";
import { NetworkError } from "../providers/http/network-error.ts";
import type { Context } from "../reconcile/context.ts";

export const refusal: Context["refusal"] = (error, action) =>
  error instanceof ApiError
    ? { kind: error.kind, failure: failureFrom(error, { action }) }
    : { kind: undefined, failure: error instanceof NetworkError ? unreachable(error) : failureOf(error) };

function unreachable({ message }: NetworkError): Failure {
  return { reason: "CloudUnavailable", cause: "Platform", retry: "backoff", message: `${message}; it is tried again` };
}
