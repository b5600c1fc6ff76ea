// Which credentials does the place give where the operator runs: its container or its machine?
import type { Environment } from "../config.ts";
import { OperatorError } from "../errors.ts";
import { awsErrorName } from "./aws-answer.ts";
import type { AwsCredentials } from "./aws-sts.ts";

// Milliseconds, as the SDK wants them; the endpoints are on the same machine.
const metadataTimeout = 2000;

/**
 * Of a container (ECS, EKS Pod Identity), else of the machine. The SDK asks for them by itself, over plain http on the
 * spot and past any proxy. Throws OperatorError.
 */
export async function metadataCredentials(environment: Environment): Promise<AwsCredentials> {
  const relativeUri = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"];
  const fullUri = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"];
  const token = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"];
  const tokenFile = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"];
  const container = relativeUri || fullUri;
  if (!container && environment["AWS_EC2_METADATA_DISABLED"]?.toLowerCase() === "true") {
    throw noIdentity("it may not ask the machine's metadata service (AWS_EC2_METADATA_DISABLED)");
  }
  const { fromHttp, fromInstanceMetadata } = await import("@aws-sdk/credential-providers");
  const settings = { timeout: metadataTimeout, maxRetries: 0, logger: silent };
  const source = container
    ? fromHttp({
        ...settings,
        ...(relativeUri
          ? { awsContainerCredentialsRelativeUri: relativeUri }
          : { awsContainerCredentialsFullUri: container }),
        ...(token ? { awsContainerAuthorizationToken: token } : {}),
        ...(tokenFile ? { awsContainerAuthorizationTokenFile: tokenFile } : {}),
      })
    : fromInstanceMetadata(settings);
  let found: AwsCredentials;
  try {
    found = await source();
  } catch (error) {
    const name = container ? "the container's credentials service" : "the machine's metadata service";
    throw noIdentity(`${name} gave none (${awsErrorName(error) ?? "no answer"})`);
  }
  if (found.accessKeyId === "" || found.secretAccessKey === "") throw noIdentity("its credentials are empty");
  const { accessKeyId, secretAccessKey, sessionToken } = found;
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}

// Without a logger, the SDK writes warnings to the console.
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** To be tried again: a metadata service that refuses may be starting. */
export function noIdentity(why: string): OperatorError {
  return new OperatorError({
    reason: "NoOperatorIdentity",
    cause: "Platform",
    retry: "backoff",
    message: `the operator has no AWS credentials of its own: ${why}; give its ServiceAccount a role (EKS Pod Identity or eks.amazonaws.com/role-arn), or name another identity in the entry`,
  });
}
