// Tests of the OCIR grants of an entry, and of what is refused.
import { describe, expect, it } from "vitest";
import type { Entry } from "../../../src/api/registry-credential.ts";
import type { HostGroup } from "../../../src/providers/grant-types.ts";
import type { OcirGrant } from "../../../src/providers/ocir/grant.ts";
import { ocirGrants } from "../../../src/providers/ocir/grant.ts";
import { scopeOf } from "../scope.ts";

type OcirEntry = Extract<Entry, { provider: "OCIR" }>;

function groupsOf(entry: Partial<Omit<OcirEntry, "provider">>): readonly HostGroup<OcirGrant>[] {
  return ocirGrants(
    { name: "oracle", provider: "OCIR", hosts: ["iad.ocir.io"], identity: { from: "Operator" }, ocir: {}, ...entry },
    scopeOf(),
  );
}

describe("hosts", () => {
  it.each([
    "iad.ocir.io",
    "fra.ocir.io",
    "us-ashburn-1.ocir.io",
    "eu-frankfurt-1.ocir.io",
    "ap-tokyo-1.ocir.io",
    "uk-gov-london-1.ocir.io",
    "ocir.us-ashburn-1.oci.oraclecloud.com",
    "ocir.us-gov-phoenix-1.oci.oraclegovcloud.com",
    "ocir.eu-jovanovac-1.oci.oraclecloud20.com",
  ])("%s is a registry", (host) => {
    expect(groupsOf({ hosts: [host] })).toEqual([
      { hosts: [host], grant: { provider: "OCIR", identity: { from: "Operator" }, host } },
    ]);
  });

  it.each([
    "ocir.io",
    "iad.ocir.io:443",
    "iad.ocir.io.evil.test",
    "evil.test/iad.ocir.io",
    "x.iad.ocir.io",
    "ashburn.ocir.io",
    "ocir.us-ashburn-1.oraclecloud.com",
    "ocir.us-ashburn-1.oci.evil.com",
    "objectstorage.us-ashburn-1.oci.oraclecloud.com",
    "ghcr.io",
  ])("%s is none, and fails alone", (host) => {
    const [first, second] = groupsOf({ hosts: [host, "iad.ocir.io"] });
    expect(first).toMatchObject({
      hosts: [host],
      grant: { reason: "InvalidHost", cause: "Platform", retry: "on-change" },
    });
    expect(second?.grant).toMatchObject({ host: "iad.ocir.io" });
  });

  it("get one grant each, for all their paths", () => {
    const hosts = ["iad.ocir.io/acme", "us-ashburn-1.ocir.io", "iad.ocir.io/other"];
    expect(groupsOf({ hosts })).toMatchObject([
      { hosts: ["iad.ocir.io/acme", "iad.ocir.io/other"], grant: { host: "iad.ocir.io" } },
      { hosts: ["us-ashburn-1.ocir.io"], grant: { host: "us-ashburn-1.ocir.io" } },
    ]);
  });
});

describe("identities", () => {
  it("may be a Secret, and the CA is part of the grant", () => {
    const [group] = groupsOf({ identity: { from: "Secret", name: "oci" }, caSecretName: "ca" });
    expect(group?.grant).toEqual({
      provider: "OCIR",
      host: "iad.ocir.io",
      identity: { from: "Secret", namespace: "regcred-system", name: "oci" },
      caSecretName: "ca",
    });
  });

  it.each(["ServiceAccount", "TenantServiceAccount"] as const)(
    "of kind %s are refused, saying what to write",
    (from) => {
      const [group] = groupsOf({ identity: { from, name: "puller" } });
      expect(group?.grant).toMatchObject({ reason: "IdentityUnsupported", cause: "Platform", retry: "on-change" });
      expect(group?.grant).toHaveProperty("message", expect.stringMatching(/Secret.*Operator/));
    },
  );
});
