// Deletes a RegistryCredential, and no other one that has taken its name meanwhile.
import { group, plural, version } from "../api/names.ts";
import { ApiError } from "../runtime/client/api-error.ts";
import { resourcePath } from "../runtime/client/resource-path.ts";
import type { Transport } from "../runtime/client/transport.ts";

const deadline = Temporal.Duration.from({ seconds: 10 });

/** Resolves as well when it is gone, or another one. Its finalizer keeps it until it is drained. */
export async function deleteCredential(
  transport: Transport,
  { name, uid }: { readonly name: string; readonly uid: string },
  signal: AbortSignal,
): Promise<void> {
  const path = resourcePath({ group, version, resource: plural, name });
  const body = JSON.stringify({ apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid } });
  try {
    await transport.request({ method: "DELETE", path, body, deadline, signal, idempotent: true });
  } catch (error) {
    if (!(error instanceof ApiError && (error.kind === "notFound" || error.kind === "conflict"))) throw error;
  }
}
