// Tests of the ICR grants of an entry, and of what is refused.
import { describe, expect, it } from "vitest";
import type { Entry } from "../../../src/api/registry-credential.ts";
import type { HostGroup } from "../../../src/providers/grant-types.ts";
import type { IcrGrant } from "../../../src/providers/icr/grant.ts";
import { icrGrants } from "../../../src/providers/icr/grant.ts";
import { scopeOf } from "../scope.ts";

type IcrEntry = Extract<Entry, { provider: "ICR" }>;

const guid = "94497d0d-2ac3-41bf-a993-a49d1b14627c";
const profile = `Profile-${guid}`;
const secret = { from: "Secret", name: "ibm" } as const;
const accounts = { "team-a/puller": { uid: "sa-uid", annotations: {} } };

function groupsOf(
  entry: Partial<Omit<IcrEntry, "provider">>,
  labels: Readonly<Record<string, string>> = {},
): readonly HostGroup<IcrGrant>[] {
  return icrGrants(
    { name: "ibm", provider: "ICR", hosts: ["icr.io"], identity: secret, icr: {}, ...entry },
    scopeOf(labels, accounts),
  );
}

describe("hosts", () => {
  it("are served by one token, all of them", () => {
    const regions = ["us", "uk", "de", "au", "jp", "jp2", "ca", "ca2", "br", "es", "in", "in2"];
    const known = ["icr.io", ...regions.map((region) => `${region}.icr.io`)];
    const hosts = [...known, ...known.map((host) => `private.${host}`), "us.icr.io/acme", "private.us.icr.io/acme"];
    const identity = { ...secret, namespace: "regcred-system" };
    expect(groupsOf({ hosts })).toEqual([{ hosts, grant: { provider: "ICR", identity } }]);
  });

  it.each([
    "icr.io.evil.test",
    "x.us.icr.io",
    "cp.icr.io",
    "private.fr.icr.io",
    "fr.icr.io",
    "us.icr.io:443",
    "evil.test/icr.io",
    "gcr.io",
    "*",
  ])("%s is none, and fails alone", (host) => {
    expect(groupsOf({ hosts: [host, "us.icr.io"] })).toMatchObject([
      { hosts: ["us.icr.io"], grant: { provider: "ICR" } },
      { hosts: [host], grant: { reason: "InvalidHost", cause: "Platform", retry: "on-change" } },
    ]);
    expect(groupsOf({ hosts: [host] })).toHaveLength(1);
  });
});

describe("trusted profiles", () => {
  const own = { from: "TenantServiceAccount", name: "puller" } as const;

  it("are part of the grant, rendered, as is the CA", () => {
    const icr = { trustedProfileID: "Profile-$(namespace.labels['acme.io/profile'])" };
    expect(groupsOf({ icr, identity: own, caSecretName: "ca" }, { "acme.io/profile": guid })).toEqual([
      {
        hosts: ["icr.io"],
        grant: {
          provider: "ICR",
          identity: { from: "TenantServiceAccount", namespace: "team-a", name: "puller", uid: "sa-uid" },
          trustedProfileID: profile,
          caSecretName: "ca",
        },
      },
    ]);
  });

  it.each([
    ["$(namespace.labels['p'])", {}, "MissingLabel", "Tenant"],
    ["$(namespace.labels['p'])", { p: "puller" }, "InvalidTrustedProfile", "Tenant"],
    ["puller", {}, "InvalidTrustedProfile", "Platform"],
    [`${profile}/x`, {}, "InvalidTrustedProfile", "Platform"],
    [guid, {}, "InvalidTrustedProfile", "Platform"],
  ])("that are none are refused: %s with %o", (trustedProfileID, labels, reason, cause) => {
    const [group] = groupsOf({ icr: { trustedProfileID } }, labels);
    expect(group?.grant).toMatchObject({ reason, cause, retry: "on-change" });
  });

  it.each([own, { from: "Operator" } as const])("are needed by %o", (identity) => {
    const [group] = groupsOf({ identity });
    expect(group?.grant).toMatchObject({ reason: "MissingTrustedProfile", cause: "Platform", retry: "on-change" });
    expect(groupsOf({ identity, icr: { trustedProfileID: profile } })[0]?.grant).toMatchObject({ provider: "ICR" });
  });

  it("need a ServiceAccount that exists", () => {
    const identity = { from: "TenantServiceAccount", name: "gone" } as const;
    const [group] = groupsOf({ identity, icr: { trustedProfileID: profile } });
    expect(group?.grant).toMatchObject({ reason: "ServiceAccountMissing", cause: "Tenant" });
  });
});
