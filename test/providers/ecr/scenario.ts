// The scenario that the tests of the AWS providers start from.
import type { AwsOptions } from "../../../src/providers/ecr/aws-client.ts";
import type { IdentitySource } from "../../../src/providers/identity-source.ts";
import { identitiesFrom, untilEnd, egress } from "../scenario.ts";
import { type AwsServer, awsServer, type AwsServerOptions } from "../servers/aws.ts";

export const hubKey = "AKIAIOSFODNN7EXAMPLE";
export const hub = "arn:aws:iam::111122223333:user/hub";
export const role = "arn:aws:iam::111122223333:role/pull";
export const region = "eu-west-3";

/** Closes at the end of the test. */
export async function awsAt(options: AwsServerOptions = {}): Promise<AwsServer> {
  return untilEnd(await awsServer({ keys: { [hubKey]: hub }, ...options }));
}

/** What a provider is given: the real egress to the network, and AWS at the server. */
export function awsOptions(server: AwsServer, given: Partial<AwsOptions> = {}): AwsOptions {
  const environment = given.environment ?? hubEnvironment;
  const { clock, guarded } = egress({ environment });
  return {
    clock,
    http: guarded.withEndpoints,
    metadataHttp: guarded.withMetadata,
    identities: identities(),
    ca: () => {
      throw new TypeError("no CA is expected");
    },
    environment,
    endpoints: { ecr: { "*": server.url }, ecrPublic: { "*": server.url }, sts: { "*": server.url } },
    ...given,
  };
}

export const hubEnvironment = { AWS_ACCESS_KEY_ID: hubKey, AWS_SECRET_ACCESS_KEY: "hunter2" };

/** Secrets by name, and how tokens of ServiceAccounts are made; whatever is not given must not be asked for. */
export function identities(
  secrets: Readonly<Record<string, Readonly<Record<string, string>>>> = {},
  token?: (subject: string, audience: string) => string,
): IdentitySource {
  return identitiesFrom((name) => secrets[name], token);
}

/** A JWT that nobody signed; `life` in seconds from now. */
export function jwt(sub: string, aud: string, life = 600): string {
  const exp = Math.floor(Temporal.Now.instant().epochMilliseconds / 1000) + life;
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part({ sub, aud: [aud], exp })}.c2ln`;
}
