// The provider ICR at work: a token for IBM Cloud's container registries.
import { failure } from "../../api/reasons.ts";
import { readFile } from "node:fs/promises";
import { OperatorError } from "../../runtime/errors.ts";
import { byOwnClock, timeOfNumber } from "../../runtime/foreign-numbers.ts";
import type { SecretIdentity } from "../grant-types.ts";
import { Redacted } from "../../runtime/redacted.ts";
import { checkedAnswer, endOfJwt, memberAt, textAt, tokenError } from "../answers.ts";
import { endpointOf } from "../endpoints.ts";
import { identitySecret, postForm } from "../fetching.ts";
import type { IdentitySource } from "../identity-source.ts";
import type { CloudOptions, Provider } from "../provider.ts";
import type { IcrGrant } from "./grant.ts";

export interface IcrOptions extends Pick<CloudOptions, "clock" | "identities" | "http" | "ca" | "endpoints"> {
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

export const fetchers = { ICR: icrProvider };

/** An access token of IAM is the password itself. */
export function icrProvider(options: IcrOptions): Provider<IcrGrant> {
  const { clock, endpoints } = options;
  return {
    fetch: async (grant, signal) => {
      const { identity, trustedProfileID } = grant;

      const ask = async (form: Form) => {
        const issuedAt = clock.now();
        const url = `${endpointOf(endpoints, "ibmIam") ?? usualIam}${tokenPath}`;
        const answer = await postForm(options, grant, { url, form: Object.entries(form) }, signal);
        const token = answer.status === 200 ? textAt(answer, "access_token") : undefined;
        if (token === undefined) throw tokenError(answer, { who, identity, advice: adviceFor(grant) }, clock);
        const reported = timeOfNumber(memberAt(answer, "expiration"));
        const expiresAt = reported ? byOwnClock(reported, answer.headers, issuedAt) : endOfJwt(token, answer, issuedAt);
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
  // grant.ts gives every such grant one; without it, IAM would choose.
  if (trustedProfileID === undefined) throw new TypeError("a ServiceAccount asks IBM Cloud without a trusted profile");
  const token =
    identity.from === "Operator"
      ? await ownToken(tokenFiles)
      : (await identities.serviceAccountToken(identity, audience, signal)).reveal();
  return { grant_type: `${grantTypes}:cr-token`, cr_token: token, profile_id: trustedProfileID };
}

function apiKeyIn(identity: SecretIdentity, identities: IdentitySource): string {
  const { text, invalid } = identitySecret(identities, identity);
  const key = text("apiKey");
  if (/^[!-~]+$/.test(key)) return key;
  throw invalid(
    key === ""
      ? "lacks the key apiKey: put an API key of a user or service ID there"
      : "holds spaces or signs under apiKey that no API key has",
  );
}

async function ownToken(files: readonly string[]): Promise<string> {
  for (const file of files) {
    // The first that is there counts.
    const token = await readFile(file, "utf8").catch(() => "");
    if (token.trim() !== "") return token.trim();
  }
  throw new OperatorError(
    failure("NoOperatorIdentity", {
      message: `the operator has no IBM Cloud identity of its own: project a ServiceAccount token with the audience ${audience} to ${files[1] ?? files[0] ?? ""} in its pod, or name another identity in the entry`,
    }),
  );
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
