// Settings by which an administrator leads calls to clouds elsewhere than to the vendors' own hosts.
import { type Endpoint, endpointFrom, type EndpointName, type Endpoints } from "../providers/endpoints.ts";
import type { Setting, Values } from "./setting.ts";

type EndpointSetting = Setting<Endpoint | undefined>;

// What stands before `=`.
const region = /^[a-z]{2,}(?:-[a-z]+)+-\d{1,2}$/;
const registry = /^(?=.{1,253}$)[a-z0-9-]+(?:\.[a-z0-9-]+)+$/;

const oneUrl = {
  placeholder: "<url>",
  fallback: undefined,
  parse: (text: string) => endpointFrom(text, {}),
  instead:
    "a URL such as https://gateway.corp.example:8443, without user, query and metadata service (http:// is for private addresses only)",
} satisfies Partial<EndpointSetting>;

const byRegion = {
  placeholder: "<urls>",
  fallback: undefined,
  parse: (text: string) => endpointFrom(text, { of: region }),
  instead: `${oneUrl.instead}, or one for each region with commas between them, such as eu-west-1=https://vpce-0a1b.api.ecr.eu-west-1.vpce.amazonaws.com`,
} satisfies Partial<EndpointSetting>;

// AWS_ENDPOINT_URL and its like: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
const ecr: EndpointSetting = {
  ...byRegion,
  flag: "--ecr-endpoint",
  variables: ["REGCRED_ECR_ENDPOINT", "AWS_ENDPOINT_URL_ECR", "AWS_ENDPOINT_URL"],
  meaning: "where ECR's API is, such as an interface endpoint without private DNS",
  fallbackText: "AWS's own, by the region of each registry",
};

const ecrPublic: EndpointSetting = {
  ...oneUrl,
  flag: "--ecr-public-endpoint",
  variables: ["REGCRED_ECR_PUBLIC_ENDPOINT", "AWS_ENDPOINT_URL_ECR_PUBLIC", "AWS_ENDPOINT_URL"],
  meaning: "the same of ECR Public",
  fallbackText: "AWS's own in us-east-1",
};

const sts: EndpointSetting = {
  ...byRegion,
  flag: "--sts-endpoint",
  variables: ["REGCRED_STS_ENDPOINT", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"],
  meaning: "where AWS roles are assumed",
  fallbackText: "AWS's own, by the region of each registry",
};

const entra: EndpointSetting = {
  ...oneUrl,
  flag: "--entra-endpoint",
  // https://learn.microsoft.com/javascript/api/@azure/identity/defaultazurecredentialoptions
  variables: ["REGCRED_ENTRA_ENDPOINT", "AZURE_AUTHORITY_HOST"],
  meaning: "where Microsoft Entra gives tokens; one of the public clouds' changes nothing",
  fallbackText: "that of the cloud which the registry's name shows",
  parse: (text) => {
    const endpoint = endpointFrom(text, { bare: true });
    return endpoint && Object.values(endpoint).some((url) => publicAuthorities.has(url)) ? {} : endpoint;
  },
  instead: "a URL such as https://login.corp.example, with https, without path, user and query",
};

// AKS writes its cloud's into every pod that has a workload identity, and registries of the other clouds need theirs:
// AzureAuthorityHosts of @azure/identity.
const publicAuthorities: ReadonlySet<string> = new Set([
  "https://login.microsoftonline.com",
  "https://login.microsoftonline.us",
  "https://login.chinacloudapi.cn",
  "https://login.microsoftonline.de",
]);

const acr: EndpointSetting = {
  ...oneUrl,
  flag: "--acr-endpoint",
  placeholder: "<urls>",
  variables: ["REGCRED_ACR_ENDPOINT"],
  meaning: "where Azure's registries give their tokens",
  fallbackText: "each registry itself",
  parse: (text) => endpointFrom(text, { of: registry }),
  instead: `${oneUrl.instead}, or one for each registry with commas between them, such as acme.azurecr.io=https://acr.corp.example`,
};

// The names are those of gcloud's properties: https://cloud.google.com/sdk/docs/properties
const googleToken: EndpointSetting = {
  ...oneUrl,
  flag: "--google-token-endpoint",
  variables: ["REGCRED_GOOGLE_TOKEN_ENDPOINT", "CLOUDSDK_AUTH_TOKEN_HOST"],
  meaning: "the whole URL at which keys of Google service accounts become tokens",
  fallbackText: "https://oauth2.googleapis.com/token",
};

const googleSts: EndpointSetting = {
  ...oneUrl,
  flag: "--google-sts-endpoint",
  variables: ["REGCRED_GOOGLE_STS_ENDPOINT", "CLOUDSDK_API_ENDPOINT_OVERRIDES_STS"],
  meaning: "where tokens of ServiceAccounts are exchanged for Google's",
  fallbackText: "https://sts.googleapis.com",
};

const googleIam: EndpointSetting = {
  ...oneUrl,
  flag: "--google-iam-endpoint",
  variables: ["REGCRED_GOOGLE_IAM_ENDPOINT", "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS"],
  meaning: "where Google service accounts are impersonated",
  fallbackText: "https://iamcredentials.googleapis.com",
};

const ibmIam: EndpointSetting = {
  ...oneUrl,
  flag: "--ibm-iam-endpoint",
  // https://registry.terraform.io/providers/IBM-Cloud/ibm/latest/docs/guides/custom-service-endpoints
  variables: ["REGCRED_IBM_IAM_ENDPOINT", "IBMCLOUD_IAM_API_ENDPOINT"],
  meaning: "where IBM Cloud gives tokens",
  fallbackText: "https://iam.cloud.ibm.com",
};

const ociAuth: EndpointSetting = {
  ...oneUrl,
  flag: "--oci-auth-endpoint",
  // https://github.com/oracle/oci-go-sdk/blob/master/common/auth/federation_client.go
  variables: ["REGCRED_OCI_AUTH_ENDPOINT", "OCI_SDK_AUTH_CLIENT_REGION_URL"],
  meaning: "where instances of Oracle's cloud are federated",
  fallbackText: "Oracle's own in the instance's region",
};

/** In the order of the help. */
export const endpointSettings: Readonly<Record<EndpointName, EndpointSetting>> = {
  ecr,
  ecrPublic,
  sts,
  entra,
  acr,
  googleToken,
  googleSts,
  googleIam,
  ibmIam,
  ociAuth,
};

/** Those that lead somewhere. */
export function endpointsOf(values: Values<typeof endpointSettings>): Endpoints {
  return Object.fromEntries(
    Object.entries(values).filter(([, endpoint]) => endpoint && Object.keys(endpoint).length > 0),
  );
}

/** Without what AWS's SDKs are told to leave unread: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html */
export function withoutIgnored(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  if (environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"]?.toLowerCase() !== "true") return environment;
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^AWS_ENDPOINT_URL(?:_|$)/.test(name)));
}
