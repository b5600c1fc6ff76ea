// How does one get a token for the private registries of ECR?
import type { EcrGrant } from "../grant-types.ts";
import { awsAnswer, awsMinted } from "./aws-answer.ts";
import { type AwsOptions, awsClientSettings } from "./aws-client.ts";
import { awsCredentials } from "./aws-credentials.ts";
import type { Provider } from "../provider.ts";

const who = "ECR";

// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
const advice = "allow ecr:GetAuthorizationToken on * to the identity or role of the entry";

/** Tokens live for 12 h; whoever has one may pull what the identity may. */
export function ecrProvider(options: AwsOptions): Provider<EcrGrant> {
  const { clock } = options;
  const credentialsOf = awsCredentials(options);
  return {
    fetch: async (grant, signal) => {
      const { ECRClient, GetAuthorizationTokenCommand } = await import("@aws-sdk/client-ecr");
      const credentials = await credentialsOf(grant, signal);
      const client = new ECRClient({
        ...awsClientSettings(options, grant, "ecr", signal),
        credentials,
      });
      // Without registryIds, which are deprecated: the proxyEndpoint in the answer then names the caller's own account,
      // so the entry's hosts decide where the token goes.
      const issuedAt = clock.now();
      const { authorizationData } = await awsAnswer(
        () => client.send(new GetAuthorizationTokenCommand({})),
        { who, identity: grant.identity, advice },
        clock,
        signal,
      );
      return awsMinted(who, authorizationData?.[0], issuedAt, clock);
    },
  };
}
