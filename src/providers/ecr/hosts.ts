// The names of AWS's registries, and the hosts of AWS's services that give tokens for them.
import { oneOf, type RegistryNames } from "../../registry/host-templates.ts";

// What a registry's name ends in: partitions.json of the AWS SDKs. Dual-stack names: IsDualStack and ECRHost in
// https://github.com/kubernetes/cloud-provider-aws/blob/master/cmd/ecr-credential-provider/main.go.
const suffixes = [
  "amazonaws.com",
  "amazonaws.com.cn",
  "amazonaws.eu",
  "c2s.ic.gov",
  "sc2s.sgov.gov",
  "cloud.adc-e.uk",
  "csp.hci.ic.gov",
] as const;
export type AwsSuffix = (typeof suffixes)[number];
const dualStackSuffixes = ["on.aws", "on.amazonwebservices.com.cn", "on.amazonwebservices.eu"] as const;
export type AwsDualStackSuffix = (typeof dualStackSuffixes)[number];

export const ecrRegistries: RegistryNames = {
  templates: ["<accounts>.<ecr><fips>.<region>.<aws>"],
  forms: [
    "ACCOUNT.dkr.ecr.REGION.amazonaws.com",
    "ACCOUNT.dkr.ecr-fips.REGION.amazonaws.com",
    "ACCOUNT.dkr-ecr.REGION.on.aws",
    "*.dkr.ecr.REGION.amazonaws.com",
  ],
  places: {
    // One key for all accounts: a kubelet takes a star for a part of a name.
    accounts: String.raw`(?:[0-9]{12}|\*)`,
    // Dual-stack names are written dkr-ecr: https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html
    ecr: "dkr[.-]ecr",
    fips: "(?:-fips)?",
    aws: oneOf([...suffixes, ...dualStackSuffixes]),
  },
};

/** The second is the dual-stack name. */
export const ecrPublicRegistries: RegistryNames = {
  templates: ["public.ecr.aws", "ecr-public.aws.com"],
  forms: ["public.ecr.aws", "ecr-public.aws.com"],
};

// Of AWS's services in dual-stack: the endpoint rules of @aws-sdk/client-ecr and client-sts.
const dualStackServices = [
  "api.aws",
  "api.amazonwebservices.com.cn",
  "api.amazonwebservices.eu",
  "api.aws.ic.gov",
  "api.aws.scloud",
  "api.cloud-aws.adc-e.uk",
  "api.aws.hci.ic.gov",
];

// sts.amazonaws.com is the old global endpoint, served from us-east-1: https://docs.aws.amazon.com/general/latest/gr/sts.html
const stsHosts = [
  "sts.amazonaws.com",
  ...suffixes.flatMap((suffix) => [`sts.<region>.${suffix}`, `sts-fips.<region>.${suffix}`]),
  ...dualStackServices.flatMap((suffix) => [`sts.<region>.${suffix}`, `sts-fips.<region>.${suffix}`]),
];

export const ecrHosts = [
  ...stsHosts,
  ...suffixes.flatMap((suffix) => [`api.ecr.<region>.${suffix}`, `api.ecr-fips.<region>.${suffix}`]),
  ...dualStackServices.flatMap((suffix) => [`ecr.<region>.${suffix}`, `ecr-fips.<region>.${suffix}`]),
];

export const ecrPublicHosts = [...stsHosts, "api.ecr-public.us-east-1.amazonaws.com", "ecr-public.us-east-1.api.aws"];
