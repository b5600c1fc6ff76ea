// Tests of the endpoint settings: which lead clouds' calls elsewhere, which values are invalid, which vendor variables count.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { configFrom, type Environment, operatorConfigFrom } from "../../src/config/config.ts";
import { endpointSettings } from "../../src/config/endpoint-settings.ts";

const endpoints = (environment: Environment, flags = {}) => operatorConfigFrom(flags, environment).endpoints;
const led = (url: string) => ({ "*": url });

describe("a cloud's calls", () => {
  it("go to the vendor's own hosts where nothing is said", () => {
    expect(endpoints({})).toEqual({});
  });

  it.each([
    ["AWS_ENDPOINT_URL_ECR", "ecr"],
    ["AWS_ENDPOINT_URL_ECR_PUBLIC", "ecrPublic"],
    ["AWS_ENDPOINT_URL_STS", "sts"],
    ["AZURE_AUTHORITY_HOST", "entra"],
    ["CLOUDSDK_AUTH_TOKEN_HOST", "googleToken"],
    ["CLOUDSDK_API_ENDPOINT_OVERRIDES_STS", "googleSts"],
    ["CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS", "googleIam"],
    ["IBMCLOUD_IAM_API_ENDPOINT", "ibmIam"],
    ["OCI_SDK_AUTH_CLIENT_REGION_URL", "ociAuth"],
  ])("are led by %s, the vendor's usual variable", (variable, name) => {
    expect(endpoints({ [variable]: "https://gateway.corp.example/" })).toEqual({
      [name]: led("https://gateway.corp.example"),
    });
  });

  it("are all led by AWS_ENDPOINT_URL that are AWS's, but for those with a variable of their own", () => {
    const environment = {
      AWS_ENDPOINT_URL: "http://localstack:4566",
      AWS_ENDPOINT_URL_STS: "https://sts.corp.example",
    };
    expect(endpoints(environment)).toEqual({
      ecr: led("http://localstack:4566"),
      ecrPublic: led("http://localstack:4566"),
      sts: led("https://sts.corp.example"),
    });
  });

  it("are led by our own variable before the vendor's, and by the flag before both", () => {
    const environment = { REGCRED_ECR_ENDPOINT: "https://own.example", AWS_ENDPOINT_URL_ECR: "https://aws.example" };
    expect(endpoints(environment)).toEqual({ ecr: led("https://own.example") });
    expect(endpoints(environment, { "--ecr-endpoint": "https://flag.example" })).toEqual({
      ecr: led("https://flag.example"),
    });
    expect(endpoints(environment, { "--ecr-endpoint": "" })).toEqual({});
  });

  it("are not led by variables of AWS that AWS's own SDKs are told to ignore", () => {
    const environment = {
      AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "True",
      AWS_ENDPOINT_URL: "http://localstack:4566",
      AWS_ENDPOINT_URL_ECR: "http://localstack:4566",
      REGCRED_STS_ENDPOINT: "https://sts.corp.example",
    };
    expect(endpoints(environment)).toEqual({ sts: led("https://sts.corp.example") });
    expect(endpoints({ ...environment, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "false" })).toHaveProperty("ecr");
  });

  it.each([
    "https://login.microsoftonline.com/",
    "https://login.microsoftonline.us",
    "https://login.chinacloudapi.cn/",
    "https://LOGIN.microsoftonline.de",
  ])("go to the Entra of each registry's cloud, whichever AKS has written into the pod: %s", (url) => {
    expect(endpoints({ AZURE_AUTHORITY_HOST: url })).toEqual({});
  });

  it("are led by region, and where a region is not listed not at all", () => {
    const text =
      "eu-west-1=https://vpce-0a1b.api.ecr.eu-west-1.vpce.amazonaws.com, us-gov-east-1=https://10.0.0.7:8443/ecr/";
    expect(endpoints({ REGCRED_ECR_ENDPOINT: text })).toEqual({
      ecr: {
        "eu-west-1": "https://vpce-0a1b.api.ecr.eu-west-1.vpce.amazonaws.com",
        "us-gov-east-1": "https://10.0.0.7:8443/ecr",
      },
    });
    expect(endpoints({}, { "--sts-endpoint": "https://sts.example,eu-west-1=https://eu.example" })).toEqual({
      sts: { "*": "https://sts.example", "eu-west-1": "https://eu.example" },
    });
    expect(endpoints({}, { "--acr-endpoint": "acme.azurecr.io=https://acr.corp.example" })).toEqual({
      acr: { "acme.azurecr.io": "https://acr.corp.example" },
    });
  });
});

