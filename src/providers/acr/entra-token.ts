// Tokens of Entra: how an identity gets one.
//
// Each identity has exactly one source, and its failure is the end: the SDK's own chain would go on to the next, in the
// end to the machine's managed identity or to a command line tool, and hand out a token of somebody more powerful.
import { failure } from "../../api/reasons.ts";
import { AsyncLocalStorage } from "node:async_hooks";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { OperatorError } from "../../runtime/errors.ts";
import type { TokenCall } from "../answers.ts";
import { endpointOf, type Endpoints } from "../endpoints.ts";
import { type AzureHttpClient, azureHttpClient } from "../http/azure-http-client.ts";
import type { Http, HttpAnswer } from "../http/http.ts";
import { NetworkError } from "../http/network-error.ts";
import { withOwnErrors } from "../http/sdk-adapters.ts";
import { caOf, identitySecret, postForm } from "../fetching.ts";
import type { AccountIdentity, SecretIdentity } from "../grant-types.ts";
import type { CloudOptions } from "../provider.ts";
import { azureError, azureErrorCode, jsonText, staleAssertion } from "./entra-answer.ts";
import type { AcrGrant } from "./grant.ts";

/** What the Azure providers need of the world. */
export interface AzureOptions extends CloudOptions {
  /** Of ServiceAccount tokens. Default `api://AzureADTokenExchange`; sovereign clouds may name another. */
  readonly federationAudience?: string;
}

// https://learn.microsoft.com/entra/workload-id/workload-identity-federation-create-trust
const usualFederationAudience = "api://AzureADTokenExchange";

/** One attempt to get an access token for the grant's audience. Throws OperatorError; NetworkError without an answer. */
export function entraToken(options: AzureOptions): (grant: AcrGrant, signal: AbortSignal) => Promise<string> {
  return async (grant, signal) => {
    const { identity } = grant;
    switch (identity.from) {
      case "Operator":
        return operatorToken(options, grant, signal);
      case "Secret":
        return secretToken(options, grant, identity, signal);
      case "ServiceAccount":
      case "TenantServiceAccount":
        return accountToken(options, grant, identity, signal);
    }
  };
}

/** In the order of the SDK's own chain (DefaultAzureCredential), without its command line tools. */
async function operatorToken(options: AzureOptions, grant: AcrGrant, signal: AbortSignal): Promise<string> {
  const { environment, http, metadataHttp } = options;
  const settings = settingsOf(options, grant);
  const clientId = grant.clientID ?? (environment["AZURE_CLIENT_ID"] || undefined);
  const tenantId = grant.tenantID ?? (environment["AZURE_TENANT_ID"] || undefined);
  const application = (variable: string): { readonly clientId: string; readonly tenantId: string } => {
    if (clientId !== undefined && tenantId !== undefined) return { clientId, tenantId };
    throw noIdentity(`${variable} is set, but not AZURE_CLIENT_ID and AZURE_TENANT_ID with it`);
  };
  const advice =
    "check the operator's AZURE_CLIENT_ID and AZURE_TENANT_ID, and that its secret, certificate or federated credential is still known to that application";
  const use = { who: "Entra", http, advice };

  const clientSecret = environment["AZURE_CLIENT_SECRET"];
  if (clientSecret) {
    const ids = application("AZURE_CLIENT_SECRET");
    const { ClientSecretCredential } = await import("@azure/identity");
    const make = () => new ClientSecretCredential(ids.tenantId, ids.clientId, clientSecret, settings);
    return sdkToken(options, grant, { ...use, make }, signal);
  }
  const certificatePath = environment["AZURE_CLIENT_CERTIFICATE_PATH"];
  if (certificatePath) {
    const ids = application("AZURE_CLIENT_CERTIFICATE_PATH");
    const password = environment["AZURE_CLIENT_CERTIFICATE_PASSWORD"];
    const certificate = { certificatePath, ...(password ? { certificatePassword: password } : {}) };
    const { ClientCertificateCredential } = await import("@azure/identity");
    const make = () => new ClientCertificateCredential(ids.tenantId, ids.clientId, certificate, settings);
    return sdkToken(options, grant, { ...use, make }, signal);
  }
  const tokenFilePath = environment["AZURE_FEDERATED_TOKEN_FILE"];
  if (tokenFilePath) {
    const ids = application("AZURE_FEDERATED_TOKEN_FILE");
    const { WorkloadIdentityCredential } = await import("@azure/identity");
    const make = () => new WorkloadIdentityCredential({ ...settings, ...ids, tokenFilePath });
    return sdkToken(options, grant, { ...use, make }, signal);
  }
  const { ManagedIdentityCredential } = await import("@azure/identity");
  const make = () => new ManagedIdentityCredential({ ...settings, ...(clientId === undefined ? {} : { clientId }) });
  const machine = {
    who: "the machine's metadata service",
    http: metadataHttp,
    advice: `assign the managed identity ${clientId ?? ""} to the nodes, or give the operator's ServiceAccount a workload identity`,
  };
  try {
    return await sdkToken(options, grant, { ...machine, make }, signal);
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    throw noIdentity(
      `no client secret, certificate or federated token is set, and ${machine.who} is silent (${error.code})`,
      error,
    );
  }
}

