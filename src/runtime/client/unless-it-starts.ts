// Tells what an API server refuses because it is starting: it answers before it knows its kinds, and who may do what.
import { OperatorError } from "../errors.ts";
import { ApiError } from "./api-error.ts";
import type { Transport } from "./transport.ts";
import { unreachable } from "./unreachable.ts";

/**
 * Rejects as the checks do; but where they have failed and the API server says that it is not ready, with an OperatorError
 * `ApiUnavailable`: what it has said before counts for nothing.
 */
export async function unlessItStarts(
  transport: Pick<Transport, "request" | "server">,
  checks: () => Promise<void>,
): Promise<void> {
  try {
    await checks();
  } catch (error) {
    if (!(error instanceof OperatorError) || error.reason === "ApiUnavailable") throw error;
    throw (await notReady(transport)) ?? error;
  }
}

// Everybody may read it: https://kubernetes.io/docs/reference/using-api/health-checks/
async function notReady(transport: Pick<Transport, "request" | "server">): Promise<OperatorError | undefined> {
  try {
    await transport.request({ method: "GET", path: "/readyz" });
    return undefined;
  } catch (error) {
    const isWaiting = error instanceof ApiError && (error.kind === "unavailable" || error.kind === "throttled");
    return isWaiting ? unreachable(transport.server, error) : undefined;
  }
}
