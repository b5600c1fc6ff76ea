// Tests that a pull check finds what a login may do, and shows the login to nobody else.
import { describe, expect, it } from "vitest";
import { Redacted } from "../../src/runtime/redacted.ts";
import { type Exchange, loginCheck, pullCheck, type PullCheckOptions } from "../../src/registry/pull-check.ts";

type Call = Parameters<Exchange>[0];
type Answer = Awaited<ReturnType<Exchange>>;

const login = { username: "ann", password: new Redacted("pä55:word") };
const basic = `Basic ${Buffer.from("ann:pä55:word").toString("base64")}`;
const never = new AbortController().signal;

function answer(status: number, headers: Answer["headers"] = {}, text = ""): Answer {
  return { status, headers, text };
}
const challenge = (header: string): Answer => answer(401, { "www-authenticate": header });
const bearerAt = (realm: string): Answer => challenge(`Bearer realm="${realm}",service="reg,istry"`);
const hello = "GET https://ghcr.io/v2/";
const helloAgain = `${hello} with the login`;
const tokenUrl = "GET https://ghcr.io/token";
const manifest = "HEAD https://ghcr.io/v2/acme/app/manifests/1";

/** A registry by method and URL without query; whatever is not written there must not be asked for. */
function registry(script: Readonly<Record<string, Answer | Error>>): { exchange: Exchange; calls: Call[] } {
  const calls: Call[] = [];
  const exchange: Exchange = (call) => {
    calls.push(call);
    const what = `${call.method} ${call.url.split("?")[0]}`;
    const found = (call.headers?.["authorization"] && script[`${what} with the login`]) || script[what];
    if (!found) throw new TypeError(`not expected: ${call.method} ${call.url}`);
    return found instanceof Error ? Promise.reject(found) : Promise.resolve(found);
  };
  return { exchange, calls };
}

/** What `docker login` would find. */
async function loggedIn(script: Readonly<Record<string, Answer | Error>>, domain = "ghcr.io") {
  const { exchange, calls } = registry(script);
  const result = await loginCheck(domain, login, { exchange }, never);
  expect(JSON.stringify(result)).not.toMatch(/pä55|word|t0ken/);
  return { ...result, calls, reported: calls.filter(({ headers }) => headers?.["authorization"] !== undefined) };
}

async function check(
  script: Readonly<Record<string, Answer | Error>>,
  image = "ghcr.io/acme/app:1",
  options: Partial<PullCheckOptions> = {},
) {
  const { exchange, calls } = registry(script);
  const result = await pullCheck(image, login, { exchange, ...options }, never);
  // Whatever happens, what is told holds no secret.
  expect(JSON.stringify(result)).not.toMatch(/pä55|word|t0ken/);
  return { ...result, calls, reported: calls.filter(({ headers }) => headers?.["authorization"] !== undefined) };
}

describe("a registry that asks for Basic authentication", () => {
  const asks = { [hello]: challenge('Basic realm="https://ghcr.io/",service="x"') };

  it("gets the login with the manifest, never before it asked", async () => {
    const { verification, detail, calls } = await check({ ...asks, [manifest]: answer(200) });
    expect({ verification, detail }).toEqual({ verification: "Verified", detail: undefined });
    expect(calls.map(({ headers }) => headers?.["authorization"])).toEqual([undefined, basic]);
  });

  it.each([401, 403])("denies the login with %i", async (status) => {
    expect(await check({ ...asks, [manifest]: answer(status) })).toMatchObject({
      verification: "Denied",
      detail: `the login may not pull ghcr.io/acme/app (HTTP ${status})`,
    });
  });
});

