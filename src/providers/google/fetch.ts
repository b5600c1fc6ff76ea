// The providers GCR and GAR at work: a token for Google's registries, gcr.io and Artifact Registry.
//
// Plain calls, no google-auth-library: it asks STS and the metadata server past any transport that it is given, writes to
// the console, keeps requests with their secrets in its errors, and tells the time by itself.
import { failure } from "../../api/reasons.ts";
import { readFile } from "node:fs/promises";
import { OperatorError } from "../../runtime/errors.ts";
import type { AccountIdentity, SecretIdentity } from "../grant-types.ts";
import { Redacted } from "../../runtime/redacted.ts";
import { type GoogleToken, googleToken, saysStale } from "./answer.ts";
import type { GoogleGrant } from "./grant.ts";
import { googleAssertion, type GoogleKey, googleKey } from "./key.ts";
import { gkeFederation, metadataToken, noIdentity } from "./metadata.ts";
import { endpointOf } from "../endpoints.ts";
import { caOf, invalidIdentity, postForm } from "../fetching.ts";
import type { HttpAnswer } from "../http/http.ts";
import type { CloudOptions, Provider } from "../provider.ts";

// https://cloud.google.com/artifact-registry/docs/docker/authentication#token
const username = "oauth2accesstoken";
// What generateAccessToken wants of the token that asks; that token never leaves the operator.
const impersonatingScope = "https://www.googleapis.com/auth/cloud-platform";
// The longest that needs no organization policy:
// https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken
const impersonatedLifetime = "3600s";

export const fetchers = { GCR: googleProvider, GAR: googleProvider };

/** Serves GCR and GAR. Throws OperatorError; NetworkError without an answer. */
export function googleProvider(options: CloudOptions): Provider<GoogleGrant> {
  return {
    fetch: async (grant, signal) => {
      const { impersonate, scopes } = grant;
      const { password, issuedAt, expiresAt, doubt } =
        impersonate === undefined
          ? await ownToken(options, grant, scopes, signal)
          : await impersonated(options, grant, impersonate, signal);
      return {
        logins: { all: { username, password: new Redacted(password) } },
        issuedAt,
        expiresAt,
        doubt,
      };
    },
  };
}

/** Each identity has exactly one source, and its failure is the end: a next one might be more powerful. */
async function ownToken(
  options: CloudOptions,
  grant: GoogleGrant,
  scopes: readonly string[],
  signal: AbortSignal,
): Promise<GoogleToken> {
  const { identity } = grant;
  switch (identity.from) {
    case "Operator": {
      const file = options.environment["GOOGLE_APPLICATION_CREDENTIALS"];
      if (!file) return metadataToken(options, scopes, signal);
      return keyToken(options, grant, { key: await keyIn(file), scopes }, signal);
    }
    case "Secret":
      return keyToken(options, grant, { key: keyOf(options, identity), scopes }, signal);
    case "ServiceAccount":
    case "TenantServiceAccount":
      return accountToken(options, grant, { identity, scopes }, signal);
  }
}

async function keyIn(file: string): Promise<GoogleKey> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch {
    throw noIdentity(`${file}, the file of GOOGLE_APPLICATION_CREDENTIALS, cannot be read`);
  }
  const key = googleKey(text);
  if (typeof key !== "string") return key;
  throw noIdentity(`${file}, the file of GOOGLE_APPLICATION_CREDENTIALS, ${key}`);
}

function keyOf({ identities }: CloudOptions, identity: SecretIdentity): GoogleKey {
  const text = identities.secretValues(identity)["key.json"]?.reveal();
  const key =
    text === undefined ? "lacks the key key.json: put the JSON key of a service account there" : googleKey(text);
  if (typeof key !== "string") return key;
  throw invalidIdentity(identity, key);
}

interface KeyUse {
  readonly key: GoogleKey;
  readonly scopes: readonly string[];
}

