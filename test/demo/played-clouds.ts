// The servers that play AWS, Azure and Google in the demo.
import { generateKeyPairSync } from "node:crypto";
import { Agent, request } from "undici";
import { textOfBase64 } from "../../src/runtime/base64.ts";
import { jwtExpiry } from "../../src/runtime/jwt-claims.ts";
import { type PlayedCall, type PlayedInternet, playedInternet } from "../cluster/played-internet.ts";
import { awsServer } from "../providers/servers/aws.ts";
import { azureServer } from "../providers/servers/azure.ts";
import { googleServer } from "../providers/servers/google.ts";

/** As a RegistryCredential calls them. */
export const cloudNames = ["ECR", "ACR", "GCR"] as const;
export type CloudName = (typeof cloudNames)[number];

/** The registry of each, as it stands in an image's name. */
export const registryHosts: Readonly<Record<CloudName, string>> = {
  ECR: "111122223333.dkr.ecr.eu-west-1.amazonaws.com",
  ACR: "acmeregistry.azurecr.io",
  GCR: "gcr.io",
};

export interface IssuedToken {
  readonly cloud: CloudName;
  readonly username: string;
  readonly password: string;
  readonly expiresAt: Temporal.Instant;
}

export interface PlayedClouds {
  /** Where the operator finds them. */
  readonly internet: PlayedInternet;
  /** The key of an identity in each, as the data of a Secret. */
  readonly keys: Readonly<Record<CloudName, Readonly<Record<string, string>>>>;
  stop(): Promise<void>;
}

export interface PlayedCloudsOptions {
  readonly lifetime: Temporal.Duration;
  /** Called before a token goes out. */
  readonly issued: (token: IssuedToken) => void;
}

/** One of the clouds' hosts: where its calls go, and what a token of a registry looks like in its answers. */
interface PlayedHost {
  readonly urlOf: (call: PlayedCall) => string;
  readonly tokenIn?: (body: string) => IssuedToken | undefined;
}

// Made up; good for nothing anywhere.
const awsKey = "AKIAIOSFODNN7EXAMPLE";
const clientID = "11111111-2222-3333-4444-555555555555";
const tenantID = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
const clientSecret = "made-up-client-secret";
const email = "puller@acme-demo.iam.gserviceaccount.com";

/** Starts them on free ports of the loopback: the servers with which the providers are tested. */
export async function playedClouds({ lifetime, issued }: PlayedCloudsOptions): Promise<PlayedClouds> {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  await using starting = new AsyncDisposableStack();
  const aws = await awsServer({ keys: { [awsKey]: "arn:aws:iam::111122223333:user/puller" }, lifetime });
  starting.defer(() => aws.close());
  const azure = await azureServer({ applications: { [clientID]: { tenantID, secret: clientSecret } }, lifetime });
  starting.defer(() => azure.close());
  const google = await googleServer({ now: () => Temporal.Now.instant(), keys: { [email]: publicKey }, lifetime });
  starting.defer(() => google.close());

  const azureUrl = ({ path }: PlayedCall): string => new URL(path, azure.appServiceUrl).href;
  const hosts: Readonly<Record<string, PlayedHost>> = {
    "api.ecr.eu-west-1.amazonaws.com": { urlOf: ({ path }) => `${aws.url}${path}`, tokenIn: ecrToken },
    "login.microsoftonline.com": { urlOf: azureUrl },
    [registryHosts.ACR]: { urlOf: azureUrl, tokenIn: acrToken },
    "oauth2.googleapis.com": { urlOf: ({ host, path }) => `${google.url}/${host}${path}`, tokenIn: googleToken },
  };
  const agent = new Agent();
  starting.defer(() => agent.destroy());
  const internet = await playedInternet(Object.keys(hosts), async (call) => {
    const played = hosts[call.host];
    if (!played) return { status: 421, headers: {}, body: "" };
    const { "transfer-encoding": _encoding, connection: _connection, ...headers } = call.headers;
    const answer = await request(played.urlOf(call), {
      method: call.method,
      headers,
      body: call.body,
      dispatcher: agent,
    });
    const body = await answer.body.text();
    const token = answer.statusCode === 200 ? played.tokenIn?.(body) : undefined;
    if (token) issued(token);
    const type = String(answer.headers["content-type"] ?? "text/plain");
    return { status: answer.statusCode, headers: { "content-type": type }, body };
  });
  starting.defer(() => internet.close());

  const running = starting.move();
  const private_key = privateKey.export({ type: "pkcs8", format: "pem" });
  return {
    internet,
    keys: {
      ECR: { accessKeyId: awsKey, secretAccessKey: "made-up-secret-access-key" },
      ACR: { clientID, tenantID, clientSecret },
      GCR: { "key.json": JSON.stringify({ type: "service_account", client_email: email, private_key }) },
    },
    stop: () => running.disposeAsync(),
  };
}

function ecrToken(body: string): IssuedToken | undefined {
  const { authorizationData } = JSON.parse(body) as {
    readonly authorizationData: readonly { readonly authorizationToken: string; readonly expiresAt: number }[];
  };
  const [authorization] = authorizationData;
  const [, username, password] =
    /^([^:]*):(.*)$/s.exec(textOfBase64(authorization?.authorizationToken ?? "") ?? "") ?? [];
  if (!authorization || username === undefined || password === undefined) return undefined;
  const expiresAt = Temporal.Instant.fromEpochMilliseconds(Math.floor(authorization.expiresAt * 1000));
  return { cloud: "ECR", username, password, expiresAt };
}

function acrToken(body: string): IssuedToken | undefined {
  const { refresh_token: password = "" } = JSON.parse(body) as { readonly refresh_token?: string };
  const expiresAt = jwtExpiry(password);
  return expiresAt && { cloud: "ACR", username: "00000000-0000-0000-0000-000000000000", password, expiresAt };
}

function googleToken(body: string): IssuedToken {
  const answer = JSON.parse(body) as { readonly access_token: string; readonly expires_in: number };
  const expiresAt = Temporal.Now.instant().add({ seconds: answer.expires_in });
  return { cloud: "GCR", username: "oauth2accesstoken", password: answer.access_token, expiresAt };
}
