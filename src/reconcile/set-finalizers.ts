// How are the finalizers of a RegistryCredential written?
import { finalizer } from "../api/names.ts";
import type { RegistryCredential } from "../api/registry-credential.ts";
import type { Failure } from "../errors.ts";
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

/** Puts ours on. @returns why it is refused, which its status is to tell: whoever refuses it is the platform's */
export async function putFinalizer(
  context: Context,
  credential: RegistryCredential,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  try {
    await setFinalizers(context, credential, [...credential.finalizers, finalizer], signal);
    return undefined;
  } catch (error) {
    const { failure } = context.refusal(error, `put the finalizer on the RegistryCredential ${credential.name}`);
    if (failure.retry !== "slowly") throw error;
    const { reason, retry, message, steps } = failure;
    return { reason, cause: "Platform", retry, message, ...(steps && { steps }) };
  }
}
