// Which ECR tokens do the hosts of an entry need, and who asks for them under which role?
import type { Entry } from "../../api/registry-credential.ts";
import type { Cause, Failure } from "../../runtime/errors.ts";
import { type awsDualStackSuffixes, type awsSuffixes, cloudHost, formsText } from "../../registry/vendor-hosts.ts";
import type { EcrGrant, EcrPublicGrant, GrantIdentity, HostGroup, RenderScope } from "../grant-types.ts";
import { hasPlaceholders, rendered } from "../../api/placeholders.ts";
import { identityOf } from "../identity.ts";
import { quotedText } from "../../runtime/foreign-text.ts";
import { kubectl } from "../../runtime/steps.ts";

type EcrEntry = Extract<Entry, { provider: "ECR" | "ECRPublic" }>;
type Place = Pick<EcrGrant, "partition" | "region" | "endpoint">;
type Access = Pick<EcrGrant, "identity" | "roleARN" | "externalID" | "audience" | "caSecretName">;

interface Partition {
  readonly name: string;
  readonly region: RegExp;
  /** What a registry's name ends in after the region. */
  readonly suffix: (typeof awsSuffixes)[number];
  readonly dualStackSuffix?: (typeof awsDualStackSuffixes)[number];
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

/** One token serves every account of a region; FIPS and dual-stack registries are asked for at endpoints of their kind. */
export function ecrGrants(entry: EcrEntry, scope: RenderScope): readonly HostGroup<EcrGrant>[] {
  const groups = new Map<string, { hosts: string[]; grant: EcrGrant | Failure }>();
  for (const host of entry.hosts) {
    const place = placeOf(host);
    const key = "reason" in place ? host : `${place.partition}/${place.region}/${place.endpoint}`;
    const group = groups.get(key);
    if (group) group.hosts.push(host);
    else groups.set(key, { hosts: [host], grant: "reason" in place ? place : grantAt(place, entry, scope) });
  }
  return [...groups.values()];
}

export function ecrPublicGrants(entry: EcrEntry, scope: RenderScope): readonly HostGroup<EcrPublicGrant>[] {
  const isPublic = (host: string): boolean => cloudHost("ECRPublic", host) !== undefined;
  const known = entry.hosts.filter(isPublic);
  const groups: HostGroup<EcrPublicGrant>[] = entry.hosts
    .filter((host) => !isPublic(host))
    .map((host) => ({
      hosts: [host],
      grant: invalidHost(
        `"${host}" is no host of ECR Public: write ${formsText("ECRPublic")}${cloudHost("ECR", host) ? ", or provider: ECR" : ""}`,
      ),
    }));
  if (known.length === 0) return groups;
  const access = accessOf(entry, publicPartition, scope);
  return [{ hosts: known, grant: "reason" in access ? access : { provider: "ECRPublic", ...access } }, ...groups];
}

function grantAt(place: Place, entry: EcrEntry, scope: RenderScope): EcrGrant | Failure {
  const access = accessOf(entry, place.partition, scope);
  return "reason" in access ? access : { provider: "ECR", ...place, ...access };
}

function placeOf(host: string): Place | Failure {
  const { region = "", aws: suffix = "", fips } = cloudHost("ECR", host)?.places ?? {};
  if (region === "") {
    return invalidHost(
      `"${host}" is no ECR registry: write ${formsText("ECR")} with 12 digits for ACCOUNT, without port${cloudHost("ECRPublic", host) ? ", or provider: ECRPublic" : ""}`,
    );
  }
  const partition = partitions.find((each) => each.region.test(region));
  if (!partition) return invalidHost(`"${host}" names no AWS region: write one such as eu-west-1 for ${region}`);
  const dualStack = suffix === partition.dualStackSuffix;
  if (!dualStack && suffix !== partition.suffix) {
    return invalidHost(
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
  const asked = identityOf(entry.identity, scope);
  if ("reason" in asked) return asked;
  const { identity, annotations } = asked;
  const roleARN = roleOf(entry, identity, annotations, partition, scope);
  if (typeof roleARN === "object") return roleARN;
  const externalID = externalIdOf(entry, identity, roleARN, scope);
  if (typeof externalID === "object") return externalID;
  const audience = audienceOf(identity, annotations);
  if (typeof audience === "object") return audience;
  return {
    identity,
    ...(roleARN === undefined ? {} : { roleARN }),
    ...(externalID === undefined ? {} : { externalID }),
    ...(audience === undefined ? {} : { audience }),
    ...(entry.caSecretName === undefined ? {} : { caSecretName: entry.caSecretName }),
  };
}

function roleOf(
  { ecr }: EcrEntry,
  identity: GrantIdentity,
  annotations: Readonly<Record<string, string>>,
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
      reason: "MissingRole",
      cause: causeOf(identity),
      retry: "on-change",
      message: `the ServiceAccount ${home}/${name} names no role to pull with`,
      steps: [
        {
          says: "name one",
          command: kubectl`annotate serviceaccount -n ${home} ${name} ${roleAnnotation}=arn:${partition}:iam::ACCOUNT:role/NAME --overwrite`,
        },
        { says: `or ${pullRoleAnnotation}, for a role that is for pulls only` },
      ],
    };
  }
  const where = `the annotation ${annotation} of the ServiceAccount ${home}/${name} is`;
  return checkedRole(text, partition, where, causeOf(identity));
}

function checkedRole(text: string, partition: string, where: string, cause: Cause): string | Failure {
  const found = role.exec(text)?.groups?.["partition"];
  if (found === partition) return text;
  const problem =
    found === undefined
      ? `no ARN of a role: write arn:${partition}:iam::ACCOUNT:role/NAME`
      : `a role of the partition ${found}, but the registry is in ${partition}, where it cannot be assumed: write a role that begins with arn:${partition}:`;
  return {
    reason: "InvalidRoleARN",
    cause,
    retry: "on-change",
    message: `${where} ${quotedText(text)}, ${problem}`,
  };
}

/** Only AssumeRole takes one; an external id that would not be sent is an error, for it is there as a safeguard. */
function externalIdOf(
  { ecr }: EcrEntry,
  identity: GrantIdentity,
  roleARN: string | undefined,
  { namespace }: RenderScope,
): string | Failure | undefined {
  if (ecr.externalID === undefined) return undefined;
  const invalid = (message: string, cause: Cause): Failure => ({
    reason: "InvalidExternalID",
    cause,
    retry: "on-change",
    message,
  });
  if (isServiceAccount(identity)) {
    return invalid(
      "ecr.externalID is not sent with the token of a ServiceAccount, whose role trusts that account by name: remove it",
      "Platform",
    );
  }
  if (roleARN === undefined) {
    return invalid("ecr.externalID belongs to a role: write ecr.roleARN too, or remove it", "Platform");
  }
  const text = rendered(ecr.externalID, namespace);
  if (typeof text !== "string" || externalIdSyntax.test(text)) return text;
  return invalid(
    "ecr.externalID becomes a text that AWS does not take: write 2 to 1224 letters, digits and _+=,.@:/-",
    hasPlaceholders(ecr.externalID) ? "Tenant" : "Platform",
  );
}

function audienceOf(
  identity: GrantIdentity,
  annotations: Readonly<Record<string, string>>,
): string | Failure | undefined {
  const audience = annotations[audienceAnnotation];
  if (!isServiceAccount(identity) || audience === undefined || audienceSyntax.test(audience)) return audience;
  return {
    reason: "InvalidAudience",
    cause: causeOf(identity),
    retry: "on-change",
    message: `the annotation ${audienceAnnotation} of the ServiceAccount ${identity.namespace}/${identity.name} is no audience: write a client id of the IAM OIDC provider such as sts.amazonaws.com, or remove it`,
  };
}

type AccountIdentity = Extract<GrantIdentity, { from: "ServiceAccount" | "TenantServiceAccount" }>;

function isServiceAccount(identity: GrantIdentity): identity is AccountIdentity {
  return identity.from === "ServiceAccount" || identity.from === "TenantServiceAccount";
}

/** Who may write the annotations of the ServiceAccount. */
function causeOf({ from }: AccountIdentity): Cause {
  return from === "TenantServiceAccount" ? "Tenant" : "Platform";
}

function invalidHost(message: string): Failure {
  return { reason: "InvalidHost", cause: "Platform", retry: "on-change", message };
}
