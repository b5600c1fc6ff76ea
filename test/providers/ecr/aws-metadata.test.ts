// Tests that a container's credentials service and a machine's metadata service give the operator its credentials, as AWS's
// SDKs ask for them, and without any way round the guarded network.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Environment } from "../../../src/config/config.ts";
import type { AwsOptions } from "../../../src/providers/ecr/aws-client.ts";
import { metadataCredentials } from "../../../src/providers/ecr/aws-metadata.ts";
import type { AwsCredentials } from "../../../src/providers/ecr/aws-sts.ts";
import { allowedHosts } from "../../../src/providers/http/allow-list.ts";
import { guardedHttp } from "../../../src/providers/http/guarded-http.ts";
import type { Http } from "../../../src/providers/http/http.ts";
import { NetworkError } from "../../../src/providers/http/network-error.ts";
import { fakeClock } from "../../fake-clock.ts";
import { awsAt, awsOptions } from "./scenario.ts";
import { connectProxy } from "../../runtime/network/connect-proxy.ts";
import type { AwsReply, AwsServer } from "../servers/aws.ts";
import { failureIn, never } from "../scenario.ts";

const podRole = "arn:aws:iam::111122223333:role/pod";
const nodeRole = "arn:aws:iam::111122223333:role/node";
const pod = { token: "pod-token", principal: podRole };

const first: AwsCredentials = {
  accessKeyId: "ASIA000000000001",
  secretAccessKey: "secret-1",
  sessionToken: "session-ASIA000000000001",
};

/** Every plain call leaves for the server, whatever address it names: nothing here has a metadata address. */
function relayed(
  server: AwsServer,
  environment: Environment,
): { readonly options: AwsOptions; readonly asked: string[] } {
  const asked: string[] = [];
  const options = awsOptions(server, { environment: { ...environment, IDENTITY_ENDPOINT: server.url } });
  const metadataHttp: Http = (call, signal) => {
    const { origin, pathname } = new URL(call.url);
    asked.push(`${call.method} ${origin}${pathname}`);
    return options.metadataHttp({ ...call, url: `${server.url}${pathname}` }, signal);
  };
  return { options: { ...options, metadataHttp }, asked };
}

function found(server: AwsServer, environment: Environment): Promise<AwsCredentials> {
  return metadataCredentials(awsOptions(server, { environment }), never);
}

function file(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "regcred-aws-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "token"), text);
  return join(folder, "token");
}

