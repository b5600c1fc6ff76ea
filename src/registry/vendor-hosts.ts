// By which names do clouds serve their registries? The grants, the rules of the API server, the hosts that may be spoken to
// and the documentation all follow from this table.
import { asciiLowerCase } from "../runtime/ascii.ts";

/** A provider whose registries a cloud runs. */
export type CloudProvider = "ECR" | "ECRPublic" | "ACR" | "GCR" | "GAR" | "OCIR" | "ICR";

interface RegistryNames {
  /** Host names with places for what varies. Never a whole domain, under which customers' own servers answer as well. */
  readonly templates: readonly string[];
  /** The same as a person writes them: in messages and in docs/providers.md. */
  readonly forms: readonly string[];
}

// What a registry's name ends in: partitions.json of the AWS SDKs. Dual-stack names: IsDualStack and ECRHost in
// https://github.com/kubernetes/cloud-provider-aws/blob/master/cmd/ecr-credential-provider/main.go.
export const awsSuffixes = [
  "amazonaws.com",
  "amazonaws.com.cn",
  "amazonaws.eu",
  "c2s.ic.gov",
  "sc2s.sgov.gov",
  "cloud.adc-e.uk",
  "csp.hci.ic.gov",
] as const;
export const awsDualStackSuffixes = ["on.aws", "on.amazonwebservices.com.cn", "on.amazonwebservices.eu"] as const;

// The second-level domains of Oracle's realms: lib/realm.js of oci-common.
export const oracleDomains = [
  "oraclecloud.com",
  "oraclecloud.eu",
  "oraclegovcloud.com",
  "oraclegovcloud.uk",
  ...[8, 9, 10, 14, 15, 20, 21, 23, 24, 26, 29, 35, 42, 51, 52].map((realm) => `oraclecloud${realm}.com`),
];

// https://cloud.ibm.com/docs/Registry?topic=Registry-registry_overview#registry_regions
const ibmRegions = ["au", "br", "ca", "ca2", "de", "es", "in", "in2", "jp", "jp2", "uk", "us"];

const label = "[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?";
// `us-isob-east-1`, `eusc-de-east-1`, `us-gov-ashburn-1`
const region = "[a-z]{2,}(?:-[a-z]+)+-[0-9]{1,2}";

/** What may stand in a place: regular expressions that JavaScript and RE2 read alike. */
const places: Readonly<Record<string, string>> = {
  account: "[0-9]{12}",
  // One key for all accounts: a kubelet takes a star for a part of a name.
  accounts: String.raw`(?:[0-9]{12}|\*)`,
  region,
  label,
  // Dual-stack names are written dkr-ecr: https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html
  ecr: "dkr[.-]ecr",
  fips: "(?:-fips)?",
  aws: oneOf([...awsSuffixes, ...awsDualStackSuffixes]),
  // 5 to 50 letters and digits; a registry with a domain name label adds a hyphen and a hash.
  acr: "[a-z0-9]{5,50}(?:-[a-z0-9]{1,40})?",
  azure: oneOf(["azurecr.io", "azurecr.us", "azurecr.cn", "azurecr.de"]),
  // A region or a multi-region: https://cloud.google.com/artifact-registry/docs/repositories/repo-locations
  location: "[a-z]+(?:-[a-z]+[0-9]{1,2})?",
  // https://docs.oracle.com/iaas/Content/General/Concepts/regions.htm
  key: "[a-z]{3}",
  oracle: oneOf(oracleDomains),
  ibm: oneOf(ibmRegions),
};

