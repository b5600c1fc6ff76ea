// The provider of OCIR, Oracle's registries.
import { defineProvider, unpublished } from "../definition.ts";
import { type OcirGrant, ocirGrants, ocirIdentities, ocirRegistries, oracleDomains } from "./grant.ts";
import { ocirSettings } from "./settings.ts";

export const ocir = defineProvider({
  block: "ocir",
  settings: ocirSettings,
  remark: "; it has none yet",
  identities: ocirIdentities,
  annotations: [],
  budgets: { OCIR: unpublished },
  kinds: {
    OCIR: {
      registries: ocirRegistries,
      // Where instance principals are federated: oci-common, lib/auth.
      hosts: oracleDomains.map((domain) => `auth.<region>.${domain}`),
      grants: ocirGrants,
      authority: ({ host }: OcirGrant) => ({ kind: "OCIR", name: host, counters: [host] }),
    },
  },
  load: () => import("#fetch/ocir"),
});
