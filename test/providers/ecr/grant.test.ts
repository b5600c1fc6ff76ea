// Tests that ECR's hosts are told apart, and that nothing is granted under a role that was not meant.
import { describe, expect, it } from "vitest";
import type { Entry, Identity } from "../../../src/api/registry-credential.ts";
import type { RenderScope } from "../../../src/providers/grant-types.ts";
import { ecrGrants, ecrPublicGrants } from "../../../src/providers/ecr/grant.ts";
import { kubectl } from "../../../src/runtime/steps.ts";

type EcrEntry = Extract<Entry, { provider: "ECR" | "ECRPublic" }>;

const host = (rest: string): string => `123456789012.${rest}`;
const paris = host("dkr.ecr.eu-west-3.amazonaws.com");
const role = "arn:aws:iam::123456789012:role/pull";

function entryOf(given: Partial<EcrEntry> = {}): EcrEntry {
  return { name: "images", provider: "ECR", hosts: [paris], identity: { from: "Operator" }, ecr: {}, ...given };
}

function scopeOf(
  annotations: Readonly<Record<string, string>> = {},
  labels: Readonly<Record<string, string>> = {},
): RenderScope {
  const name = "team-a";
  return {
    namespace: { key: name, resourceVersion: "1", name, uid: "n", labels, optedOut: false, terminating: false },
    operatorNamespace: "regcred-system",
    serviceAccount: (_, account) => (account === "puller" ? { uid: "u", annotations } : undefined),
  };
}

const grantsOf = (entry: Partial<EcrEntry> = {}, scope = scopeOf()) => ecrGrants(entryOf(entry), scope);
const grantOf = (entry: Partial<EcrEntry> = {}, scope = scopeOf()) => grantsOf(entry, scope)[0]?.grant;

const tenant: Identity = { from: "TenantServiceAccount", name: "puller" };
const account: Identity = { from: "ServiceAccount", name: "puller" };

describe("hosts of ECR", () => {
  it.each([
    ["dkr.ecr.us-east-1.amazonaws.com", "aws", "us-east-1", "standard"],
    ["dkr.ecr.mx-central-1.amazonaws.com", "aws", "mx-central-1", "standard"],
    ["dkr.ecr-fips.us-west-2.amazonaws.com", "aws", "us-west-2", "fips"],
    ["dkr-ecr.eu-west-1.on.aws", "aws", "eu-west-1", "dualstack"],
    ["dkr-ecr-fips.us-east-2.on.aws", "aws", "us-east-2", "fips"],
    ["dkr.ecr.us-gov-west-1.amazonaws.com", "aws-us-gov", "us-gov-west-1", "standard"],
    ["dkr.ecr-fips.us-gov-east-1.amazonaws.com", "aws-us-gov", "us-gov-east-1", "fips"],
    ["dkr-ecr.us-gov-west-1.on.aws", "aws-us-gov", "us-gov-west-1", "dualstack"],
    ["dkr.ecr.cn-north-1.amazonaws.com.cn", "aws-cn", "cn-north-1", "standard"],
    ["dkr-ecr.cn-northwest-1.on.amazonwebservices.com.cn", "aws-cn", "cn-northwest-1", "dualstack"],
    ["dkr.ecr.us-iso-east-1.c2s.ic.gov", "aws-iso", "us-iso-east-1", "standard"],
    ["dkr.ecr.us-isob-east-1.sc2s.sgov.gov", "aws-iso-b", "us-isob-east-1", "standard"],
    ["dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk", "aws-iso-e", "eu-isoe-west-1", "standard"],
    ["dkr.ecr.us-isof-south-1.csp.hci.ic.gov", "aws-iso-f", "us-isof-south-1", "standard"],
    ["dkr.ecr.eusc-de-east-1.amazonaws.eu", "aws-eusc", "eusc-de-east-1", "standard"],
    ["dkr.ecr.cn-north-1.on.amazonwebservices.com.cn", "aws-cn", "cn-north-1", "dualstack"],
    ["dkr-ecr.eu-west-1.amazonaws.com", "aws", "eu-west-1", "standard"],
    ["DKR.ecr.EU-west-1.amazonaws.com", "aws", "eu-west-1", "standard"],
    ["dkr.ecr.eu-west-1.amazonaws.com/team/app", "aws", "eu-west-1", "standard"],
  ])("knows %s", (rest, partition, region, endpoint) => {
    expect(grantsOf({ hosts: [host(rest)] })).toEqual([
      { hosts: [host(rest)], grant: { provider: "ECR", partition, region, endpoint, identity: { from: "Operator" } } },
    ]);
  });

  it.each([
    "12345678901.dkr.ecr.eu-west-1.amazonaws.com",
    "1234567890123.dkr.ecr.eu-west-1.amazonaws.com",
    host("dkr.ecr.eu-west-1.amazonaws.com.evil.test"),
    host("dkr.ecr.eu-west-1.evil.com"),
    host("dkr.ecr.eu-west-1.amazonaws.com.cn"),
    host("dkr.ecr.cn-north-1.amazonaws.com"),
    host("dkr.ecr.us-iso-east-1.amazonaws.com"),
    host("dkr.ecr.us-isob-east-1.c2s.ic.gov"),
    host("dkr.ecr.eusc-de-east-1.amazonaws.com"),
    host("dkr.ecr.eu-isoe-west-1.on.aws"),
    host("dkr.ecr.moon.amazonaws.com"),
    host("dkr.ecr.us-secret-moon-base-1.amazonaws.com"),
    host("dkrxecr.eu-west-1.amazonaws.com"),
    `${paris}:443`,
    `*.dkr.ecr.*.amazonaws.com`,
    `*.eu-west-1.amazonaws.com`,
    `12*.dkr.ecr.eu-west-1.amazonaws.com`,
    "public.ecr.aws",
    "docker.io",
  ])("refuses %s", (wrong) => {
    expect(grantOf({ hosts: [wrong] })).toMatchObject({
      reason: "InvalidHost",
      cause: "Platform",
      retry: "on-change",
      message: expect.stringContaining(wrong) as string,
    });
  });

  it("share a token within partition, region and kind of endpoint, whatever the account", () => {
    const other = "999999999999.dkr.ecr.eu-west-3.amazonaws.com";
    const ireland = host("dkr.ecr.eu-west-1.amazonaws.com");
    const dual = host("dkr-ecr.eu-west-3.on.aws");
    const groups = grantsOf({ hosts: [paris, ireland, other, dual, "docker.io"] });
    expect(groups.map(({ hosts }) => hosts)).toEqual([[paris, other], [ireland], [dual], ["docker.io"]]);
    expect(groups.filter(({ grant }) => "reason" in grant).map(({ hosts }) => hosts)).toEqual([["docker.io"]]);
  });

  it("say which provider they belong to", () => {
    expect(grantOf({ hosts: ["public.ecr.aws"] })).toMatchObject({
      message: expect.stringContaining("provider: ECRPublic") as string,
    });
    expect(ecrPublicGrants(entryOf(), scopeOf())[0]?.grant).toMatchObject({
      message: expect.stringContaining("provider: ECR") as string,
    });
  });
});