/** The Secret's keys are clientID, tenantID (a spec's win) and clientSecret or clientCertificate (PEM with its key). */
async function secretToken(
  options: AzureOptions,
  grant: AcrGrant,
  identity: SecretIdentity,
  signal: AbortSignal,
): Promise<string> {
  const { namespace, name } = identity;
  const { text: value, invalid } = identitySecret(options.identities, identity);
  const clientID = grant.clientID ?? value("clientID");
  const tenantID = grant.tenantID ?? value("tenantID");
  for (const [key, id] of Object.entries({ clientID, tenantID })) {
    if (id === "") throw invalid(`lacks the key ${key}: put it there, or write acr.${key}`);
    // It becomes part of a path.
    if (!/^[a-zA-Z0-9][-a-zA-Z0-9.]{0,252}$/.test(id)) throw invalid(`holds no Entra id under ${key}: write a GUID`);
  }
  const secret = value("clientSecret");
  const certificate = value("clientCertificate");
  if ((secret === "") === (certificate === "")) {
    throw invalid(
      "needs either the key clientSecret or the key clientCertificate: an Entra application has one of them",
    );
  }
  if (certificate !== "" && !isCertificateWithKey(certificate)) {
    throw invalid("holds no certificate with its RSA key under clientCertificate: write both as PEM, without password");
  }
  const { ClientSecretCredential, ClientCertificateCredential } = await import("@azure/identity");
  const settings = settingsOf(options, grant);
  const make = () =>
    certificate === ""
      ? new ClientSecretCredential(tenantID, clientID, secret, settings)
      : new ClientCertificateCredential(tenantID, clientID, { certificate }, settings);
  const advice = `check that the application ${clientID} is in the tenant ${tenantID}, and that what the Secret ${namespace}/${name} holds is its secret or certificate and has not ended`;
  return sdkToken(options, grant, { who: "Entra", http: options.http, advice, make }, signal);
}

/** https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow, the third case. */
async function accountToken(
  options: AzureOptions,
  grant: AcrGrant,
  identity: AccountIdentity,
  signal: AbortSignal,
): Promise<string> {
  const { identities, clock, endpoints, federationAudience = usualFederationAudience } = options;
  const { authority, audience, tenantID, clientID } = grant;
  // grant.ts gives every such grant both; a grant without them must never reach another identity.
  if (tenantID === undefined || clientID === undefined) throw new TypeError("a ServiceAccount asks Entra without ids");
  const attempt = async (): Promise<HttpAnswer> => {
    const assertion = await identities.serviceAccountToken(identity, federationAudience, signal);
    const form = {
      grant_type: "client_credentials",
      client_id: clientID,
      scope: `${audience}/.default`,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: assertion.reveal(),
    };
    const url = `${authorityOf(endpoints, authority)}/${tenantID}/oauth2/v2.0/token`;
    return postForm(options, grant, { url, form: Object.entries(form) }, signal);
  };
  let answer = await attempt();
  if (azureErrorCode(answer) === staleAssertion) answer = await attempt();
  const token = answer.status === 200 ? jsonText(answer, "access_token") : undefined;
  if (token) return token;
  const { namespace, name } = identity;
  const advice = `give the application ${clientID} in the tenant ${tenantID} a federated credential with the cluster's issuer, the subject system:serviceaccount:${namespace}:${name} and the audience ${federationAudience}`;
  throw azureError(answer, { who: "Entra", identity, advice }, clock);
}

