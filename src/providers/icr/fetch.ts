// How does one get a token for IBM Cloud's container registries?
import { readFile } from "node:fs/promises";
import type { Clock } from "../../runtime/clock.ts";
import { OperatorError } from "../../runtime/errors.ts";
import { byOwnClock, timeOfNumber } from "../../runtime/foreign-numbers.ts";
import type { GrantIdentity, IcrGrant } from "../grant-types.ts";
import { Redacted } from "../../runtime/redacted.ts";
import { checkedAnswer } from "../answers.ts";
import { endpointOf, type Endpoints } from "../endpoints.ts";
import type { Http } from "../http/http.ts";
import type { IdentitySource } from "../identity-source.ts";
import type { Provider } from "../provider.ts";
import { endOfJwt, memberAt, textAt, tokenError } from "../token-answer.ts";

export interface IcrOptions {
  readonly clock: Clock;
  readonly identities: IdentitySource;
  readonly http: Http;
  /** PEM of a Secret of the operator's namespace; throws OperatorError. */
  readonly ca: (secretName: string) => string;
  readonly endpoints?: Endpoints;
  /** Where the operator's own token may lie; for fakes. */
  readonly tokenFiles?: readonly string[];
}

const who = "IBM Cloud IAM";
// https://cloud.ibm.com/apidocs/iam-identity-token-api
const usualIam = "https://iam.cloud.ibm.com";
const tokenPath = "/identity/token";
const grantTypes = "urn:ibm:params:oauth:grant-type";
// https://cloud.ibm.com/docs/Registry?topic=Registry-registry_access
const username = "iambearer";
// What trusted profiles expect of a cluster's tokens: https://cloud.ibm.com/docs/containers?topic=containers-pod-iam-identity
const audience = "iam";
// In the order of ibm-cloud-sdk-core, auth/token-managers/container-token-manager.ts: the first two are projected into
// pods, the third is Code Engine's.
const usualTokenFiles = [
  "/var/run/secrets/tokens/vault-token",
  "/var/run/secrets/tokens/sa-token",
  "/var/run/secrets/codeengine.cloud.ibm.com/compute-resource-token/token",
];

type Form = Readonly<Record<string, string>>;

/** An access token of IAM is the password itself. */
export function icrProvider(options: IcrOptions): Provider<IcrGrant> {
  const { clock, http, ca, endpoints } = options;
  return {
    fetch: async (grant, signal) => {
      const { identity, trustedProfileID, caSecretName } = grant;

      const ask = async (form: Form) => {
        const issuedAt = clock.now();
        const answer = await http(
          {
            method: "POST",
            url: `${endpointOf(endpoints, "ibmIam") ?? usualIam}${tokenPath}`,
            headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
            body: new URLSearchParams(form).toString(),
            ...(caSecretName === undefined ? {} : { ca: ca(caSecretName) }),
          },
          signal,
        );
        const token = answer.status === 200 ? textAt(answer, "access_token") : undefined;
        if (token === undefined) throw tokenError(answer, { who, identity, advice: adviceFor(grant) }, clock);
        const told = timeOfNumber(memberAt(answer, "expiration"));
        const expiresAt = told ? byOwnClock(told, answer.headers, issuedAt) : endOfJwt(token, answer, issuedAt);
        return { ...checkedAnswer(who, { password: token, expiresAt }, clock), issuedAt };
      };

      let answer = await ask(await formOf(options, grant, signal));
      if (identity.from === "Secret" && trustedProfileID !== undefined) {
        answer = await ask({
          grant_type: `${grantTypes}:assume`,
          access_token: answer.password,
          profile_id: trustedProfileID,
        });
      }
      const { password, issuedAt, expiresAt } = answer;
      return { logins: { all: { username, password: new Redacted(password) } }, issuedAt, expiresAt };
    },
  };
}

/** What the identity shows to IAM. */
async function formOf(options: IcrOptions, grant: IcrGrant, signal: AbortSignal): Promise<Form> {
  const { identities, tokenFiles = usualTokenFiles } = options;
  const { identity, trustedProfileID } = grant;
  if (identity.from === "Secret") {
    return {
      grant_type: `${grantTypes}:apikey`,
      response_type: "cloud_iam",
      apikey: apiKeyIn(identity, identities),
    };
  }
  // plan/grants gives every such grant one; without it, IAM would choose.
  if (trustedProfileID === undefined) throw new TypeError("a ServiceAccount asks IBM Cloud without a trusted profile");
  const token =
    identity.from === "Operator"
      ? await ownToken(tokenFiles)
      : (await identities.serviceAccountToken(identity, audience, signal)).reveal();
  return { grant_type: `${grantTypes}:cr-token`, cr_token: token, profile_id: trustedProfileID };
}

function apiKeyIn(identity: Extract<GrantIdentity, { from: "Secret" }>, identities: IdentitySource): string {
  // Values that were made from files end in a newline.
  const key = identities.secretValues(identity)["apiKey"]?.reveal().trim() ?? "";
  if (/^[!-~]+$/.test(key)) return key;
  throw new OperatorError({
    reason: "IdentityInvalid",
    cause: "Platform",
    retry: "on-change",
    message: `the identity's Secret ${identity.namespace}/${identity.name} ${key === "" ? "lacks the key apiKey: put an API key of a user or service ID there" : "holds spaces or signs under apiKey that no API key has"}`,
  });
}

async function ownToken(files: readonly string[]): Promise<string> {
  for (const file of files) {
    // The first that is there counts.
    const token = await readFile(file, "utf8").catch(() => "");
    if (token.trim() !== "") return token.trim();
  }
  throw new OperatorError({
    reason: "NoOperatorIdentity",
    cause: "Platform",
    retry: "backoff",
    message: `the operator has no IBM Cloud identity of its own: project a ServiceAccount token with the audience ${audience} to ${files[1] ?? files[0] ?? ""} in its pod, or name another identity in the entry`,
  });
}

function adviceFor({ identity, trustedProfileID }: IcrGrant): string {
  if (identity.from === "Secret") {
    const assumed =
      trustedProfileID === undefined ? "" : `, and that it may assume the trusted profile ${trustedProfileID}`;
    return `check that the API key in the Secret ${identity.namespace}/${identity.name} is neither deleted nor locked${assumed}`;
  }
  const account =
    identity.from === "Operator"
      ? "the operator's ServiceAccount"
      : `the ServiceAccount ${identity.namespace}/${identity.name}`;
  return `give the trusted profile ${trustedProfileID ?? ""} a link or a condition that trusts this cluster and ${account}`;
}
