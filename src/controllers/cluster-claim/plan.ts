// Decides which install serves this cluster, by the statuses, which only operators and administrators can write.
import type { RegistryCredential } from "../../api/registry-credential.ts";

export type ServingInstall =
  /** There is nothing to serve yet. */
  | { readonly kind: "nobody" }
  /** No status names an install: whoever writes its name into this one's first serves. */
  | { readonly kind: "unclaimed"; readonly anchor: RegistryCredential }
  | { readonly kind: "ours" }
  /** The one in that namespace, as long as it lives; then whoever replaces its name first. */
  | { readonly kind: "theirs"; readonly namespace: string; readonly anchor: RegistryCredential };

/**
 * The oldest claim decides, so that of two installs that claim different objects at the same time one gives way. A tenant
 * can make a Lease of any name in its own namespace, but cannot make a status point there.
 */
export function servingInstall(credentials: Iterable<RegistryCredential>, ownNamespace: string): ServingInstall {
  let oldest: RegistryCredential | undefined;
  let claimed: RegistryCredential | undefined;
  for (const credential of credentials) {
    if (isOlder(credential, oldest)) oldest = credential;
    if (credential.status?.operatorNamespace !== undefined && isOlder(credential, claimed)) claimed = credential;
  }
  if (!oldest) return { kind: "nobody" };
  const namespace = claimed?.status?.operatorNamespace;
  if (!claimed || namespace === undefined) return { kind: "unclaimed", anchor: oldest };
  return namespace === ownNamespace ? { kind: "ours" } : { kind: "theirs", namespace, anchor: claimed };
}

function isOlder(one: RegistryCredential, other: RegistryCredential | undefined): boolean {
  if (!other) return true;
  const order = Temporal.Instant.compare(one.creationTimestamp, other.creationTimestamp);
  return order < 0 || (order === 0 && one.name < other.name);
}
