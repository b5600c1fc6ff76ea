// Observes which pull Secrets of a namespace serve pods that are to be evicted, and which registries these serve.
import type { RegistryCredential } from "../../api/registry-credential.ts";
import type { NamespaceRecord } from "../../cluster/records.ts";
import { isAlive } from "../../cluster/token.ts";
import { grantsOf, isFailure } from "../../providers/grant.ts";
import { configKey, loginAt, servedHost } from "../../registry/host.ts";
import type { Context } from "../context.ts";
import type { RecoverableSecret } from "./plan.ts";

/** Secrets that are there, with what the credentials that want pods evicted have put into them. */
export function recoverableSecrets(context: Context, namespace: NamespaceRecord): readonly RecoverableSecret[] {
  const { index: credentialIndex, statusCache } = context.credentials;
  return credentialIndex.names().flatMap((name): RecoverableSecret[] => {
    if (statusCache.secret(namespace.name, name)?.state !== "usable") return [];
    const keys = credentialIndex
      .contributors(namespace, name)
      .filter(({ entitled, deleting, role }) => entitled && !deleting && role === "current")
      .map(({ credential }) => credential)
      .filter(({ spec }) => spec.podRecovery === "Evict" && !spec.suspend && spec.references === "ServiceAccounts")
      .flatMap((credential) => servedKeys(context, namespace, credential));
    return keys.length > 0 ? [{ name, keys }] : [];
  });
}

/** Keys of the docker config that come from the credential: those of hosts with a living token. */
function servedKeys(
  { grants: { tokens, grantKey, scopeOf }, runtime: { clock } }: Context,
  namespace: NamespaceRecord,
  { spec }: RegistryCredential,
): readonly string[] {
  const scope = scopeOf(namespace);
  return spec.registries
    .flatMap((entry) => grantsOf(entry, scope))
    .flatMap(({ hosts, grant }) => {
      const token = isFailure(grant) ? undefined : tokens.token(grantKey(grant));
      if (!token || !isAlive(token, clock.now())) return [];
      const { logins } = token;
      if ("all" in logins) return hosts.filter((host) => host !== "*");
      return hosts.includes("*")
        ? [...logins.byHost.keys()]
        : hosts.filter((host) => loginAt(logins.byHost, servedHost(host)) !== undefined);
    })
    .map((host) => configKey(servedHost(host)));
}
