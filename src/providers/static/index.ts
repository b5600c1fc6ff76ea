// The provider of Static: logins that an administrator keeps in Secrets.
import { defineProvider } from "../definition.ts";
import { staticGrants } from "./grant.ts";
import { staticRules, staticSettings } from "./settings.ts";

export const staticLogins = defineProvider({
  block: "static",
  settings: staticSettings,
  missing: (kind) => `static.secretName: provider ${kind} reads that Secret`,
  rules: staticRules,
  identities: undefined,
  annotations: [],
  // Its source is in memory.
  budgets: {},
  kinds: {
    Static: {
      about: "a Secret you keep",
      registries: undefined,
      // The registries whose credentials are usually static, with the realms that their challenges name.
      hosts: [
        "index.docker.io",
        "registry-1.docker.io",
        "registry.hub.docker.com",
        "auth.docker.io",
        "ghcr.io",
        "quay.io",
        "registry.gitlab.com",
        "gitlab.com",
      ],
      grants: staticGrants,
      authority: undefined,
    },
  },
  load: () => import("#fetch/static"),
});
