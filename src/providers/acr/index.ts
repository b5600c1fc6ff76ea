// The provider of ACR, Azure's registries.
import { azureRegistries } from "../../registry/azure-registries.ts";
import { defineProvider } from "../definition.ts";
import { acrAnnotations, type AcrGrant, acrGrants, acrIdentities, entraHosts } from "./grant.ts";
import { acrSettings } from "./settings.ts";

export const acr = defineProvider({
  block: "acr",
  settings: acrSettings,
  identities: acrIdentities,
  annotations: acrAnnotations,
  // 10,000 a minute for a Basic registry (learn.microsoft.com/azure/container-registry/container-registry-skus), shared with
  // all who pull. Entra, asked first, publishes no number: so far below.
  budgets: { ACR: { concurrency: 8, perSecond: 10, burst: 100 } },
  kinds: {
    ACR: {
      registries: azureRegistries,
      hosts: entraHosts,
      grants: acrGrants,
      authority: ({ authority, registry }: AcrGrant) => ({
        kind: "ACR",
        name: `${authority} and ${registry}`,
        counters: [authority, registry],
      }),
    },
  },
  load: () => import("#fetch/acr"),
});
