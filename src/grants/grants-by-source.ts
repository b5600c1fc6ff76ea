// The index of grants by the Secrets that their tokens are made from.
import type { Grant } from "../providers/grant.ts";
import { grantSources } from "../providers/grant-key.ts";
import { MultiMap } from "../runtime/multi-map.ts";

export interface GrantsBySource {
  note(grantKey: string, grant: Grant): void;
  forget(grantKey: string): void;
  /** @param source `namespace/name` of a Secret */
  of(source: string): Iterable<string>;
}

/** A Secret of the operator's namespace changes as often as there are tokens: what is not a source of any costs nothing. */
export function grantsBySource(operatorNamespace: string): GrantsBySource {
  const sourcesOf = new Map<string, readonly string[]>();
  const grants = new MultiMap<string, string>();
  return {
    note: (grantKey, grant) => {
      const sources = grantSources(grant, operatorNamespace);
      sourcesOf.set(grantKey, sources);
      for (const each of sources) grants.add(each, grantKey);
    },
    forget: (grantKey) => {
      for (const each of sourcesOf.get(grantKey) ?? []) grants.delete(each, grantKey);
      sourcesOf.delete(grantKey);
    },
    of: (source) => grants.of(source),
  };
}
