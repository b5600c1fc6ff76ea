// Tests that the OCIR provider gets tokens as each identity, and reports whatever goes wrong.
import { createHash, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Environment } from "../../../src/config/config.ts";
import type { OcirGrant } from "../../../src/providers/ocir/grant.ts";
import { NetworkError } from "../../../src/providers/http/network-error.ts";
import { ocirProvider, type OcirOptions } from "../../../src/providers/ocir/fetch.ts";
import type { NewToken } from "../../../src/cluster/token.ts";
import { jwtClaims } from "../../../src/runtime/jwt-claims.ts";
import { account, identities } from "../acr/scenario.ts";
import { contract } from "../contract.ts";
import { jwt } from "../servers/azure.ts";
import { oracleBehave } from "../servers/oracle-behaviours.ts";
import { oracleError, oracleServer, type OracleOptions } from "../servers/oracle.ts";
import { json, type VendorServer } from "../servers/vendor.ts";
import { brokenAnswers, discreetFailure, networkTo, startedUntilEnd } from "../vendor-scenario.ts";
import { failureIn, loginIn, never } from "../scenario.ts";

const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
const privateKey = pair.privateKey.export({ type: "pkcs8", format: "pem" });
const publicKey = pair.publicKey.export({ type: "spki", format: "pem" });
const fingerprint = (
  createHash("md5")
    .update(pair.publicKey.export({ type: "spki", format: "der" }))
    .digest("hex")
    .match(/../g) ?? []
).join(":");
const apiKey = { tenancy: "ocid1.tenancy.oc1..acme", user: "ocid1.user.oc1..puller", fingerprint, privateKey };
const keyId = `${apiKey.tenancy}/${apiKey.user}/${fingerprint}`;
const operator = { from: "Operator" } as const;

function grant(more: Partial<OcirGrant> = {}): OcirGrant {
  const identity = { from: "Secret", namespace: "regcred-system", name: "oci" } as const;
  return { provider: "OCIR", host: "fra.ocir.io", identity, caSecretName: "vendor-ca", ...more };
}

function oracle(options: OracleOptions = {}): Promise<VendorServer> {
  return startedUntilEnd(oracleServer({ users: { [keyId]: publicKey }, ...options }));
}

function optionsFor(server: VendorServer, given: Partial<OcirOptions> = {}): OcirOptions {
  return {
    ...networkTo(server),
    identities: identities(apiKey),
    environment: {},
    places: { metadataUrl: `${server.plainUrl}/opc/v2/` },
    ...given,
  };
}

function fetched(server: VendorServer, asked: OcirGrant, given: Partial<OcirOptions> = {}): Promise<NewToken> {
  return ocirProvider(optionsFor(server, given)).fetch(asked, never);
}

function claimsIn(minted: NewToken): Readonly<Record<string, unknown>> | undefined {
  return jwtClaims(loginIn(minted)[1]);
}

/** The SDK reads the process's own variables. */
function variables(environment: Record<string, string>): Environment {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  return environment;
}

contract("OCIR", {
  // Nobody shows a token: an API key signs.
  behaviours: ["throttle", "slow", "truncated", "error-body", "empty", "no-expiry", "expired", "deny"],
  subject: async () => {
    const server = await oracle();
    const options = optionsFor(server);
    return {
      provider: ocirProvider(options),
      clock: options.clock,
      grant: grant(),
      secrets: ["hunter2", privateKey],
      behave: (behaviour, asked) => oracleBehave(server, behaviour, asked),
    };
  },
});

