// Tests that tokens are exchanged as the settings say, and that whatever goes wrong is reported.
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import type { TokenExchangeSettings } from "../../../src/providers/token-exchange/settings.ts";
import { tokenExchangeSettings } from "../../../src/providers/token-exchange/settings.ts";
import type { TokenExchangeGrant } from "../../../src/providers/token-exchange/grant.ts";
import { allowedHosts } from "../../../src/providers/http/allow-list.ts";
import { guardedHttp } from "../../../src/providers/http/guarded-http.ts";
import type { NewToken } from "../../../src/cluster/token.ts";
import { tokenExchangeProvider, type TokenExchangeOptions } from "../../../src/providers/token-exchange/fetch.ts";
import { jwtClaims, jwtExpiry } from "../../../src/runtime/jwt-claims.ts";
import { account, identities, subject } from "../acr/scenario.ts";
import { contract } from "../contract.ts";
import { jwt } from "../servers/azure.ts";
import { exchangeBehave } from "../servers/exchange-behaviours.ts";
import { connection, exchangeServer, oauthError, robot } from "../servers/exchange.ts";
import { json, type VendorServer } from "../servers/vendor.ts";
import { brokenAnswers, discreetFailure, networkTo, startedUntilEnd } from "../vendor-scenario.ts";
import { failureIn, loginIn, never } from "../scenario.ts";

type Written = z.input<typeof tokenExchangeSettings>;

const secret = { from: "Secret", namespace: "regcred-system", name: "exchange" } as const;
const grantType = { name: "grant_type", value: "urn:ietf:params:oauth:grant-type:token-exchange" } as const;
const subjectToken = { name: "subject_token", valueFrom: "Token" } as const;

const recipes: Readonly<Record<"dockerHub" | "quayRobot" | "quayExchange" | "jfrog", Written>> = {
  dockerHub: {
    url: "https://identity.docker.com/oauth/token",
    audience: "https://identity.docker.com",
    body: {
      fields: [
        grantType,
        { name: "subject_token_type", value: "urn:ietf:params:oauth:token-type:id_token" },
        subjectToken,
        { name: "connection_id", value: connection },
        { name: "expires_in", value: "3600" },
      ],
    },
    username: "acme",
  },
  quayRobot: {
    url: "https://quay.io/oauth2/federation/robot/token",
    method: "GET",
    audience: "quay.io",
    auth: { type: "Basic", username: robot },
    response: { tokenPath: "token", expiry: "JWT" },
    username: robot,
  },
  quayExchange: {
    url: "https://quay.io/oauth2/sts/token",
    audience: "quay.io",
    body: {
      fields: [
        grantType,
        { name: "subject_token_type", value: "urn:ietf:params:oauth:token-type:jwt" },
        subjectToken,
        { name: "resource", value: robot },
      ],
    },
    username: robot,
  },
  jfrog: {
    url: "https://acme.jfrog.io/access/api/v1/oidc/token",
    audience: "jfrog",
    body: {
      format: "JSON",
      fields: [
        grantType,
        { name: "subject_token_type", value: "urn:ietf:params:oauth:token-type:id_token" },
        subjectToken,
        { name: "provider_name", value: "cluster" },
      ],
    },
    response: { usernamePath: "username" },
  },
};

/** As the API server completes what was written. */
function settings(written: Written): TokenExchangeSettings {
  return tokenExchangeSettings.parse(written);
}

function grant(written: Written, more: Partial<TokenExchangeGrant> = {}): TokenExchangeGrant {
  return {
    provider: "TokenExchange",
    identity: account,
    settings: settings(written),
    caSecretName: "vendor-ca",
    ...more,
  };
}

function servers(): Promise<VendorServer> {
  return startedUntilEnd(exchangeServer());
}

