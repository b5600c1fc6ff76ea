// Which OCIR tokens do the hosts of an entry need, and who asks for them?
import type { Entry } from "../../api/registry-credential.ts";
import type { Failure } from "../../runtime/errors.ts";
import { cloudHost, formsText } from "../../registry/vendor-hosts.ts";
import type { HostGroup, OcirGrant, RenderScope } from "../grant-types.ts";
import { identityOf } from "../identity.ts";

type OcirEntry = Extract<Entry, { provider: "OCIR" }>;
type Access = Omit<OcirGrant, "host">;

/** Each registry makes the tokens for itself. */
export function ocirGrants(entry: OcirEntry, scope: RenderScope): readonly HostGroup<OcirGrant>[] {
  const access = accessOf(entry, scope);
  const groups = new Map<string, { hosts: string[]; grant: OcirGrant | Failure }>();
  for (const written of entry.hosts) {
    const host = cloudHost("OCIR", written)?.host;
    const group = groups.get(host ?? written);
    if (group) group.hosts.push(written);
    else groups.set(host ?? written, { hosts: [written], grant: grantOf(written, host, access) });
  }
  return [...groups.values()];
}

function grantOf(written: string, host: string | undefined, access: Access | Failure): OcirGrant | Failure {
  if (host === undefined) {
    return {
      reason: "InvalidHost",
      cause: "Platform",
      retry: "on-change",
      message: `"${written}" is no OCIR registry: write ${formsText("OCIR")}, such as iad.ocir.io or us-ashburn-1.ocir.io, without port`,
    };
  }
  return "reason" in access ? access : { ...access, host };
}

function accessOf(entry: OcirEntry, scope: RenderScope): Access | Failure {
  const { from } = entry.identity;
  if (from === "ServiceAccount" || from === "TenantServiceAccount") {
    return {
      reason: "IdentityUnsupported",
      cause: "Platform",
      retry: "on-change",
      message: `Oracle gives no registry tokens for the token of a named ServiceAccount: instead of identity.from: ${from}, write Secret with the API key of an OCI user, or Operator (instance principal, resource principal or OKE workload identity)`,
    };
  }
  const asked = identityOf(entry.identity, scope);
  if ("reason" in asked) return asked;
  return {
    provider: "OCIR",
    identity: asked.identity,
    ...(entry.caSecretName === undefined ? {} : { caSecretName: entry.caSecretName }),
  };
}
