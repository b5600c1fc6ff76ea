// Tests that each cloud is asked where an administrator directs its calls.
import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/runtime/clock.ts";
import type { GoogleGrant } from "../../src/providers/google/grant.ts";
import { acrProvider } from "../../src/providers/acr/fetch.ts";
import { ecrPublicProvider } from "../../src/providers/ecr/fetch.ts";
import { ecrProvider } from "../../src/providers/ecr/fetch.ts";
import type { Endpoints } from "../../src/providers/endpoints.ts";
import { googleProvider } from "../../src/providers/google/fetch.ts";
import type { Http } from "../../src/providers/http/http.ts";
import { icrProvider } from "../../src/providers/icr/fetch.ts";
import { awsOptions, awsAt, hubEnvironment, identities, jwt, role } from "./ecr/scenario.ts";
import { account, client, grant as acrGrant, tenant } from "./acr/scenario.ts";
import { failureIn, never } from "./scenario.ts";

const secret = { from: "Secret", namespace: "regcred-system", name: "key" } as const;
const operator = { from: "Operator" } as const;

/** URLs without query, in order; whoever asks is given every kind of token, or none at all by `silent`. */
function recorder(silent = false): { readonly asked: string[]; readonly http: Http } {
  const asked: string[] = [];
  const token = jwt("somebody", "registry");
  const http: Http = ({ url }) => {
    asked.push(url.replace(/\?.*$/, ""));
    if (silent) return Promise.reject(new TypeError("seen"));
    const { origin } = new URL(url);
    const answer = {
      access_token: token,
      refresh_token: token,
      accessToken: token,
      expires_in: 600,
      expireTime: "2999-01-01T00:00:00Z",
      // What MSAL asks of an authority that it does not know.
      issuer: `${origin}/${tenant}/v2.0`,
      authorization_endpoint: `${origin}/${tenant}/oauth2/v2.0/authorize`,
      token_endpoint: `${origin}/${tenant}/oauth2/v2.0/token`,
      jwks_uri: `${origin}/${tenant}/discovery/v2.0/keys`,
    };
    return Promise.resolve({ status: 200, headers: {}, text: JSON.stringify(answer) });
  };
  return { asked, http };
}

const common = { clock: systemClock(), environment: {}, ca: () => "" };

describe("AWS", () => {
  const grant = {
    provider: "ECR",
    partition: "aws",
    region: "eu-west-1",
    endpoint: "standard",
    identity: operator,
  } as const;
  const asking = async (endpoints: Endpoints, more: object = {}): Promise<readonly string[]> => {
    const { asked, http } = recorder(true);
    const options = { ...awsOptions(await awsAt(), { environment: hubEnvironment }), http, endpoints };
    await failureIn(ecrProvider(options).fetch({ ...grant, ...more }, never));
    return asked;
  };

  it("gives ECR's tokens at the endpoint of the region, FIPS or not, with its path, and elsewhere at its own hosts", async () => {
    const endpoints = { ecr: { "eu-west-1": "https://vpce-0a1b.api.ecr.eu-west-1.vpce.amazonaws.com/aws" } };
    const led = ["https://vpce-0a1b.api.ecr.eu-west-1.vpce.amazonaws.com/aws/"];
    expect(await asking(endpoints)).toEqual(led);
    expect(await asking(endpoints, { endpoint: "fips" })).toEqual(led);
    expect(await asking(endpoints, { region: "eu-west-3" })).toEqual(["https://api.ecr.eu-west-3.amazonaws.com/"]);
  });

  it("gives roles at the endpoint of STS, which is not that of ECR", async () => {
    const endpoints = { sts: { "*": "http://127.0.0.1:5000" } };
    expect(await asking(endpoints, { roleARN: role })).toEqual(["http://127.0.0.1:5000/"]);
    expect(await asking(endpoints)).toEqual(["https://api.ecr.eu-west-1.amazonaws.com/"]);
  });

  it("gives ECR Public's tokens at an endpoint of its own", async () => {
    const { asked, http } = recorder(true);
    const options = { ...awsOptions(await awsAt()), http, endpoints: { ecrPublic: { "*": "https://a.example" } } };
    await failureIn(ecrPublicProvider(options).fetch({ provider: "ECRPublic", identity: operator }, never));
    expect(asked).toEqual(["https://a.example/"]);
  });
});

describe("Azure", () => {
  const endpoints = {
    entra: { "*": "https://login.corp.example" },
    acr: { "acmeregistry.azurecr.io": "https://acr.corp.example" },
  };

  it("is asked at the endpoints by the token of a ServiceAccount", async () => {
    const { asked, http } = recorder();
    const shown = identities({}, jwt);
    const options = { ...common, http, metadataHttp: http, identities: shown, endpoints };
    await acrProvider(options).fetch(acrGrant({ identity: account, clientID: client, tenantID: tenant }), never);
    expect(asked).toEqual([
      `https://login.corp.example/${tenant}/oauth2/v2.0/token`,
      "https://acr.corp.example/oauth2/exchange",
    ]);
  });

  it("is asked at the endpoints by its SDK, and a registry that has none at itself", async () => {
    const { asked, http } = recorder();
    const keys = identities({ key: { clientID: client, tenantID: tenant, clientSecret: "hunter2" } });
    const options = { ...common, http, metadataHttp: http, identities: keys, endpoints };
    await acrProvider(options).fetch(acrGrant({ identity: secret, registry: "other.azurecr.io" }), never);
    expect(asked.at(-2)).toBe(`https://login.corp.example/${tenant}/oauth2/v2.0/token`);
    expect(asked.at(-1)).toBe("https://other.azurecr.io/oauth2/exchange");
    expect(asked.slice(0, -1).filter((url) => !url.startsWith("https://login.corp.example/"))).toEqual([]);
  });
});

describe("Google", () => {
  const endpoints = {
    googleToken: { "*": "https://oauth2-corp.p.googleapis.com/token" },
    googleSts: { "*": "https://sts.corp.example" },
    googleIam: { "*": "https://iam.corp.example/google" },
  };
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = JSON.stringify({
    type: "service_account",
    private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
    client_email: "keyed@acme.iam.gserviceaccount.com",
  });

  it.each<readonly [string, GoogleGrant["identity"], string]>([
    ["a key's token at the token endpoint", secret, "https://oauth2-corp.p.googleapis.com/token"],
    ["a ServiceAccount's at STS", account, "https://sts.corp.example/v1/token"],
  ])("gives %s, and then impersonates at IAM", async (_, identity, first) => {
    const { asked, http } = recorder();
    const shown = identities({ key: { "key.json": key } }, jwt);
    const options = { ...common, http, metadataHttp: http, identities: shown, endpoints };
    const impersonate = "pull@acme.iam.gserviceaccount.com";
    await googleProvider(options).fetch(
      { provider: "GAR", identity, scopes: ["s"], impersonate, workloadIdentityProvider: "projects/1" },
      never,
    );
    expect(asked).toEqual([
      first,
      `https://iam.corp.example/google/v1/projects/-/serviceAccounts/${impersonate}:generateAccessToken`,
    ]);
  });
});

it("IBM Cloud gives tokens at the endpoint of its IAM", async () => {
  const { asked, http } = recorder();
  const endpoints = { ibmIam: { "*": "https://private.iam.cloud.ibm.com" } };
  const options = { ...common, http, identities: identities({ key: { apiKey: "hunter2" } }), endpoints };
  await icrProvider(options).fetch({ provider: "ICR", identity: secret }, never);
  expect(asked).toEqual(["https://private.iam.cloud.ibm.com/identity/token"]);
});
