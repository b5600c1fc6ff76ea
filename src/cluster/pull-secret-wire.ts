// The wire form of a pull Secret.
import { dockerConfigKey } from "../registry/docker-config.ts";
import { base64OfText, textOfBase64 } from "../runtime/base64.ts";
import type { SecretObject } from "./cluster-api.ts";
import type { FieldsEntry } from "./managed-fields.ts";
import type { LiveSecret, PlannedSecret } from "./pull-secret-object.ts";
import { othersFieldsIn } from "./transform/managed-fields.ts";

/** What a write cannot change of a Secret that is there, and has to send. */
type Before = Pick<LiveSecret, "resourceVersion" | "immutable"> & { readonly managedFields?: readonly FieldsEntry[] };

/**
 * The JSON text of a POST, or with `before` of a PUT. The encoded config comes ready made, because ten thousand
 * namespaces share it.
 */
export function secretJson(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  body: PlannedSecret,
  encodedConfig: string | undefined,
  before?: Before,
): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      namespace,
      name,
      ...(before && { resourceVersion: before.resourceVersion }),
      labels: body.labels,
      annotations: body.annotations,
      ...(body.ownerReferences.length > 0 && { ownerReferences: body.ownerReferences }),
      ...(body.finalizers.length > 0 && { finalizers: body.finalizers }),
      ...(before?.managedFields && { managedFields: before.managedFields }),
    },
    type: body.type,
    ...(before?.immutable !== undefined && { immutable: before.immutable }),
    data: { ...body.otherData, ...(encodedConfig !== undefined && { [dockerConfigKey]: encodedConfig }) },
  });
}

export function liveSecret(object: SecretObject): LiveSecret {
  const { metadata, data = {} } = object;
  const { [dockerConfigKey]: encodedConfig, ...others } = data;
  const dockerConfig = encodedConfig === undefined ? undefined : textOfBase64(encodedConfig);
  const othersFields = othersFieldsIn(object);
  return {
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    type: object.type,
    immutable: object.immutable,
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    ownerReferences: metadata.ownerReferences ?? [],
    finalizers: metadata.finalizers ?? [],
    dockerConfig,
    // A config that is no text cannot be read, but can be kept.
    otherData: dockerConfig === undefined ? data : others,
    ...(othersFields && { othersFields }),
  };
}

export const encoded = base64OfText;
