// Writes the finalizers of a RegistryCredential.
import { failure } from "../../api/reasons.ts";
import { finalizer } from "../../api/names.ts";
import type { RegistryCredential } from "../../api/registry-credential.ts";
import type { Failure } from "../../runtime/errors.ts";
import { afterWrite, contestedFor, type Reverts, waitBeforeWrite } from "../../runtime/queue/conflict-backoff.ts";
import type { KnownAbsent } from "../../runtime/watch/presence.ts";
import type { CredentialRecord } from "../../cluster/records.ts";
import type { Context } from "../context.ts";

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
  const written = context.transforms.credential(answer);
  // Without its last finalizer an object in deletion is gone; the watch says so.
  if (written && !(written.deleting && finalizers.length === 0)) context.stores.credentials.wrote(written);
}

export interface FinalizerKeeper {
  /** Puts ours on. @returns why it is not there, which its status is to tell: whoever refuses it is the platform's */
  put(context: Context, credential: RegistryCredential, signal: AbortSignal): Promise<Failure | undefined>;
  forget(name: string, gone: KnownAbsent): void;
}

export function finalizerKeeper(): FinalizerKeeper {
  // By name, while the RegistryCredential is there: how often somebody has taken it off.
  const reverts = new Map<string, Reverts>();
  return {
    put: async (context, credential, signal) => {
      const { name, uid, finalizers } = credential;
      const now = context.clock.elapsed();
      const before = reverts.get(name);
      if (waitBeforeWrite(before, uid, now) > 0) return contested;
      try {
        await setFinalizers(context, credential, [...finalizers, finalizer], signal);
        const after = afterWrite(before, uid, now);
        reverts.set(name, after);
        const fight = contestedFor(after, now);
        if (fight !== undefined) context.statusCache.contested(name, fight);
        return undefined;
      } catch (error) {
        const { failure } = context.refusal(error, `put the finalizer on the RegistryCredential ${name}`);
        if (failure.retry !== "slowly") throw error;
        const { reason, retry, message, steps } = failure;
        return { reason, cause: "Platform", retry, message, ...(steps && { steps }) };
      }
    },
    forget: (name) => void reverts.delete(name),
  };
}

const contested: Failure = failure("Contested", {
  cause: "Platform",
  retry: "slowly",
  message: `somebody keeps taking the finalizer ${finalizer} off: let them leave metadata.finalizers alone; until then what tenants have stays as it is, and is not renewed`,
});
