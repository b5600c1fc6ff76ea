// Tests that the ACR provider gets tokens as each identity, and reports whatever goes wrong.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { acrProvider } from "../../../src/providers/acr/fetch.ts";
import { NetworkError } from "../../../src/providers/http/network-error.ts";
import type { NewToken } from "../../../src/cluster/token.ts";
import { jwtClaims, jwtExpiry } from "../../../src/runtime/jwt-claims.ts";
import { account, azureAt, azureOptions, client, grant, identities, subject, tenant } from "./scenario.ts";
import { contract } from "../contract.ts";
import { rsaCertificate } from "../rsa-certificate.ts";
import { azureBehave } from "../servers/azure-behaviours.ts";
import { azureJson, type AzureReply, entraError, jwt, registryError } from "../servers/azure.ts";
import { failureIn, loginIn, never } from "../scenario.ts";

const nullUser = "00000000-0000-0000-0000-000000000000";
const minutes = (count: number): Temporal.Duration => Temporal.Duration.from({ minutes: count });
const operator = { from: "Operator" } as const;
const federated = (): ReturnType<typeof identities> =>
  identities(undefined, (sub, aud) => jwt({ sub, aud: [aud] }, minutes(10)));

function claimsIn(minted: NewToken): Readonly<Record<string, unknown>> | undefined {
  return jwtClaims(loginIn(minted)[1]);
}

/** A file that is gone after the test. */
function fileWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "acr-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "file");
  writeFileSync(path, text);
  return path;
}

contract("ACR", {
  subject: async () => {
    const azure = await azureAt();
    const options = azureOptions(azure);
    return {
      provider: acrProvider(options),
      clock: options.clock,
      grant: grant(),
      secrets: ["hunter2"],
      behave: (behaviour, asked) => azureBehave(azure, behaviour, asked),
    };
  },
});

