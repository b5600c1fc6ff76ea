// The grants of Static: which Secret holds the login of an entry.
import type { Failure } from "../../runtime/errors.ts";
import { hasPlaceholders, rendered } from "../../api/placeholders.ts";
import { isObjectName } from "../../cluster/object-name.ts";
import type { EntryWith } from "../definition.ts";
import type { HostGroup, KeptGrant, RenderScope } from "../grant-types.ts";
import { invalid } from "../rendering.ts";
import type { staticSettings } from "./settings.ts";

export interface StaticGrant extends KeptGrant {
  readonly provider: "Static";
  readonly usernameKey: string;
  readonly passwordKey: string;
}

type StaticEntry = EntryWith<"Static", "static", typeof staticSettings>;

export function staticGrants(entry: StaticEntry, scope: RenderScope): readonly HostGroup<StaticGrant>[] {
  return [{ hosts: entry.hosts, grant: staticGrant(entry, scope) }];
}

function staticGrant(entry: StaticEntry, { namespace, operatorNamespace }: RenderScope): StaticGrant | Failure {
  const perTenant = hasPlaceholders(entry.static.secretName);
  const name = rendered(entry.static.secretName, namespace);
  if (typeof name !== "string") return name;
  if (!isObjectName(name)) {
    return invalid(
      "InvalidSecretName",
      `static.secretName becomes "${name}", which no Secret can be called: use lower-case letters, digits, - and .`,
      perTenant ? "Tenant" : "Platform",
    );
  }
  return {
    provider: "Static",
    namespace: entry.static.secretNamespace ?? operatorNamespace,
    name,
    usernameKey: entry.static.usernameKey,
    passwordKey: entry.static.passwordKey,
    perTenant,
  };
}
