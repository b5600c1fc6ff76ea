// The provider of ECR and ECRPublic, Amazon's registries.
import { type Budget, defineProvider } from "../definition.ts";
import { ecrAnnotations, type EcrGrant, ecrGrants, ecrIdentities, ecrPublicGrants } from "./grant.ts";
import { ecrHosts, ecrPublicHosts, ecrPublicRegistries, ecrRegistries } from "./hosts.ts";
import { ecrRules, ecrSettings } from "./settings.ts";

// Half of what the strictest source allows: 20 a second with a burst of 200, for an account and region that kubelets and
// CI share (docs.aws.amazon.com/AmazonECR/latest/userguide/common-errors.html; the quota page says 200 a second). The
// STS that is asked first is that of the region, too. ECR Public allows 200 a second
// (docs.aws.amazon.com/AmazonECR/latest/public/public-service-quotas.html), but through the same STS.
const budget: Budget = { concurrency: 8, perSecond: 10, burst: 100 };

export const ecr = defineProvider({
  block: "ecr",
  settings: ecrSettings,
  rules: ecrRules,
  identities: ecrIdentities,
  annotations: ecrAnnotations,
  budgets: { ECR: budget, ECRPublic: budget },
  kinds: {
    ECR: {
      registries: ecrRegistries,
      hosts: ecrHosts,
      grants: ecrGrants,
      authority: ({ partition, region, endpoint }: EcrGrant) => ({
        kind: "ECR",
        name: `AWS ${region}${endpoint === "standard" ? "" : ` (${endpoint})`}`,
        // STS is asked in the region of the registry, too.
        counters: [`${partition} ${region}`],
      }),
    },
    ECRPublic: {
      registries: ecrPublicRegistries,
      hosts: ecrPublicHosts,
      grants: ecrPublicGrants,
      authority: () => ({ kind: "ECRPublic", name: "AWS us-east-1", counters: ["AWS us-east-1"] }),
    },
  },
  load: () => import("#fetch/ecr"),
});