function fetched(
  server: VendorServer,
  asked: TokenExchangeGrant,
  given: Partial<TokenExchangeOptions> = {},
): Promise<NewToken> {
  const tokens = identities(undefined, (sub, aud) => jwt({ sub, aud: [aud] }, Temporal.Duration.from({ minutes: 10 })));
  const options = { ...networkTo(server), identities: tokens, ...given };
  return tokenExchangeProvider(options).fetch(asked, never);
}

contract("TokenExchange", {
  subject: async () => {
    const server = await servers();
    const shown = jwt({ sub: subject, aud: ["quay.io"] });
    const options = { ...networkTo(server), identities: identities(undefined, () => shown) };
    return {
      provider: tokenExchangeProvider(options),
      clock: options.clock,
      grant: grant(recipes.quayExchange),
      secrets: ["hunter2", shown],
      behave: (behaviour, asked) => exchangeBehave(server, behaviour, asked),
    };
  },
});

describe("the recipe for", () => {
  it.each<[string, Written, string]>([
    ["Docker Hub's OIDC connections", recipes.dockerHub, "acme"],
    ["a robot of Quay", recipes.quayRobot, robot],
    ["a robot of Quay by RFC 8693", recipes.quayExchange, robot],
    ["JFrog", recipes.jfrog, "puller"],
  ])("%s gives a token that lives an hour", async (_name, written, username) => {
    const server = await servers();
    const minted = await fetched(server, grant(written));
    expect(loginIn(minted)[0]).toBe(username);
    expect(jwtClaims(loginIn(minted)[1])?.["sub"]).toContain(username);
    expect(minted.expiresAt?.since(minted.issuedAt).total("minutes")).toBeCloseTo(60, 0);
    expect(server.calls).toHaveLength(1);
    expect(`${inspect(minted, { depth: 9 })}${JSON.stringify(minted)}`).not.toContain(loginIn(minted)[1]);
  });

  it.each<[string, Written, string]>([
    ["Docker Hub", recipes.dockerHub, "invalid_grant, HTTP 400"],
    ["Quay", recipes.quayRobot, "Unauthorized, HTTP 401"],
    ["Quay by RFC 8693", recipes.quayExchange, "invalid_grant, HTTP 400"],
    ["JFrog", recipes.jfrog, "UNAUTHORIZED, HTTP 401"],
  ])("%s tells a token that is not trusted, and what would be", async (_name, written, reported) => {
    const asked = grant({ ...written, audience: "wrong" });
    const error = await discreetFailure(fetched(await servers(), asked));
    expect(error).toMatchObject({ reason: "Denied", cause: "Tenant", retry: "slowly" });
    expect(error.message).toContain(reported);
    expect(error.message).toContain("system:serviceaccount:team-a:puller and the audience wrong");
  });

  it("a ServiceAccount of the operator's namespace is the platform's to mend", async () => {
    const identity = { ...account, from: "ServiceAccount" } as const;
    const asked = grant({ ...recipes.dockerHub, audience: "wrong" }, { identity });
    expect(await failureIn(fetched(await servers(), asked))).toMatchObject({ reason: "Denied", cause: "Platform" });
  });
});