describe("a container's credentials", () => {
  it("are asked for at ECS's address, where only a path is named", async () => {
    const server = await awsAt({ container: pod });
    const { options, asked } = relayed(server, {
      AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/v2/credentials/task",
      AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://127.0.0.1:9/never",
      AWS_CONTAINER_AUTHORIZATION_TOKEN: "pod-token",
    });
    await expect(metadataCredentials(options, never)).resolves.toEqual(first);
    expect(asked).toEqual(["GET http://169.254.170.2/v2/credentials/task"]);
  });

  it.each(["http://169.254.170.23", "http://[fd00:ec2::23]"])(
    "are asked for at %s, EKS Pod Identity's",
    async (origin) => {
      const server = await awsAt({ container: pod });
      const { options, asked } = relayed(server, {
        AWS_CONTAINER_CREDENTIALS_FULL_URI: `${origin}/v1/credentials`,
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file("pod-token"),
      });
      await expect(metadataCredentials(options, never)).resolves.toEqual(first);
      expect(asked).toEqual([`GET ${origin}/v1/credentials`]);
    },
  );

  it.each(["127.0.0.1", "localhost"])("may come of %s, with the token that the file holds by then", async (host) => {
    const server = await awsAt({ container: pod });
    const path = file("old-token");
    const environment = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${server.url.replace("127.0.0.1", host)}/v1/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: "never",
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: path,
    };
    expect((await failureIn(found(server, environment))).message).toContain("HTTP 401");
    writeFileSync(path, "pod-token\n");
    await expect(found(server, environment)).resolves.toEqual(first);
  });

  it.each([
    "http://169.254.169.254/v1/credentials",
    "http://127.0.0.1.example.com/v1/credentials",
    "http://10.0.0.1/v1/credentials",
    "ftp://127.0.0.1/v1/credentials",
    "credentials",
  ])("are not asked for at %s, which would see the container's token", async (uri) => {
    const { options, asked } = relayed(await awsAt(), { AWS_CONTAINER_CREDENTIALS_FULL_URI: uri });
    const failure = await failureIn(metadataCredentials(options, never));
    expect(failure).toMatchObject({ reason: "NoOperatorIdentity", cause: "Platform", retry: "backoff" });
    expect(failure.message).toContain("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    expect(asked).toEqual([]);
  });

  it("are asked for over https only at a host that is allowed", async () => {
    const server = await awsAt();
    const environment = { AWS_CONTAINER_CREDENTIALS_FULL_URI: "https://credentials.example.com/" };
    const options = awsOptions(server, { environment });
    const guarded = guardedHttp({
      allowed: allowedHosts([]),
      privateAllowed: () => false,
      environment,
      clock: options.clock,
    });
    const failure = await failureIn(metadataCredentials({ ...options, metadataHttp: guarded.withMetadata }, never));
    expect(failure).toMatchObject({ reason: "EndpointNotAllowed" });
    expect(failure.message).toContain("--allowed-hosts");
  });

  it.each([
    [{ AWS_CONTAINER_AUTHORIZATION_TOKEN: "two\r\nlines" }, "no header"],
    [{ AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: "/nonexistent/token" }, "/nonexistent/token"],
  ])("are not asked for with a token that is none: %#", async (token, reported) => {
    const server = await awsAt({ container: pod });
    const environment = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${server.url}/v1/credentials`, ...token };
    expect((await failureIn(found(server, environment))).message).toContain(reported);
    expect(server.calls).toEqual([]);
  });

  const broken: readonly (readonly [string, AwsReply, string])[] = [
    [
      "a refusal",
      { status: 403, body: '{"code":"AccessDeniedException","message":"hunter2"}' },
      "AccessDeniedException",
    ],
    ["trouble", { status: 500, body: "hunter2" }, "HTTP 500"],
    ["half an answer", { status: 200, body: '{"AccessKeyId":"hunter2' }, "without credentials"],
    [
      "no key",
      { status: 200, body: '{"AccessKeyId":"","SecretAccessKey":"hunter2","Token":"t"}' },
      "without credentials",
    ],
  ];
  it.each(broken)("that are none are told, and nothing of the body: %s", async (_name, reply, reported) => {
    const server = await awsAt({ container: pod });
    server.answer("container", reply);
    const failure = await failureIn(
      found(server, { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${server.url}/v1/credentials` }),
    );
    expect(failure).toMatchObject({ reason: "NoOperatorIdentity", retry: "backoff" });
    expect(failure.message).toContain(reported);
    expect(failure.message).not.toContain("hunter2");
  });
});