/** https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests */
async function keyToken(
  options: CloudOptions,
  grant: GoogleGrant,
  { key, scopes }: KeyUse,
  signal: AbortSignal,
): Promise<GoogleToken> {
  const { clock } = options;
  const askedAt = clock.now();
  const form = {
    grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
    assertion: googleAssertion(key, scopes, askedAt),
  };
  const url = endpointOf(options.endpoints, "googleToken") ?? "https://oauth2.googleapis.com/token";
  const answer = await postForm(options, grant, { url, form: Object.entries(form) }, signal);
  const advice = `check that the service account ${key.email} is enabled and still has this key, and that the operator's clock is right`;
  return googleToken(answer, { who: "Google OAuth", identity: grant.identity, advice, askedAt }, clock);
}

interface AccountUse {
  readonly identity: AccountIdentity;
  readonly scopes: readonly string[];
}

/** https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token. A stale token of the account is asked for anew once. */
async function accountToken(
  options: CloudOptions,
  grant: GoogleGrant,
  { identity, scopes }: AccountUse,
  signal: AbortSignal,
): Promise<GoogleToken> {
  const { clock, identities, endpoints } = options;
  const sts = endpointOf(endpoints, "googleSts") ?? "https://sts.googleapis.com";
  const { tokenAudience, audience } = await federationOf(options, grant, signal);
  const attempt = async (): Promise<HttpAnswer> => {
    const token = await identities.serviceAccountToken(identity, tokenAudience, signal);
    const form = {
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      audience,
      scope: scopes.join(" "),
      requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
      subject_token: token.reveal(),
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    };
    // Without an Authorization header: STS may refuse calls that have one.
    return postForm(options, grant, { url: `${sts}/v1/token`, form: Object.entries(form) }, signal);
  };
  let askedAt = clock.now();
  let answer = await attempt();
  if (saysStale(answer)) {
    askedAt = clock.now();
    answer = await attempt();
  }
  if (saysStale(answer)) {
    throw new OperatorError(
      failure("StaleServiceAccountToken", {
        message:
          "Google STS says that the ServiceAccount's token is too old, and said so again of a fresh one: check the clocks of the API server's and the operator's machines; it is tried again",
      }),
    );
  }
  const advice = `let ${audience} take tokens of the cluster's issuer with the audience ${tokenAudience}, among them those of system:serviceaccount:${identity.namespace}:${identity.name}`;
  return googleToken(answer, { who: "Google STS", identity, advice, askedAt }, clock);
}

function federationOf(
  options: CloudOptions,
  { workloadIdentityProvider }: GoogleGrant,
  signal: AbortSignal,
): Promise<{ readonly tokenAudience: string; readonly audience: string }> {
  if (workloadIdentityProvider === undefined) return gkeFederation(options, signal);
  // Unless it lists others, a provider takes the audience that is its own name:
  // https://cloud.google.com/iam/docs/workload-identity-federation-with-kubernetes
  const audience = `//iam.googleapis.com/${workloadIdentityProvider}`;
  return Promise.resolve({ tokenAudience: audience, audience });
}

/** Always a new token, with its whole life before it. */
async function impersonated(
  options: CloudOptions,
  grant: GoogleGrant,
  email: string,
  signal: AbortSignal,
): Promise<GoogleToken> {
  const { clock, endpoints } = options;
  const { identity, scopes } = grant;
  const iam = endpointOf(endpoints, "googleIam") ?? "https://iamcredentials.googleapis.com";
  const own = await ownToken(options, grant, [impersonatingScope], signal);
  const askedAt = clock.now();
  const answer = await options.http(
    {
      method: "POST",
      url: `${iam}/v1/projects/-/serviceAccounts/${email}:generateAccessToken`,
      headers: {
        "content-type": "application/json",
        accept: "application/json",
        authorization: `Bearer ${own.password}`,
      },
      body: JSON.stringify({ scope: scopes, lifetime: impersonatedLifetime }),
      ...caOf(options, grant),
    },
    signal,
  );
  const role =
    identity.from === "Operator" || identity.from === "Secret"
      ? "roles/iam.serviceAccountTokenCreator"
      : "roles/iam.workloadIdentityUser";
  const advice = `grant the identity ${role} on ${email}, and enable the API iamcredentials.googleapis.com in its project; a new grant takes some minutes`;
  return googleToken(answer, { who: "Google IAM", identity, advice, askedAt }, clock);
}
