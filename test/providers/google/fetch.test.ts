// Tests that Google hands out tokens to the identity that was named, and to no other.
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/runtime/clock.ts";
import type { OperatorError } from "../../../src/runtime/errors.ts";
import type { GoogleGrant } from "../../../src/providers/google/grant.ts";
import { googleProvider } from "../../../src/providers/google/fetch.ts";
import type { CloudOptions } from "../../../src/providers/provider.ts";
import { allowedHosts } from "../../../src/providers/http/allow-list.ts";
import { guardedHttp } from "../../../src/providers/http/guarded-http.ts";
import type { Http, HttpCall } from "../../../src/providers/http/http.ts";
import { isMetadataUrl } from "../../../src/providers/http/metadata-hosts.ts";
import { NetworkError } from "../../../src/providers/http/network-error.ts";
import type { NewToken } from "../../../src/cluster/token.ts";
import { type FakeClock, fakeClock } from "../../fake-clock.ts";
import { identities } from "../ecr/scenario.ts";
import { contract } from "../contract.ts";
import { googleBehave } from "../servers/google-behaviours.ts";
import {
  apiError,
  googleServer,
  type GoogleOperation,
  type GoogleReply,
  type GoogleServer,
  type GoogleServerOptions,
  type GoogleTokenFacts,
  json,
  oauthError,
} from "../servers/google.ts";
import { failureIn, loginIn, never } from "../scenario.ts";

const readOnly = "https://www.googleapis.com/auth/devstorage.read_only";
const platform = "https://www.googleapis.com/auth/cloud-platform";
const machine = "operator@acme-prod.iam.gserviceaccount.com";
const keyed = "keyed@acme-prod.iam.gserviceaccount.com";
const pull = "pull@acme-prod.iam.gserviceaccount.com";
const subject = "system:serviceaccount:team-a:puller";
const workloadIdentityProvider = "projects/123456789012/locations/global/workloadIdentityPools/clusters/providers/blue";
const audience = `//iam.googleapis.com/${workloadIdentityProvider}`;
const cluster = { project: "acme-prod", location: "europe-west1", name: "blue" };
const gkeAudience =
  "identitynamespace:acme-prod.svc.id.goog:https://container.googleapis.com/v1/projects/acme-prod/locations/europe-west1/clusters/blue";

const tenant: GoogleGrant["identity"] = { from: "TenantServiceAccount", namespace: "team-a", name: "puller", uid: "u" };
const key: GoogleGrant["identity"] = { from: "Secret", namespace: "regcred-system", name: "key" };
const grant: GoogleGrant = { provider: "GAR", identity: { from: "Operator" }, scopes: [readOnly] };

