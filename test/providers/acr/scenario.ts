// The scenario that the tests of the Azure providers start from.
import type { AcrGrant } from "../../../src/providers/acr/grant.ts";
import type { AzureOptions } from "../../../src/providers/acr/entra-token.ts";
import type { IdentitySource } from "../../../src/providers/identity-source.ts";
import { identitiesFrom, loopback, untilEnd, egress } from "../scenario.ts";
import { type AzureServer, azureServer, type AzureServerOptions } from "../servers/azure.ts";

export const client = "11111111-2222-3333-4444-555555555555";
export const tenant = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";

export const account = { from: "TenantServiceAccount", namespace: "team-a", name: "puller", uid: "u" } as const;
export const subject = "system:serviceaccount:team-a:puller";

/** The CA that the servers need is in a Secret of this name. */
export function grant(more: Partial<AcrGrant> = {}): AcrGrant {
  return {
    provider: "ACR",
    registry: "acmeregistry.azurecr.io",
    authority: "login.microsoftonline.com",
    audience: "https://containerregistry.azure.net",
    identity: { from: "Secret", namespace: "regcred-system", name: "sp" },
    caSecretName: "azure-ca",
    ...more,
  };
}

/** Closes at the end of the test. */
export async function azureAt(options: AzureServerOptions = {}): Promise<AzureServer> {
  return untilEnd(
    await azureServer({ applications: { [client]: { tenantID: tenant, secret: "hunter2", subject } }, ...options }),
  );
}

/** What a provider is given: the real egress to the network, and Azure at the server. */
export function azureOptions(server: AzureServer, given: Partial<AzureOptions> = {}): AzureOptions {
  const { clock, guarded } = egress({ resolve: loopback });
  return {
    clock,
    // Only the operator's managed identity may use the other.
    http: server.reachable((call, signal) =>
      call.url.startsWith("http:")
        ? Promise.reject(new TypeError("plain http is not expected"))
        : guarded.http(call, signal),
    ),
    metadataHttp: server.reachable(guarded.withMetadata),
    identities: identities({ clientID: client, tenantID: tenant, clientSecret: "hunter2" }),
    ca: (name) => {
      if (name !== "azure-ca") throw new TypeError(`the CA ${name} is not expected`);
      return server.ca;
    },
    environment: {},
    ...given,
  };
}

/** The identity's Secret, and how tokens of ServiceAccounts are made; whatever is not given must not be asked for. */
export function identities(
  secret?: Readonly<Record<string, string>>,
  token?: (subject: string, audience: string) => string,
): IdentitySource {
  return identitiesFrom(() => secret, token);
}