describe("the exchange", () => {
  it("gives the registry's refresh token, which lives as long as it says itself", async () => {
    const azure = await azureAt({ lifetime: minutes(75) });
    const minted = await acrProvider(azureOptions(azure)).fetch(grant(), never);
    const [username, password] = loginIn(minted);
    expect(username).toBe(nullUser);
    expect(claimsIn(minted)).toMatchObject({
      aud: "acmeregistry.azurecr.io",
      appid: client,
      grant_type: "refresh_token",
    });
    expect(minted.expiresAt).toEqual(jwtExpiry(password));
    const life = minted.expiresAt?.since(minted.issuedAt).total("minutes");
    // The end is in whole seconds, and counts from when the registry gave it, which is later than the clock was read.
    expect(life).toBeCloseTo(75, 0);
    expect(azure.calls.map(({ operation, host }) => [operation, host])).toEqual([
      ["entra", "login.microsoftonline.com"],
      ["exchange", "acmeregistry.azurecr.io"],
    ]);
    expect(azure.calls[0]?.path).toBe(`/${tenant}/oauth2/v2.0/token`);
  });

  it("gives a token for listed repositories only, for pulls only", async () => {
    const azure = await azureAt();
    const minted = await acrProvider(azureOptions(azure)).fetch(
      grant({ repositories: ["shared/os", "team-a/app"] }),
      never,
    );
    expect(azure.calls.at(-1)?.fields.getAll("scope")).toEqual([
      "repository:shared/os:pull",
      "repository:team-a/app:pull",
    ]);
    expect(loginIn(minted)[0]).toBe(nullUser);
    expect(claimsIn(minted)).toMatchObject({
      grant_type: "access_token",
      access: [
        { type: "repository", name: "shared/os", actions: ["pull"] },
        { type: "repository", name: "team-a/app", actions: ["pull"] },
      ],
    });
    expect(minted.expiresAt).toEqual(jwtExpiry(loginIn(minted)[1]));
  });

  it("asks the Entra and the registry of a sovereign cloud, for the audience of the grant", async () => {
    const azure = await azureAt();
    const audience = "https://management.usgovcloudapi.net";
    await acrProvider(azureOptions(azure)).fetch(
      grant({ registry: "acmeregistry.azurecr.us", authority: "login.microsoftonline.us", audience }),
      never,
    );
    expect(azure.calls.map(({ host }) => host)).toEqual(["login.microsoftonline.us", "acmeregistry.azurecr.us"]);
    expect(jwtClaims(azure.calls[1]?.fields.get("access_token") ?? "")).toMatchObject({ aud: audience });
  });

  it("shows no token in what it gives, and none of the identity's in what it throws", async () => {
    const azure = await azureAt();
    const provider = acrProvider(azureOptions(azure));
    const [one, other] = await Promise.all([provider.fetch(grant(), never), provider.fetch(grant(), never)]);
    for (const minted of [one, other]) {
      expect(`${inspect(minted, { depth: 9 })}${JSON.stringify(minted)}`).not.toContain(loginIn(minted)[1]);
    }
    azure.answer("entra", entraError(401, "invalid_client", "AADSTS7000215"));
    const error = await failureIn(provider.fetch(grant(), never));
    expect(inspect(error, { depth: 9 })).not.toContain("hunter2");
    expect(error.message.length).toBeLessThanOrEqual(1024);
  });

  it("asks Entra anew each time", async () => {
    const azure = await azureAt();
    const provider = acrProvider(azureOptions(azure));
    await provider.fetch(grant(), never);
    await provider.fetch(grant(), never);
    expect(azure.calls.map(({ operation }) => operation)).toEqual(["entra", "exchange", "entra", "exchange"]);
  });

  it.each<[string, "exchange" | "token" | "entra", AzureReply]>([
    ["without a token", "exchange", azureJson(200, {})],
    ["with an empty token", "exchange", azureJson(200, { refresh_token: "" })],
    ["with a token that has no end", "exchange", azureJson(200, { refresh_token: jwt({}) })],
    ["with a token that has ended", "exchange", azureJson(200, { refresh_token: jwt({}, minutes(-1)) })],
    ["with a token that is no JWT", "exchange", azureJson(200, { refresh_token: "opaque" })],
    ["with half a document", "exchange", { status: 200, body: '{"refresh_token":"ey' }],
    ["with an error under 200", "exchange", { ...registryError(200, "UNAUTHORIZED") }],
    ["without a repository token", "token", azureJson(200, { access_token: "" })],
    ["with a repository token that has ended", "token", azureJson(200, { access_token: jwt({}, minutes(-1)) })],
    ["with half of Entra's document", "entra", { status: 200, body: '{"access_token":"hunter2' }],
    ["with an Entra error under 200", "entra", entraError(200, "invalid_client")],
    [
      "with an empty Entra token",
      "entra",
      azureJson(200, { token_type: "Bearer", expires_in: 3599, access_token: "" }),
    ],
  ])("an answer %s is an error and no token", async (_what, operation, reply) => {
    const azure = await azureAt();
    azure.answer(operation, reply);
    for (const more of [{}, { identity: account, clientID: client, tenantID: tenant }]) {
      const given = "identity" in more ? { identities: federated() } : {};
      const error = await failureIn(
        acrProvider(azureOptions(azure, given)).fetch(grant({ repositories: ["a"], ...more }), never),
      );
      expect(error).toMatchObject({ reason: "InvalidAnswer", cause: "Platform", retry: "backoff" });
      expect(error.message).not.toContain("hunter2");
    }
  });

  it.each<[AzureReply, object]>([
    [registryError(401, "UNAUTHORIZED"), { reason: "Denied", retry: "slowly" }],
    [registryError(403, "DENIED"), { reason: "Denied", retry: "slowly" }],
    [
      { status: 403, body: "<html>hunter2</html>" },
      { reason: "Denied", retry: "slowly" },
    ],
    [
      { status: 503, body: "hunter2" },
      { reason: "CloudUnavailable", retry: "backoff" },
    ],
    [registryError(400, "SOMETHING_NEW"), { reason: "CloudUnavailable", retry: "backoff" }],
    [
      registryError(429, "TOOMANYREQUESTS", { "retry-after": "17" }),
      { reason: "Throttled", retry: "backoff", retryAfter: Temporal.Duration.from({ seconds: 17 }) },
    ],
  ])("a refusal by the registry is told: %#", async (reply, expected) => {
    const azure = await azureAt();
    azure.answer("exchange", reply);
    const error = await failureIn(acrProvider(azureOptions(azure)).fetch(grant(), never));
    expect(error).toMatchObject({ cause: "Platform", ...expected });
    expect(error.message).not.toContain("hunter2");
  });

  it("an identity without the role is refused with the registry's code", async () => {
    const azure = await azureAt({ pullers: [] });
    const error = await failureIn(acrProvider(azureOptions(azure)).fetch(grant(), never));
    expect(error.message).toMatch(/^ACR refuses \(UNAUTHORIZED, HTTP 401\): assign the role AcrPull on acmeregistry/);
    expect(error.message).toContain("Container Registry Repository Reader");
  });

  it("ends soon after its signal, however slow the other side is", async () => {
    for (const operation of ["entra", "exchange"] as const) {
      const azure = await azureAt();
      const stop = new AbortController();
      azure.answer(operation, () => {
        stop.abort(new Error("enough"));
        return new Promise<AzureReply>(() => {});
      });
      await expect(acrProvider(azureOptions(azure)).fetch(grant(), stop.signal)).rejects.toThrow("enough");
    }
  });

  it("a server that is not trusted is told as such, and nothing is sent to it", async () => {
    const azure = await azureAt();
    const { caSecretName: _, ...bare } = grant();
    const error: unknown = await acrProvider(azureOptions(azure))
      .fetch(bare, never)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NetworkError);
    expect(azure.calls).toEqual([]);
  });
});

