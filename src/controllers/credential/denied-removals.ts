// Where a credential has to leave, and is kept because something was denied.
import type { RegistryCredential } from "../../api/registry-credential.ts";
import type { Troubled } from "./status-snapshot.ts";
import type { Context } from "../context.ts";
import { holderOf } from "./left-behind.ts";

/** Namespaces that lose it, and those that keep a Secret under a former name; only ones in which a login of it stands. */
export async function deniedRemovals(context: Context, credential: RegistryCredential): Promise<readonly Troubled[]> {
  const { statusCache, inSlices, credentialIndex, stores } = context;
  const current = credential.spec.pullSecret.name;
  const former = credentialIndex.namesOf(credential.name).flatMap(({ secretName, over }) => (over ? [secretName] : []));
  const holds = holderOf(context, credential);
  const found: Troubled[] = [];
  await inSlices(credentialIndex.mayHold(credential.name), (name) => {
    const namespace = stores.namespaces.get(name);
    if (!namespace || namespace.terminating) return;
    const names = credentialIndex.entitled(credential, namespace) ? former : [current, ...former];
    const troubles = names
      .filter((secretName) => holds(namespace, secretName))
      .flatMap((secretName) => statusCache.secret(name, secretName)?.credentials.get(credential.name)?.failures ?? [])
      .map((failure) => statusCache.lasting(name, failure));
    if (troubles.length > 0) found.push({ name, troubles });
  });
  return found;
}
