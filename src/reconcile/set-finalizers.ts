// How are the finalizers of a RegistryCredential written?
import type { CredentialRecord } from "../plan/snapshot.ts";
import type { Context } from "./context.ts";

export async function setFinalizers(
  context: Context,
  credential: Pick<CredentialRecord, "name" | "resourceVersion">,
  finalizers: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { resourceVersion } = credential;
  const answer = await context.api.patchCredential(
    credential.name,
    { metadata: { resourceVersion, finalizers } },
    signal,
  );
  const written = context.strips.credential(answer);
  // Without its last finalizer an object in deletion is gone; the watch says so.
  if (written && !(written.deleting && finalizers.length === 0)) context.stores.credentials.wrote(written);
}
