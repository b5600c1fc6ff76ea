// How does one get a token for public.ecr.aws?
import type { EcrPublicGrant } from "../grant-types.ts";
import { awsAnswer, awsMinted } from "./aws-answer.ts";
import { type AwsOptions, awsClientSettings } from "./aws-client.ts";
import { awsCredentials } from "./aws-credentials.ts";
import type { Provider } from "../provider.ts";

const who = "ECR Public";

// https://docs.aws.amazon.com/AmazonECR/latest/public/public-registry-auth.html
const advice =
  "allow ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken, both on *, to the identity or role of the entry";

// Tokens are given out here alone, for all of the world: https://docs.aws.amazon.com/AmazonECR/latest/public/public-registry-auth.html
const place = { region: "us-east-1", endpoint: "standard" } as const;

export function ecrPublicProvider(options: AwsOptions): Provider<EcrPublicGrant> {
  const { clock } = options;
  const credentialsOf = awsCredentials(options);
  return {
    fetch: async (grant, signal) => {
      const { ECRPUBLICClient, GetAuthorizationTokenCommand } = await import("@aws-sdk/client-ecr-public");
      const asking = { ...grant, ...place };
      const credentials = await credentialsOf(asking, signal);
      const client = new ECRPUBLICClient({
        ...awsClientSettings(options, asking, "ecrPublic", signal),
        credentials,
      });
      const issuedAt = clock.now();
      const { authorizationData } = await awsAnswer(
        () => client.send(new GetAuthorizationTokenCommand({})),
        { who, identity: grant.identity, advice },
        clock,
        signal,
      );
      return awsMinted(who, authorizationData, issuedAt, clock);
    },
  };
}