describe("an Entra application whose keys are in a Secret", () => {
  it("shows its certificate", async () => {
    const { certificate, key } = rsaCertificate("puller", "pkcs8");
    const azure = await azureAt({ applications: { [client]: { tenantID: tenant, certificate } } });
    const secret = { clientID: `${client}\n`, tenantID: tenant, clientCertificate: `${certificate}${key}` };
    const minted = await acrProvider(azureOptions(azure, { identities: identities(secret) })).fetch(grant(), never);
    expect(claimsIn(minted)).toMatchObject({ appid: client });
    expect(azure.calls[0]?.fields.get("client_secret")).toBeNull();
  });

  it("is named by the spec where the Secret has only the key", async () => {
    const azure = await azureAt();
    const options = azureOptions(azure, { identities: identities({ clientSecret: "hunter2\n", clientID: "other" }) });
    const minted = await acrProvider(options).fetch(grant({ clientID: client, tenantID: tenant }), never);
    expect(claimsIn(minted)).toMatchObject({ appid: client });
  });

  const ids = { clientID: client, tenantID: tenant };
  const { certificate, key } = rsaCertificate("puller", "pkcs8");
  it.each<[string, Readonly<Record<string, string>>]>([
    ["lacks the key clientID", { tenantID: tenant, clientSecret: "s" }],
    ["lacks the key tenantID", { clientID: client, clientSecret: "s", tenantID: " " }],
    ["holds no Entra id under tenantID", { clientID: client, tenantID: "../common", clientSecret: "s" }],
    ["needs either the key clientSecret or the key clientCertificate", ids],
    ["needs either", { ...ids, clientSecret: "s", clientCertificate: `${certificate}${key}` }],
    ["holds no certificate with its RSA key", { ...ids, clientCertificate: certificate }],
    ["holds no certificate with its RSA key", { ...ids, clientCertificate: key }],
    ["holds no certificate with its RSA key", { ...ids, clientCertificate: "no certificate" }],
    [
      "holds no certificate with its RSA key",
      { ...ids, clientCertificate: `${certificate}${rsaCertificate("puller", "pkcs8").key}` },
    ],
  ])("a Secret that %s is told before anything is sent: %#", async (problem, secret) => {
    const azure = await azureAt();
    const error = await failureIn(
      acrProvider(azureOptions(azure, { identities: identities(secret) })).fetch(grant(), never),
    );
    expect(error).toMatchObject({ reason: "IdentityInvalid", cause: "Platform", retry: "on-change" });
    expect(error.message).toContain(`Secret regcred-system/sp ${problem}`);
    expect(azure.calls).toEqual([]);
  });

  it.each<[AzureReply, string, object]>([
    [entraError(401, "invalid_client", "AADSTS7000215"), "AADSTS7000215", { reason: "Denied", retry: "slowly" }],
    [entraError(401, "invalid_client", "AADSTS7000222"), "AADSTS7000222", { reason: "Denied", retry: "slowly" }],
    [entraError(400, "unauthorized_client", "AADSTS700016"), "AADSTS700016", { reason: "Denied", retry: "slowly" }],
    [entraError(400, "invalid_request", "AADSTS90002"), "AADSTS90002", { reason: "Denied", retry: "slowly" }],
    [entraError(400, "invalid_resource", "AADSTS500011"), "AADSTS500011", { reason: "Denied", retry: "slowly" }],
    // A number that nobody listed goes by the name beside it.
    [entraError(401, "invalid_client", "AADSTS700027"), "invalid_client AADSTS700027", { reason: "Denied" }],
    [entraError(400, "something_new", "AADSTS123456"), "something_new AADSTS123456", { reason: "CloudUnavailable" }],
    [entraError(503, "temporarily_unavailable", "AADSTS90033"), "AADSTS90033", { reason: "CloudUnavailable" }],
    [
      entraError(429, "temporarily_unavailable", undefined, { "retry-after": "3" }),
      "temporarily_unavailable",
      { reason: "Throttled", retry: "backoff", retryAfter: Temporal.Duration.from({ seconds: 3 }) },
    ],
    [{ status: 500, body: "hunter2" }, "HTTP 500", { reason: "CloudUnavailable", retry: "backoff" }],
  ])("a refusal by Entra is told once, with its code: %#", async (reply, code, expected) => {
    const azure = await azureAt();
    azure.answer("entra", reply);
    const error = await failureIn(acrProvider(azureOptions(azure)).fetch(grant(), never));
    expect(error).toMatchObject({ cause: "Platform", ...expected });
    expect(error.message).toContain(code);
    expect(`${error.message}${String(error.origin)}`).not.toContain("hunter2");
    expect(azure.calls).toHaveLength(1);
  });
});

