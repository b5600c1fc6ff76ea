// Transform of a RegistryCredential.
import { parseRegistryCredential } from "../../api/parse-registry-credential.ts";
import { parseStatus } from "../../api/parse-status.ts";
import { namedLabels } from "../../api/named-labels.ts";
import type { CredentialRecord } from "../records.ts";
import { annotationsOf, identityOf, isTerminating, listOf, metadataOf } from "../../runtime/watch/object-meta.ts";

/** Keys of Namespaces' labels; of what cannot be read none. */
export function labelsAskedBy({ credential }: CredentialRecord): Iterable<string> {
  return credential ? namedLabels(credential.spec) : [];
}

export function transformCredential(raw: unknown): CredentialRecord {
  const { key, name, uid, resourceVersion } = identityOf(raw);
  const { generation, finalizers } = metadataOf(raw);
  const rawStatus = (raw as { readonly status?: unknown }).status;
  const { status, damaged: statusDamaged } = parseStatus(rawStatus);
  const parsed = parseRegistryCredential(raw, rawStatus === undefined ? undefined : status);
  return {
    key,
    resourceVersion,
    name,
    uid,
    generation: typeof generation === "number" ? generation : 0,
    deleting: isTerminating(raw),
    finalizers: listOf(finalizers, "finalizers").filter((each) => typeof each === "string"),
    annotations: annotationsOf(raw),
    credential: parsed.ok ? parsed.credential : undefined,
    problems: parsed.ok ? [] : parsed.problems,
    status,
    statusDamaged,
  };
}
