// Which hosts may credentials be sent to? (pure)
import type { Entry } from "../../api/registry-credential.ts";
import { globMatches } from "../../runtime/glob.ts";
import { asciiLowerCase } from "../../runtime/ascii.ts";
import {
  awsSuffixes,
  cloudProviders,
  hostPattern,
  oracleDomains,
  registryTemplates,
} from "../../registry/vendor-hosts.ts";

type Provider = Entry["provider"];

// Of AWS's services in dual-stack: the endpoint rules of @aws-sdk/client-ecr and client-sts.
const dualStackSuffixes = [
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
  ...dualStackSuffixes.flatMap((suffix) => [`sts.<region>.${suffix}`, `sts-fips.<region>.${suffix}`]),
];

const google = ["oauth2.googleapis.com", "sts.googleapis.com", "iamcredentials.googleapis.com"];

/**
 * The hosts that each registry kind's vendor runs beside the registries: token endpoints, and what registries name as their
 * realm. Templates as in vendor-hosts.ts: never a whole domain such as *.amazonaws.com, under which customers' own servers
 * answer (S3, API Gateway, load balancers).
 */
const providerHosts: Readonly<Record<Provider, readonly string[]>> = {
  ECR: [
    ...sts,
    ...awsSuffixes.flatMap((suffix) => [`api.ecr.<region>.${suffix}`, `api.ecr-fips.<region>.${suffix}`]),
    ...dualStackSuffixes.flatMap((suffix) => [`ecr.<region>.${suffix}`, `ecr-fips.<region>.${suffix}`]),
  ],
  ECRPublic: [...sts, "api.ecr-public.us-east-1.amazonaws.com", "ecr-public.us-east-1.api.aws"],
  // AzureAuthorityHosts of @azure/identity.
  ACR: ["login.microsoftonline.com", "login.microsoftonline.us", "login.chinacloudapi.cn", "login.microsoftonline.de"],
  GCR: google,
  GAR: google,
  // Where instance principals are federated: oci-common, lib/auth.
  OCIR: oracleDomains.map((domain) => `auth.<region>.${domain}`),
  // IBM's own software is at cp.icr.io.
  ICR: ["iam.cloud.ibm.com", "cp.icr.io"],
  // The documented recipes: Docker Hub's OIDC, Quay's robots, JFrog's cloud.
  TokenExchange: ["identity.docker.com", "quay.io", "<label>.jfrog.io"],
  // The registries whose credentials are usually static, with the realms that their challenges name.
  Static: [
    "index.docker.io",
    "registry-1.docker.io",
    "registry.hub.docker.com",
    "auth.docker.io",
    "ghcr.io",
    "quay.io",
    "registry.gitlab.com",
    "gitlab.com",
  ],
};

const registries = cloudProviders.flatMap(registryTemplates);
const vendors = new RegExp(
  // A key in a docker config may have a star; a host that is spoken to is one.
  `^${hostPattern([...new Set([...Object.values(providerHosts).flat(), ...registries])], { accounts: "[0-9]{12}" })}$`,
);

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
