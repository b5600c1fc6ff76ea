// Clients of AWS's SDKs, set up so that they go where the grant says and nowhere else.
import { endpointOf } from "../endpoints.ts";
import { caOf } from "../fetching.ts";
import { type AwsRequestHandler, awsRequestHandler } from "../http/aws-request-handler.ts";
import type { CloudOptions } from "../provider.ts";
import type { EcrGrant } from "./grant.ts";

/** What the AWS providers need of the world. */
export type AwsOptions = CloudOptions;

/** Where a call goes. */
export type AwsPlace = Pick<EcrGrant, "region" | "endpoint" | "caSecretName">;

export interface AwsClientSettings {
  readonly region: string;
  readonly endpoint?: string;
  readonly useFipsEndpoint: boolean;
  readonly useDualstackEndpoint: boolean;
  readonly ignoreConfiguredEndpointUrls: boolean;
  readonly requestHandler: AwsRequestHandler;
  readonly maxAttempts: number;
  readonly retryMode: "standard";
  readonly defaultsMode: "standard";
}

/**
 * All that the SDK would otherwise take from AWS_* variables and files in ~/.aws: a profile must not lead a tenant's token
 * elsewhere, and the settings have read AWS_ENDPOINT_URL with their checks. Credentials are never in it: whoever makes the client must name them.
 */
export function awsClientSettings(
  options: AwsOptions,
  place: AwsPlace,
  service: "ecr" | "ecrPublic" | "sts",
  signal: AbortSignal,
): AwsClientSettings {
  const { region, endpoint } = place;
  const override = endpointOf(options.endpoints, service, region);
  return {
    region,
    // The SDK refuses FIPS and dual-stack together with an endpoint.
    ...(override === undefined ? {} : { endpoint: override }),
    useFipsEndpoint: override === undefined && endpoint === "fips",
    useDualstackEndpoint: override === undefined && endpoint === "dualstack",
    ignoreConfiguredEndpointUrls: true,
    requestHandler: awsRequestHandler(options.http, { signal, ...caOf(options, place) }),
    // The token controller tries again, within its budgets.
    maxAttempts: 1,
    retryMode: "standard",
    defaultsMode: "standard",
  };
}