describe("hosts of ECR Public", () => {
  it("share one token, and a wrong one harms no other", () => {
    const hosts = ["public.ecr.aws", "docker.io", "ecr-public.aws.com"];
    expect(ecrPublicGrants(entryOf({ provider: "ECRPublic", hosts }), scopeOf())).toEqual([
      {
        hosts: ["public.ecr.aws", "ecr-public.aws.com"],
        grant: { provider: "ECRPublic", identity: { from: "Operator" } },
      },
      { hosts: ["docker.io"], grant: expect.objectContaining({ reason: "InvalidHost" }) as unknown },
    ]);
  });

  it("take roles of the partition aws only", () => {
    const ecr = { roleARN: "arn:aws-us-gov:iam::123456789012:role/pull" };
    expect(
      ecrPublicGrants(entryOf({ provider: "ECRPublic", hosts: ["public.ecr.aws"], ecr }), scopeOf())[0]?.grant,
    ).toMatchObject({ reason: "InvalidRoleARN", cause: "Platform" });
  });
});

describe("the role", () => {
  const template = "arn:aws:iam::123456789012:role/pull-$(namespace.labels['acme.io/tenant'])";

  it("is rendered for the namespace", () => {
    expect(grantOf({ ecr: { roleARN: template } }, scopeOf({}, { "acme.io/tenant": "a" }))).toMatchObject({
      roleARN: `${role}-a`,
    });
  });

  it("fails for the tenant without the label", () => {
    expect(grantOf({ ecr: { roleARN: template } })).toMatchObject({ reason: "MissingLabel", cause: "Tenant" });
  });

  it("may have a path", () => {
    const roleARN = "arn:aws:iam::123456789012:role/team/a/pull.er+=,@-_";
    expect(grantOf({ ecr: { roleARN } })).toMatchObject({ roleARN });
  });

  it.each([
    "arn:aws:iam::12345:role/pull",
    "arn:aws:iam::123456789012:user/pull",
    "arn:aws:iam::123456789012:role/",
    "arn:aws:sts::123456789012:role/pull",
    `arn:aws:iam::123456789012:role/${"x".repeat(65)}`,
    "arn:aws:iam::123456789012:role/pull me",
    "arn:aws-:iam::123456789012:role/pull",
    `${role}\nx`,
  ])("is refused as %j", (roleARN) => {
    expect(grantOf({ ecr: { roleARN } })).toMatchObject({ reason: "InvalidRoleARN", cause: "Platform" });
  });

  it("is the tenant's to mend when the tenant's label makes it wrong", () => {
    const roleARN = "arn:aws:iam::$(namespace.labels['acme.io/account']):role/pull";
    expect(grantOf({ ecr: { roleARN } }, scopeOf({}, { "acme.io/account": "oops" }))).toMatchObject({
      reason: "InvalidRoleARN",
      cause: "Tenant",
    });
  });

  it("must be of the registry's partition, for each group of hosts", () => {
    const beijing = host("dkr.ecr.cn-north-1.amazonaws.com.cn");
    const [first, second] = grantsOf({ hosts: [paris, beijing], ecr: { roleARN: role } });
    expect(first?.grant).toMatchObject({ roleARN: role });
    expect(second?.grant).toMatchObject({
      reason: "InvalidRoleARN",
      message: expect.stringMatching(/partition aws, but the registry is in aws-cn/) as string,
    });
  });
});

