// The grants of ECR and ECRPublic: which tokens the hosts of an entry need, and who asks for them under which role.
import type { Cause, Failure } from "../../runtime/errors.ts";
import { quotedText } from "../../runtime/foreign-text.ts";
import { kubectl } from "../../runtime/steps.ts";
import { hasPlaceholders, rendered } from "../../api/placeholders.ts";
import { formsText, registryHost } from "../../registry/host-templates.ts";
import type { EntryWith } from "../definition.ts";
import type { CloudGrant, GrantIdentity, HostGroup, RenderScope } from "../grant-types.ts";
import {
  anyIdentity,
  defined,
  groupedHosts,
  identityOf,
  invalid,
  isServiceAccount,
  ownerOf,
  renderedField,
  type RenderedIdentity,
  sharedGrant,
} from "../rendering.ts";
import { type AwsDualStackSuffix, type AwsSuffix, ecrPublicRegistries, ecrRegistries } from "./hosts.ts";
import type { ecrSettings } from "./settings.ts";

/** Who asks AWS, as whom. */
interface Access extends Omit<CloudGrant, "provider"> {
  readonly roleARN?: string;
  readonly externalID?: string;
  /** Of the ServiceAccount's token, where its annotation names another than AWS's own. */
  readonly audience?: string;
}

interface Place {
  /** `aws`, `aws-cn`, `aws-us-gov`, ... */
  readonly partition: string;
  /** Of the registry, and so of the call. */
  readonly region: string;
  readonly endpoint: "standard" | "fips" | "dualstack";
}

export interface EcrGrant extends Access, Place {
  readonly provider: "ECR";
}

export interface EcrPublicGrant extends Access {
  readonly provider: "ECRPublic";
}

type EcrEntry = EntryWith<"ECR" | "ECRPublic", "ecr", typeof ecrSettings>;

interface Partition {
  readonly name: string;
  readonly region: RegExp;
  /** What a registry's name ends in after the region. */
  readonly suffix: AwsSuffix;
  readonly dualStackSuffix?: AwsDualStackSuffix;
}

// partitions.json of the AWS SDKs.
// The first whose regions match holds: `aws` takes geographies that are yet to come, as the SDK does.
const partitions: readonly Partition[] = [
  {
    name: "aws-cn",
    region: /^cn-[a-z]+-\d{1,2}$/,
    suffix: "amazonaws.com.cn",
    dualStackSuffix: "on.amazonwebservices.com.cn",
  },
  { name: "aws-us-gov", region: /^us-gov-[a-z]+-\d{1,2}$/, suffix: "amazonaws.com", dualStackSuffix: "on.aws" },
  { name: "aws-iso", region: /^us-iso-[a-z]+-\d{1,2}$/, suffix: "c2s.ic.gov" },
  { name: "aws-iso-b", region: /^us-isob-[a-z]+-\d{1,2}$/, suffix: "sc2s.sgov.gov" },
  { name: "aws-iso-e", region: /^eu-isoe-[a-z]+-\d{1,2}$/, suffix: "cloud.adc-e.uk" },
  { name: "aws-iso-f", region: /^us-isof-[a-z]+-\d{1,2}$/, suffix: "csp.hci.ic.gov" },
  {
    name: "aws-eusc",
    region: /^eusc-[a-z]{2}-[a-z]+-\d{1,2}$/,
    suffix: "amazonaws.eu",
    dualStackSuffix: "on.amazonwebservices.eu",
  },
  { name: "aws", region: /^[a-z]{2}-[a-z]+-\d{1,2}$/, suffix: "amazonaws.com", dualStackSuffix: "on.aws" },
];

// ECR Public is nowhere else: https://docs.aws.amazon.com/general/latest/gr/ecr-public.html
const publicPartition = "aws";

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html
const role = /^arn:(?<partition>aws(?:-[a-z]+)*):iam::\d{12}:role\/(?:[!-~]{1,510}\/)?[\w+=,.@-]{1,64}$/;
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
const externalIdSyntax = /^[\w+=,.@:/-]{2,1224}$/;
// A client id of an OIDC provider: https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddClientIDToOpenIDConnectProvider.html
const audienceSyntax = /^[\w.:/@-]{1,255}$/;

