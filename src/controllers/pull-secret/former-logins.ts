// Which logins may stand in a pull Secret of credentials that leave it?
import { canonical } from "./plan-content.ts";
import { type Grant, grantsOf, isFailure } from "../../providers/grant.ts";
import type { NamespaceRecord } from "../../cluster/records.ts";
import type { Logins } from "../../cluster/token.ts";
import type { DockerConfigEntry } from "../../registry/docker-config.ts";
import { configKey, loginAt } from "../../registry/host.ts";
import type { Context } from "../context.ts";
import type { Contributor } from "../../entitlement/credential-index.ts";

/**
 * Those of the tokens that their entries have here, and of the ones before these, each for the hosts that it was written
 * for: an equal login under another host is its owner's.
 */
export function formerLogins(
  { tokens, grantKey, scopeOf }: Pick<Context, "tokens" | "grantKey" | "scopeOf">,
  namespace: NamespaceRecord,
  leaving: readonly Pick<Contributor, "credential">[],
): readonly DockerConfigEntry[] {
  if (leaving.length === 0) return [];
  const scope = scopeOf(namespace);
  const loginsOf = (hosts: readonly string[], grant: Grant): readonly DockerConfigEntry[] => {
    const token = tokens.token(grantKey(grant));
    return (token ? [token, ...(token.formers ?? [])] : []).flatMap(({ logins }) => entriesFor(hosts, logins));
  };
  return leaving
    .flatMap(({ credential }) => credential.spec.registries.flatMap((entry) => grantsOf(entry, scope)))
    .flatMap(({ hosts, grant }) => (isFailure(grant) ? [] : loginsOf(hosts, grant)));
}

function entriesFor(hosts: readonly string[], logins: Logins): readonly DockerConfigEntry[] {
  const keyOf = (host: string): string => configKey(canonical(host));
  if ("all" in logins) return hosts.map((host) => ({ key: keyOf(host), login: logins.all }));
  const { byHost } = logins;
  if (hosts.includes("*")) return [...byHost].map(([host, login]) => ({ key: configKey(host), login }));
  return hosts.flatMap((host) => {
    const login = loginAt(byHost, canonical(host));
    return login ? [{ key: keyOf(host), login }] : [];
  });
}