describe("an API key", () => {
  it("signs for a token that goes with the user name BEARER_TOKEN, for as long as the registry says", async () => {
    const server = await oracle({ lifetime: 1800 });
    const minted = await fetched(server, grant());
    expect(loginIn(minted)[0]).toBe("BEARER_TOKEN");
    expect(claimsIn(minted)).toMatchObject({ keyId, host: "fra.ocir.io" });
    expect(minted.expiresAt?.since(minted.issuedAt).total("minutes")).toBe(30);
    expect(server.calls.map(({ method, host, path }) => [method, host, path])).toEqual([
      ["GET", "fra.ocir.io", "/20180419/docker/token"],
    ]);
    expect(`${inspect(minted, { depth: 9 })}${JSON.stringify(minted)}`).not.toContain(loginIn(minted)[1]);
  });

  it("may be locked by a passphrase, written in PKCS #1, and end as Oracle's console writes it", async () => {
    const locked = pair.privateKey.export({
      type: "pkcs8",
      format: "pem",
      cipher: "aes-256-cbc",
      passphrase: "hunter2",
    });
    const old = `${pair.privateKey.export({ type: "pkcs1", format: "pem" })}OCI_API_KEY\n`;
    for (const values of [{ privateKey: locked, passphrase: "hunter2\n" }, { privateKey: old }]) {
      const server = await oracle();
      const minted = await fetched(server, grant(), { identities: identities({ ...apiKey, ...values }) });
      expect(claimsIn(minted)).toMatchObject({ keyId });
    }
  });

  const others = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" });
  it.each<[Readonly<Record<string, string>>, string]>([
    [{ tenancy: "" }, "tenancy"],
    [{ user: "\n" }, "user"],
    [{ user: "puller" }, "ocid1.user"],
    [{ tenancy: 'ocid1.tenancy.oc1.."x' }, "ocid1.tenancy"],
    [{ fingerprint: "" }, "fingerprint"],
    [{ fingerprint: "aa:bb" }, fingerprint],
    [{ privateKey: "" }, "privateKey"],
    [{ privateKey: "hunter2" }, "privateKey"],
    [{ privateKey: others }, "privateKey"],
    [
      {
        privateKey: pair.privateKey.export({
          type: "pkcs8",
          format: "pem",
          cipher: "aes-256-cbc",
          passphrase: "other",
        }),
        passphrase: "hunter2",
      },
      "passphrase",
    ],
  ])("that is none is not used, and told: %#", async (values, reported) => {
    const server = await oracle();
    const source = identities({ ...apiKey, ...values });
    const error = await discreetFailure(fetched(server, grant(), { identities: source }));
    expect(error).toMatchObject({ reason: "IdentityInvalid", cause: "Platform", retry: "on-change" });
    expect(error.message).toContain(reported);
    expect(server.calls).toEqual([]);
  });

  it("that Oracle does not know is told with Oracle's code", async () => {
    const error = await discreetFailure(fetched(await oracle({ users: {} }), grant()));
    expect(error).toMatchObject({ reason: "Denied", cause: "Platform", retry: "slowly" });
    expect(error.message).toContain("NotAuthenticated, HTTP 401");
    expect(error.message).toContain("read repos");
  });
});

describe("the registry's answer", () => {
  it.each(brokenAnswers)("%s is told", async (_name, reply, expected) => {
    const server = await oracle();
    server.answer("/token", reply);
    expect(await discreetFailure(fetched(server, grant()))).toMatchObject({ cause: "Platform", ...expected });
  });

  it.each([oracleError(404, "NotAuthorizedOrNotFound"), { status: 404, body: "hunter2" }])(
    "404 is a refusal: %#",
    async (reply) => {
      const server = await oracle();
      server.answer("/token", reply);
      expect(await discreetFailure(fetched(server, grant()))).toMatchObject({ reason: "Denied", retry: "slowly" });
    },
  );

  it.each([
    ["an empty token", { token: "", expires_in: 60 }],
    ["no expiry", { token: "hunter2" }],
    ["a past expiry", { token: "hunter2", expires_in: 0 }],
    ["an expiry that is a time", { token: "hunter2", expires_in: 1_800_000_000 }],
  ])("with %s is never published", async (_name, body) => {
    const server = await oracle();
    server.answer("/token", json(200, body));
    expect(await discreetFailure(fetched(server, grant()))).toMatchObject({ reason: "InvalidAnswer" });
  });

  it("that does not come ends with the attempt", async () => {
    const server = await oracle();
    const stop = new AbortController();
    server.answer("/token", () => new Promise(() => stop.abort(new Error("enough"))));
    await expect(ocirProvider(optionsFor(server)).fetch(grant(), stop.signal)).rejects.toThrow("enough");
  });
});

