// Tests that ECR hands out tokens to the identity that was named, and to no other. The SDK runs unmodified against a server.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { EcrGrant } from "../../../src/providers/ecr/grant.ts";
import type { AwsOptions } from "../../../src/providers/ecr/aws-client.ts";
import { NetworkError } from "../../../src/providers/http/network-error.ts";
import { ecrProvider } from "../../../src/providers/ecr/fetch.ts";
import { allowedHosts } from "../../../src/providers/http/allow-list.ts";
import type { Http } from "../../../src/providers/http/http.ts";
import { awsAt, awsOptions, hub, hubEnvironment, hubKey, identities, jwt, region, role } from "./scenario.ts";
import { contract } from "../contract.ts";
import { awsBehave } from "../servers/aws-behaviours.ts";
import { awsJson, awsJsonError, awsQueryError, type AwsServer, type AwsServerOptions } from "../servers/aws.ts";
import { failureIn, loginIn, never } from "../scenario.ts";

const grant: EcrGrant = {
  provider: "ECR",
  partition: "aws",
  region,
  endpoint: "standard",
  identity: { from: "Operator" },
};

const tenant: EcrGrant["identity"] = { from: "TenantServiceAccount", namespace: "team-a", name: "puller", uid: "u" };
const subject = "system:serviceaccount:team-a:puller";
const keys: EcrGrant["identity"] = { from: "Secret", namespace: "regcred-system", name: "keys" };

const fetch = (server: AwsServer, given: Partial<EcrGrant> = {}, options: Partial<AwsOptions> = {}) =>
  ecrProvider(awsOptions(server, options)).fetch({ ...grant, ...given }, never);

afterEach(() => {
  vi.unstubAllEnvs();
});

contract("ECR", {
  subject: async () => {
    const server = await awsAt({ roles: { [role]: { subject: "system:serviceaccount:team-a:puller" } } });
    const shown = jwt("system:serviceaccount:team-a:puller", "sts.amazonaws.com");
    const options = awsOptions(server, { identities: identities({}, () => shown) });
    return {
      provider: ecrProvider(options),
      clock: options.clock,
      grant: { ...grant, identity: tenant, roleARN: role },
      secrets: ["hunter2", shown],
      behave: (behaviour, asked) => awsBehave(server, "ecr:GetAuthorizationToken", behaviour, asked),
    };
  },
});

const operations = (server: AwsServer): string[] => server.calls.map(({ operation }) => operation);

