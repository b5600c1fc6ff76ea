// Namespaces that a RegistryCredential deleted with deletionPolicy Retain has served, so that what refers to its Secrets is the tenant's.
import type { RegistryCredential } from "../api/registry-credential.ts";
import type { NamespaceRecord } from "../cluster/records.ts";
import type { Members } from "./members.ts";

export interface Retained {
  /** It has had a login here when its deletion began, or later. What was once found so stays so. */
  here(credential: RegistryCredential, namespace: NamespaceRecord): boolean;
  forget(credentialUid: string): void;
}

/** @param isMarked a Secret of the namespace names the credential, for one of which there is no record */
export function retained(
  members: Pick<Members, "recorded" | "mayHoldIn">,
  isMarked: (credentialName: string, namespaceName: string) => boolean,
): Retained {
  // By uid of the credential: uids of namespaces.
  const served = new Map<string, Set<string>>();
  return {
    here: ({ uid, name, deletionTimestamp, spec }, namespace) => {
      if (!deletionTimestamp || spec.deletionPolicy !== "Retain") return false;
      const known = served.get(uid) ?? new Set();
      if (known.has(namespace.uid)) return true;
      const holds = members.recorded(uid) ? members.mayHoldIn(uid, namespace.uid) : isMarked(name, namespace.name);
      if (holds) served.set(uid, known.add(namespace.uid));
      return holds;
    },
    forget: (credentialUid) => void served.delete(credentialUid),
  };
}