describe("a registry with a token server", () => {
  const asks = { [hello]: bearerAt("https://ghcr.io/token") };

  it.each(["token", "access_token"])("gives a %s for the one repository, for a pull", async (member) => {
    const { verification, calls } = await check({
      ...asks,
      [tokenUrl]: answer(200, {}, JSON.stringify({ [member]: "t0ken" })),
      [manifest]: answer(200),
    });
    expect(verification).toBe("Verified");
    expect(calls.map(({ headers }) => headers?.["authorization"])).toEqual([undefined, basic, "Bearer t0ken"]);
    expect(Object.fromEntries(new URL(calls[1]?.url ?? "").searchParams)).toEqual({
      service: "reg,istry",
      scope: "repository:acme/app:pull",
      account: "ann",
    });
  });

  it("is preferred to Basic where both are offered", async () => {
    const both = challenge('Basic realm="x", Bearer realm="https://ghcr.io/token"');
    const { reported } = await check({
      [hello]: both,
      [tokenUrl]: answer(200, {}, '{"token":"t0ken"}'),
      [manifest]: answer(200),
    });
    expect(reported.map(({ headers }) => headers?.["authorization"])).toEqual([basic, "Bearer t0ken"]);
  });

  it.each([401, 403])("denies the login with %i", async (status) => {
    expect(await check({ ...asks, [tokenUrl]: answer(status) })).toMatchObject({
      verification: "Denied",
      detail: `ghcr.io refused the login (HTTP ${status})`,
    });
  });

  it.each([401, 403])("denies with %i at the manifest where it gave a token of fewer rights", async (status) => {
    const reduced = answer(200, {}, '{"token":"t0ken"}');
    expect(await check({ ...asks, [tokenUrl]: reduced, [manifest]: answer(status) })).toMatchObject({
      verification: "Denied",
    });
  });

  it.each([
    ["an empty token", 200, '{"token":""}'],
    ["no token", 200, "{}"],
    ["truncated JSON", 200, '{"token":"t0k'],
    ["null", 200, "null"],
    ["throttling", 429, ""],
    ["trouble", 503, "t0ken"],
    ["a redirect", 302, ""],
  ])("that answers with %s decides nothing", async (_what, status, text) => {
    expect(await check({ ...asks, [tokenUrl]: answer(status, {}, text) })).toMatchObject({
      verification: "Inconclusive",
    });
  });

  it.each([
    ["on another host", "https://evil.example.com/token"],
    ["without TLS", "http://ghcr.io/token"],
    ["with a user in it", "https://ghcr.io@evil.example.com/token"],
    ["that is no URL", "token"],
  ])("%s is never told the login", async (_where, realm) => {
    const { verification, reported, calls } = await check({ [hello]: bearerAt(realm) });
    expect(verification).toBe("Inconclusive");
    expect(reported).toEqual([]);
    expect(calls).toHaveLength(1);
  });

  it("on another host is told the login where the entry names it, and asked with the registry's CA", async () => {
    const script = {
      "GET https://gitlab.corp.example:5050/v2/": bearerAt("https://gitlab.corp.example/jwt/auth"),
      "GET https://gitlab.corp.example/jwt/auth": answer(200, {}, '{"token":"t0ken"}'),
      "HEAD https://gitlab.corp.example:5050/v2/acme/app/manifests/1": answer(200),
    };
    const image = "gitlab.corp.example:5050/acme/app:1";
    const named = await check(script, image, { tokenServers: ["gitlab.corp.example"], ca: "PEM" });
    expect(named.verification).toBe("Verified");
    expect(named.calls.every(({ ca }) => ca === "PEM")).toBe(true);
    const unnamed = await check(script, image);
    expect(unnamed).toMatchObject({ verification: "Inconclusive", reported: [] });
    expect(unnamed.detail).toContain(
      'which is not trusted; none were sent; if that is its token server, write tokenServers: ["gitlab.corp.example"] into the entry',
    );
  });

  it.each([
    "http://gitlab.corp.example/jwt/auth",
    "token",
    `https://${"a.".repeat(140)}example/t`,
    "https://ghcr.io,which-is-trusted;all-is-well",
    "https://a$(reboot)/t",
    "https://a','evil.example/t",
  ])("%s is neither proposed for tokenServers nor repeated", async (realm) => {
    const { detail } = await check({ [hello]: bearerAt(realm) });
    expect(detail).toBe(
      "ghcr.io sends credentials to a token server without https or a proper host name, which is not trusted; none were sent",
    );
  });

  it("that is not named is not asked", async () => {
    const { verification, reported } = await check({ [hello]: challenge('Bearer service="x"') });
    expect({ verification, reported }).toEqual({ verification: "Inconclusive", reported: [] });
  });
});

