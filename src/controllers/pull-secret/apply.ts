// How is a plan for a pull Secret carried out?
import type { FieldsEntry } from "../../cluster/managed-fields.ts";
import type { PullSecretAction, SecretBody } from "./plan-types.ts";
import type { SecretRecord } from "../../cluster/records.ts";
import type { Context } from "../context.ts";
import type { Rendered } from "./render-content.ts";
import { noteComing } from "./note-members.ts";
import { encoded, secretJson } from "./wire.ts";
import { takeLoginsOut } from "./take-logins-out.ts";

export type SecretWrite = Exclude<PullSecretAction, { readonly kind: "none" | "read" }>;

/** The record of what stands there now, which is in the store too; undefined where the Secret was deleted. */
export async function writeSecret(
  context: Context,
  namespace: string,
  name: string,
  action: SecretWrite,
  record: SecretRecord | undefined,
  rendered: Rendered,
  signal: AbortSignal,
): Promise<SecretRecord | undefined> {
  const { api, stores, transforms } = context;
  const namespaceUid = stores.namespaces.get(namespace)?.uid;
  const noteFor = async (body: SecretBody, stays: boolean): Promise<void> => {
    if (namespaceUid === undefined) return;
    const place = { namespaceUid, secretName: name };
    await noteComing(context, { place, body, before: record, stays }, signal);
  };
  const remove = async (): Promise<void> => {
    if (!record) return;
    const { uid, resourceVersion } = record;
    await api.deleteSecret(namespace, name, { uid, resourceVersion }, signal);
    stores.pullSecrets.removed(record.key, resourceVersion);
  };
  // Ten thousand namespaces share the rendered text; a merged or released Secret has a text of its own.
  const json = (body: SecretBody, before?: SecretRecord, managedFields?: readonly FieldsEntry[]): string => {
    const { dockerConfig: text } = body;
    const isShared = text === rendered.content.text;
    const config = text === undefined ? undefined : isShared ? rendered.encodedConfig : encoded(text);
    return secretJson(namespace, name, body, config, before && { ...before, ...(managedFields && { managedFields }) });
  };
  const noted = (answer: unknown): SecretRecord | undefined => {
    const written = transforms.secret(answer);
    if (written) stores.pullSecrets.wrote(written);
    return written;
  };
  const replace = async (json: string) => noted(await api.replaceSecret(namespace, name, json, signal));
  switch (action.kind) {
    case "delete":
      await remove().catch(async (error: unknown) => {
        if (record) await takeLoginsOut(context, record, error, signal);
        throw error;
      });
      return undefined;
    case "recreate":
      await noteFor(action.body, false);
      await remove();
      return noted(await api.createSecret(namespace, json(action.body), signal));
    case "create":
      await noteFor(action.body, false);
      return noted(await api.createSecret(namespace, json(action.body), signal));
    case "replace": {
      const { body, othersFields } = action;
      await noteFor(body, true);
      const written = await replace(json(body, record));
      if (!written || !othersFields) return written;
      // A request of its own: whatever the one that writes a field says, the field is its. If it fails, the login is there all the
      // same, and who holds it has to be known; the next look finds that something is still to be given up.
      return replace(json(body, written, othersFields)).catch(() => written);
    }
    case "giveUp":
      return replace(json(action.body, record, action.othersFields));
  }
}
