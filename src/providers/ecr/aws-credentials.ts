// The AWS credentials with which an identity asks.
//
// Each identity has exactly one source, and its failure is the end: the SDK's own chain would go on to the next, in the
// end to the machine's role, and hand out a token of somebody more powerful.
import { readFile } from "node:fs/promises";
import { type IdentitySecret, identitySecret } from "../fetching.ts";
import type { GrantIdentity } from "../grant-types.ts";
import type { AwsOptions } from "./aws-client.ts";
import { metadataCredentials, noIdentity } from "./aws-metadata.ts";
import { assumedRole, type AwsAsking, type AwsCredentials, webIdentityRole } from "./aws-sts.ts";

// The name stands in CloudTrail: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
const longestSessionName = 64;
// On a node, a Secret's place is the path of a folder.
const notInSessionName = /[^\w+=,.@-]+/g;

// The audience that EKS's webhook gives: https://github.com/aws/amazon-eks-pod-identity-webhook#usage
const defaultAudience = "sts.amazonaws.com";

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html
const accessKeySyntax = /^\w{16,128}$/;

/** One attempt to get them. Throws OperatorError. */
export function awsCredentials(
  options: AwsOptions,
): (asking: AwsAsking, signal: AbortSignal) => Promise<AwsCredentials> {
  const { identities, environment } = options;
  return async (asking, signal) => {
    const { identity, roleARN } = asking;
    switch (identity.from) {
      case "Operator": {
        const own = await operatorCredentials(options, asking, signal);
        const sessionName = environment["AWS_ROLE_SESSION_NAME"] || "regcred";
        return roleARN === undefined ? own : assumedRole(options, asking, { own, roleARN, sessionName }, signal);
      }
      case "Secret": {
        const own = secretCredentials(identitySecret(identities, identity));
        const sessionName = sessionNameOf(identity);
        return roleARN === undefined ? own : assumedRole(options, asking, { own, roleARN, sessionName }, signal);
      }
      case "ServiceAccount":
      case "TenantServiceAccount": {
        // grant.ts gives every such grant a role; a grant without one must never reach another identity.
        if (roleARN === undefined) throw new TypeError("a ServiceAccount asks AWS without a role");
        const audience = asking.audience ?? defaultAudience;
        const { namespace, name } = identity;
        return webIdentityRole(
          options,
          asking,
          {
            token: async () => (await identities.serviceAccountToken(identity, audience, signal)).reveal(),
            roleARN,
            sessionName: sessionNameOf(identity),
            advice: `let the trust policy of ${roleARN} allow sts:AssumeRoleWithWebIdentity to the cluster's OIDC provider, for the subject system:serviceaccount:${namespace}:${name} and the audience ${audience}`,
          },
          signal,
        );
      }
    }
  };
}

/** In the order of the SDK's own chain, of which SSO, the files in ~/.aws and commands to run are left out. */
async function operatorCredentials(
  options: AwsOptions,
  asking: AwsAsking,
  signal: AbortSignal,
): Promise<AwsCredentials> {
  const { environment } = options;
  const accessKeyId = environment["AWS_ACCESS_KEY_ID"];
  const secretAccessKey = environment["AWS_SECRET_ACCESS_KEY"];
  if (accessKeyId && secretAccessKey) {
    return credentialsOf(accessKeyId, secretAccessKey, environment["AWS_SESSION_TOKEN"]);
  }
  const file = environment["AWS_WEB_IDENTITY_TOKEN_FILE"];
  const roleARN = environment["AWS_ROLE_ARN"];
  if (file && roleARN) {
    return webIdentityRole(
      options,
      asking,
      {
        token: () => tokenIn(file),
        roleARN,
        sessionName: environment["AWS_ROLE_SESSION_NAME"] || "regcred",
        advice: `let the trust policy of ${roleARN} allow sts:AssumeRoleWithWebIdentity to the operator's ServiceAccount`,
      },
      signal,
    );
  }
  return metadataCredentials(options, signal);
}

async function tokenIn(file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).trim();
  } catch {
    throw noIdentity(`${file}, the file of AWS_WEB_IDENTITY_TOKEN_FILE, cannot be read`);
  }
}

function secretCredentials({ text: value, invalid }: IdentitySecret): AwsCredentials {
  for (const key of ["accessKeyId", "secretAccessKey"]) {
    if (value(key) === "") throw invalid(`lacks the key ${key}: an AWS identity has accessKeyId and secretAccessKey`);
  }
  if (!accessKeySyntax.test(value("accessKeyId"))) {
    throw invalid("holds no access key id under accessKeyId: write one such as AKIAIOSFODNN7EXAMPLE");
  }
  for (const key of ["secretAccessKey", "sessionToken"]) {
    if (/[^!-~]/.test(value(key))) throw invalid(`holds spaces or signs under ${key} that no AWS key has`);
  }
  return credentialsOf(value("accessKeyId"), value("secretAccessKey"), value("sessionToken"));
}

function credentialsOf(accessKeyId: string, secretAccessKey: string, sessionToken: string | undefined): AwsCredentials {
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}

function sessionNameOf({ namespace, name }: Exclude<GrantIdentity, { from: "Operator" }>): string {
  return `regcred.${namespace}.${name}`.replaceAll(notInSessionName, "-").slice(0, longestSessionName);
}
