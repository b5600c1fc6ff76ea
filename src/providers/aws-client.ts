// How is a client of an AWS SDK set up, so that it goes where the grant says and nowhere else?
import type { Clock } from "../clock.ts";
import type { Environment } from "../config.ts";
import type { EcrGrant } from "../plan/grant-types.ts";
import { type AwsRequestHandler, awsRequestHandler } from "./http/aws-request-handler.ts";
import type { Http } from "./http/http.ts";
import type { IdentitySource } from "./identity-source.ts";

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
  /** URLs in place of AWS's own; for fakes. */
  readonly endpoints?: { readonly ecr?: string; readonly ecrPublic?: string; readonly sts?: string };
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
 * All that the SDK would otherwise take from AWS_* variables and files in ~/.aws: an AWS_ENDPOINT_URL must not lead a
 * tenant's token elsewhere. Credentials are never in it: whoever makes the client must name them.
 */
export function awsClientSettings(
  { http, ca }: AwsOptions,
  { region, endpoint, caSecretName }: AwsPlace,
  override: string | undefined,
  signal: AbortSignal,
): AwsClientSettings {
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
