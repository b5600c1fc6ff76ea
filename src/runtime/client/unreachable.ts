// Messages for people when the API server does not answer, or does not know them.
import { OperatorError } from "../errors.ts";
import { isDistrust, isUnknownAuthority } from "../network/no-answer.ts";
import { kubectl } from "../steps.ts";
import type { ApiError } from "./api-error.ts";
import { credentialsUnreadable } from "./fresh-credentials.ts";

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
  const { code, reason = error.kind } = error;
  // Its words name the API server, and nobody knows which.
  const problem = error.message.replace("the API server", `the API server ${server}`);
  const remedy = remedyFor(reason);
  const isSilent = remedy === undefined && reason !== credentialsUnreadable && !reason.startsWith("PROXY_");
  return new OperatorError(
    {
      reason: "ApiUnavailable",
      cause: "Platform",
      retry: "backoff",
      message:
        code === undefined ? `${problem}${remedy ?? ""}` : `the API server ${server} does not answer (${problem})`,
      ...(isSilent && { steps: [{ message: "check that it runs with", command: kubectl`get --raw /readyz` }] }),
    },
    error,
  );
}

/** Of a certificate that is not trusted. */
function remedyFor(code: string): string | undefined {
  if (!isDistrust(code)) return undefined;
  if (isUnknownAuthority(code)) return "; give its CA as certificate-authority-data of its cluster in the kubeconfig";
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return "; write the server as its certificate names it, or that name as tls-server-name beside it";
  return "; it is to be renewed at the API server";
}