interface Settings {
  readonly authorityHost: string;
  readonly disableInstanceDiscovery: boolean;
  readonly httpClient: AzureHttpClient;
  readonly retryOptions: { readonly maxRetries: number };
}

function settingsOf({ endpoints }: AzureOptions, { authority }: AcrGrant): Settings {
  return {
    authorityHost: authorityOf(endpoints, authority),
    // It would ask another host, in order to trust a list that grant.ts has already.
    disableInstanceDiscovery: true,
    httpClient,
    // The token controller tries again, within its budgets.
    retryOptions: { maxRetries: 0 },
  };
}

function authorityOf(endpoints: Endpoints | undefined, authority: string): string {
  return endpointOf(endpoints, "entra") ?? `https://${authority}`;
}

// MSAL keeps the first ManagedIdentityCredential's HTTP client for all that follow in the process
// (ManagedIdentityClient.identitySource), so that the client must find out by itself for which call it works.
const current = new AsyncLocalStorage<AzureHttpClient>();
const httpClient: AzureHttpClient = {
  sendRequest: (request) => {
    const client = current.getStore();
    if (!client) throw new TypeError("the Azure SDK calls outside of any attempt");
    return client.sendRequest(request);
  },
};

interface SdkUse extends Omit<TokenCall, "identity"> {
  readonly http: Http;
  /** May throw for what the SDK cannot use. */
  readonly make: () => { getToken(scope: string): Promise<{ readonly token: string } | null> };
}

/** Errors are told by the last answer: those of the SDK keep neither status nor code, and may quote a body. */
async function sdkToken(
  options: AzureOptions,
  grant: AcrGrant,
  { who, http, advice, make }: SdkUse,
  signal: AbortSignal,
): Promise<string> {
  const { identity, audience } = grant;
  const adapter = { signal, ...caOf(options, grant) };
  let last: HttpAnswer | undefined;
  const watched: Http = async (call, callSignal) => {
    last = undefined;
    last = await http(call, callSignal);
    return last;
  };
  try {
    const found = await withOwnErrors(watched, (own) =>
      current.run(azureHttpClient(own, adapter), async () => make().getToken(`${audience}/.default`)),
    );
    if (found?.token) return found.token;
  } catch (error) {
    if (error instanceof OperatorError || error instanceof NetworkError) throw error;
    signal.throwIfAborted();
    if (!last) {
      throw new OperatorError(
        failure("IdentityInvalid", {
          retry: "backoff",
          message: `the Azure SDK cannot use the identity's settings (${sdkErrorName(error)}): ${advice}`,
        }),
      );
    }
  }
  throw azureError(last ?? { status: 200, headers: {}, text: "" }, { who, identity, advice }, options.clock);
}

function sdkErrorName(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return "code" in error && typeof error.code === "string" && /^[A-Z]{1,32}$/.test(error.code)
    ? error.code
    : error.name;
}

// A metadata service that is silent may be starting.
function noIdentity(why: string, origin?: NetworkError): OperatorError {
  return new OperatorError(
    failure("NoOperatorIdentity", {
      message: `the operator has no Azure identity of its own: ${why}; give its ServiceAccount a workload identity (label azure.workload.identity/use, annotation azure.workload.identity/client-id), or name another identity in the entry`,
    }),
    origin,
  );
}

/** Entra takes signatures by RSA keys only. */
function isCertificateWithKey(pem: string): boolean {
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyType === "rsa" && new X509Certificate(pem).checkPrivateKey(key);
  } catch {
    return false;
  }
}
