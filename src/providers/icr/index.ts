// The provider of ICR, IBM Cloud's registries.
import { defineProvider, unpublished } from "../definition.ts";
import { icrGrants, icrIdentities, icrRegistries } from "./grant.ts";
import { icrSettings } from "./settings.ts";

export const icr = defineProvider({
  block: "icr",
  settings: icrSettings,
  identities: icrIdentities,
  annotations: [],
  budgets: { ICR: unpublished },
  kinds: {
    ICR: {
      registries: icrRegistries,
      // IBM's own software is at cp.icr.io.
      hosts: ["iam.cloud.ibm.com", "cp.icr.io"],
      grants: icrGrants,
      authority: () => ({ kind: "ICR", name: "iam.cloud.ibm.com", counters: ["iam.cloud.ibm.com"] }),
    },
  },
  load: () => import("#fetch/icr"),
});