describe("the request", () => {
  const url = "https://quay.io/anything";
  const answer = json(200, { access_token: "minted", expires_in: "60" });
  const values = { token: "tok en\n", username: "me\n", password: "pass:word\n" };

  async function sent(written: Partial<Written>, secretValues: Readonly<Record<string, string>> = values) {
    const server = await servers();
    server.answer("/anything", answer);
    const asked = grant({ url, username: "u", ...written }, { identity: secret });
    await fetched(server, asked, { identities: identities(secretValues) });
    return server.calls[0];
  }

  it("has the fields in their order, as a form or as JSON", async () => {
    const fields = [
      { name: "z", value: "a b&c" },
      { name: "token", valueFrom: "Token" },
      { name: "user", valueFrom: "Username" },
      { name: "a", valueFrom: "Password" },
    ] as const;
    const form = await sent({ body: { fields: [...fields] } });
    expect(form).toMatchObject({ method: "POST", body: "z=a+b%26c&token=tok+en&user=me&a=pass%3Aword" });
    expect(form?.headers).toMatchObject({
      "content-type": "application/x-www-form-urlencoded",
      accept: "application/json",
    });
    const body = await sent({ body: { format: "JSON", fields: [...fields] } });
    expect(body?.body).toBe('{"z":"a b&c","token":"tok en","user":"me","a":"pass:word"}');
    expect(body?.headers["content-type"]).toBe("application/json");
  });

  it("has no body and no authorization unless the settings say so, and the settings' headers", async () => {
    const call = await sent({
      headers: [
        { name: "Accept", value: "text/plain" },
        { name: "X-Team", value: "a" },
      ],
    });
    expect(call).toMatchObject({ body: "", headers: { accept: "text/plain", "x-team": "a" } });
    expect(call?.headers.authorization).toBeUndefined();
    expect(call?.headers["content-type"]).toBeUndefined();
  });

  it.each<[Partial<Written>, Readonly<Record<string, string>>, string]>([
    [{ auth: { type: "Basic" } }, { username: "me", token: "t", password: "p" }, "me:t"],
    [{ auth: { type: "Basic" } }, { username: "me", password: "p:q" }, "me:p:q"],
    [{ auth: { type: "Basic", username: "other" } }, { username: "me", token: "t" }, "other:t"],
  ])("shows Basic %o", async (written, secretValues, login) => {
    const call = await sent(written, secretValues);
    expect(call?.headers.authorization).toBe(`Basic ${Buffer.from(login).toString("base64")}`);
  });

  it("shows a Bearer token", async () => {
    const call = await sent({ auth: { type: "Bearer" } }, { token: "abc\n" });
    expect(call?.headers.authorization).toBe("Bearer abc");
  });

  it.each<[Partial<Written>, Readonly<Record<string, string>>, string]>([
    [{ auth: { type: "Bearer" } }, { password: "hunter2" }, "token"],
    [{ auth: { type: "Bearer" } }, { token: "hunter2 or 3" }, "token"],
    [{ auth: { type: "Basic" } }, { token: "hunter2" }, "username"],
    [{ auth: { type: "Basic", username: "me" } }, {}, "password"],
    [{ auth: { type: "Basic" } }, { username: "hunter2:x", token: "t" }, "colon"],
    [{ body: { fields: [{ name: "p", valueFrom: "Password" }] } }, { token: "hunter2" }, "password"],
  ])("is not sent where the Secret lacks something: %#", async (written, secretValues, reported) => {
    const error = await discreetFailure(sent(written, secretValues));
    expect(error).toMatchObject({ reason: "IdentityInvalid", cause: "Platform", retry: "on-change" });
    expect(error.message).toContain("regcred-system/exchange");
    expect(error.message).toContain(reported);
  });

  it.each<[Partial<TokenExchangeOptions>, string]>([
    [{ audience: "regcred" }, "regcred"],
    [{}, "https://quay.io"],
  ])(
    "shows a token for the operator's audience or the endpoint where the settings name none: %o",
    async (given, aud) => {
      const server = await servers();
      server.answer("/anything", answer);
      await fetched(server, grant({ url, username: "u", auth: { type: "Bearer" } }), given);
      const token = server.calls[0]?.headers.authorization?.replace("Bearer ", "") ?? "";
      expect(jwtClaims(token)).toMatchObject({ aud: [aud] });
    },
  );

  it("goes to allowed hosts only", async () => {
    const server = await servers();
    const options = networkTo(server);
    const guarded = guardedHttp({
      allowed: allowedHosts([]),
      privateAllowed: () => false,
      environment: {},
      clock: options.clock,
    });
    const error = await failureIn(fetched(server, grant({ url: "https://evil.test/t" }), { http: guarded.http }));
    await guarded.close();
    expect(error).toMatchObject({ reason: "EndpointNotAllowed" });
    expect(error.message).toContain("--allowed-hosts");
    expect(server.calls).toEqual([]);
  });

  it.each(["https://1.2.3.400/token", "https://quay.io:99999/token"])(
    "goes to no host that is none: %s",
    async (url) => {
      const server = await servers();
      expect(await failureIn(fetched(server, grant({ url })))).toMatchObject({ reason: "EndpointNotAllowed" });
      expect(server.calls).toEqual([]);
    },
  );

  it("is never made with the operator's own token", async () => {
    const server = await servers();
    const asked = grant(recipes.dockerHub, { identity: { from: "Operator" } });
    await expect(fetched(server, asked)).rejects.toThrow(TypeError);
    expect(server.calls).toEqual([]);
  });
});