describe("docs/providers.md", () => {
  const text = readFileSync(new URL("../../docs/providers.md", import.meta.url), "utf8");

  it.each(Object.values(endpointSettings))(
    "has a row for $flag with its variables in their order",
    ({ flag, variables }) => {
      const row = text.split("\n").find((line) => line.startsWith(`| \`${flag}\`;`));
      expect(row).toContain(variables.map((name) => `\`${name}\``).join(", "));
    },
  );
});

describe("an endpoint", () => {
  it.each([
    "localstack:4566",
    "localstack",
    "ftp://localstack",
    "https://",
    "https:gateway.example",
    "https:///gateway.example",
    "https://gateway.example/?a=b",
    "https://gateway.example/#a",
    "https://gateway.example\\evil.example",
    "https://gateway example",
    "https://gateway.example:99999",
    "https://a.example,https://b.example",
    "eu-west-1=https://a.example,eu-west-1=https://b.example",
    "europe=https://a.example",
    "https://a.example,",
    // A metadata service would get the request of an identity, and whoever reaches one gets credentials.
    "http://169.254.169.254",
    "http://169.254.170.2/x",
    "https://[fd00:ec2::254]",
    "http://metadata.google.internal",
    "http://0xa9fea9fe",
    "http://0.0.0.0:5000",
    // Over plain http, only where nobody beside may listen.
    "http://8.8.8.8",
    "http://[2600::1]:80",
  ])("cannot be %j, and what to write is said", (text) => {
    for (const { flag, instead } of Object.values(endpointSettings)) {
      expect(() => operatorConfigFrom({ [flag]: text }, {})).toThrow(
        `${flag} cannot be ${JSON.stringify(text)}: write ${instead}`,
      );
      expect(instead).toMatch(/^a URL such as https:/);
    }
  });

  it.each([
    "https://me:hunter2@gateway.example",
    "https://me:a/hunter2@gateway.example",
    "eu-west-1=https://hunter2@a.example,https://me:hunter2@b.example",
  ])("with a login is refused without being quoted", (text) => {
    for (const { flag } of Object.values(endpointSettings)) {
      const refused = (): unknown => operatorConfigFrom({ [flag]: text }, {});
      expect(refused).toThrow(`${flag} cannot be`);
      expect(refused).not.toThrow(/hunter2/);
    }
  });

  it("that is none of the operator's keeps no other command from working", () => {
    const environment = { AWS_ENDPOINT_URL: "localstack:4566", AZURE_AUTHORITY_HOST: "login" };
    expect(() => configFrom({}, environment)).not.toThrow();
    expect(() => operatorConfigFrom({}, environment)).toThrow("AWS_ENDPOINT_URL cannot be");
  });

  it.each(["http://login.corp.example", "https://login.corp.example/adfs"])(
    "of Entra cannot be %s, of which its SDK makes something else",
    (text) => {
      expect(() => operatorConfigFrom({}, { AZURE_AUTHORITY_HOST: text })).toThrow(
        `AZURE_AUTHORITY_HOST cannot be ${JSON.stringify(text)}: write a URL such as https://login.corp.example, with https`,
      );
    },
  );

  it.each([
    ["http://127.0.0.1:5000", "http://127.0.0.1:5000"],
    ["http://localstack.localstack.svc:4566/", "http://localstack.localstack.svc:4566"],
    ["HTTPS://Gateway.Example:443/AWS//", "https://gateway.example/AWS"],
    ["https://[fd12::7]:8443", "https://[fd12::7]:8443"],
    ["https://bücher.example", "https://xn--bcher-kva.example"],
    ["https://8.8.8.8", "https://8.8.8.8"],
  ])("may be %s", (text, url) => {
    expect(endpoints({ AWS_ENDPOINT_URL_ECR: text })).toEqual({ ecr: led(url) });
  });
});
