// What stands in one pull Secret now, whole?
import type { LiveSecret } from "./plan-types.ts";
import type { SecretRecord } from "../../cluster/records.ts";
import type { Context } from "../context.ts";
import { liveSecret } from "./wire.ts";

/** The whole Secret, if it still is the version that the store knows; else the store knows better now. */
export async function readLive(
  { api, refusal, stores, transforms }: Context,
  namespace: string,
  name: string,
  record: SecretRecord | undefined,
  signal: AbortSignal,
): Promise<LiveSecret | "too large" | undefined> {
  let object;
  try {
    object = await api.getSecret(namespace, name, signal);
  } catch (error) {
    if (refusal(error, "").kind === "tooLarge") return "too large";
    throw error;
  }
  if (object && object.metadata.resourceVersion === record?.resourceVersion) return liveSecret(object);
  if (record) stores.pullSecrets.found(record, object && transforms.secret(object));
  return undefined;
}