describe("a login alone", () => {
  const basicHello = { [hello]: challenge('Basic realm="x"') };
  const bearerHello = { [hello]: bearerAt("https://ghcr.io/token") };

  it("is taken where the registry's own token server gives a token for it, and asks for no repository", async () => {
    const { verification, detail, calls } = await loggedIn({
      ...bearerHello,
      [tokenUrl]: answer(200, {}, '{"token":"t0ken"}'),
    });
    expect({ verification, detail }).toEqual({ verification: "Authenticated", detail: undefined });
    expect(calls).toHaveLength(2);
    expect(Object.fromEntries(new URL(calls[1]?.url ?? "").searchParams)).toEqual({
      service: "reg,istry",
      account: "ann",
    });
  });

  it("is taken where the registry answers it with 200", async () => {
    const { verification, reported } = await loggedIn({ ...basicHello, [helloAgain]: answer(200) });
    expect(verification).toBe("Authenticated");
    expect(reported.map(({ headers }) => headers?.["authorization"])).toEqual([basic]);
  });

  it("is refused by a 401 of the token server or of the registry, and by nothing else", async () => {
    expect(await loggedIn({ ...bearerHello, [tokenUrl]: answer(401) })).toMatchObject({
      verification: "Denied",
      detail: "ghcr.io refused the login (HTTP 401)",
    });
    expect(await loggedIn({ ...basicHello, [helloAgain]: answer(401) })).toMatchObject({ verification: "Denied" });
    for (const status of [400, 403, 404, 429, 500]) {
      expect(await loggedIn({ ...bearerHello, [tokenUrl]: answer(status) })).toMatchObject({
        verification: "Inconclusive",
      });
      expect(await loggedIn({ ...basicHello, [helloAgain]: answer(status) })).toMatchObject({
        verification: "Inconclusive",
      });
    }
  });

  it.each<[string, Answer | Error]>([
    ["lets everybody in", answer(200)],
    ["has no API", answer(404)],
    ["names a realm on another host", bearerAt("https://evil.example.com/token")],
    ["cannot be asked", Object.assign(new Error("x"), { reason: "EndpointNotAllowed" })],
  ])("is not shown to a registry that %s", async (_what, given) => {
    const { verification, reported } = await loggedIn({ [hello]: given });
    expect({ verification, reported }).toEqual({ verification: "Inconclusive", reported: [] });
  });

  it("to Docker Hub is tried at the host of its API", async () => {
    const { verification } = await loggedIn(
      {
        "GET https://registry-1.docker.io/v2/": bearerAt("https://auth.docker.io/token"),
        "GET https://auth.docker.io/token": answer(200, {}, '{"token":"t0ken"}'),
      },
      "docker.io",
    );
    expect(verification).toBe("Authenticated");
  });
});

describe("what decides nothing, and tells nobody the login", () => {
  it.each<[string, Answer | Error]>([
    ["a certificate that is not trusted", Object.assign(new Error("x"), { name: "NetworkError" })],
    ["a redirect", Object.assign(new Error("x"), { reason: "RedirectRefused" })],
    ["a host that is not allowed", Object.assign(new Error("x"), { reason: "EndpointNotAllowed" })],
    ["a redirect that is not followed", answer(307, { location: "https://evil.example.com/v2/" })],
    ["a registry that lets everybody in", answer(200)],
    ["a registry without API", answer(404)],
    ["trouble", answer(503)],
    ["a challenge that cannot be read", answer(401)],
    ["another authentication", challenge("Negotiate")],
  ])("is %s", async (_what, given) => {
    const { verification, reported, calls } = await check({ [hello]: given });
    expect({ verification, reported }).toEqual({ verification: "Inconclusive", reported: [] });
    expect(calls).toHaveLength(1);
  });

  it("says by name what went wrong", async () => {
    const error = Object.assign(new Error("name another host"), { reason: "RedirectRefused" });
    expect((await check({ [hello]: error })).detail).toBe(
      "ghcr.io could not be asked (RedirectRefused: name another host)",
    );
  });

  it("is an image that is none", async () => {
    const { verification, calls } = await check({}, "ghcr.io/Acme App");
    expect({ verification, calls }).toEqual({ verification: "Inconclusive", calls: [] });
  });
});

