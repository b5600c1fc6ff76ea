// The providers ECR and ECRPublic at work: a token for Amazon's registries.
import type { Provider } from "../provider.ts";
import { type Authorization, awsAnswer, awsMinted } from "./aws-answer.ts";
import { type AwsClientSettings, type AwsOptions, awsClientSettings } from "./aws-client.ts";
import { awsCredentials } from "./aws-credentials.ts";
import type { AwsAsking, AwsCredentials } from "./aws-sts.ts";
import type { EcrGrant, EcrPublicGrant } from "./grant.ts";

/** What is not the same for both. */
interface Service<G> {
  readonly who: string;
  /** What to look at when AWS refuses. */
  readonly advice: string;
  readonly endpoint: "ecr" | "ecrPublic";
  /** Where the grant's token is given out. */
  readonly asking: (grant: G) => AwsAsking;
  /** Loads the SDK; gives a call that may be made twice. */
  readonly client: (
    settings: AwsClientSettings & { readonly credentials: AwsCredentials },
  ) => Promise<() => Promise<Authorization | undefined>>;
}

/** Tokens live for 12 h; whoever has one may pull what the identity may. */
const privateRegistries: Service<EcrGrant> = {
  who: "ECR",
  // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
  advice: "allow ecr:GetAuthorizationToken on * to the identity or role of the entry",
  endpoint: "ecr",
  asking: (grant) => grant,
  client: async (settings) => {
    const { ECRClient, GetAuthorizationTokenCommand } = await import("@aws-sdk/client-ecr");
    const client = new ECRClient(settings);
    // Without registryIds, which are deprecated: the proxyEndpoint in the answer then names the caller's own account,
    // so the entry's hosts decide where the token goes.
    return async () => (await client.send(new GetAuthorizationTokenCommand({}))).authorizationData?.[0];
  },
};

const publicRegistry: Service<EcrPublicGrant> = {
  who: "ECR Public",
  // https://docs.aws.amazon.com/AmazonECR/latest/public/public-registry-auth.html
  advice:
    "allow ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken, both on *, to the identity or role of the entry",
  endpoint: "ecrPublic",
  // Tokens are given out here alone, for all of the world: the same page.
  asking: (grant) => ({ ...grant, region: "us-east-1", endpoint: "standard" }),
  client: async (settings) => {
    const { ECRPUBLICClient, GetAuthorizationTokenCommand } = await import("@aws-sdk/client-ecr-public");
    const client = new ECRPUBLICClient(settings);
    return async () => (await client.send(new GetAuthorizationTokenCommand({}))).authorizationData;
  },
};

export const fetchers = { ECR: ecrProvider, ECRPublic: ecrPublicProvider };

export function ecrProvider(options: AwsOptions): Provider<EcrGrant> {
  return providerOf(privateRegistries, options);
}

export function ecrPublicProvider(options: AwsOptions): Provider<EcrPublicGrant> {
  return providerOf(publicRegistry, options);
}

function providerOf<G extends EcrGrant | EcrPublicGrant>(service: Service<G>, options: AwsOptions): Provider<G> {
  const { who, advice, endpoint } = service;
  const { clock } = options;
  const credentialsOf = awsCredentials(options);
  return {
    fetch: async (grant, signal) => {
      const asking = service.asking(grant);
      const credentials = await credentialsOf(asking, signal);
      const send = await service.client({ ...awsClientSettings(options, asking, endpoint, signal), credentials });
      const issuedAt = clock.now();
      const authorization = await awsAnswer(send, { who, identity: grant.identity, advice }, clock, signal);
      return awsMinted(who, authorization, issuedAt, clock);
    },
  };
}
