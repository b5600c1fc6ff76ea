// Which Secret holds the login of a static entry?
import type { Entry } from "../../api/registry-credential.ts";
import type { Failure } from "../../runtime/errors.ts";
import type { HostGroup, RenderScope, StaticGrant } from "../grant-types.ts";
import { isObjectName } from "../../cluster/object-name.ts";
import { hasPlaceholders, rendered } from "../../api/placeholders.ts";

export function staticGrants(
  entry: Extract<Entry, { provider: "Static" }>,
  scope: RenderScope,
): readonly HostGroup<StaticGrant>[] {
  return [{ hosts: entry.hosts, grant: staticGrant(entry, scope) }];
}

function staticGrant(
  entry: Extract<Entry, { provider: "Static" }>,
  { namespace, operatorNamespace }: RenderScope,
): StaticGrant | Failure {
  const perTenant = hasPlaceholders(entry.static.secretName);
  const name = rendered(entry.static.secretName, namespace);
  if (typeof name !== "string") return name;
  if (!isObjectName(name)) {
    return {
      reason: "InvalidSecretName",
      cause: perTenant ? "Tenant" : "Platform",
      retry: "on-change",
      message: `static.secretName becomes "${name}", which no Secret can be called: use lower-case letters, digits, - and .`,
    };
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