// One for all tests: it takes a while to make.
const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pem = privateKey.export({ type: "pkcs8", format: "pem" });
const keyFile = (given: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({
    type: "service_account",
    project_id: "acme-prod",
    private_key_id: "k1",
    private_key: pem,
    client_email: keyed,
    token_uri: "https://evil.test/token",
    ...given,
  });

interface Fixture {
  readonly server: GoogleServer;
  readonly clock: FakeClock;
  /** What the provider asked for, before it was led to the server. */
  readonly asked: readonly (HttpCall & { readonly metadata: boolean })[];
  fetch(given?: Partial<GoogleGrant>, options?: Partial<CloudOptions>, signal?: AbortSignal): Promise<NewToken>;
  /** The password of a fetch, as the server knows it. */
  facts(minted: NewToken): GoogleTokenFacts | undefined;
}

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

async function fixture(given: Partial<GoogleServerOptions> = {}): Promise<Fixture> {
  const clock = fakeClock();
  const server = await googleServer({
    now: () => clock.now(),
    machine,
    cluster,
    keys: { [keyed]: publicKey },
    federations: { [audience]: audience, [gkeAudience]: "acme-prod.svc.id.goog" },
    impersonators: { [pull]: [machine, keyed, subject] },
    ...given,
  });
  const guarded = guardedHttp({
    allowed: () => true,
    privateAllowed: () => true,
    plainAllowed: () => true,
    environment: {},
    // Limits of time are the machine's, not Google's.
    clock: systemClock(),
  });
  closing.push(
    () => server.close(),
    () => guarded.close(),
  );
  const asked: (HttpCall & { readonly metadata: boolean })[] = [];
  const seen =
    (metadata: boolean): Http =>
    (call, signal) => {
      asked.push({ ...call, metadata });
      return server.reachable(guarded.http)(call, signal);
    };
  const options: CloudOptions = {
    clock,
    identities: identities({ key: { "key.json": `${keyFile()}\n` } }, (sub, aud) => accountToken(clock, sub, aud)),
    http: seen(false),
    metadataHttp: seen(true),
    ca: () => {
      throw new TypeError("no CA is expected");
    },
    environment: {},
  };
  return {
    server,
    clock,
    asked,
    fetch: (fields, changes, signal = never) =>
      googleProvider({ ...options, ...changes }).fetch({ ...grant, ...fields }, signal),
    facts: (minted) => server.facts(loginIn(minted)[1]),
  };
}

/** Nobody signed it; Kubernetes made it `age` seconds ago. */
function accountToken(clock: FakeClock, sub: string, aud: string, age = 0): string {
  const iat = Math.floor(clock.now().epochMilliseconds / 1000) - age;
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part({ sub, aud: [aud], iat, exp: iat + 600 })}.hunter2`;
}

const operations = ({ server }: Fixture): readonly GoogleOperation[] => server.calls.map(({ operation }) => operation);

contract("Google", {
  subject: async () => {
    const google = await fixture();
    return {
      provider: { fetch: (asked, signal) => google.fetch(asked, {}, signal) },
      clock: google.clock,
      grant: { ...grant, identity: tenant, workloadIdentityProvider, impersonate: pull },
      // Its tokens quote it, and those that are shown to it.
      secrets: ["hunter2"],
      behave: (behaviour, asked) => googleBehave(google.server, behaviour, asked),
    };
  },
});

/** Every way to a token, with the last of its calls. */
const ways: readonly (readonly [string, Partial<GoogleGrant>, GoogleOperation, string])[] = [
  ["the machine's account", {}, "metadata-token", machine],
  ["the machine's account as another", { impersonate: pull }, "impersonate", pull],
  ["a key", { identity: key }, "oauth", keyed],
  ["a key as another", { identity: key, impersonate: pull }, "impersonate", pull],
  ["a ServiceAccount", { identity: tenant, workloadIdentityProvider }, "sts", subject],
  [
    "a ServiceAccount as another",
    { identity: tenant, workloadIdentityProvider, impersonate: pull },
    "impersonate",
    pull,
  ],
  ["a ServiceAccount of GKE", { identity: tenant }, "sts", subject],
];

describe.each(ways)("by %s, a token", (_, way, last, principal) => {
  it("is for that principal and the scopes of the grant, and ends when Google says", async () => {
    const google = await fixture();
    const minted = await google.fetch(way);
    expect(loginIn(minted)[0]).toBe("oauth2accesstoken");
    const facts = google.facts(minted);
    expect(facts).toMatchObject({ principal, scopes: [readOnly] });
    expect(minted.issuedAt.toString()).toBe(google.clock.now().toString());
    expect(minted.expiresAt?.toString()).toBe(facts?.expiresAt.toString());
  });

  it("is asked for at hosts that are allowed, and the metadata server with its own Http only", async () => {
    const google = await fixture();
    await google.fetch(way);
    const allowed = allowedHosts([]);
    for (const { url, metadata } of google.asked) {
      expect(
        metadata ? isMetadataUrl(new URL(url)) : url.startsWith("https://") && allowed(new URL(url).hostname, 443),
      ).toBe(true);
    }
  });

  it("is never shown", async () => {
    const google = await fixture();
    const minted = await google.fetch(way);
    expect(JSON.stringify(minted) + inspect(minted, { depth: 9 })).not.toContain("hunter2");
  });

  it.each<readonly [string, GoogleReply]>([
    ["truncated JSON", { status: 200, body: '{"access_token":"ya29.hunter2' }],
    ["an error with status 200", { status: 200, body: '{"error":"hunter2"}' }],
    ["a page", { status: 200, body: "<html>hunter2</html>" }],
    ["null", { status: 200, body: "null" }],
    [
      "an empty token",
      json(200, { access_token: "", accessToken: "", expires_in: 60, expireTime: "2099-01-01T00:00:00Z" }),
    ],
    ["a token that is none", json(200, { access_token: { hunter2: 1 }, accessToken: 1, expires_in: 60 })],
    ["no end", json(200, { access_token: "hunter2", accessToken: "hunter2" })],
    [
      "an end that is none",
      json(200, { access_token: "hunter2", accessToken: "hunter2", expires_in: "x", expireTime: "x" }),
    ],
    ["an end that has passed", json(200, { access_token: "hunter2", expires_in: 0 })],
    ["an end in the past", json(200, { accessToken: "hunter2", expireTime: "2020-01-01T00:00:00Z" })],
  ])("is not made of %s", async (_what, reply) => {
    const google = await fixture();
    google.server.answer(last, reply);
    const failure = await failureIn(google.fetch(way));
    expectFailure(failure, { reason: "InvalidAnswer", retry: "backoff" });
    expect(failure.message).toContain("Google");
  });

  it.each<readonly [GoogleReply, Partial<OperatorError>]>([
    [apiError(429, "RESOURCE_EXHAUSTED", { "retry-after": "17" }), { reason: "Throttled", retry: "backoff" }],
    [apiError(503, "UNAVAILABLE", { "retry-after": "17" }), { reason: "CloudUnavailable", retry: "backoff" }],
    [
      { status: 500, body: "hunter2" },
      { reason: "CloudUnavailable", retry: "backoff" },
    ],
    [apiError(403, "PERMISSION_DENIED"), { reason: "Denied", retry: "slowly" }],
    [
      { status: 403, body: "hunter2" },
      { reason: "Denied", retry: "slowly" },
    ],
    [oauthError("invalid_grant"), { reason: "Denied", retry: "slowly" }],
    [oauthError("not a name: hunter2"), { reason: "CloudUnavailable", retry: "backoff" }],
    [oauthError("temporarily_unavailable"), { reason: "CloudUnavailable", retry: "backoff" }],
  ])("that is refused with %j is told by name", async (reply, expected) => {
    const google = await fixture();
    google.server.answer(last, reply);
    const failure = await failureIn(google.fetch(way));
    expectFailure(failure, expected);
    expect(failure.retryAfter?.total("seconds")).toBe(reply.headers?.["retry-after"] === undefined ? undefined : 17);
    const own = expected.reason === "Denied" && way.identity?.from === "TenantServiceAccount";
    expect(failure.cause).toBe(own ? "Tenant" : "Platform");
  });

  it("is waited for no longer than the signal says", async () => {
    const google = await fixture();
    const stop = new AbortController();
    google.server.answer(last, () => {
      stop.abort(new TypeError("enough"));
      return new Promise(() => {});
    });
    await expect(google.fetch(way, {}, stop.signal)).rejects.toThrow("enough");
  });
});

function expectFailure(failure: OperatorError, expected: Partial<OperatorError>): void {
  expect(failure).toMatchObject(expected);
  expect(failure.message.length).toBeLessThan(1024);
  expect(`${failure.message}${inspect(failure, { depth: 9 })}`).not.toContain("hunter2");
}

describe("the machine's account", () => {
  it("gives the same token until its last minutes, whose end is told as it is", async () => {
    const google = await fixture();
    const first = await google.fetch();
    await google.clock.advance(Temporal.Duration.from({ minutes: 30 }));
    const second = await google.fetch();
    expect(loginIn(second)).toEqual(loginIn(first));
    expect(second.expiresAt?.toString()).toBe(first.expiresAt?.toString());
    expect(second.issuedAt.toString()).toBe(google.clock.now().toString());
    await google.clock.advance(Temporal.Duration.from({ minutes: 26 }));
    expect(loginIn(await google.fetch())).not.toEqual(loginIn(first));
  });

  it("gives a whole life to whom it impersonates, however old its own token is", async () => {
    const google = await fixture();
    await google.fetch({ impersonate: pull });
    await google.clock.advance(Temporal.Duration.from({ minutes: 54 }));
    const minted = await google.fetch({ impersonate: pull });
    expect(minted.expiresAt?.since(google.clock.now()).total("seconds")).toBe(3600);
    expect(google.server.calls.map(({ fields }) => fields["scopes"])).toContain(platform);
  });

  it.each([
    ["knows none", { machine: undefined }, undefined],
    ["is not Google's", {}, { status: 401, headers: { "metadata-flavor": "Amazon" }, body: "hunter2" }],
  ] as const)("is missing where the metadata server %s", async (why, options, reply) => {
    const google = await fixture(options);
    if (reply) google.server.answer("metadata-token", reply);
    const failure = await failureIn(google.fetch());
    expectFailure(failure, { reason: "NoOperatorIdentity", retry: "backoff" });
    expect(failure.message).toContain(why);
  });

  it("is missing where no metadata server answers, and nobody else is asked", async () => {
    const google = await fixture();
    const metadataHttp: Http = () => Promise.reject(new NetworkError("169.254.169.254:80", "ECONNREFUSED"));
    const failure = await failureIn(google.fetch({ impersonate: pull }, { metadataHttp }));
    expectFailure(failure, { reason: "NoOperatorIdentity", retry: "backoff" });
    expect(failure.message).toContain("ECONNREFUSED");
    expect(failure.origin).toBeInstanceOf(NetworkError);
    expect(google.server.calls).toEqual([]);
  });
});

describe("a key of a service account", () => {
  it("is the operator's own where GOOGLE_APPLICATION_CREDENTIALS names its file", async () => {
    const google = await fixture();
    const minted = await google.fetch({}, { environment: { GOOGLE_APPLICATION_CREDENTIALS: await file(keyFile()) } });
    expect(google.facts(minted)?.principal).toBe(keyed);
    expect(operations(google)).toEqual(["oauth"]);
  });

  it.each([
    ["cannot be read", "/nowhere/key.json"],
    ["external_account", undefined],
  ])("in a file that %s is no identity, and the machine's is not used instead", async (why, path) => {
    const google = await fixture();
    const environment = { GOOGLE_APPLICATION_CREDENTIALS: path ?? (await file(keyFile({ type: "external_account" }))) };
    const failure = await failureIn(google.fetch({}, { environment }));
    expectFailure(failure, { reason: "NoOperatorIdentity" });
    expect(failure.message).toContain(why);
    expect(google.asked).toEqual([]);
  });

  it.each([
    [
      "external_account",
      keyFile({ type: "external_account", credential_source: { executable: { command: "hunter2" } } }),
    ],
    ["is no JSON key", keyFile({ type: "authorized_user", refresh_token: "hunter2" })],
    ["is no JSON key", keyFile({ type: undefined })],
    ["is no JSON key", "hunter2"],
    ["is no JSON key", '"hunter2"'],
    ["is no JSON key", ""],
    ["client_email", keyFile({ client_email: undefined })],
    ["client_email", keyFile({ client_email: "hunter2" })],
    ["private_key", keyFile({ private_key: "hunter2" })],
    ["private_key", keyFile({ private_key: pem.slice(0, 200) })],
    ["private_key", keyFile({ private_key: ecKey() })],
    ["universe", keyFile({ universe_domain: "hunter2.test" })],
  ])("is refused where it %s (%#)", async (why, text) => {
    const google = await fixture();
    const failure = await failureIn(
      google.fetch({ identity: key }, { identities: identities({ key: { "key.json": text } }) }),
    );
    expectFailure(failure, { reason: "IdentityInvalid", cause: "Platform", retry: "on-change" });
    expect(failure.message).toContain("regcred-system/key");
    expect(failure.message).toContain(why);
    expect(google.asked).toEqual([]);
  });

  it("is looked for under key.json", async () => {
    const google = await fixture();
    const secrets = identities({ key: { "other.json": keyFile() } });
    const failure = await failureIn(google.fetch({ identity: key }, { identities: secrets }));
    expectFailure(failure, { reason: "IdentityInvalid", retry: "on-change" });
    expect(failure.message).toContain("key.json");
  });

  it("that Google does not know is refused", async () => {
    const google = await fixture({ keys: {} });
    const failure = await failureIn(google.fetch({ identity: key }));
    expectFailure(failure, { reason: "Denied", retry: "slowly", cause: "Platform" });
    expect(failure.message).toContain("invalid_grant");
    expect(failure.message).toContain(keyed);
  });
});

describe("the token of a ServiceAccount", () => {
  it.each([
    ["the provider's", { workloadIdentityProvider }, audience, audience],
    ["GKE's", {}, "acme-prod.svc.id.goog", gkeAudience],
  ] as const)(
    "is made for %s audience and sent without any Authorization",
    async (_, way, tokenAudience, exchanged) => {
      const google = await fixture();
      const audiences: string[] = [];
      await google.fetch(
        { identity: tenant, ...way },
        { identities: identities({}, (sub, aud) => (audiences.push(aud), accountToken(google.clock, sub, aud))) },
      );
      expect(audiences).toEqual([tokenAudience]);
      const call = google.server.calls.at(-1);
      expect(call).toMatchObject({ operation: "sts", fields: { audience: exchanged, scope: readOnly } });
      expect(call?.headers).not.toHaveProperty("authorization");
    },
  );

  it("is made anew once where Google finds it stale", async () => {
    const google = await fixture();
    const ages = [7200, 0];
    const minted = await google.fetch(
      { identity: tenant, workloadIdentityProvider },
      { identities: identities({}, (sub, aud) => accountToken(google.clock, sub, aud, ages.shift())) },
    );
    expect(google.facts(minted)?.principal).toBe(subject);
    expect(operations(google)).toEqual(["sts", "sts"]);
  });

  it("that is stale twice is a matter of clocks", async () => {
    const google = await fixture();
    const stale = identities({}, (sub, aud) => accountToken(google.clock, sub, aud, 7200));
    const failure = await failureIn(
      google.fetch({ identity: tenant, workloadIdentityProvider }, { identities: stale }),
    );
    expectFailure(failure, { reason: "StaleServiceAccountToken", cause: "Platform", retry: "backoff" });
    expect(operations(google)).toEqual(["sts", "sts"]);
  });

  it("for the wrong audience is refused, and nobody else asks instead", async () => {
    const google = await fixture({ federations: { [audience]: "other" } });
    const failure = await failureIn(google.fetch({ identity: tenant, workloadIdentityProvider, impersonate: pull }));
    expectFailure(failure, { reason: "Denied", cause: "Tenant", retry: "slowly" });
    expect(failure.message).toContain(subject);
    expect(operations(google)).toEqual(["sts"]);
  });

  it("needs the name of a provider where the cluster is not GKE", async () => {
    const google = await fixture({ cluster: undefined });
    const failure = await failureIn(google.fetch({ identity: tenant }));
    expectFailure(failure, { reason: "MissingWorkloadIdentityProvider", cause: "Platform" });
    expect(failure.message).toContain("google.workloadIdentityProvider");
    expect(operations(google)).not.toContain("sts");
  });

  it("goes nowhere where the metadata server's names are none", async () => {
    const google = await fixture({ cluster: { ...cluster, name: "x/../../evil" } });
    const failure = await failureIn(google.fetch({ identity: tenant }));
    expectFailure(failure, { reason: "MissingWorkloadIdentityProvider" });
    expect(operations(google)).not.toContain("sts");
  });
});

describe("impersonation", () => {
  it("asks with a token of its own for the grant's scopes", async () => {
    const google = await fixture();
    await google.fetch({ identity: key, impersonate: pull });
    const [own, asked] = google.server.calls;
    expect(own?.operation).toBe("oauth");
    expect(asked).toMatchObject({ operation: "impersonate", fields: { scope: [readOnly], lifetime: "3600s" } });
    const sent = asked?.headers.authorization?.replace("Bearer ", "") ?? "";
    expect(google.server.facts(sent)).toMatchObject({ principal: keyed, scopes: [platform] });
  });

  it.each([
    ["roles/iam.serviceAccountTokenCreator", { identity: key }, "Platform"],
    ["roles/iam.workloadIdentityUser", { identity: tenant, workloadIdentityProvider }, "Tenant"],
  ] as const)("that is not granted names %s", async (role, way, cause) => {
    const google = await fixture({ impersonators: {} });
    const failure = await failureIn(google.fetch({ ...way, impersonate: pull }));
    expectFailure(failure, { reason: "Denied", cause, retry: "slowly" });
    expect(failure.message).toContain(role);
    expect(failure.message).toContain(pull);
    expect(failure.message).toContain("PERMISSION_DENIED");
  });
});

it("asks with the CA of the entry, except over plain http", async () => {
  const google = await fixture();
  const way = { identity: tenant, impersonate: pull, caSecretName: "corp-ca" };
  await google.fetch(way, { ca: (name) => `PEM of ${name}` });
  const authorities = google.asked.map(({ url, ca }) => [new URL(url).hostname, ca] as const);
  expect(new Map(authorities)).toEqual(
    new Map([
      ["169.254.169.254", undefined],
      ["sts.googleapis.com", "PEM of corp-ca"],
      ["iamcredentials.googleapis.com", "PEM of corp-ca"],
    ]),
  );
});

it("lets a network error be one", async () => {
  const google = await fixture();
  const http: Http = () => Promise.reject(new NetworkError("oauth2.googleapis.com", "ECONNRESET"));
  await expect(google.fetch({ identity: key }, { http })).rejects.toThrow(NetworkError);
});

async function file(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "google-key-"));
  closing.push(() => rm(folder, { recursive: true }));
  const path = join(folder, "key.json");
  await writeFile(path, text);
  return path;
}

function ecKey(): string {
  const { privateKey: ec } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return ec.export({ type: "pkcs8", format: "pem" });
}
