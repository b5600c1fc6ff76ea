// Transform of the installed CustomResourceDefinition.
import { schemaGaps } from "../../api/schema-gaps.ts";
import type { CrdRecord } from "../records.ts";
import { identityOf } from "../../runtime/watch/object-meta.ts";

/** @param release of this program */
export function transformCrd(release: string): (raw: unknown) => CrdRecord {
  const gapsOf = schemaGaps(release);
  return (raw) => {
    const { key, resourceVersion } = identityOf(raw);
    return { key, resourceVersion, gaps: gapsOf(raw) };
  };
}
