// Which hosts may credentials be sent to? (pure)
import type { Entry } from "../../api/registry-credential.ts";
import { globMatches } from "../../plan/glob.ts";
import { asciiLowerCase } from "../../registry/ascii.ts";

type Provider = Entry["provider"];

// Host names of one owner with places for what varies. Never a whole domain such as *.amazonaws.com: customers' own
// servers answer under it (S3, API Gateway, load balancers).
const places: Readonly<Record<string, string>> = {
  "<account>": "[0-9]{12}",
  // `us-isob-east-1`, `eusc-de-east-1`
  "<region>": "[a-z]{2,}(?:-[a-z]+)+-[0-9]{1,2}",
  "<label>": "[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?",
};

// The suffixes of AWS's partitions and of their dual-stack names: the endpoint rules of @aws-sdk/client-ecr and client-sts.
const awsSuffixes = [
  "amazonaws.com",
  "amazonaws.com.cn",
  "amazonaws.eu",
  "c2s.ic.gov",
  "sc2s.sgov.gov",
  "cloud.adc-e.uk",
  "csp.hci.ic.gov",
];
const awsDualStackSuffixes = [
  "api.aws",
  "api.amazonwebservices.com.cn",
  "api.amazonwebservices.eu",
  "api.aws.ic.gov",
  "api.aws.scloud",
  "api.cloud-aws.adc-e.uk",
  "api.aws.hci.ic.gov",
];

// sts.amazonaws.com is the old global endpoint, served from us-east-1: https://docs.aws.amazon.com/general/latest/gr/sts.html
const sts = [
  "sts.amazonaws.com",
  ...awsSuffixes.flatMap((suffix) => [`sts.<region>.${suffix}`, `sts-fips.<region>.${suffix}`]),
  ...awsDualStackSuffixes.flatMap((suffix) => [`sts.<region>.${suffix}`, `sts-fips.<region>.${suffix}`]),
];

const google = [
  "oauth2.googleapis.com",
  "sts.googleapis.com",
  "iamcredentials.googleapis.com",
  "gcr.io",
  "<label>.gcr.io",
  // `europe-west1-docker.pkg.dev`: https://cloud.google.com/artifact-registry/docs/docker/names
  "<label>-docker.pkg.dev",
];

/** The hosts that each registry kind's vendor runs: token endpoints, registries, and what registries name as their realm. */
const providerHosts: Readonly<Record<Provider, readonly string[]>> = {
  ECR: [
    ...sts,
    ...awsSuffixes.flatMap((suffix) => [
      `api.ecr.<region>.${suffix}`,
      `api.ecr-fips.<region>.${suffix}`,
      `<account>.dkr.ecr.<region>.${suffix}`,
      `<account>.dkr.ecr-fips.<region>.${suffix}`,
    ]),
    ...awsDualStackSuffixes.flatMap((suffix) => [`ecr.<region>.${suffix}`, `ecr-fips.<region>.${suffix}`]),
    // https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html
    ...["on.aws", "on.amazonwebservices.com.cn"].flatMap((suffix) => [
      `<account>.dkr-ecr.<region>.${suffix}`,
      `<account>.dkr-ecr-fips.<region>.${suffix}`,
    ]),
  ],
  ECRPublic: [
    ...sts,
    "api.ecr-public.us-east-1.amazonaws.com",
    "ecr-public.us-east-1.api.aws",
    "public.ecr.aws",
    "ecr-public.aws.com",
  ],
  // Entra's hosts are AzureAuthorityHosts of @azure/identity; registries:
  // https://learn.microsoft.com/azure/container-registry/container-registry-endpoint-reference
  ACR: [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.chinacloudapi.cn",
    "login.microsoftonline.de",
    ...["azurecr.io", "azurecr.us", "azurecr.cn", "azurecr.de"].flatMap((suffix) => [
      `<label>.${suffix}`,
      `<label>.<label>.geo.${suffix}`,
    ]),
  ],
  GCR: google,
  GAR: google,
  // The last is where instance principals are federated: oci-common, lib/auth.
  OCIR: ["<label>.ocir.io", "ocir.<region>.oci.oraclecloud.com", "auth.<region>.oraclecloud.com"],
  // https://cloud.ibm.com/docs/Registry?topic=Registry-registry_overview#registry_regions
  ICR: ["iam.cloud.ibm.com", "icr.io", "<label>.icr.io"],
  // The documented recipes: Docker Hub's OIDC, Quay's robots, JFrog's cloud.
  TokenExchange: ["identity.docker.com", "quay.io", "<label>.jfrog.io"],
  // The registries whose credentials are usually static, with the realms that their challenges name.
  Static: [
    "index.docker.io",
    "registry-1.docker.io",
    "auth.docker.io",
    "ghcr.io",
    "quay.io",
    "registry.gitlab.com",
    "gitlab.com",
  ],
};

const vendors = new RegExp(`^(?:${[...new Set(Object.values(providerHosts).flat())].map(source).join("|")})$`);

function source(template: string): string {
  return template.replaceAll(/<[a-z]+>|\./g, (found) => places[found] ?? String.raw`\.`);
}

/** Of https, where a glob names no port. */
const defaultPort = 443;

// `*` and `?` as everywhere in regcred, then perhaps a port; an IPv6 address stands in brackets.
const hostGlob = /^(?:[a-z0-9*?](?:[-a-z0-9*?._]{0,252})|\[[0-9a-f:.*]{2,45}\])(?::(?:[0-9]{1,5}|\*))?$/i;

/** Is it a value of --allowed-hosts or --allowed-private-hosts: `harbor.corp`, `*.corp:5000`, `10.0.0.7:*`? */
export function isHostGlob(text: string): boolean {
  return hostGlob.test(text);
}

/**
 * The vendors' hosts on 443, and what --allowed-hosts adds; a glob without a port means 443.
 * The host that is asked about is spelled as `URL.hostname` does: small letters, an IPv6 address in brackets.
 */
export function allowedHosts(globs: readonly string[]): (host: string, port: number) => boolean {
  const added = globs.map(parsed);
  return (host, port) =>
    (port === defaultPort && vendors.test(host)) ||
    added.some((glob) => globMatches(glob.host, host) && (glob.port === "*" || glob.port === String(port)));
}

/** Which hosts may have addresses of a private network: those that --allowed-private-hosts lists, on any port. */
export function privateHosts(globs: readonly string[]): (host: string) => boolean {
  const listed = globs.map((glob) => parsed(glob).host);
  return (host) => listed.some((glob) => globMatches(glob, host));
}

function parsed(glob: string): { readonly host: string; readonly port: string } {
  const [, host = "", port = String(defaultPort)] = /^(.*?)(?::([0-9]+|\*))?$/.exec(asciiLowerCase(glob)) ?? [];
  return { host, port };
}