// The first is the role for pulls, where pods of the ServiceAccount run under another: cloud-provider-aws, as above.
const pullRoleAnnotation = "eks.amazonaws.com/ecr-role-arn";
// https://github.com/aws/amazon-eks-pod-identity-webhook#eks-walkthrough
const roleAnnotation = "eks.amazonaws.com/role-arn";
const audienceAnnotation = "eks.amazonaws.com/audience";
export const ecrAnnotations = [roleAnnotation, pullRoleAnnotation, audienceAnnotation];

export const ecrIdentities = anyIdentity;

/** One token serves every account of a region; FIPS and dual-stack registries are asked for at endpoints of their kind. */
export function ecrGrants(entry: EcrEntry, scope: RenderScope): readonly HostGroup<EcrGrant>[] {
  const keyOf = (host: string): string => {
    const place = placeOf(host);
    return "reason" in place ? host : `${place.partition}/${place.region}/${place.endpoint}`;
  };
  return groupedHosts(entry.hosts, keyOf, (host) => {
    const place = placeOf(host);
    return "reason" in place ? place : grantAt(place, entry, scope);
  });
}

export function ecrPublicGrants(entry: EcrEntry, scope: RenderScope): readonly HostGroup<EcrPublicGrant>[] {
  return sharedGrant(entry.hosts, (host) => registryHost(ecrPublicRegistries, host) !== undefined, {
    grant: () => {
      const access = accessOf(entry, publicPartition, scope);
      return "reason" in access ? access : { provider: "ECRPublic", ...access };
    },
    refused: (host) =>
      invalid(
        "InvalidHost",
        `"${host}" is no host of ECR Public: write ${formsText(ecrPublicRegistries)}${registryHost(ecrRegistries, host) ? ", or provider: ECR" : ""}`,
      ),
  });
}

function grantAt(place: Place, entry: EcrEntry, scope: RenderScope): EcrGrant | Failure {
  const access = accessOf(entry, place.partition, scope);
  return "reason" in access ? access : { provider: "ECR", ...place, ...access };
}

function placeOf(host: string): Place | Failure {
  const { region = "", aws: suffix = "", fips } = registryHost(ecrRegistries, host)?.places ?? {};
  if (region === "") {
    return invalid(
      "InvalidHost",
      `"${host}" is no ECR registry: write ${formsText(ecrRegistries)} with 12 digits for ACCOUNT, without port${registryHost(ecrPublicRegistries, host) ? ", or provider: ECRPublic" : ""}`,
    );
  }
  const partition = partitions.find((each) => each.region.test(region));
  if (!partition)
    return invalid("InvalidHost", `"${host}" names no AWS region: write one such as eu-west-1 for ${region}`);
  const dualStack = suffix === partition.dualStackSuffix;
  if (!dualStack && suffix !== partition.suffix) {
    return invalid(
      "InvalidHost",
      `"${host}" names a region of the partition ${partition.name}, whose registries end in .${partition.suffix}: write that for .${suffix}`,
    );
  }
  // FIPS is an obligation, dual-stack a way to get there.
  return {
    partition: partition.name,
    region,
    endpoint: fips === "" ? (dualStack ? "dualstack" : "standard") : "fips",
  };
}

/** Who asks, under which role. The registry's partition decides which roles can be assumed there. */
function accessOf(entry: EcrEntry, partition: string, scope: RenderScope): Access | Failure {
  const asked = identityOf(entry.identity, scope, ecrIdentities);
  if ("reason" in asked) return asked;
  const { identity, annotations } = asked;
  const roleARN = roleOf(entry, { identity, annotations }, partition, scope);
  if (typeof roleARN === "object") return roleARN;
  const externalID = externalIdOf(entry, identity, roleARN, scope);
  if (typeof externalID === "object") return externalID;
  const audience = audienceOf(identity, annotations);
  if (typeof audience === "object") return audience;
  return {
    identity,
    ...defined({ roleARN, externalID, audience, caSecretName: entry.caSecretName }),
  };
}

