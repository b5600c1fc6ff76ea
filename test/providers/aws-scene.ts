// What does a test of the AWS providers stand on?
import { afterEach } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { OperatorError } from "../../src/errors.ts";
import type { AwsOptions } from "../../src/providers/aws-client.ts";
import { guardedHttp } from "../../src/providers/http/guarded-http.ts";
import type { IdentitySource } from "../../src/providers/identity-source.ts";
import type { Minted } from "../../src/providers/provider.ts";
import { Redacted } from "../../src/redacted.ts";
import { type AwsServer, awsServer, type AwsServerOptions } from "./servers/aws.ts";

export const hubKey = "AKIAIOSFODNN7EXAMPLE";
export const hub = "arn:aws:iam::111122223333:user/hub";
export const role = "arn:aws:iam::111122223333:role/pull";
export const region = "eu-west-3";
export const never = new AbortController().signal;

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

/** Closes at the end of the test. */
export async function awsAt(options: AwsServerOptions = {}): Promise<AwsServer> {
  const server = await awsServer({ keys: { [hubKey]: hub }, ...options });
  closing.push(() => server.close());
  return server;
}

/** What a provider is given: the real way out to the network, and AWS at the server. */
export function awsOptions(server: AwsServer, given: Partial<AwsOptions> = {}): AwsOptions {
  const clock = systemClock();
  const environment = given.environment ?? hubEnvironment;
  const guarded = guardedHttp({
    allowed: () => true,
    privateAllowed: () => true,
    plainAllowed: () => true,
    environment,
    clock,
  });
  closing.push(() => guarded.close());
  return {
    clock,
    http: guarded.http,
    metadataHttp: guarded.withMetadata,
    identities: identities(),
    ca: () => {
      throw new TypeError("no CA is expected");
    },
    environment,
    endpoints: { ecr: server.url, ecrPublic: server.url, sts: server.url },
    ...given,
  };
}

export const hubEnvironment = { AWS_ACCESS_KEY_ID: hubKey, AWS_SECRET_ACCESS_KEY: "hunter2" };

/** Secrets by name, and how tokens of ServiceAccounts are made; whatever is not given must not be asked for. */
export function identities(
  secrets: Readonly<Record<string, Readonly<Record<string, string>>>> = {},
  token?: (subject: string, audience: string) => string,
): IdentitySource {
  return {
    secretValues: ({ name }) => {
      const values = secrets[name];
      if (!values) throw new TypeError(`the Secret ${name} is not expected to be read`);
      return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, new Redacted(value)]));
    },
    serviceAccountToken: ({ namespace, name }, audience) => {
      if (!token) return Promise.reject(new TypeError("no token is expected to be asked for"));
      return Promise.resolve(new Redacted(token(`system:serviceaccount:${namespace}:${name}`, audience)));
    },
  };
}

/** A JWT that nobody signed; `life` in seconds from now. */
export function jwt(sub: string, aud: string, life = 600): string {
  const exp = Math.floor(Temporal.Now.instant().epochMilliseconds / 1000) + life;
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part({ sub, aud: [aud], exp })}.c2ln`;
}

/** User and password of a token. */
export function loginIn({ logins }: Minted): readonly [string, string] {
  if (!("all" in logins)) throw new TypeError("one login is expected");
  return [logins.all.username, logins.all.password.reveal()];
}

/** What a call threw; throws when it threw something else or nothing. */
export async function failureIn(call: Promise<unknown>): Promise<OperatorError> {
  const error: unknown = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof OperatorError) return error;
  throw new TypeError(`an OperatorError is expected, not ${String(error)}`);
}
