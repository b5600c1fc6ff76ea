// The grants of Quayside, a provider that is made up.
import type { EntryWith, Identities } from "../../../src/providers/definition.ts";
import type { CloudGrant, HostGroup, RenderScope } from "../../../src/providers/grant-types.ts";
import { anyIdentity, identityOf, invalid, renderedField, sharedGrant } from "../../../src/providers/rendering.ts";
import { formsText, registryHost, type RegistryNames } from "../../../src/registry/host-templates.ts";
import type { Failure } from "../../../src/runtime/errors.ts";
import type { quaysideSettings } from "./settings.ts";

export interface QuaysideGrant extends CloudGrant {
  readonly provider: "Quayside";
  readonly account: string;
}

type QuaysideEntry = EntryWith<"Quayside", "quayside", typeof quaysideSettings>;

export const quaysideRegistries: RegistryNames = {
  templates: ["<quay>.quayside.example"],
  forms: ["QUAY.quayside.example"],
  places: { quay: "[a-z]{3,9}" },
};

export const quaysideIdentities: Identities = {
  ...anyIdentity,
  Operator: "Quayside knows no operators: write identity.from: Secret",
};

export function quaysideGrants(entry: QuaysideEntry, scope: RenderScope): readonly HostGroup<QuaysideGrant>[] {
  return sharedGrant(entry.hosts, (host) => registryHost(quaysideRegistries, host) !== undefined, {
    grant: () => grantOf(entry, scope),
    refused: (host) => invalid("InvalidHost", `"${host}" is none: write ${formsText(quaysideRegistries)}`),
  });
}

function grantOf(entry: QuaysideEntry, scope: RenderScope): QuaysideGrant | Failure {
  const asked = identityOf(entry.identity, scope, quaysideIdentities);
  if ("reason" in asked) return asked;
  const account = renderedField(
    entry.quayside.account,
    scope,
    (text) => /^[a-z-]+$/.test(text),
    (text, cause) => invalid("InvalidClientID", `quayside.account becomes ${text}`, cause),
  );
  if (typeof account !== "string") return account ?? invalid("InvalidClientID", "write quayside.account");
  return { provider: "Quayside", identity: asked.identity, account };
}