describe("the operator", () => {
  const asked = grant({ identity: operator });

  it("is its instance where nothing else is set", async () => {
    const server = await oracle();
    expect(claimsIn(await fetched(server, asked))?.["keyId"]).toMatch(/^ST\$ey/);
    expect(new Set(server.calls.map(({ path }) => path))).toEqual(
      new Set([
        "/opc/v2/instance/region",
        "/opc/v2/identity/cert.pem",
        "/opc/v2/identity/key.pem",
        "/opc/v2/identity/intermediate.pem",
        "/v1/x509",
        "/20180419/docker/token",
      ]),
    );
    const federation = server.calls.find(({ path }) => path === "/v1/x509");
    expect(federation?.host).toBe("auth.eu-frankfurt-1.oraclecloud.com");
    // As every SDK of Oracle's signs it.
    expect(federation?.headers["authorization"]).toContain(
      'headers="date (request-target) host content-type content-length x-content-sha256"',
    );
    expect(JSON.parse(federation?.body ?? "")).toMatchObject({ purpose: "DEFAULT" });
  });

  it("is federated where an administrator leads it", async () => {
    const server = await oracle();
    await fetched(server, asked, { endpoints: { ociAuth: { "*": "https://own.eu-frankfurt-1.oraclecloud.com" } } });
    expect(server.calls.find(({ path }) => path === "/v1/x509")?.host).toBe("own.eu-frankfurt-1.oraclecloud.com");
  });

  it("asks for its certificates at the metadata service's own address, past any proxy", async () => {
    const server = await oracle();
    const origins: string[] = [];
    const { places: _, ...options } = optionsFor(server);
    const provider = ocirProvider({
      ...options,
      metadataHttp: (call, signal) => {
        origins.push(new URL(call.url).origin);
        const url = call.url.replace("http://169.254.169.254", server.plainUrl);
        return options.metadataHttp({ ...call, url }, signal);
      },
    });
    await provider.fetch(asked, never);
    expect(new Set(origins)).toEqual(
      new Set(["http://169.254.169.254", "https://auth.eu-frankfurt-1.oraclecloud.com"]),
    );
  });

  it.each([
    ["/region", "fra/../x"],
    ["/cert.pem", "hunter2"],
    ["/key.pem", privateKey],
    ["/intermediate.pem", ""],
  ])("makes nothing of a metadata service that answers %s with something else", async (path, body) => {
    const server = await oracle();
    server.answer(path, { status: 200, body });
    const error = await discreetFailure(fetched(server, asked));
    expect(error).toMatchObject({ reason: "NoOperatorIdentity", retry: "backoff" });
    expect(server.calls.filter(({ path: one }) => one === "/v1/x509")).toEqual([]);
  });

  it.each(["fra/../x", "evil.example/", "evil.example#", "evil.example?", "a.b", "FRA", "x@evil.example:1/", "-a", ""])(
    "asks for no token where the region leads elsewhere: %j",
    async (region) => {
      const server = await oracle();
      server.answer("/region", { status: 200, body: region });
      const { places: _, ...options } = optionsFor(server);
      const origins = new Set<string>();
      const provider = ocirProvider({
        ...options,
        metadataHttp: (call, signal) => {
          origins.add(new URL(call.url).origin);
          const url = call.url.replace("http://169.254.169.254", server.plainUrl);
          return options.metadataHttp({ ...call, url }, signal);
        },
      });
      expect(await failureIn(provider.fetch(asked, never))).toMatchObject({ reason: "NoOperatorIdentity" });
      expect([...origins]).toEqual(["http://169.254.169.254"]);
    },
  );

  it("ends with the attempt while the metadata service is silent", async () => {
    const server = await oracle();
    const stop = new AbortController();
    server.answer("/region", () => new Promise(() => stop.abort(new Error("enough"))));
    await expect(ocirProvider(optionsFor(server)).fetch(asked, stop.signal)).rejects.toThrow("enough");
  });

  it.each([
    [oracleError(401, "NotAuthenticated"), { reason: "Denied", retry: "slowly" }],
    [oracleError(429, "TooManyRequests"), { reason: "Throttled" }],
    [oracleError(503, "ServiceUnavailable"), { reason: "CloudUnavailable" }],
    [
      { status: 200, body: '{"token":"hunter2' },
      { reason: "NoOperatorIdentity", retry: "backoff" },
    ],
  ])("asks Oracle's federation once and tells what it says: %#", async (reply, expected) => {
    const server = await oracle();
    server.answer("/v1/x509", reply);
    expect(await discreetFailure(fetched(server, asked))).toMatchObject({ cause: "Platform", ...expected });
    expect(server.calls.filter(({ path }) => path === "/v1/x509")).toHaveLength(1);
  });

  it.each([
    [{ status: 404, body: "hunter2" }, "CloudUnavailable"],
    [{ status: 429, body: "" }, "Throttled"],
  ])("tells when the metadata service gives nothing: %#", async (reply, reason) => {
    const server = await oracle();
    server.answer("/region", reply);
    expect(await discreetFailure(fetched(server, asked))).toMatchObject({ reason, retry: "backoff" });
  });

  it("is told what to do where there is no metadata service", async () => {
    const silent = new NetworkError("169.254.169.254:80", "ETIMEDOUT");
    const server = await oracle();
    const error = await failureIn(fetched(server, asked, { metadataHttp: () => Promise.reject(silent) }));
    expect(error).toMatchObject({ reason: "NoOperatorIdentity", cause: "Platform", retry: "backoff" });
    expect(error.message).toContain("ETIMEDOUT");
    expect(server.calls).toEqual([]);
  });

  it("is the resource principal of its variables, and nothing else when that fails", async () => {
    const session = jwt({ sub: "resource" }, Temporal.Duration.from({ hours: 1 }));
    const server = await oracle({ resources: { [session]: publicKey } });
    const environment = variables({
      OCI_RESOURCE_PRINCIPAL_VERSION: "2.2",
      OCI_RESOURCE_PRINCIPAL_RPST: session,
      OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM: privateKey,
      OCI_RESOURCE_PRINCIPAL_REGION: "eu-frankfurt-1",
      KUBERNETES_SERVICE_PORT_PROXYMUX: "1",
    });
    expect(claimsIn(await fetched(server, asked, { environment }))).toMatchObject({ keyId: `ST$${session}` });
    variables({ OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM: "hunter2" });
    const error = await discreetFailure(fetched(server, asked, { environment }));
    expect(error).toMatchObject({ reason: "NoOperatorIdentity", retry: "backoff" });
    expect(server.calls).toHaveLength(1);
  });

  describe("with OKE's workload identity", () => {
    const workload = (server: VendorServer, token: string): Partial<OcirOptions> => {
      const folder = mkdtempSync(join(tmpdir(), "ocir-"));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      writeFileSync(join(folder, "ca.crt"), server.ca);
      writeFileSync(join(folder, "token"), token);
      const environment = variables({
        KUBERNETES_SERVICE_HOST: "127.0.0.1",
        KUBERNETES_SERVICE_PORT_PROXYMUX: String(server.tlsPort),
      });
      return { environment, places: { serviceAccountFolder: folder } };
    };

    it("shows its ServiceAccount's token to the cluster", async () => {
      const server = await oracle({ workloads: ["sa-token"] });
      const minted = await fetched(server, asked, workload(server, "sa-token"));
      expect(claimsIn(minted)?.["keyId"]).toMatch(/^ST\$ey/);
      expect(server.calls.map(({ path }) => path)).toEqual([
        "/resourcePrincipalSessionTokens",
        "/20180419/docker/token",
      ]);
    });

    it("never becomes its instance because the cluster refuses", async () => {
      const server = await oracle({ workloads: [] });
      const error = await discreetFailure(fetched(server, asked, workload(server, "hunter2")));
      expect(error).toMatchObject({ reason: "NoOperatorIdentity", retry: "backoff" });
      expect(error.message).toContain("HTTP 403");
      expect(error.message).toContain("KUBERNETES_SERVICE_PORT_PROXYMUX");
      expect(new Set(server.calls.map(({ path }) => path))).toEqual(new Set(["/resourcePrincipalSessionTokens"]));
    });

    it("does not wait for the cluster longer than the attempt lasts", async () => {
      const server = await oracle();
      const stop = new AbortController();
      server.answer("/resourcePrincipalSessionTokens", () => new Promise(() => stop.abort(new Error("enough"))));
      const provider = ocirProvider(optionsFor(server, workload(server, "sa-token")));
      await expect(provider.fetch(asked, stop.signal)).rejects.toThrow("enough");
    });
  });
});

it("never asks for a ServiceAccount", async () => {
  await expect(fetched(await oracle(), grant({ identity: account }))).rejects.toThrow(TypeError);
});
