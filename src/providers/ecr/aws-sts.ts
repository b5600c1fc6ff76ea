// Roles of AWS: how one is assumed, with credentials or with the token of a ServiceAccount.
import type { EcrGrant } from "./grant.ts";
import { oddAnswer } from "../answers.ts";
import { awsAnswer, isExpiry } from "./aws-answer.ts";
import { type AwsOptions, type AwsPlace, awsClientSettings } from "./aws-client.ts";

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Who asks, where, and as which role. */
export type AwsAsking = AwsPlace & Pick<EcrGrant, "identity" | "roleARN" | "externalID" | "audience">;

// The shortest there is: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html. The registry's token
// lives for 12 h whatever session asks for it; the session is needed for one call.
const sessionSeconds = 900;

export interface AssumedRole {
  readonly own: AwsCredentials;
  readonly roleARN: string;
  readonly sessionName: string;
}

/** Throws OperatorError. */
export async function assumedRole(
  options: AwsOptions,
  asking: AwsAsking,
  { own, roleARN, sessionName }: AssumedRole,
  signal: AbortSignal,
): Promise<AwsCredentials> {
  const { identity, externalID } = asking;
  const { STSClient, AssumeRoleCommand } = await import("@aws-sdk/client-sts");
  const client = new STSClient({
    ...awsClientSettings(options, asking, "sts", signal),
    credentials: own,
  });
  const command = new AssumeRoleCommand({
    RoleArn: roleARN,
    RoleSessionName: sessionName,
    DurationSeconds: sessionSeconds,
    ExternalId: externalID,
  });
  const advice = `allow sts:AssumeRole on ${roleARN} to the identity, and let the role's trust policy name that identity${externalID === undefined ? "" : " and ecr.externalID"}`;
  const answer = await awsAnswer(
    () => client.send(command),
    { who: "AWS STS AssumeRole", identity, advice },
    options.clock,
    signal,
  );
  return sessionOf(answer.Credentials);
}

export interface WebIdentityRole {
  /** A fresh one on every call. */
  readonly token: () => Promise<string>;
  readonly roleARN: string;
  readonly sessionName: string;
  readonly advice: string;
}

/** A token that AWS finds expired is asked for once more. Throws OperatorError. */
export async function webIdentityRole(
  options: AwsOptions,
  asking: AwsAsking,
  { token, roleARN, sessionName, advice }: WebIdentityRole,
  signal: AbortSignal,
): Promise<AwsCredentials> {
  const { STSClient, AssumeRoleWithWebIdentityCommand } = await import("@aws-sdk/client-sts");
  const client = new STSClient({
    ...awsClientSettings(options, asking, "sts", signal),
    // The call is not signed. Should a version of the SDK want to sign it, no chain may step in.
    credentials: () => Promise.reject(new TypeError("AssumeRoleWithWebIdentity is not signed")),
  });
  const ask = (webIdentityToken: string): Promise<{ readonly Credentials?: StsCredentials | undefined }> =>
    client.send(
      new AssumeRoleWithWebIdentityCommand({
        RoleArn: roleARN,
        RoleSessionName: sessionName,
        WebIdentityToken: webIdentityToken,
        DurationSeconds: sessionSeconds,
      }),
    );
  const first = await token();
  const answer = await awsAnswer(
    () =>
      ask(first).catch(async (error: unknown) => {
        if (isExpiry(error)) return ask(await token());
        throw error;
      }),
    { who: "AWS STS AssumeRoleWithWebIdentity", identity: asking.identity, advice },
    options.clock,
    signal,
  );
  return sessionOf(answer.Credentials);
}

interface StsCredentials {
  readonly AccessKeyId: string | undefined;
  readonly SecretAccessKey: string | undefined;
  readonly SessionToken: string | undefined;
}

function sessionOf(credentials: StsCredentials | undefined): AwsCredentials {
  const { AccessKeyId, SecretAccessKey, SessionToken } = credentials ?? {};
  if (!AccessKeyId || !SecretAccessKey || !SessionToken) {
    throw oddAnswer("AWS STS answered without credentials");
  }
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
}
