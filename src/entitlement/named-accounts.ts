// The index of RegistryCredentials by the ServiceAccounts as which their entries ask for tokens.
import type { RegistryCredential } from "../api/registry-credential.ts";
import type { ServiceAccountRecord } from "../cluster/records.ts";
import { MultiMap } from "../runtime/multi-map.ts";
import type { LastGoodSpecs } from "./last-good-spec.ts";

/** Names of the RegistryCredentials of which an entry asks as this account, in one namespace at least. */
export type NamedAccounts = (account: Pick<ServiceAccountRecord, "namespace" | "name">) => readonly string[];

/** Tenants change their accounts as often as they like: each change costs one look, however many RegistryCredentials there are. */
export function namedAccounts(specs: Pick<LastGoodSpecs, "subscribe">, operatorNamespace: string): NamedAccounts {
  // By `namespace/name`; in the place of the namespace `*`, where the account is each tenant's own.
  const users = new MultiMap<string, string>();
  specs.subscribe(({ before, after }) => {
    for (const each of accountsOf(before, operatorNamespace)) users.delete(each, before?.name ?? "");
    for (const each of accountsOf(after, operatorNamespace)) users.add(each, after?.name ?? "");
  });
  return ({ namespace, name }) => [...new Set([...users.of(`*/${name}`), ...users.of(`${namespace}/${name}`)])];
}

function accountsOf(credential: RegistryCredential | undefined, operatorNamespace: string): readonly string[] {
  return (credential?.spec.registries ?? []).flatMap(({ identity }) => {
    if (identity.from === "ServiceAccount") return [`${operatorNamespace}/${identity.name}`];
    return identity.from === "TenantServiceAccount" ? [`*/${identity.name}`] : [];
  });
}