describe("the external id", () => {
  const ecr = { roleARN: role, externalID: "regcred/$(namespace.name)" };

  it("is rendered for the namespace", () => {
    expect(grantOf({ ecr })).toMatchObject({ externalID: "regcred/team-a" });
  });

  it.each([
    ["has signs that AWS refuses", { roleARN: role, externalID: "a b" }, { from: "Operator" } as const],
    ["has one letter", { roleARN: role, externalID: "x" }, { from: "Operator" } as const],
    ["has no role", { externalID: "xy" }, { from: "Operator" } as const],
    ["would not be sent", ecr, tenant],
  ])("is refused where it %s", (_, ecr, identity) => {
    expect(grantOf({ ecr, identity }, scopeOf())).toMatchObject({ reason: "InvalidExternalID", cause: "Platform" });
  });
});

describe("a ServiceAccount", () => {
  const pull = { "eks.amazonaws.com/ecr-role-arn": role };
  const work = { "eks.amazonaws.com/role-arn": `${role}-work` };

  it("pulls under the role that its annotation names", () => {
    expect(grantOf({ identity: tenant }, scopeOf(work))).toEqual({
      provider: "ECR",
      partition: "aws",
      region: "eu-west-3",
      endpoint: "standard",
      identity: { from: "TenantServiceAccount", namespace: "team-a", name: "puller", uid: "u" },
      roleARN: `${role}-work`,
    });
  });

  it("prefers the role for pulls, and the spec's to both", () => {
    expect(grantOf({ identity: tenant }, scopeOf({ ...work, ...pull }))).toMatchObject({ roleARN: role });
    const ecr = { roleARN: `${role}-spec` };
    expect(grantOf({ identity: tenant, ecr }, scopeOf({ ...work, ...pull }))).toMatchObject({
      roleARN: `${role}-spec`,
    });
  });

  it("needs a role, and is told the annotation", () => {
    expect(grantOf({ identity: tenant })).toMatchObject({
      reason: "MissingRole",
      cause: "Tenant",
      retry: "on-change",
      steps: [
        {
          message: "name one",
          command: kubectl`annotate serviceaccount -n team-a puller eks.amazonaws.com/role-arn=arn:aws:iam::ACCOUNT:role/NAME --overwrite`,
        },
        {},
      ],
    });
    expect(grantOf({ identity: account })).toMatchObject({ reason: "MissingRole", cause: "Platform" });
  });

  it("answers for its annotations: the tenant's by the tenant, the platform's by the platform", () => {
    const odd = scopeOf({ "eks.amazonaws.com/role-arn": "x".repeat(100_000) });
    const failure = grantOf({ identity: tenant }, odd);
    expect(failure).toMatchObject({ reason: "InvalidRoleARN", cause: "Tenant" });
    expect(JSON.stringify(failure).length).toBeLessThan(600);
    expect(grantOf({ identity: account }, odd)).toMatchObject({ reason: "InvalidRoleARN", cause: "Platform" });
    const foreign = scopeOf({ "eks.amazonaws.com/role-arn": "arn:aws-cn:iam::123456789012:role/pull" });
    expect(grantOf({ identity: tenant }, foreign)).toMatchObject({ reason: "InvalidRoleARN", cause: "Tenant" });
  });

  it("may name the audience that its cluster is known by", () => {
    const kops = { ...work, "eks.amazonaws.com/audience": "amazonaws.com" };
    expect(grantOf({ identity: tenant }, scopeOf(kops))).toMatchObject({ audience: "amazonaws.com" });
    const odd = { ...work, "eks.amazonaws.com/audience": "a b" };
    expect(grantOf({ identity: tenant }, scopeOf(odd))).toMatchObject({ reason: "InvalidAudience", cause: "Tenant" });
  });

  it("that does not exist fails for all valid hosts", () => {
    const identity: Identity = { from: "TenantServiceAccount", name: "nobody" };
    expect(grantOf({ identity })).toMatchObject({ reason: "ServiceAccountMissing", cause: "Tenant" });
  });
});

it("hands on the CA of the entry", () => {
  expect(grantOf({ caSecretName: "proxy-ca" })).toMatchObject({ caSecretName: "proxy-ca" });
});

it("keeps a Secret as identity", () => {
  const identity: Identity = { from: "Secret", name: "keys" };
  expect(grantOf({ identity, ecr: { roleARN: role } })).toMatchObject({
    identity: { from: "Secret", namespace: "regcred-system", name: "keys" },
    roleARN: role,
  });
});
