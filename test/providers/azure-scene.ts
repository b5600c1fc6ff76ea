// What does a test of the Azure providers stand on?
import { generateKeyPairSync, sign } from "node:crypto";
import type { AcrGrant } from "../../src/plan/grant-types.ts";
import type { AzureOptions } from "../../src/providers/entra-token.ts";
import type { IdentitySource } from "../../src/providers/identity-source.ts";
import { der } from "../../src/tls/der.ts";
import { identitiesFrom, loopback, untilEnd, wayOut } from "./scene.ts";
import { type AzureServer, azureServer, type AzureServerOptions } from "./servers/azure.ts";

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

/** What a provider is given: the real way out to the network, and Azure at the server. */
export function azureOptions(server: AzureServer, given: Partial<AzureOptions> = {}): AzureOptions {
  const { clock, guarded } = wayOut({ resolve: loopback });
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

/** A certificate that signs itself, with an RSA key as Entra wants it; both PEM. */
export function rsaCertificate(): { readonly certificate: string; readonly key: string } {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const now = Temporal.Now.instant();
  // sha256WithRSAEncryption and commonName: RFC 8017 appendix A.2, RFC 5280 appendix A.1.
  const algorithm = der.sequence(der.oid("1.2.840.113549.1.1.11"));
  const name = der.sequence(der.set(der.sequence(der.oid("2.5.4.3"), der.text("puller"))));
  const toBeSigned = der.sequence(
    der.integer(Buffer.from([1])),
    algorithm,
    name,
    der.sequence(der.time(now.subtract({ hours: 1 })), der.time(now.add({ hours: 24 }))),
    name,
    publicKey.export({ type: "spki", format: "der" }),
  );
  const whole = der.sequence(toBeSigned, algorithm, der.bits(sign("sha256", toBeSigned, privateKey)));
  const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
  return {
    certificate: ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n"),
    key: privateKey.export({ type: "pkcs8", format: "pem" }),
  };
}