describe("a ServiceAccount", () => {
  const asked = grant({ identity: account, clientID: client, tenantID: tenant });

  it("shows its token, made for Entra", async () => {
    const azure = await azureAt();
    const minted = await acrProvider(azureOptions(azure, { identities: federated() })).fetch(asked, never);
    expect(claimsIn(minted)).toMatchObject({ appid: client });
    expect(Object.fromEntries(azure.calls[0]?.fields ?? [])).toMatchObject({
      client_id: client,
      scope: "https://containerregistry.azure.net/.default",
      grant_type: "client_credentials",
    });
    expect(jwtClaims(azure.calls[0]?.fields.get("client_assertion") ?? "")).toMatchObject({
      sub: subject,
      aud: ["api://AzureADTokenExchange"],
    });
  });

  it("asks with the configured audience", async () => {
    const azure = await azureAt();
    const options = { identities: federated(), federationAudience: "api://AzureADTokenExchangeUSGov" };
    const error = await failureIn(acrProvider(azureOptions(azure, options)).fetch(asked, never));
    expect(error.message).toContain("AADSTS700213");
    expect(error.message).toContain("api://AzureADTokenExchangeUSGov");
  });

  it("shows a fresh token where the first was stale", async () => {
    const azure = await azureAt();
    let lives = [-1, 10];
    const stale = identities(undefined, (sub, aud) => {
      const [life = 10, ...rest] = lives;
      lives = rest;
      return jwt({ sub, aud }, minutes(life));
    });
    await acrProvider(azureOptions(azure, { identities: stale })).fetch(asked, never);
    expect(azure.calls.map(({ operation }) => operation)).toEqual(["entra", "entra", "exchange"]);
  });

  it("shows no third token", async () => {
    const azure = await azureAt();
    const stale = identities(undefined, (sub, aud) => jwt({ sub, aud }, minutes(-1)));
    const error = await failureIn(acrProvider(azureOptions(azure, { identities: stale })).fetch(asked, never));
    expect(error).toMatchObject({ reason: "CloudUnavailable", cause: "Platform", retry: "backoff" });
    expect(error.message).toContain("AADSTS700024");
    expect(azure.calls).toHaveLength(2);
  });

  it.each([
    ["TenantServiceAccount", "Tenant"],
    ["ServiceAccount", "Platform"],
  ] as const)(
    "of kind %s without a federated credential is the %s's to mend, and may only be too new",
    async (from, cause) => {
      const azure = await azureAt({ applications: { [client]: { tenantID: tenant, subject: "other" } } });
      const error = await failureIn(
        acrProvider(azureOptions(azure, { identities: federated() })).fetch(
          { ...asked, identity: { ...account, from } },
          never,
        ),
      );
      expect(error).toMatchObject({ reason: "NotPropagated", cause, retry: "backoff" });
      expect(error.message).toContain(`AADSTS700213, HTTP 401`);
      expect(error.message).toContain(`the subject ${subject} and the audience api://AzureADTokenExchange`);
    },
  );

  it("without the role is the tenant's to mend", async () => {
    const azure = await azureAt({ pullers: [] });
    const error = await failureIn(acrProvider(azureOptions(azure, { identities: federated() })).fetch(asked, never));
    expect(error).toMatchObject({ reason: "Denied", cause: "Tenant" });
  });
});

