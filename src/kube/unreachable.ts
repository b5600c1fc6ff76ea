// What does a person read when the API server does not answer, or does not know them?
import { OperatorError } from "../errors.ts";
import { kubectl } from "../steps.ts";
import type { ApiError } from "./api-error.ts";

export function unreachable(server: string, error: ApiError): OperatorError {
  if (error.kind === "unauthorized") {
    return new OperatorError(
      {
        reason: "Unauthorized",
        cause: "Platform",
        retry: "slowly",
        message: `the API server ${server} does not accept these credentials: log in again, or set KUBECONFIG to a kubeconfig that works`,
      },
      error,
    );
  }
  const detail = error.code === undefined ? (error.reason ?? error.kind) : error.message;
  return new OperatorError(
    {
      reason: "ApiUnavailable",
      cause: "Platform",
      retry: "backoff",
      message: `the API server ${server} does not answer (${detail})`,
      steps: [{ says: "check that it runs with", command: kubectl`get --raw /readyz` }],
    },
    error,
  );
}
