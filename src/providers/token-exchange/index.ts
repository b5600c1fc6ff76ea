// The provider TokenExchange: any HTTP endpoint that gives a token for a token.
import { defineProvider, unpublished } from "../definition.ts";
import { type TokenExchangeGrant, tokenExchangeGrants, tokenExchangeIdentities } from "./grant.ts";
import { tokenExchangeSettings } from "./settings.ts";

/** An API server's rule has seen to it that the URL is one of https, without a user. */
function hostIn(url: string): string {
  const [host = ""] = url.replace(/^https:\/\//i, "").split(/[/?#]/, 1);
  return host.toLowerCase();
}

export const tokenExchange = defineProvider({
  block: "tokenExchange",
  settings: tokenExchangeSettings,
  missing: (kind) => `tokenExchange.url: provider ${kind} asks there`,
  identities: tokenExchangeIdentities,
  annotations: [],
  budgets: { TokenExchange: unpublished },
  kinds: {
    TokenExchange: {
      about: "any HTTP token endpoint",
      registries: undefined,
      // The documented recipes: Docker Hub's OIDC, Quay's robots, JFrog's cloud.
      hosts: ["identity.docker.com", "quay.io", "<label>.jfrog.io"],
      grants: tokenExchangeGrants,
      authority: ({ settings }: TokenExchangeGrant) => {
        const host = hostIn(settings.url);
        return { kind: "TokenExchange", name: host, counters: [host] };
      },
    },
  },
  load: () => import("#fetch/token-exchange"),
});