describe("the operator", () => {
  const asked = grant({ identity: operator });
  const variables = { AZURE_CLIENT_ID: client, AZURE_TENANT_ID: tenant };

  it("shows the token of its workload identity", async () => {
    const azure = await azureAt();
    const file = fileWith(jwt({ sub: subject, aud: "api://AzureADTokenExchange" }, minutes(10)));
    const environment = { ...variables, AZURE_FEDERATED_TOKEN_FILE: file };
    const minted = await acrProvider(azureOptions(azure, { environment })).fetch(asked, never);
    expect(claimsIn(minted)).toMatchObject({ appid: client });
  });

  it("shows its client secret, or its certificate", async () => {
    const { certificate, key } = rsaCertificate("puller", "pkcs8");
    const azure = await azureAt({ applications: { [client]: { tenantID: tenant, secret: "hunter2", certificate } } });
    const path = fileWith(`${certificate}${key}`);
    for (const way of [{ AZURE_CLIENT_SECRET: "hunter2" }, { AZURE_CLIENT_CERTIFICATE_PATH: path }]) {
      const environment = { ...variables, ...way };
      const minted = await acrProvider(azureOptions(azure, { environment })).fetch(asked, never);
      expect(claimsIn(minted)).toMatchObject({ appid: client });
    }
    expect(azure.calls.map(({ fields }) => fields.has("client_secret"))).toEqual([true, false, false, false]);
  });

  it("is what the entry says where the entry names an application", async () => {
    const azure = await azureAt();
    const file = fileWith(jwt({ sub: subject, aud: "api://AzureADTokenExchange" }, minutes(10)));
    const environment = { AZURE_CLIENT_ID: "other", AZURE_TENANT_ID: "other", AZURE_FEDERATED_TOKEN_FILE: file };
    const named = { ...asked, clientID: client, tenantID: tenant };
    expect(claimsIn(await acrProvider(azureOptions(azure, { environment })).fetch(named, never))).toMatchObject({
      appid: client,
    });
  });

  it("never becomes the machine's managed identity because its own fails", async () => {
    const azure = await azureAt({ machine: [client], applications: {} });
    const file = fileWith(jwt({ sub: subject, aud: "api://AzureADTokenExchange" }, minutes(10)));
    for (const [environment, reason] of [
      [{ ...variables, AZURE_FEDERATED_TOKEN_FILE: file }, "Denied"],
      [{ ...variables, AZURE_CLIENT_SECRET: "hunter2" }, "Denied"],
      [{ AZURE_FEDERATED_TOKEN_FILE: file }, "NoOperatorIdentity"],
      [{ ...variables, AZURE_FEDERATED_TOKEN_FILE: "/nowhere/token" }, "IdentityInvalid"],
      [{ ...variables, AZURE_CLIENT_CERTIFICATE_PATH: "/nowhere/cert" }, "IdentityInvalid"],
    ] as const) {
      const error = await failureIn(acrProvider(azureOptions(azure, { environment })).fetch(asked, never));
      expect([environment, error.reason]).toEqual([environment, reason]);
    }
    expect(azure.calls.filter(({ operation }) => operation !== "entra")).toEqual([]);
  });

  // MSAL remembers tokens of managed identities by client id for the whole process, so each test has its own.
  it("is the machine's managed identity where nothing else is set", async () => {
    const azure = await azureAt({ machine: ["system-assigned"] });
    const minted = await acrProvider(azureOptions(azure)).fetch(asked, never);
    expect(claimsIn(minted)).toMatchObject({ appid: "system-assigned" });
    const [call] = azure.calls;
    expect(call).toMatchObject({ operation: "machine", headers: { metadata: "true" } });
    expect(call?.fields.get("resource")).toBe("https://containerregistry.azure.net");
    expect(call?.fields.has("client_id")).toBe(false);
  });

  it("is the managed identity that the entry names; calls of one attempt never run in another's", async () => {
    const one = await azureAt({ machine: ["x", "mi-1"] });
    const stopped = new AbortController();
    const named = (clientID: string): typeof asked => ({ ...asked, clientID });
    await acrProvider(azureOptions(one)).fetch(named("mi-1"), stopped.signal);
    stopped.abort();
    const two = await azureAt({ machine: ["x", "mi-2"] });
    const minted = await acrProvider(azureOptions(two)).fetch(named("mi-2"), never);
    expect(claimsIn(minted)).toMatchObject({ appid: "mi-2" });
    expect(two.calls.map(({ operation }) => operation)).toEqual(["machine", "exchange"]);
  });

  it.each<[AzureReply, object]>([
    [azureJson(400, { error: "invalid_request", error_description: "Identity not found" }), { reason: "Denied" }],
    [
      { status: 404, body: "" },
      { reason: "CloudUnavailable", retry: "backoff" },
    ],
    [
      { status: 410, body: "" },
      { reason: "CloudUnavailable", retry: "backoff" },
    ],
    [
      { status: 429, body: "", headers: { "retry-after": "2" } },
      { reason: "Throttled", retry: "backoff" },
    ],
    [
      { status: 500, body: "{" },
      { reason: "CloudUnavailable", retry: "backoff" },
    ],
    [azureJson(200, { access_token: "", expires_on: "1" }), { reason: "InvalidAnswer" }],
  ])("a metadata service that gives no token is asked once, and told: %#", async (reply, expected) => {
    const azure = await azureAt();
    azure.answer("machine", reply);
    const error = await failureIn(acrProvider(azureOptions(azure)).fetch({ ...asked, clientID: "mi-3" }, never));
    expect(error).toMatchObject({ cause: "Platform", ...expected });
    expect(azure.calls).toHaveLength(1);
  });

  it("without any identity is told what to set", async () => {
    const azure = await azureAt();
    const silent = new NetworkError("169.254.169.254:80", "ETIMEDOUT");
    const error = await failureIn(
      acrProvider(azureOptions(azure, { metadataHttp: () => Promise.reject(silent) })).fetch(
        { ...asked, clientID: "mi-4" },
        never,
      ),
    );
    expect(error).toMatchObject({ reason: "NoOperatorIdentity", cause: "Platform", retry: "backoff" });
    expect(error.message).toContain("ETIMEDOUT");
    expect(error.message).toContain("azure.workload.identity/client-id");
  });
});
