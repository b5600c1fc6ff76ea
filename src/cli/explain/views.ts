// Views of a pod and a Secret for `explain`.
import { foreignText } from "../../runtime/foreign-text.ts";
import type { PodView, SecretView } from "./input.ts";
import { dockerConfigKey } from "../../registry/docker-config.ts";
import { textOfBase64 } from "../../runtime/base64.ts";
import { hostsOf } from "../../registry/merge-docker-config.ts";
import {
  annotationsOf,
  fields,
  identityOf,
  isTerminating,
  labelsOf,
  listOf,
  metadataOf,
  optional,
} from "../../runtime/watch/object-meta.ts";

export function podView(raw: unknown): PodView {
  const spec = fields(fields(raw, "Pod")["spec"], "spec");
  const containers = ["initContainers", "containers", "ephemeralContainers"].flatMap((list) =>
    listOf(spec[list], list),
  );
  const [owner] = listOf(metadataOf(raw)["ownerReferences"], "ownerReferences");
  return {
    name: identityOf(raw).name,
    serviceAccountName: optional(spec, "serviceAccountName") ?? "default",
    images: containers.flatMap((container) => optional(fields(container, "container"), "image") ?? []),
    pullPolicies: pullPolicies(containers),
    pullSecrets: listOf(spec["imagePullSecrets"], "imagePullSecrets").flatMap(
      (reference) => optional(fields(reference, "reference"), "name") ?? [],
    ),
    owner: owner === undefined ? undefined : kindAndName(owner),
  };
}

const strictest = ["Always", "IfNotPresent", "Never"];

function pullPolicies(containers: readonly unknown[]): ReadonlyMap<string, string> {
  const written = containers.flatMap((raw) => {
    const container = fields(raw, "container");
    const [image, policy] = [optional(container, "image"), optional(container, "imagePullPolicy")];
    return image === undefined || policy === undefined ? [] : [[image, policy] as const];
  });
  // The last of a key stands.
  return new Map(written.toSorted(([, one], [, other]) => strictest.indexOf(one) - strictest.indexOf(other)));
}

/** `raw` may come without its content. */
export function secretView(raw: unknown): SecretView {
  const { name, uid } = identityOf(raw);
  const owners = listOf(metadataOf(raw)["ownerReferences"], "ownerReferences");
  const controller = owners.find((owner) => fields(owner, "owner")["controller"] === true);
  return {
    name,
    uid,
    labels: labelsOf(raw),
    annotations: annotationsOf(raw),
    terminating: isTerminating(raw),
    controller: controller === undefined ? undefined : kindAndName(controller),
    hosts: hostsIn(raw),
  };
}

/** Undefined where the content was not asked for. */
function hostsIn(raw: unknown): readonly string[] | undefined {
  const secret = fields(raw, "Secret");
  if (secret["type"] === undefined) return undefined;
  const text = textOfBase64(optional(fields(secret["data"] ?? {}, "data"), dockerConfigKey) ?? "") ?? "";
  const hosts = hostsOf(text);
  return hosts.ok ? hosts.hosts : [];
}

function kindAndName(owner: unknown): string {
  const { kind, name } = fields(owner, "owner");
  return foreignText(`${String(kind)} ${String(name)}`);
}