function roleOf(
  { ecr }: EcrEntry,
  { identity, annotations }: RenderedIdentity,
  partition: string,
  { namespace }: RenderScope,
): string | Failure | undefined {
  if (ecr.roleARN !== undefined) {
    const text = rendered(ecr.roleARN, namespace);
    if (typeof text !== "string") return text;
    return checkedRole(text, partition, "ecr.roleARN becomes", hasPlaceholders(ecr.roleARN) ? "Tenant" : "Platform");
  }
  if (!isServiceAccount(identity)) return undefined;
  const annotation = annotations[pullRoleAnnotation] === undefined ? roleAnnotation : pullRoleAnnotation;
  const text = annotations[annotation];
  const { namespace: home, name } = identity;
  if (text === undefined) {
    return {
      ...invalid("MissingRole", `the ServiceAccount ${home}/${name} names no role to pull with`, ownerOf(identity)),
      steps: [
        {
          message: "name one",
          command: kubectl`annotate serviceaccount -n ${home} ${name} ${roleAnnotation}=arn:${partition}:iam::ACCOUNT:role/NAME --overwrite`,
        },
        { message: `or ${pullRoleAnnotation}, for a role that is for pulls only` },
      ],
    };
  }
  const where = `the annotation ${annotation} of the ServiceAccount ${home}/${name} is`;
  return checkedRole(text, partition, where, ownerOf(identity));
}

function checkedRole(text: string, partition: string, where: string, cause: Cause): string | Failure {
  const found = role.exec(text)?.groups?.["partition"];
  if (found === partition) return text;
  const problem =
    found === undefined
      ? `no ARN of a role: write arn:${partition}:iam::ACCOUNT:role/NAME`
      : `a role of the partition ${found}, but the registry is in ${partition}, where it cannot be assumed: write a role that begins with arn:${partition}:`;
  return invalid("InvalidRoleARN", `${where} ${quotedText(text)}, ${problem}`, cause);
}

/** Only AssumeRole takes one; an external id that would not be sent is an error, for it is there as a safeguard. */
function externalIdOf(
  { ecr }: EcrEntry,
  identity: GrantIdentity,
  roleARN: string | undefined,
  scope: RenderScope,
): string | Failure | undefined {
  if (ecr.externalID === undefined) return undefined;
  const reason = "InvalidExternalID";
  if (isServiceAccount(identity)) {
    return invalid(
      reason,
      "ecr.externalID is not sent with the token of a ServiceAccount, whose role trusts that account by name: remove it",
    );
  }
  if (roleARN === undefined) {
    return invalid(reason, "ecr.externalID belongs to a role: write ecr.roleARN too, or remove it");
  }
  return renderedField(
    ecr.externalID,
    scope,
    (text) => externalIdSyntax.test(text),
    (_, cause) =>
      invalid(
        reason,
        "ecr.externalID becomes a text that AWS does not take: write 2 to 1224 letters, digits and _+=,.@:/-",
        cause,
      ),
  );
}

function audienceOf(
  identity: GrantIdentity,
  annotations: Readonly<Record<string, string>>,
): string | Failure | undefined {
  const audience = annotations[audienceAnnotation];
  if (!isServiceAccount(identity) || audience === undefined || audienceSyntax.test(audience)) return audience;
  return invalid(
    "InvalidAudience",
    `the annotation ${audienceAnnotation} of the ServiceAccount ${identity.namespace}/${identity.name} is no audience: write a client id of the IAM OIDC provider such as sts.amazonaws.com, or remove it`,
    ownerOf(identity),
  );
}
