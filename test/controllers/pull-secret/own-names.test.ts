// Tests of custom hosts that lead to a cloud's registry: what is granted to them, and how such a token is verified.
import { describe, expect, it } from "vitest";
import type { Entry } from "../../../src/api/registry-credential.ts";
import { parseRegistryCredential } from "../../../src/api/parse-registry-credential.ts";
import { grantsOf } from "../../../src/providers/grant.ts";
import { verificationTargetOf } from "../../../src/grants/verification-target.ts";
import { stored } from "../../api/registry-credential.ts";
import { scopeOf } from "../../providers/scope.ts";
import { namespace } from "../../entitlement/objects.ts";

const base = { name: "images", identity: { from: "Operator" } } as const;
const ecr = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
const hosts = ["docker.acme.example", "docker.acme.example:5000/team"];
const scope = scopeOf({}, {});

const clouds: readonly (Entry & { readonly registry: string })[] = [
  { ...base, provider: "ECR", ecr: {}, registry: ecr, hosts },
  { ...base, provider: "ECRPublic", ecr: {}, registry: "public.ecr.aws", hosts },
  { ...base, provider: "ACR", acr: {}, registry: "acmeimages.azurecr.io", hosts },
  { ...base, provider: "GAR", google: {}, registry: "docker.europe-west1.rep.pkg.dev", hosts },
  { ...base, provider: "GCR", google: {}, registry: "eu.gcr.io", hosts },
  { ...base, provider: "OCIR", ocir: {}, registry: "ocir.eu-frankfurt-1.oci.oraclecloud.com", hosts },
  {
    ...base,
    provider: "ICR",
    icr: {},
    identity: { from: "Secret", name: "ibm" },
    registry: "private.de.icr.io",
    hosts,
  },
];

describe.each(clouds)("names of one's own for $registry", (entry) => {
  it("have the token of that registry, and share it with an entry that names the registry itself", () => {
    const itself = { ...entry, hosts: [entry.registry] };
    const { registry: _, ...plain } = itself;
    const [own, ...others] = grantsOf(entry, scope);
    expect(others).toEqual([]);
    expect(own?.hosts).toEqual(hosts);
    expect(own?.grant).toEqual(grantsOf(plain as Entry, scope)[0]?.grant);
    expect(own?.grant).toMatchObject({ provider: entry.provider });
  });

  it("fail where it is no registry of the provider", () => {
    for (const registry of ["evil.example", `${entry.registry}.example`, "evil.example/x", `${entry.registry}:8443`]) {
      expect(grantsOf({ ...entry, registry }, scope)).toMatchObject([{ hosts, grant: { reason: "InvalidHost" } }]);
    }
  });

  it("are not asked unless an image says so: the cloud's own name is", () => {
    expect(verificationTargetOf(entry, entry.hosts, namespace())).toEqual({ image: undefined, host: entry.registry });
    const verify = { image: "docker.acme.example/app:1" };
    expect(verificationTargetOf({ ...entry, verify }, entry.hosts, namespace())).toMatchObject({
      host: "docker.acme.example",
    });
  });
});

describe("ECR", () => {
  const many: Entry = { ...base, provider: "ECR", ecr: {}, hosts: ["*.dkr.ecr.eu-west-1.amazonaws.com"] };

  it("has one token for all accounts of a region, which no probe sends to an account that nobody named", () => {
    expect(grantsOf(many, scope)).toEqual(
      grantsOf({ ...many, hosts: [ecr] }, scope).map((group) => ({ ...group, hosts: many.hosts })),
    );
    expect(verificationTargetOf(many, many.hosts, namespace())).toBeUndefined();
    expect(verificationTargetOf(many, [...many.hosts, ecr], namespace())).toEqual({ image: undefined, host: ecr });
  });

  it("may be parted between roles by path", () => {
    const roles = ["a", "b"].map((team) => ({
      ...many,
      hosts: [`${ecr}/team-${team}`],
      ecr: { roleARN: `arn:aws:iam::123456789012:role/${team}` },
    }));
    expect(roles.flatMap((entry) => grantsOf(entry, scope))).toMatchObject([
      { hosts: [`${ecr}/team-a`], grant: { region: "eu-west-1", roleARN: "arn:aws:iam::123456789012:role/a" } },
      { hosts: [`${ecr}/team-b`], grant: { region: "eu-west-1", roleARN: "arn:aws:iam::123456789012:role/b" } },
    ]);
  });
});

it("a RegistryCredential keeps its registry when it is read", () => {
  const written = { name: "images", provider: "ECR", registry: ecr, hosts: ["docker.acme.example"] };
  const parsed = parseRegistryCredential(
    stored({ metadata: { name: "own" }, spec: { registries: [written], namespaces: { include: ["*"] } } } as never),
  );
  expect(parsed).toMatchObject({ ok: true, credential: { spec: { registries: [{ registry: ecr }] } } });
});
