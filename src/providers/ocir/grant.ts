// The grants of OCIR: which tokens the hosts of an entry need, and who asks for them.
import type { Failure } from "../../runtime/errors.ts";
import { formsText, oneOf, registryHost, type RegistryNames } from "../../registry/host-templates.ts";
import type { EntryWith, Identities } from "../definition.ts";
import type { CloudGrant, HostGroup, RenderScope } from "../grant-types.ts";
import { defined, groupedHosts, identityOf, invalid } from "../rendering.ts";
import type { ocirSettings } from "./settings.ts";

export interface OcirGrant extends CloudGrant {
  readonly provider: "OCIR";
  /** The registry answers for its own tokens. */
  readonly host: string;
}

type OcirEntry = EntryWith<"OCIR", "ocir", typeof ocirSettings>;
type Access = Omit<OcirGrant, "host">;

// The second-level domains of Oracle's realms: lib/realm.js of oci-common.
export const oracleDomains = [
  "oraclecloud.com",
  "oraclecloud.eu",
  "oraclegovcloud.com",
  "oraclegovcloud.uk",
  ...[8, 9, 10, 14, 15, 20, 21, 23, 24, 26, 29, 35, 42, 51, 52].map((realm) => `oraclecloud${realm}.com`),
];

/** https://docs.oracle.com/iaas/Content/Registry/Concepts/registryprerequisites.htm#regional-availability */
export const ocirRegistries: RegistryNames = {
  templates: ["<key>.ocir.io", "<region>.ocir.io", "ocir.<region>.oci.<oracle>"],
  forms: ["KEY.ocir.io", "REGION.ocir.io", "ocir.REGION.oci.oraclecloud.com"],
  // https://docs.oracle.com/iaas/Content/General/Concepts/regions.htm
  places: { key: "[a-z]{3}", oracle: oneOf(oracleDomains) },
};

const notAccount = (from: string): string =>
  `Oracle gives no registry tokens for the token of a named ServiceAccount: instead of identity.from: ${from}, write Secret with the API key of an OCI user, or Operator (instance principal, resource principal or OKE workload identity)`;

export const ocirIdentities: Identities = {
  Operator: true,
  Secret: true,
  ServiceAccount: notAccount("ServiceAccount"),
  TenantServiceAccount: notAccount("TenantServiceAccount"),
};

/** Each registry makes the tokens for itself. */
export function ocirGrants(entry: OcirEntry, scope: RenderScope): readonly HostGroup<OcirGrant>[] {
  const access = accessOf(entry, scope);
  const hostOf = (written: string): string | undefined => registryHost(ocirRegistries, written)?.host;
  return groupedHosts(
    entry.hosts,
    (written) => hostOf(written) ?? written,
    (written) => grantOf(written, hostOf(written), access),
  );
}

function grantOf(written: string, host: string | undefined, access: Access | Failure): OcirGrant | Failure {
  if (host === undefined) {
    return invalid(
      "InvalidHost",
      `"${written}" is no OCIR registry: write ${formsText(ocirRegistries)}, such as iad.ocir.io or us-ashburn-1.ocir.io, without port`,
    );
  }
  return "reason" in access ? access : { ...access, host };
}

function accessOf(entry: OcirEntry, scope: RenderScope): Access | Failure {
  const asked = identityOf(entry.identity, scope, ocirIdentities);
  if ("reason" in asked) return asked;
  return {
    provider: "OCIR",
    identity: asked.identity,
    ...defined({ caSecretName: entry.caSecretName }),
  };
}
