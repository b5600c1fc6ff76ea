// What does a test of the Azure providers stand on?
import { generateKeyPairSync, sign } from "node:crypto";
import { afterEach } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { OperatorError } from "../../src/errors.ts";
import type { AcrGrant } from "../../src/plan/grant-types.ts";
import type { AzureOptions } from "../../src/providers/entra-token.ts";
import { guardedHttp } from "../../src/providers/http/guarded-http.ts";
import type { IdentitySource } from "../../src/providers/identity-source.ts";
import type { Minted } from "../../src/providers/provider.ts";
import { Redacted } from "../../src/redacted.ts";
import { der } from "../cluster/der.ts";
import { type AzureServer, azureServer, type AzureServerOptions } from "./servers/azure.ts";

export const client = "11111111-2222-3333-4444-555555555555";
export const tenant = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
export const never = new AbortController().signal;

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

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

/** Closes at the end of the test. */
export async function azureAt(options: AzureServerOptions = {}): Promise<AzureServer> {
  const server = await azureServer({
    applications: { [client]: { tenantID: tenant, secret: "hunter2", subject } },
    ...options,
  });
  closing.push(() => server.close());
  return server;
}

/** What a provider is given: the real way out to the network, and Azure at the server. */
export function azureOptions(server: AzureServer, given: Partial<AzureOptions> = {}): AzureOptions {
  const clock = systemClock();
  const guarded = guardedHttp({
    allowed: () => true,
    privateAllowed: () => true,
    plainAllowed: () => true,
    environment: {},
    clock,
    resolve: () => Promise.resolve([{ address: "127.0.0.1", family: 4 }]),
  });
  closing.push(() => guarded.close());
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
  return {
    secretValues: () => {
      if (!secret) throw new TypeError("no Secret is expected to be read");
      return Object.fromEntries(Object.entries(secret).map(([key, value]) => [key, new Redacted(value)]));
    },
    serviceAccountToken: ({ namespace, name }, audience) => {
      if (!token) return Promise.reject(new TypeError("no token is expected to be asked for"));
      return Promise.resolve(new Redacted(token(`system:serviceaccount:${namespace}:${name}`, audience)));
    },
  };
}

/** User and password of a token. */
export function loginIn({ logins }: Minted): readonly [string, string] {
  if (!("all" in logins)) throw new TypeError("one login is expected");
  return [logins.all.username, logins.all.password.reveal()];
}

/** What a call threw; throws when it threw something else or nothing. */
export async function failureIn(call: Promise<unknown>): Promise<OperatorError> {
  const error: unknown = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof OperatorError) return error;
  throw new TypeError(`an OperatorError is expected, not ${String(error)}`);
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