describe("the manifest", () => {
  const asks = { [hello]: challenge("Basic realm=x") };

  it("may be that of an image or of an index, of OCI or of Docker", async () => {
    const { calls } = await check({ ...asks, [manifest]: answer(200) });
    expect(calls.at(-1)?.headers?.["accept"]?.split(", ").toSorted()).toEqual([
      "application/vnd.docker.distribution.manifest.list.v2+json",
      "application/vnd.docker.distribution.manifest.v2+json",
      "application/vnd.oci.image.index.v1+json",
      "application/vnd.oci.image.manifest.v1+json",
    ]);
  });

  it.each([
    ["token server", { [hello]: bearerAt("https://ghcr.io/token"), [tokenUrl]: answer(200, {}, '{"token":"t0ken"}') }],
    ["registry", { ...asks, [helloAgain]: answer(200) }],
  ])("that is not there, or hidden, shows that the %s takes the login, and no more", async (_who, script) => {
    const result = await check({ ...script, [manifest]: answer(404) });
    expect(result.verification).toBe("Authenticated");
    expect(result.detail).toMatch(/is not there, or is hidden/);
  });

  it("that is not there decides nothing where the login is not taken either", async () => {
    const { verification, detail } = await check({ ...asks, [manifest]: answer(404) });
    expect(verification).toBe("Inconclusive");
    expect(detail).toMatch(/^ghcr.io\/acme\/app is not there, or is hidden/);
  });

  it.each([
    [400, /HTTP 400/],
    [429, /HTTP 429/],
    [500, /HTTP 500/],
    [307, /HTTP 307/],
  ])("that is answered with %i decides nothing", async (status, detail) => {
    const result = await check({ ...asks, [manifest]: answer(status) });
    expect(result.verification).toBe("Inconclusive");
    expect(result.detail).toMatch(detail);
  });

  it.each([
    ["ghcr.io/acme/app", "https://ghcr.io/v2/acme/app/manifests/latest"],
    [`ghcr.io/acme/app:1@sha256:${"a".repeat(64)}`, `https://ghcr.io/v2/acme/app/manifests/sha256:${"a".repeat(64)}`],
  ])("of %s is looked for at %s", async (image, url) => {
    const { verification } = await check({ ...asks, [`HEAD ${url}`]: answer(200) }, image);
    expect(verification).toBe("Verified");
  });

  it("of Docker Hub is at the host of its API, and its token at a companion", async () => {
    const { verification, calls } = await check(
      {
        "GET https://registry-1.docker.io/v2/": bearerAt("https://auth.docker.io/token"),
        "GET https://auth.docker.io/token": answer(200, {}, '{"token":"t0ken"}'),
        "HEAD https://registry-1.docker.io/v2/library/busybox/manifests/latest": answer(200),
      },
      "busybox",
    );
    expect(verification).toBe("Verified");
    expect(new URL(calls[1]?.url ?? "").searchParams.get("scope")).toBe("repository:library/busybox:pull");
  });
});

describe("each call", () => {
  it("goes out with the CA of the entry, and plainly only where that is asked for", async () => {
    const { calls } = await check(
      {
        "GET http://127.0.0.1:5000/v2/": bearerAt("http://127.0.0.1:5000/token"),
        "GET http://127.0.0.1:5000/token": answer(200, {}, '{"token":"t0ken"}'),
        "HEAD http://127.0.0.1:5000/v2/acme/app/manifests/1": answer(200),
      },
      "127.0.0.1:5000/acme/app:1",
      { scheme: "http", ca: "PEM" },
    );
    expect(calls.map(({ ca }) => ca)).toEqual(["PEM", "PEM", "PEM"]);
  });

  it("ends the check when the signal aborts, with what the call says of it", async () => {
    const stop = new AbortController();
    const exchange: Exchange = () => {
      stop.abort(new Error("enough"));
      return Promise.reject(new Error("no answer within 45 s"));
    };
    await expect(pullCheck("ghcr.io/a/b", login, { exchange }, stop.signal)).rejects.toThrow("no answer within 45 s");
  });
});

describe("a challenge that is too long to be one", () => {
  it.each([4_097, 65_536])("of %i characters is not read, and no login is sent", async (length) => {
    const header = 'Bearer realm="https://ghcr.io/token"'.padEnd(length, " ");
    const { verification, detail, reported } = await check({ [hello]: challenge(header) });
    expect(verification).toBe("Inconclusive");
    expect(detail).toBe("ghcr.io asks for an authentication in more than 4096 characters, which are not read");
    expect(reported).toEqual([]);
  });
});
