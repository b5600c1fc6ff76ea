// Tests that the vendors' SDKs, unmodified, use the guarded network.
import { ECRClient, GetAuthorizationTokenCommand } from "@aws-sdk/client-ecr";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { ClientSecretCredential } from "@azure/identity";
import { describe, expect, it } from "vitest";
import { awsRequestHandler } from "../../../src/providers/http/aws-request-handler.ts";
import { azureHttpClient } from "../../../src/providers/http/azure-http-client.ts";
import type { Http, HttpAnswer, HttpCall } from "../../../src/providers/http/http.ts";
import { withOwnErrors } from "../../../src/providers/http/sdk-adapters.ts";
import { json } from "../../runtime/client/local-server.ts";
import { authority, errorOf, network, site } from "./scenario.ts";

const ca = authority.certificate;

/** Sends a vendor's hosts to a server of the test. */
const rerouted =
  (http: Http, port: number): Http =>
  (call, signal) => {
    const url = new URL(call.url);
    return http({ ...call, url: `https://registry.test:${port}${url.pathname}${url.search}` }, signal);
  };

/** An Http that remembers its calls and gives always the same answer. */
function recording(answer: Partial<HttpAnswer> = {}): { readonly calls: HttpCall[]; readonly http: Http } {
  const calls: HttpCall[] = [];
  const http: Http = (call, signal) => {
    signal.throwIfAborted();
    calls.push(call);
    return Promise.resolve({ status: 200, headers: {}, text: "", ...answer });
  };
  return { calls, http };
}

describe("the AWS SDK", () => {
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "hunter2" };
  const settings = { region: "eu-west-1", credentials, maxAttempts: 1 };

  it("gets a token of ECR", async () => {
    const server = await site((_, response) =>
      json(response, 200, { authorizationData: [{ authorizationToken: "QVdTOnB3", expiresAt: 1_793_000_000.123 }] }),
    );
    const client = new ECRClient({
      ...settings,
      endpoint: `https://registry.test:${server.port}`,
      requestHandler: awsRequestHandler(network().http, { ca }),
    });
    const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}));
    expect(authorizationData?.[0]?.authorizationToken).toBe("QVdTOnB3");
    expect(server.received[0]).toMatchObject({ method: "POST", path: "/", body: "{}" });
    expect(server.received[0]?.headers).toMatchObject({
      "x-amz-target": "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken",
      authorization: expect.stringContaining("Credential=AKIDEXAMPLE") as string,
    });
  });

  it("tells an error by its name", async () => {
    const server = await site((_, response) => json(response, 400, { __type: "AccessDeniedException", message: "no" }));
    const client = new ECRClient({
      ...settings,
      endpoint: `https://registry.test:${server.port}`,
      requestHandler: awsRequestHandler(network().http, { ca }),
    });
    await expect(client.send(new GetAuthorizationTokenCommand({}))).rejects.toMatchObject({
      name: "AccessDeniedException",
    });
  });

  it("gets a session of STS, whose answer is XML", async () => {
    const server = await site((_, response) =>
      response.end(
        `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
      ),
    );
    const client = new STSClient({
      ...settings,
      endpoint: `https://registry.test:${server.port}`,
      requestHandler: awsRequestHandler(network().http, { ca }),
    });
    const { Credentials } = await client.send(
      new AssumeRoleCommand({ RoleArn: "arn:aws:iam::123456789012:role/pull", RoleSessionName: "x" }),
    );
    expect(Credentials?.AccessKeyId).toBe("ASIA");
  });

  it("hands a refusal on as it is", async () => {
    const client = new ECRClient({
      ...settings,
      endpoint: "https://evil.test",
      requestHandler: awsRequestHandler(network({ allowed: () => false }).http),
    });
    await expect(client.send(new GetAuthorizationTokenCommand({}))).rejects.toMatchObject({
      name: "OperatorError",
      reason: "EndpointNotAllowed",
    });
  });

  it("ends with the signal of the adapter, and with its own", async () => {
    const { http } = recording();
    const request = { method: "GET", protocol: "https:", hostname: "a.test", path: "/", headers: {} };
    const gone = AbortSignal.abort(new Error("enough"));
    await expect(awsRequestHandler(http, { signal: gone }).handle(request)).rejects.toThrow("enough");
    await expect(awsRequestHandler(http).handle(request, { abortSignal: gone })).rejects.toThrow("enough");
  });

  it("has its query written as it was signed", async () => {
    const { calls, http } = recording();
    await awsRequestHandler(http).handle({
      method: "GET",
      protocol: "https:",
      hostname: "a.test",
      port: 8443,
      path: "/p",
      query: { "a b": "c/d!", e: ["1", "2"], f: null },
      headers: {},
    });
    expect(calls[0]?.url).toBe("https://a.test:8443/p?a%20b=c%2Fd%21&e=1&e=2&f");
  });
});

describe("the Azure SDK", () => {
  const credential = (http: Http): ClientSecretCredential =>
    new ClientSecretCredential("11111111-1111-1111-1111-111111111111", crypto.randomUUID(), "hunter2", {
      disableInstanceDiscovery: true,
      httpClient: azureHttpClient(http, { ca }),
      retryOptions: { maxRetries: 0 },
    });
  const scope = "https://containerregistry.azure.net/.default";

  it("gets a token of Entra", async () => {
    const server = await site((_, response) =>
      json(response, 200, { token_type: "Bearer", expires_in: 3600, access_token: "entra-token" }),
    );
    const token = await credential(rerouted(network().http, server.port)).getToken(scope);
    expect(token.token).toBe("entra-token");
    expect(server.received.at(-1)).toMatchObject({
      method: "POST",
      path: "/11111111-1111-1111-1111-111111111111/oauth2/v2.0/token",
      body: expect.stringContaining("client_secret=hunter2") as string,
    });
  });

  it("tells an error of Entra by its number", async () => {
    const server = await site((_, response) =>
      json(response, 401, { error: "invalid_client", error_description: "AADSTS7000215: wrong secret" }),
    );
    const error = await errorOf(credential(rerouted(network().http, server.port)).getToken(scope));
    expect(error.message).toContain("AADSTS7000215");
  });

  it("says of a refusal only that it is a network error, unless its own error is asked for", async () => {
    const { http } = network({ allowed: () => false });
    const error = await errorOf(credential(http).getToken(scope));
    expect(error.message).not.toContain("--allowed-hosts");
    await expect(withOwnErrors(http, (watched) => credential(watched).getToken(scope))).rejects.toMatchObject({
      reason: "EndpointNotAllowed",
    });
  });

  it("keeps its own error for an answer", async () => {
    const { http } = recording({ status: 401, text: '{"error":"invalid_client","error_description":"AADSTS7000215"}' });
    await expect(withOwnErrors(http, (watched) => credential(watched).getToken(scope))).rejects.toThrow(
      "AADSTS7000215",
    );
  });
});
