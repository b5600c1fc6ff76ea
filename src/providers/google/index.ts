// The provider of GCR and GAR, Google's registries.
import type { AuthorityOf } from "../definition.ts";
import { defineProvider } from "../definition.ts";
import { googleAnnotations, type GoogleGrant, googleGrants, googleIdentities, googleRegistries } from "./grant.ts";
import { googleSettings } from "./settings.ts";

const hosts = ["oauth2.googleapis.com", "sts.googleapis.com", "iamcredentials.googleapis.com"];

function authority({ identity, impersonate }: GoogleGrant): AuthorityOf<"Google"> {
  const first =
    identity.from === "Operator"
      ? "the operator's own Google identity"
      : identity.from === "Secret"
        ? "oauth2.googleapis.com"
        : "sts.googleapis.com";
  const name = impersonate === undefined ? first : `${first} and iamcredentials.googleapis.com`;
  return { kind: "Google", name, counters: [name] };
}

/** One identity asks for both, whatever its tokens are for. */
const asker = (grant: GoogleGrant): GoogleGrant => ({ ...grant, provider: "GAR", scopes: [] });

export const google = defineProvider({
  block: "google",
  settings: googleSettings,
  identities: googleIdentities,
  annotations: googleAnnotations,
  // Exchanges of federated tokens: 6,000 a minute and project (docs.cloud.google.com/iam/quotas); a tenth of that, since
  // the other workloads of the project need them to run at all.
  budgets: { Google: { concurrency: 8, perSecond: 10, burst: 100 } },
  kinds: {
    GCR: {
      about: "gcr.io",
      registries: googleRegistries.GCR,
      hosts,
      grants: googleGrants,
      authority,
      asker,
      countedAs: "GAR",
    },
    GAR: { about: "*.pkg.dev", registries: googleRegistries.GAR, hosts, grants: googleGrants, authority, asker },
  },
  load: () => import("#fetch/google"),
});