describe("a token of ECR", () => {
  it("is split at the first colon and ends when ECR says", async () => {
    const server = await awsAt();
    const end = Math.floor(Temporal.Now.instant().epochMilliseconds / 1000) + 43_200.25;
    server.answer("ecr:GetAuthorizationToken", () =>
      awsJson({
        authorizationData: [{ authorizationToken: btoa("AWS:pass:word"), expiresAt: end }],
      }),
    );
    const minted = await fetch(server);
    expect(loginIn(minted)).toEqual(["AWS", "pass:word"]);
    expect(minted.expiresAt?.epochMilliseconds).toBe(end * 1000);
  });

  it("is asked for in the registry's region, without registry ids", async () => {
    const server = await awsAt();
    await fetch(server, { region: "ap-southeast-4" });
    expect(server.calls).toMatchObject([{ region: "ap-southeast-4", principal: hub, fields: {} }]);
  });

  it.each([
    ["standard", "eu-west-3", "https://api.ecr.eu-west-3.amazonaws.com/"],
    ["fips", "us-east-1", "https://api.ecr-fips.us-east-1.amazonaws.com/"],
    ["dualstack", "eu-west-3", "https://ecr.eu-west-3.api.aws/"],
    ["standard", "us-gov-west-1", "https://api.ecr.us-gov-west-1.amazonaws.com/"],
    ["standard", "cn-north-1", "https://api.ecr.cn-north-1.amazonaws.com.cn/"],
    ["dualstack", "cn-north-1", "https://ecr.cn-north-1.api.amazonwebservices.com.cn/"],
    ["standard", "us-iso-east-1", "https://api.ecr.us-iso-east-1.c2s.ic.gov/"],
    ["standard", "us-isob-east-1", "https://api.ecr.us-isob-east-1.sc2s.sgov.gov/"],
    ["standard", "eu-isoe-west-1", "https://api.ecr.eu-isoe-west-1.cloud.adc-e.uk/"],
    ["standard", "us-isof-south-1", "https://api.ecr.us-isof-south-1.csp.hci.ic.gov/"],
    ["standard", "eusc-de-east-1", "https://api.ecr.eusc-de-east-1.amazonaws.eu/"],
  ] as const)("%s of %s is asked for at %s, whatever AWS_ENDPOINT_URL says", async (endpoint, where, url) => {
    vi.stubEnv("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    vi.stubEnv("AWS_ENDPOINT_URL_ECR", "http://127.0.0.1:9");
    vi.stubEnv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9");
    const asked: string[] = [];
    const http: Http = (call) => {
      asked.push(call.url);
      return Promise.reject(new TypeError("seen"));
    };
    const { endpoints: _, ...options } = awsOptions(await awsAt(), { http });
    const provider = ecrProvider(options);
    await failureIn(provider.fetch({ ...grant, region: where, endpoint }, never));
    expect(asked).toEqual([url]);
    await failureIn(provider.fetch({ ...grant, region: where, endpoint, roleARN: role }, never));
    expect(asked[1]).toMatch(new RegExp(String.raw`^https://sts(-fips)?\.${where}\.`));
    const allowed = allowedHosts([]);
    expect(asked.filter((one) => !allowed(new URL(one).hostname, 443))).toEqual([]);
  });

  it("is asked for with the CA of the entry", async () => {
    const server = await awsAt();
    const authorities: (string | undefined)[] = [];
    const options = awsOptions(server);
    const provider = ecrProvider({
      ...options,
      ca: (name) => `PEM of ${name}`,
      http: ({ ca, ...call }, signal) => {
        authorities.push(ca);
        return options.http(call, signal);
      },
    });
    await provider.fetch({ ...grant, caSecretName: "proxy-ca" }, never);
    expect(authorities).toEqual(["PEM of proxy-ca"]);
  });
});

describe("an answer that is no token", () => {
  const token = (text: string, expiresAt: unknown): unknown => ({
    authorizationData: [{ authorizationToken: btoa(text), expiresAt }],
  });
  it.each([
    ["without an end", token("AWS:pw", undefined)],
    ["of the past", token("AWS:pw", 1_000_000_000)],
    ["with an end that is none", token("AWS:pw", "NaN")],
    ["without a password", token("AWS:", 4_102_444_800)],
    ["without a user", token(":pw", 4_102_444_800)],
    ["without a colon", token("AWS", 4_102_444_800)],
    ["that is no base64", { authorizationData: [{ authorizationToken: "§§§", expiresAt: 4_102_444_800 }] }],
    ["that is empty", { authorizationData: [] }],
    ["that is an error with status 200", { __type: "ServerException", message: "hunter2" }],
  ])("%s is never published", async (_, body) => {
    const server = await awsAt();
    server.answer("ecr:GetAuthorizationToken", awsJson(body));
    const failure = await failureIn(fetch(server));
    expect(failure).toMatchObject({ reason: "InvalidAnswer", retry: "backoff" });
    expect(failure.message).not.toMatch(/pw|hunter2/);
  });

  it("cut short is never published, and nowhere quoted", async () => {
    const server = await awsAt();
    const body = '{"authorizationData":[{"authorizationToken":"aHVudGVyMg';
    server.answer("ecr:GetAuthorizationToken", { status: 200, body });
    const failure = await failureIn(fetch(server));
    expect(failure).toMatchObject({ reason: "InvalidAnswer", retry: "backoff", origin: undefined });
    expect(failure.message).not.toContain("aHVudGVyMg");
  });

  it("is tried again later when it comes from something in between", async () => {
    const server = await awsAt();
    server.answer("ecr:GetAuthorizationToken", { status: 503, body: "<html>hunter2</html>" });
    const failure = await failureIn(fetch(server));
    expect(failure).toMatchObject({ reason: "CloudUnavailable", retry: "backoff" });
    expect(inspect(failure, { depth: 9 })).not.toContain("hunter2");
  });

  it("is nowhere quoted when it is an error", async () => {
    const server = await awsAt();
    const body = JSON.stringify({ __type: "AccessDeniedException", message: "hunter2", code: "hunter2" });
    server.answer("ecr:GetAuthorizationToken", { status: 400, body });
    expect(inspect(await failureIn(fetch(server)), { depth: 9 })).not.toContain("hunter2");
  });
});

describe("an error of ECR", () => {
  it.each([
    [400, "AccessDeniedException"],
    [403, "AccessDeniedException"],
    [400, "UnrecognizedClientException"],
  ])("%i %s is a person's to mend, who is told the permission", async (status, name) => {
    const server = await awsAt();
    server.answer("ecr:GetAuthorizationToken", awsJsonError(status, name));
    expect(await failureIn(fetch(server))).toMatchObject({
      reason: "Denied",
      cause: "Platform",
      retry: "slowly",
      message: expect.stringMatching(new RegExp(`${name}.*ecr:GetAuthorizationToken`)) as string,
    });
    expect(server.calls).toHaveLength(1);
  });

  it("asks for patience, and is not asked again before", async () => {
    const server = await awsAt();
    server.answer("ecr:GetAuthorizationToken", awsJsonError(400, "ThrottlingException", { "retry-after": "7" }));
    const failure = await failureIn(fetch(server));
    expect(failure).toMatchObject({ reason: "Throttled", retry: "backoff" });
    expect(failure.retryAfter?.total("seconds")).toBe(7);
    expect(server.calls).toHaveLength(1);
  });

  it("of its own is tried again", async () => {
    const server = await awsAt();
    server.answer("ecr:GetAuthorizationToken", awsJsonError(500, "ServerException"));
    expect(await failureIn(fetch(server))).toMatchObject({ reason: "CloudUnavailable", retry: "backoff" });
  });

  it.each([
    "<?xml version='1.0'?><ErrorResponse><Errors><Error><Code>SignatureDoesNotMatch</Code></Error></Errors></ErrorResponse>",
    "<html>hunter2</html>",
    '{"message":"Forbidden"}',
    "",
  ])("that a gateway or another's AWS words as %j is told by its status alone", async (body) => {
    const server = await awsAt();
    server.answer("ecr:GetAuthorizationToken", { status: 403, body });
    const refused = await failureIn(fetch(server));
    expect(refused).toMatchObject({ reason: "Denied", retry: "slowly" });
    expect(refused.message).toMatch(/^ECR refuses \(HTTP 403\): allow ecr:GetAuthorizationToken/);
    server.answer("ecr:GetAuthorizationToken", { status: 502, body });
    expect(await failureIn(fetch(server))).toMatchObject({
      reason: "CloudUnavailable",
      message: "ECR gave no token (HTTP 502); it is tried again",
    });
  });

  it("with a name that is no word is not repeated to anybody", async () => {
    const server = await awsAt();
    server.answer("ecr:GetAuthorizationToken", awsJsonError(400, "please run: rm -rf"));
    expect((await failureIn(fetch(server))).message).not.toContain("rm -rf");
  });

  it("of the network is tried again", async () => {
    const server = await awsAt();
    const options = awsOptions(server);
    await server.close();
    expect(await failureIn(ecrProvider(options).fetch(grant, never))).toMatchObject({
      reason: "CloudUnavailable",
      retry: "backoff",
      message: expect.stringContaining("ECONNREFUSED") as string,
      // By which it counts as an authority that does not answer.
      origin: expect.any(NetworkError) as NetworkError,
    });
  });

  it("ends with the signal", async () => {
    const server = await awsAt();
    const stop = new AbortController();
    server.answer("ecr:GetAuthorizationToken", () => {
      stop.abort(new Error("enough"));
      return new Promise(() => {});
    });
    await expect(ecrProvider(awsOptions(server)).fetch(grant, stop.signal)).rejects.toThrow("enough");
  });

  it("that comes of this machine's clock is mended at once, with AWS's time", async () => {
    const server = await awsAt();
    const inTwoHours = Temporal.Now.instant().add({ hours: 2 });
    const date = httpDate(inTwoHours);
    const signedAt: string[] = [];
    server.answer("ecr:GetAuthorizationToken", ({ headers }) => {
      signedAt.push(headers["x-amz-date"] ?? "");
      return signedAt.length === 1
        ? awsJsonError(400, "SignatureDoesNotMatch", { date })
        : awsJson({ authorizationData: [{ authorizationToken: btoa("AWS:pw"), expiresAt: 4_102_444_800 }] });
    });
    expect(loginIn(await fetch(server))).toEqual(["AWS", "pw"]);
    const [first = "", second = ""] = signedAt.map((text) => text.slice(0, 11));
    expect(second).toBe(inTwoHours.toString().slice(0, 13).replaceAll("-", ""));
    expect(first).not.toBe(second);
  });
});

describe("the operator's own identity", () => {
  const own = (server: AwsServer, environment: AwsOptions["environment"], given: Partial<EcrGrant> = {}) =>
    fetch(server, given, { environment });
  const webRole = "arn:aws:iam::111122223333:role/operator";
  const folders: string[] = [];
  afterEach(async () => {
    await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
  });
  const file = async (text: string): Promise<string> => {
    const folder = await mkdtemp(join(tmpdir(), "regcred-aws-"));
    folders.push(folder);
    await writeFile(join(folder, "token"), text);
    return join(folder, "token");
  };
  const irsa = async (token: string): Promise<AwsOptions["environment"]> => ({
    AWS_WEB_IDENTITY_TOKEN_FILE: await file(token),
    AWS_ROLE_ARN: webRole,
  });
  const irsaRoles = { [webRole]: { subject: "system:serviceaccount:regcred-system:regcred" } };
  const ownToken = (life?: number): string =>
    jwt("system:serviceaccount:regcred-system:regcred", "sts.amazonaws.com", life);

  it("is the keys in the environment, with the session's token", async () => {
    const id = "ASIA000000000009";
    const server = await awsAt({ keys: { [id]: hub } });
    await own(server, { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: "s", AWS_SESSION_TOKEN: `session-${id}` });
    expect(server.calls).toMatchObject([{ principal: hub }]);
  });

  it("is the role of its ServiceAccount (IRSA), asked for in the registry's region", async () => {
    const server = await awsAt({ roles: irsaRoles });
    const minted = await own(server, await irsa(`${ownToken()}\n`));
    expect(loginIn(minted)[1]).toContain(webRole);
    expect(server.calls).toMatchObject([
      {
        operation: "sts:AssumeRoleWithWebIdentity",
        region: undefined,
        fields: { RoleArn: webRole, DurationSeconds: "900", RoleSessionName: "regcred" },
      },
      { operation: "ecr:GetAuthorizationToken", principal: webRole, region },
    ]);
  });

  it("is the machine's role where no variable names another", async () => {
    const machine = "arn:aws:iam::111122223333:role/node";
    const server = await awsAt({ machine });
    const minted = await own(server, { AWS_EC2_METADATA_SERVICE_ENDPOINT: server.url });
    expect(loginIn(minted)[1]).toContain(machine);
  });

  it("assumes a role with the external id", async () => {
    const server = await awsAt({ roles: { [role]: { principals: [hub], externalID: "team-a" } } });
    const minted = await own(server, hubEnvironment, { roleARN: role, externalID: "team-a" });
    expect(loginIn(minted)[1]).toContain(role);
    expect(server.calls[0]).toMatchObject({
      operation: "sts:AssumeRole",
      region,
      principal: hub,
      fields: { RoleArn: role, DurationSeconds: "900", ExternalId: "team-a", RoleSessionName: "regcred" },
    });
  });

  it("never gets a token without the role when it may not assume it", async () => {
    const server = await awsAt();
    expect(await failureIn(own(server, hubEnvironment, { roleARN: role }))).toMatchObject({
      reason: "Denied",
      cause: "Platform",
      retry: "slowly",
      message: expect.stringMatching(/AccessDenied.*sts:AssumeRole on arn:aws:iam::111122223333:role\/pull/) as string,
    });
    expect(operations(server)).toEqual(["sts:AssumeRole"]);
  });

  it.each([
    ["IRSA", async () => irsa(ownToken())],
    [
      "Pod Identity",
      async (server: AwsServer) => ({
        AWS_CONTAINER_CREDENTIALS_FULL_URI: `${server.url}/v1/credentials`,
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: await file("wrong"),
      }),
    ],
  ])("does not become the machine's when %s refuses", async (_, environment) => {
    const server = await awsAt({ machine: "arn:aws:iam::111122223333:role/node" });
    const machine = { AWS_EC2_METADATA_SERVICE_ENDPOINT: server.url };
    await failureIn(own(server, { ...machine, ...(await environment(server)) }));
    expect(server.calls).toHaveLength(1);
  });

  it("may be none at all", async () => {
    const server = await awsAt();
    expect(await failureIn(own(server, { AWS_EC2_METADATA_DISABLED: "true" }))).toMatchObject({
      reason: "NoOperatorIdentity",
      cause: "Platform",
      retry: "backoff",
    });
    const machine = { AWS_EC2_METADATA_SERVICE_ENDPOINT: server.url };
    expect(await failureIn(own(server, machine))).toMatchObject({ reason: "NoOperatorIdentity" });
    const environment = { AWS_WEB_IDENTITY_TOKEN_FILE: "/nonexistent/token", AWS_ROLE_ARN: webRole };
    expect(await failureIn(own(server, environment))).toMatchObject({ reason: "NoOperatorIdentity" });
  });
});

describe("an identity of keys in a Secret", () => {
  const good = { accessKeyId: `${hubKey}\n`, secretAccessKey: "hunter2\n" };
  const withKeys = (server: AwsServer, values: Readonly<Record<string, string>>, given: Partial<EcrGrant> = {}) =>
    fetch(server, { identity: keys, ...given }, { identities: identities({ keys: values }), environment: {} });

  it("asks with these keys, newlines of files taken off", async () => {
    const server = await awsAt();
    await withKeys(server, good);
    expect(server.calls).toMatchObject([{ operation: "ecr:GetAuthorizationToken", principal: hub }]);
  });

  it("asks with the session token that goes with them", async () => {
    const id = "ASIA000000000009";
    const server = await awsAt({ keys: { [id]: hub } });
    await withKeys(server, { accessKeyId: id, secretAccessKey: "s", sessionToken: `session-${id}` });
    expect(server.calls).toMatchObject([{ principal: hub }]);
  });

  it("assumes the role, under a session name of at most 64 signs", async () => {
    const server = await awsAt({ roles: { [role]: { principals: [hub] } } });
    const name = "k".repeat(80);
    const identity = { from: "Secret", namespace: "regcred-system", name } as const;
    await fetch(server, { identity, roleARN: role }, { identities: identities({ [name]: good }) });
    const sessionName = server.calls[0]?.fields["RoleSessionName"];
    expect(sessionName).toMatch(/^regcred\.regcred-system\.k+$/);
    expect(sessionName).toHaveLength(64);
  });

  it.each([
    ["no access key", { secretAccessKey: "hunter2" }],
    ["no secret", { accessKeyId: hubKey, secretAccessKey: " " }],
    ["a key that is none", { accessKeyId: "hunter2", secretAccessKey: "hunter2" }],
    ["a whole file as secret", { accessKeyId: hubKey, secretAccessKey: "aws_secret_access_key = hunter2" }],
    ["an odd session token", { ...good, sessionToken: "hunter2\nhunter2" }],
  ])("with %s asks nobody", async (_, values) => {
    const server = await awsAt();
    const failure = await failureIn(withKeys(server, values));
    expect(failure).toMatchObject({ reason: "IdentityInvalid", cause: "Platform", retry: "on-change" });
    expect(failure.message).not.toContain("hunter2");
    expect(server.calls).toEqual([]);
  });

  it("whose session has ended waits for new keys", async () => {
    const server = await awsAt();
    server.answer("ecr:GetAuthorizationToken", awsJsonError(400, "ExpiredTokenException"));
    expect(await failureIn(withKeys(server, good))).toMatchObject({ reason: "IdentityExpired", retry: "slowly" });
  });

  it("does not become the operator's when AWS refuses the keys", async () => {
    const server = await awsAt();
    const values = { ...good, accessKeyId: "AKIAUNKNOWNUNKNOWN00" };
    const failure = await failureIn(
      fetch(server, { identity: keys }, { identities: identities({ keys: values }), environment: hubEnvironment }),
    );
    expect(failure).toMatchObject({ reason: "Denied", retry: "slowly" });
    expect(server.calls).toHaveLength(1);
  });
});

describe("a ServiceAccount as identity", () => {
  const roles: AwsServerOptions["roles"] = { [role]: { subject } };
  const withToken = (
    server: AwsServer,
    token: (sub: string, aud: string) => string = jwt,
    given: Partial<EcrGrant> = {},
  ) => fetch(server, { identity: tenant, roleARN: role, ...given }, { identities: identities({}, token) });

  it("asks with its own token, and no key of the operator's", async () => {
    const server = await awsAt({ roles });
    expect(loginIn(await withToken(server))[1]).toContain(role);
    expect(server.calls).toMatchObject([
      {
        operation: "sts:AssumeRoleWithWebIdentity",
        principal: undefined,
        fields: { RoleArn: role, DurationSeconds: "900", RoleSessionName: "regcred.team-a.puller" },
      },
      { operation: "ecr:GetAuthorizationToken", principal: role, region },
    ]);
    expect(server.calls[0]?.headers["authorization"]).toBeUndefined();
  });

  it("asks for the audience that was named", async () => {
    const server = await awsAt({ roles: { [role]: { subject, audience: "amazonaws.com" } } });
    await withToken(server, jwt, { audience: "amazonaws.com" });
    expect(server.calls).toHaveLength(2);
  });

  it.each([
    ["the role trusts another account", { [role]: { subject: "system:serviceaccount:team-b:puller" } }, "AccessDenied"],
    ["the audience is wrong", { [role]: { subject, audience: "other" } }, "InvalidIdentityToken"],
  ])("is refused when %s, which the tenant may mend", async (_, roles, name) => {
    const server = await awsAt({ roles });
    expect(await failureIn(withToken(server))).toMatchObject({
      reason: "Denied",
      cause: "Tenant",
      retry: "slowly",
      message: expect.stringMatching(new RegExp(`${name}.*${subject}.*sts.amazonaws.com`)) as string,
    });
    expect(operations(server)).toEqual(["sts:AssumeRoleWithWebIdentity"]);
  });

  it("of the operator's namespace is the platform's to mend", async () => {
    const server = await awsAt();
    const identity = { ...tenant, from: "ServiceAccount", namespace: "regcred-system" } as const;
    expect(await failureIn(withToken(server, jwt, { identity }))).toMatchObject({ cause: "Platform" });
  });

  it("gets a new token once when AWS finds the first expired", async () => {
    const server = await awsAt({ roles });
    const lives = [-1, 600];
    await withToken(server, (sub, aud) => jwt(sub, aud, lives.shift()));
    expect(operations(server)).toEqual([
      "sts:AssumeRoleWithWebIdentity",
      "sts:AssumeRoleWithWebIdentity",
      "ecr:GetAuthorizationToken",
    ]);
  });

  it("comes back later when the new one is expired too", async () => {
    const server = await awsAt({ roles });
    expect(await failureIn(withToken(server, (sub, aud) => jwt(sub, aud, -1)))).toMatchObject({
      reason: "StaleServiceAccountToken",
      retry: "backoff",
    });
    expect(server.calls).toHaveLength(2);
  });

  it("is tried again when AWS cannot reach the cluster's keys", async () => {
    const server = await awsAt({ roles });
    server.answer("sts:AssumeRoleWithWebIdentity", awsQueryError(400, "IDPCommunicationError"));
    expect(await failureIn(withToken(server))).toMatchObject({ reason: "CloudUnavailable", retry: "backoff" });
  });

  it.each(["AccessKeyId", "SecretAccessKey", "SessionToken", undefined])(
    "gets nothing of an answer without credentials, nor of one that lacks a part of them: %s",
    async (missing) => {
      const server = await awsAt({ roles });
      const parts = ["AccessKeyId", "SecretAccessKey", "SessionToken"].filter((part) => part !== missing);
      const credentials = parts.map((part) => `<${part}>ASIA0000000000000001</${part}>`).join("");
      const inside = missing === undefined ? "" : `<Credentials>${credentials}</Credentials>`;
      server.answer("sts:AssumeRoleWithWebIdentity", {
        status: 200,
        headers: { "content-type": "text/xml" },
        body: `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult>${inside}</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
      });
      expect(await failureIn(withToken(server))).toMatchObject({ reason: "InvalidAnswer", retry: "backoff" });
      expect(server.calls).toHaveLength(1);
    },
  );

  it("without a role asks nobody", async () => {
    const server = await awsAt();
    const asked = fetch(server, { identity: tenant }, { identities: identities({}, jwt) });
    await expect(asked).rejects.toThrow(TypeError);
    expect(server.calls).toEqual([]);
  });
});

/** RFC 9110 section 5.6.7. */
function httpDate(instant: Temporal.Instant): string {
  const utc = instant.toZonedDateTimeISO("UTC");
  const [weekday, month] = (["weekday", "month"] as const).map((part) =>
    utc.toLocaleString("en-US", { [part]: "short" }),
  );
  const time = utc.toPlainTime().toString({ smallestUnit: "second" });
  return `${weekday}, ${String(utc.day).padStart(2, "0")} ${month} ${utc.year} ${time} GMT`;
}
