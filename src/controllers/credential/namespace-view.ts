// How a namespace fares under a credential, as far as the status cache knows.
import type { RegistryCredential } from "../../api/registry-credential.ts";
import type { Failure } from "../../runtime/errors.ts";
import type { Lasting, NamespaceView } from "./status-snapshot.ts";
import type { StatusCache } from "../status-cache.ts";

/** What was found for another version of the spec is still told, but does not count as looked at. */
export function namespaceView(
  statusCache: Pick<StatusCache, "secret" | "references" | "lasting">,
  { name, generation, spec, creationTimestamp }: RegistryCredential,
  namespace: string,
): NamespaceView {
  const found = statusCache.secret(namespace, spec.pullSecret.name)?.credentials.get(name);
  const references = spec.references === "ServiceAccounts" ? statusCache.references(namespace) : undefined;
  const isReferring = spec.references === "ServiceAccounts" && references?.generations.get(name) !== generation;
  const failures = [...(found?.failures ?? []), ...(references?.failures ?? [])];
  const lasting = (failure: Failure): Lasting => {
    const lasted = statusCache.lasting(namespace, failure);
    // Another credential may have failed there for the same reason before this one came.
    return Temporal.Instant.compare(lasted.since, creationTimestamp) < 0
      ? { ...lasted, since: creationTimestamp }
      : lasted;
  };
  return {
    name: namespace,
    pending: found?.generation !== generation || isReferring,
    failures: failures.map(lasting),
    ...(found?.formers && { formers: found.formers }),
    notes: (found?.notes ?? []).map(lasting),
  };
}
