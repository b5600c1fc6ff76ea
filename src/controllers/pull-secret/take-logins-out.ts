// What becomes of the logins in a Secret of ours that may not be deleted?
import { emptiedBody, withoutLogins } from "./plan-body.ts";
import { dockerConfigKey, dockerConfigType } from "./plan-types.ts";
import type { SecretRecord } from "../../cluster/records.ts";
import type { Context } from "../context.ts";
import { encoded, liveSecret, secretJson } from "./wire.ts";

/**
 * A policy or a lacking right keeps the Secret, but nobody what was taken back. References are off it by now.
 * @param refused why the deletion has failed; it is what is told, whatever comes of this
 */
export async function takeLoginsOut(
  { api, digest, refusal, stores, transforms }: Context,
  record: SecretRecord,
  refused: unknown,
  signal: AbortSignal,
): Promise<void> {
  const { kind } = refusal(refused, "");
  if (kind !== "admissionDenied" && kind !== "forbidden") return;
  const { namespace, name, type, immutable, resourceVersion } = record;
  if (immutable || type !== dockerConfigType) return;
  const config = encoded(withoutLogins);
  if (record.digest === digest({ [dockerConfigKey]: config })) return;
  try {
    const object = await api.getSecret(namespace, name, signal);
    if (object?.metadata.resourceVersion !== resourceVersion) {
      stores.pullSecrets.found(record, object && transforms.secret(object));
      return;
    }
    const json = secretJson(namespace, name, emptiedBody(liveSecret(object)), config, record);
    const written = transforms.secret(await api.replaceSecret(namespace, name, json, signal));
    if (written) stores.pullSecrets.wrote(written);
  } catch {
    // It is tried again with the deletion.
  }
}