const names: Readonly<Record<CloudProvider, RegistryNames>> = {
  ECR: {
    templates: ["<accounts>.<ecr><fips>.<region>.<aws>"],
    forms: [
      "ACCOUNT.dkr.ecr.REGION.amazonaws.com",
      "ACCOUNT.dkr.ecr-fips.REGION.amazonaws.com",
      "ACCOUNT.dkr-ecr.REGION.on.aws",
      "*.dkr.ecr.REGION.amazonaws.com",
    ],
  },
  // The second is the dual-stack name.
  ECRPublic: { templates: ["public.ecr.aws", "ecr-public.aws.com"], forms: ["public.ecr.aws", "ecr-public.aws.com"] },
  // https://learn.microsoft.com/azure/container-registry/container-registry-endpoint-reference
  ACR: {
    templates: ["<acr>.<azure>", "<acr>.<label>.geo.<azure>"],
    forms: ["NAME.azurecr.io", "NAME.REGION.geo.azurecr.io"],
  },
  // The hosts that Google's own kubelet plugin serves:
  // https://github.com/kubernetes/cloud-provider-gcp/blob/master/pkg/gcpcredential/gcpcredential.go
  GCR: {
    templates: ["gcr.io", "<label>.gcr.io"],
    forms: ["gcr.io", "us.gcr.io", "eu.gcr.io", "asia.gcr.io"],
  },
  // https://cloud.google.com/artifact-registry/docs/reference/regional-endpoints
  GAR: {
    templates: ["<location>-docker.pkg.dev", "docker.<location>.rep.pkg.dev"],
    forms: ["LOCATION-docker.pkg.dev", "docker.REGION.rep.pkg.dev"],
  },
  // https://docs.oracle.com/iaas/Content/Registry/Concepts/registryprerequisites.htm#regional-availability
  OCIR: {
    templates: ["<key>.ocir.io", "<region>.ocir.io", "ocir.<region>.oci.<oracle>"],
    forms: ["KEY.ocir.io", "REGION.ocir.io", "ocir.REGION.oci.oraclecloud.com"],
  },
  // https://cloud.ibm.com/docs/Registry?topic=Registry-registry_private
  ICR: {
    templates: ["icr.io", "<ibm>.icr.io", "private.icr.io", "private.<ibm>.icr.io"],
    forms: ["icr.io", "REGION.icr.io", "private.icr.io", "private.REGION.icr.io"],
  },
};

export const cloudProviders = Object.keys(names) as readonly CloudProvider[];

export function isCloudProvider(provider: string): provider is CloudProvider {
  return Object.hasOwn(names, provider);
}

/** The templates of the provider's registries, to be compiled by `hostPattern`. */
export function registryTemplates(provider: CloudProvider): readonly string[] {
  return names[provider].templates;
}

/** As a person writes the names of the provider's registries, with capitals for what varies. */
export function registryForms(provider: CloudProvider): readonly string[] {
  return names[provider].forms;
}

/** What to write for a registry of this provider. */
export function formsText(provider: CloudProvider): string {
  const forms = registryForms(provider);
  return forms.length === 1 ? (forms[0] ?? "") : `${forms.slice(0, -1).join(", ")} or ${forms.at(-1) ?? ""}`;
}

/** A regular expression, without anchors, for the host names that the templates describe. */
export function hostPattern(templates: readonly string[], other: Readonly<Record<string, string>> = {}): string {
  return `(?:${templates.map((template) => sourceOf(template, (name) => other[name] ?? places[name] ?? "")).join("|")})`;
}

/** A host of one of the provider's registries, in the places of its template; a path may follow it. */
export interface CloudHost {
  /** In small letters, without a path. */
  readonly host: string;
  readonly places: Readonly<Record<string, string>>;
}

const compiled = new Map(
  cloudProviders.map((provider) => [
    provider,
    names[provider].templates.map(
      (template) => new RegExp(`^${sourceOf(template, (name) => `(?<${name}>${places[name] ?? ""})`)}$`),
    ),
  ]),
);

/** Undefined where the host, `HOST[/PATH]` in whatever letters, names no registry of the provider. */
export function cloudHost(provider: CloudProvider, text: string): CloudHost | undefined {
  const host = asciiLowerCase(text.split("/", 1)[0] ?? "");
  for (const pattern of compiled.get(provider) ?? []) {
    const found = pattern.exec(host);
    if (found) return { host, places: { ...found.groups } };
  }
  return undefined;
}

/** Whose registry the host is; undefined where it is no cloud's. */
export function cloudProviderOf(host: string): CloudProvider | undefined {
  return cloudProviders.find((provider) => cloudHost(provider, host) !== undefined);
}

function sourceOf(template: string, place: (name: string) => string): string {
  return template.replaceAll(/<([a-z]+)>|\./g, (_, name?: string) =>
    name === undefined ? String.raw`\.` : place(name),
  );
}

function oneOf(texts: readonly string[]): string {
  return `(?:${texts.map((text) => text.replaceAll(".", String.raw`\.`)).join("|")})`;
}