describe("the answer", () => {
  async function answered(
    response: Written["response"],
    body: unknown,
    more: Partial<Written> = {},
  ): Promise<NewToken> {
    const server = await servers();
    server.answer("/anything", json(201, body));
    const asked = grant({ url: "https://quay.io/anything", username: "u", response, ...more }, { identity: secret });
    return fetched(server, asked, { identities: identities({ username: "me" }) });
  }

  const seconds = Math.floor(Temporal.Now.instant().epochMilliseconds / 1000) + 86_400;
  const tomorrow = Temporal.Instant.fromEpochMilliseconds(seconds * 1000);
  const jwtWith = (claims: object): string =>
    ["{}", JSON.stringify(claims), "x"].map((part) => Buffer.from(part).toString("base64url")).join(".");
  const exp = jwt({ sub: "x" }, Temporal.Duration.from({ minutes: 5 }));
  it.each<[Written["response"], unknown, string]>([
    [{ tokenPath: "data.token", expiryPath: "data.ttl" }, { data: { token: "t", ttl: 60 } }, "PT1M"],
    [{ expiry: "Time", expiryPath: "end" }, { access_token: "t", end: tomorrow.toString() }, tomorrow.toString()],
    [{ expiry: "Time", expiryPath: "end" }, { access_token: "t", end: seconds }, tomorrow.toString()],
    [{ expiry: "Time", expiryPath: "end" }, { access_token: "t", end: String(seconds) }, tomorrow.toString()],
    [{ expiry: "Time", expiryPath: "end" }, { access_token: "t", end: seconds * 1000 }, tomorrow.toString()],
    [{ expiry: "JWT" }, { access_token: exp }, String(jwtExpiry(exp))],
    [{ expiry: "JWT" }, { access_token: jwtWith({ exp: seconds * 1000 }) }, tomorrow.toString()],
  ])("is read as the settings say: %#", async (response, body, end) => {
    const { expiresAt, issuedAt } = await answered(response, body);
    expect(expiresAt?.toString()).toBe(
      (end.startsWith("P") ? issuedAt.add(end) : Temporal.Instant.from(end)).toString(),
    );
  });

  it.each<[Written["response"], unknown]>([
    [
      { expiry: "Time", expiryPath: "end" },
      { access_token: "t", end: "9999-12-31T23:59:59Z" },
    ],
    [
      { expiry: "Time", expiryPath: "end" },
      { access_token: "t", end: 253_402_300_799 },
    ],
    [{ expiry: "JWT" }, { access_token: jwtWith({ exp: 253_402_300_799_000 }) }],
  ])("counts as ending within a month, whatever it says: %#", async (response, body) => {
    const { expiresAt, issuedAt } = await answered(response, body);
    expect(expiresAt && issuedAt.until(expiresAt).total("hours")).toBeCloseTo(31 * 24, 0);
  });

  it.each([
    [3600, 3600, undefined],
    [3_600_000, 3600, "quay.io says that its token lives for 3600000 seconds, that is taken for milliseconds"],
  ])("that counts its life in milliseconds is believed in these, and told of: %i", async (value, life, reported) => {
    const { expiresAt, issuedAt, doubt } = await answered({}, { access_token: "t", expires_in: value });
    expect([expiresAt && issuedAt.until(expiresAt).total("seconds"), doubt]).toEqual([life, reported]);
  });

  it("may name the user", async () => {
    const body = { access_token: "t", expires_in: 60, who: { name: "found" } };
    const minted = await answered({ usernamePath: "who.name" }, body, { username: undefined });
    expect(loginIn(minted)).toEqual(["found", "t"]);
  });

  it("goes with the Secret's user name where nothing else names one", async () => {
    const minted = await answered({}, { access_token: "t", expires_in: 60 }, { username: undefined });
    expect(loginIn(minted)).toEqual(["me", "t"]);
  });

  it.each<[string, Written["response"], unknown, string]>([
    ["an empty token", {}, { access_token: "", expires_in: 60 }, "access_token"],
    ["a token elsewhere", { tokenPath: "data.token" }, { token: "hunter2", data: [] }, "data.token"],
    ["a token that is inherited", { tokenPath: "constructor.name" }, { expires_in: 60 }, "constructor.name"],
    ["no expiry", {}, { access_token: "hunter2" }, "expires_in"],
    ["a negative length", {}, { access_token: "hunter2", expires_in: -1 }, "expires_in"],
    ["a length of nothing", {}, { access_token: "hunter2", expires_in: 0 }, "ended"],
    ["a time for a length", {}, { access_token: "hunter2", expires_in: 1_800_000_000 }, "expires_in"],
    ["microseconds", { expiry: "Time" }, { access_token: "hunter2", expires_in: 4e15 }, "expires_in"],
    ["a number in hexadecimal", {}, { access_token: "hunter2", expires_in: "0x10" }, "expires_in"],
    ["no number that there is", { expiry: "Time" }, { access_token: "hunter2", expires_in: 1e308 }, "expires_in"],
    ["microseconds in a JWT", { expiry: "JWT" }, { access_token: jwtWith({ exp: 4e15 }) }, "exp"],
    ["a past time", { expiry: "Time" }, { access_token: "hunter2", expires_in: "2020-01-01T00:00:00Z" }, "2020"],
    ["a time that is none", { expiry: "Time" }, { access_token: "hunter2", expires_in: "soon" }, "expires_in"],
    ["a token that is no JWT", { expiry: "JWT" }, { access_token: "hunter2" }, "exp"],
    ["no user", { usernamePath: "user" }, { access_token: "hunter2", expires_in: 60 }, "response.usernamePath user"],
    ["a colon", { usernamePath: "u" }, { access_token: "hunter2", expires_in: 60, u: "hunter2:" }, "colon"],
  ])("with %s is never published", async (_name, response, body, reported) => {
    const username = response?.usernamePath === undefined ? "u" : undefined;
    const error = await discreetFailure(answered(response, body, { username }));
    expect(error).toMatchObject({ reason: "InvalidAnswer", cause: "Platform", retry: "backoff" });
    expect(error.message).toContain(reported);
  });

  it.each([
    ...brokenAnswers,
    ["a wrong target", oauthError("invalid_target"), { reason: "Denied", retry: "slowly" }] as const,
    ["slow_down", oauthError("slow_down", 400), { reason: "Throttled" }] as const,
    ["a pause", oauthError("temporarily_unavailable", 503), { reason: "CloudUnavailable" }] as const,
  ])("%s is told", async (_name, reply, expected) => {
    const server = await servers();
    server.answer("/oauth/token", reply);
    const identity = { ...account, from: "ServiceAccount" } as const;
    const error = await discreetFailure(fetched(server, grant(recipes.dockerHub, { identity })));
    expect(error).toMatchObject({ cause: "Platform", ...expected });
  });

  it("that does not come ends with the attempt", async () => {
    const server = await servers();
    const stop = new AbortController();
    server.answer("/oauth/token", () => new Promise(() => stop.abort(new Error("enough"))));
    const tokens = identities(undefined, (sub, aud) => jwt({ sub, aud }));
    const provider = tokenExchangeProvider({ ...networkTo(server), identities: tokens });
    await expect(provider.fetch(grant(recipes.dockerHub), stop.signal)).rejects.toThrow("enough");
  });
});