describe("a machine's credentials", () => {
  it("are given for a session of IMDSv2", async () => {
    const server = await awsAt({ machine: nodeRole });
    const { options, asked } = relayed(server, {});
    await expect(metadataCredentials(options, never)).resolves.toEqual(first);
    expect(asked).toEqual([
      "PUT http://169.254.169.254/latest/api/token",
      "GET http://169.254.169.254/latest/meta-data/iam/security-credentials/",
      "GET http://169.254.169.254/latest/meta-data/iam/security-credentials/machine",
    ]);
    expect(server.calls[0]?.headers).toMatchObject({ "x-aws-ec2-metadata-token-ttl-seconds": "21600" });
    expect(server.calls[1]?.headers).toMatchObject({ "x-aws-ec2-metadata-token": "metadata-session" });
  });

  it("are asked for over IPv6 where that is wanted", async () => {
    const { options, asked } = relayed(await awsAt({ machine: nodeRole }), {
      AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: "IPv6",
    });
    await metadataCredentials(options, never);
    expect(asked[0]).toBe("PUT http://[fd00:ec2::254]/latest/api/token");
  });

  const versionOne = (request: string): AwsReply => {
    if (request.startsWith("PUT")) return { status: 404, body: "" };
    return request.endsWith("/security-credentials/")
      ? { status: 200, body: "machine" }
      : {
          status: 200,
          body: '{"Code":"Success","AccessKeyId":"ASIA1","SecretAccessKey":"s","Token":"t","Expiration":"2100-01-01T00:00:00Z"}',
        };
  };

  it("are asked for without a session where the service knows none, unless that is forbidden", async () => {
    const server = await awsAt();
    server.answer("metadata", ({ request }) => versionOne(request));
    const environment = { AWS_EC2_METADATA_SERVICE_ENDPOINT: server.url };
    await expect(found(server, environment)).resolves.toMatchObject({ accessKeyId: "ASIA1" });
    const before = server.calls.length;
    const failure = await failureIn(found(server, { ...environment, AWS_EC2_METADATA_V1_DISABLED: "true" }));
    expect(failure.message).toContain("IMDSv2");
    expect(server.calls).toHaveLength(before + 1);
  });

  it("are asked for without a session where none comes within 2 seconds", async () => {
    const clock = fakeClock();
    const asked: string[] = [];
    const metadataHttp: Http = ({ method }, signal) => {
      asked.push(method);
      return new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      });
    };
    const options = { ...awsOptions(await awsAt()), environment: {}, clock, metadataHttp };
    const failure = failureIn(metadataCredentials(options, never));
    await clock.advance(Temporal.Duration.from({ milliseconds: 1_999 }));
    expect(asked).toEqual(["PUT"]);
    await clock.advance(Temporal.Duration.from({ seconds: 3 }));
    expect(asked).toEqual(["PUT", "GET"]);
    expect(await failure).toMatchObject({ reason: "NoOperatorIdentity", retry: "backoff" });
  });

  it.each(["true", "TRUE"])("are not asked for where that is switched off: %s", async (written) => {
    const asked: string[] = [];
    const metadataHttp: Http = ({ url }) => {
      asked.push(url);
      return Promise.reject(new NetworkError("169.254.169.254:80", "EHOSTUNREACH"));
    };
    const environment = { AWS_EC2_METADATA_DISABLED: written };
    const options = { ...awsOptions(await awsAt()), environment, metadataHttp };
    expect((await failureIn(metadataCredentials(options, never))).message).toContain("AWS_EC2_METADATA_DISABLED");
    expect(asked).toEqual([]);
  });

  it("leave no timer behind, whatever comes", async () => {
    const clock = fakeClock();
    const answers: Http[] = [
      () => Promise.reject(new NetworkError("169.254.169.254:80", "EHOSTUNREACH")),
      () => Promise.resolve({ status: 403, headers: {}, text: "" }),
      () => Promise.resolve({ status: 200, headers: {}, text: "../.." }),
    ];
    for (const metadataHttp of answers) {
      const options = { ...awsOptions(await awsAt()), environment: {}, clock, metadataHttp };
      await failureIn(metadataCredentials(options, never));
      expect(clock.scheduled()).toBe(0);
    }
  });

  it("are not asked for where the service cannot be reached", async () => {
    const metadataHttp: Http = () => Promise.reject(new NetworkError("169.254.169.254:80", "EHOSTUNREACH"));
    const options = { ...awsOptions(await awsAt()), environment: {}, metadataHttp };
    expect((await failureIn(metadataCredentials(options, never))).message).toContain("EHOSTUNREACH");
  });

  it.each<readonly [string, (request: string) => AwsReply, string]>([
    [
      "no role",
      (request) => (request.startsWith("PUT") ? { status: 200, body: "s" } : { status: 404, body: "" }),
      "HTTP 404",
    ],
    [
      "a path",
      (request) => ({ status: 200, body: request.startsWith("PUT") ? "s" : "../../user-data" }),
      "names no role",
    ],
    ["a bad session", () => ({ status: 400, body: "" }), "HTTP 400"],
    [
      "a role that may not be assumed",
      (request) => ({
        status: 200,
        body: request.endsWith("/node") ? '{"Code":"AssumeRoleUnauthorizedAccess","Message":"hunter2"}' : "node",
      }),
      "AssumeRoleUnauthorizedAccess",
    ],
  ])("that are none are told: %s", async (_name, reply, reported) => {
    const server = await awsAt();
    server.answer("metadata", ({ request }) => reply(request));
    const failure = await failureIn(found(server, { AWS_EC2_METADATA_SERVICE_ENDPOINT: server.url }));
    expect(failure).toMatchObject({ reason: "NoOperatorIdentity", cause: "Platform", retry: "backoff" });
    expect(failure.message).toContain(reported);
    expect(failure.message).not.toContain("hunter2");
  });

  it("end with the signal", async () => {
    const server = await awsAt();
    const stop = new AbortController();
    server.answer("metadata", () => new Promise(() => stop.abort(new Error("enough"))));
    const options = awsOptions(server, { environment: { AWS_EC2_METADATA_SERVICE_ENDPOINT: server.url } });
    await expect(metadataCredentials(options, stop.signal)).rejects.toThrow("enough");
  });
});

it("no proxy sees what gives the operator its identity", async () => {
  const server = await awsAt({ container: pod, machine: nodeRole });
  const proxy = await connectProxy(Number(new URL(server.url).port));
  onTestFinished(() => proxy.close());
  const proxied = { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url, NO_PROXY: "" };
  await found(server, { ...proxied, AWS_EC2_METADATA_SERVICE_ENDPOINT: server.url });
  await found(server, {
    ...proxied,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${server.url}/v1/credentials`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: "pod-token",
  });
  expect(proxy.tunnels).toEqual([]);
  expect(server.calls.map(({ operation }) => operation)).toEqual(["metadata", "metadata", "metadata", "container"]);
});
