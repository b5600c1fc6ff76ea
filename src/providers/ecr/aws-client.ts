// How is a client of an AWS SDK set up, so that it goes where the grant says and nowhere else?
import type { Clock } from "../../runtime/clock.ts";
import type { Environment } from "../../config/config.ts";
import type { EcrGrant } from "../grant-types.ts";
import { endpointOf, type Endpoints } from "../endpoints.ts";
import { type AwsRequestHandler, awsRequestHandler } from "../http/aws-request-handler.ts";
import type { Http } from "../http/http.ts";
import type { IdentitySource } from "../identity-source.ts";

/** What the AWS providers need of the world. */
export interface AwsOptions {
  readonly clock: Clock;
  readonly identities: IdentitySource;
  readonly http: Http;
  /** The same, and the metadata services besides: for the operator's own identity. */
  readonly metadataHttp: Http;
  /** PEM of a Secret of the operator's namespace; throws OperatorError. */
  readonly ca: (secretName: string) => string;
  /** Tells where the operator's own identity comes from. */
  readonly environment: Environment;
  readonly endpoints?: Endpoints;
}

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
  { http, ca, endpoints }: AwsOptions,
  { region, endpoint, caSecretName }: AwsPlace,
  service: "ecr" | "ecrPublic" | "sts",
  signal: AbortSignal,
): AwsClientSettings {
  const override = endpointOf(endpoints, service, region);
  return {
    region,
    // The SDK refuses FIPS and dual-stack together with an endpoint.
    ...(override === undefined ? {} : { endpoint: override }),
    useFipsEndpoint: override === undefined && endpoint === "fips",
    useDualstackEndpoint: override === undefined && endpoint === "dualstack",
    ignoreConfiguredEndpointUrls: true,
    requestHandler: awsRequestHandler(http, {
      signal,
      ...(caSecretName === undefined ? {} : { ca: ca(caSecretName) }),
    }),
    // The token loop tries again, within its budgets.
    maxAttempts: 1,
    retryMode: "standard",
    defaultsMode: "standard",
  };
}
