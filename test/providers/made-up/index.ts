// The provider of Quayside, whose registries are made up.
import { defineProvider } from "../../../src/providers/definition.ts";
import { type QuaysideGrant, quaysideGrants, quaysideIdentities, quaysideRegistries } from "./grant.ts";
import { quaysideSettings } from "./settings.ts";

export const quayside = defineProvider({
  block: "quayside",
  settings: quaysideSettings,
  missing: (kind) => `quayside.account: provider ${kind} asks for it`,
  identities: quaysideIdentities,
  annotations: ["quayside.example/keeper"],
  budgets: { Quayside: { concurrency: 2, perSecond: 3, burst: 5 } },
  kinds: {
    Quayside: {
      about: "registries by the water",
      registries: quaysideRegistries,
      hosts: ["token.quayside.example"],
      grants: quaysideGrants,
      authority: ({ account }: QuaysideGrant) => ({ kind: "Quayside", name: account, counters: [account] }),
    },
  },
  load: () => import("./fetch.ts"),
});
