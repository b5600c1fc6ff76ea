// Tests that Google's hosts are told apart, and that a token is requested as nobody else than was meant.
import { describe, expect, it } from "vitest";
import type { Entry, Identity } from "../../../src/api/registry-credential.ts";
import type { RenderScope } from "../../../src/providers/grant-types.ts";
import { googleGrants } from "../../../src/providers/google/grant.ts";

type GoogleEntry = Extract<Entry, { provider: "GCR" | "GAR" }>;

const host = "europe-west1-docker.pkg.dev";
const email = "pull@acme-prod.iam.gserviceaccount.com";
const pool = "projects/123456789012/locations/global/workloadIdentityPools/clusters/providers/blue";
const readOnly = "https://www.googleapis.com/auth/devstorage.read_only";
const platform = "https://www.googleapis.com/auth/cloud-platform";
const emailAnnotation = "iam.gke.io/gcp-service-account";
const poolAnnotation = "gcp.auth.fluxcd.io/workload-identity-provider";

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

const grantsOf = (entry: Partial<GoogleEntry> = {}, scope = scopeOf()) =>
  googleGrants(
    { name: "images", provider: "GAR", hosts: [host], identity: { from: "Operator" }, google: {}, ...entry },
    scope,
  );
const grantOf = (entry: Partial<GoogleEntry> = {}, scope = scopeOf()) => grantsOf(entry, scope)[0]?.grant;

const tenant: Identity = { from: "TenantServiceAccount", name: "puller" };
const account: Identity = { from: "ServiceAccount", name: "puller" };

describe("hosts of Google", () => {
  it.each([
    ["GCR", "gcr.io"],
    ["GCR", "us.gcr.io"],
    ["GCR", "eu.gcr.io"],
    ["GCR", "asia.gcr.io"],
    ["GCR", "gcr.io/acme-prod"],
    ["GAR", "us-docker.pkg.dev"],
    ["GAR", "europe-docker.pkg.dev"],
    ["GAR", "asia-docker.pkg.dev"],
    ["GAR", "europe-west12-docker.pkg.dev"],
    ["GAR", "northamerica-northeast1-docker.pkg.dev"],
    ["GAR", "europe-west1-docker.pkg.dev/acme-prod/images"],
  ] as const)("%s knows %s", (provider, known) => {
    expect(grantsOf({ provider, hosts: [known] })).toEqual([
      { hosts: [known], grant: { provider, identity: { from: "Operator" }, scopes: [readOnly] } },
    ]);
  });

  it.each([
    ["GCR", "evilgcr.io"],
    ["GCR", "gcr.io.evil.test"],
    ["GCR", "a.b.gcr.io"],
    ["GCR", "gcr.io:443"],
    ["GCR", "*.gcr.io"],
    ["GCR", "docker.io"],
    ["GAR", "pkg.dev"],
    ["GAR", "docker.pkg.dev"],
    ["GAR", "europe-west1-npm.pkg.dev"],
    ["GAR", "europe-west1-docker.pkg.dev.evil.test"],
    ["GAR", "evil.test/europe-west1-docker.pkg.dev"],
    ["GAR", "europe-west1-docker.pkg.dev:443"],
    ["GAR", "*-docker.pkg.dev"],
    ["GAR", "u-france-east1-docker.s3nsregistry.fr"],
  ] as const)("%s refuses %s", (provider, wrong) => {
    expect(grantOf({ provider, hosts: [wrong] })).toMatchObject({
      reason: "InvalidHost",
      cause: "Platform",
      retry: "on-change",
      message: expect.stringContaining(`"${wrong}"`),
    });
  });

  it.each([
    ["GCR", host, "or provider: GAR"],
    ["GAR", "eu.gcr.io", "or provider: GCR"],
  ] as const)("of the other kind are told so: %s and %s", (provider, wrong, hint) => {
    expect(grantOf({ provider, hosts: [wrong] })).toMatchObject({ message: expect.stringContaining(hint) });
  });

  it("are served by one token, and a wrong one fails alone", () => {
    const hosts = ["us-docker.pkg.dev", "docker.io", host];
    expect(grantsOf({ hosts })).toMatchObject([
      { hosts: ["us-docker.pkg.dev", host], grant: { provider: "GAR" } },
      { hosts: ["docker.io"], grant: { reason: "InvalidHost" } },
    ]);
  });
});

describe("the Google service account", () => {
  it.each([
    email,
    "pull@project.example.com.iam.gserviceaccount.com",
    "123456789012-compute@developer.gserviceaccount.com",
    "acme-prod@appspot.gserviceaccount.com",
  ])("may be %s", (impersonate) => {
    expect(grantOf({ google: { impersonate } })).toMatchObject({ impersonate });
  });

  it.each([
    "pull",
    "pull@acme-prod.iam.gserviceaccount.com.evil.test",
    "pull@acme-prod.gserviceaccount.com",
    "pull/../other@acme-prod.iam.gserviceaccount.com",
    "pull@acme-prod.iam.gserviceaccount.com:signBlob?",
    "Pull@acme-prod.iam.gserviceaccount.com",
    "me@gmail.com",
    "",
  ])("may not be %j", (impersonate) => {
    expect(grantOf({ google: { impersonate } })).toMatchObject({
      reason: "InvalidServiceAccountEmail",
      cause: "Platform",
      retry: "on-change",
    });
  });

  it("is rendered, and validated as what it becomes", () => {
    const google = { impersonate: "pull-$(namespace.labels['tenant'])@acme-prod.iam.gserviceaccount.com" };
    expect(grantOf({ google }, scopeOf({}, { tenant: "a" }))).toMatchObject({
      impersonate: "pull-a@acme-prod.iam.gserviceaccount.com",
    });
    expect(grantOf({ google }, scopeOf({}, { tenant: "a.b_c" }))).toMatchObject({
      reason: "InvalidServiceAccountEmail",
      cause: "Tenant",
    });
    expect(grantOf({ google })).toMatchObject({ reason: "MissingLabel", cause: "Tenant" });
  });

  it("comes from the ServiceAccount's annotation, unless the spec names one", () => {
    const scope = scopeOf({ [emailAnnotation]: email });
    expect(grantOf({ identity: tenant }, scope)).toEqual({
      provider: "GAR",
      identity: { from: "TenantServiceAccount", namespace: "team-a", name: "puller", uid: "u" },
      impersonate: email,
      scopes: [readOnly],
    });
    const impersonate = "other@acme-prod.iam.gserviceaccount.com";
    expect(grantOf({ identity: tenant, google: { impersonate } }, scope)).toMatchObject({ impersonate });
    expect(grantOf({ identity: tenant })).not.toHaveProperty("impersonate");
  });

  it.each([
    [tenant, "Tenant", "team-a/puller"],
    [account, "Platform", "regcred-system/puller"],
  ] as const)("of an annotation is validated too: %j", (identity, cause, named) => {
    expect(grantOf({ identity }, scopeOf({ [emailAnnotation]: "me@gmail.com" }))).toMatchObject({
      reason: "InvalidServiceAccountEmail",
      cause,
      message: expect.stringContaining(named),
    });
  });
});

describe("the workload identity provider", () => {
  it("comes from the spec, else from the ServiceAccount's annotation, else it is GKE's own", () => {
    const scope = scopeOf({ [poolAnnotation]: pool });
    const inSpec = pool.replace("blue", "green");
    expect(grantOf({ identity: account }, scope)).toMatchObject({ workloadIdentityProvider: pool });
    expect(grantOf({ identity: account, google: { workloadIdentityProvider: inSpec } }, scope)).toMatchObject({
      workloadIdentityProvider: inSpec,
    });
    expect(grantOf({ identity: account })).not.toHaveProperty("workloadIdentityProvider");
  });

  it.each([
    `//iam.googleapis.com/${pool}`,
    pool.replace("123456789012", "acme-prod"),
    pool.replace("global", "europe-west1"),
    `${pool}/keys/1`,
    "clusters",
    "",
  ])("may not be %j", (wrong) => {
    const failure = { reason: "InvalidWorkloadIdentityProvider", retry: "on-change" };
    expect(grantOf({ identity: tenant, google: { workloadIdentityProvider: wrong } })).toMatchObject({
      ...failure,
      cause: "Platform",
    });
    expect(grantOf({ identity: tenant }, scopeOf({ [poolAnnotation]: wrong }))).toMatchObject({
      ...failure,
      cause: "Tenant",
    });
  });

  it.each([{ from: "Operator" }, { from: "Secret", name: "key" }] as const)(
    "is nothing for identity %j",
    (identity) => {
      expect(grantOf({ identity, google: { workloadIdentityProvider: pool } })).toMatchObject({
        reason: "InvalidWorkloadIdentityProvider",
        message: expect.stringContaining("identity.from: ServiceAccount"),
      });
    },
  );
});

describe("scopes", () => {
  it("are the spec's, in one order, so that entries that mean the same share a token", () => {
    expect(grantOf({ google: { scopes: [readOnly, platform] } })).toMatchObject({ scopes: [platform, readOnly] });
  });

  it.each(["cloud-platform", "https://evil.test/auth/x", `${readOnly} ${platform}`, `${readOnly},${platform}`])(
    "may not hold %j",
    (scope) => {
      expect(grantOf({ google: { scopes: [readOnly, scope] } })).toMatchObject({
        reason: "InvalidScope",
        cause: "Platform",
      });
    },
  );
});

describe("a Google grant", () => {
  it("names the Secret of the operator's namespace, and the CA", () => {
    expect(grantOf({ identity: { from: "Secret", name: "key" }, caSecretName: "corp-ca" })).toEqual({
      provider: "GAR",
      identity: { from: "Secret", namespace: "regcred-system", name: "key" },
      scopes: [readOnly],
      caSecretName: "corp-ca",
    });
  });

  it("waits for its ServiceAccount", () => {
    expect(grantOf({ identity: { from: "TenantServiceAccount", name: "nobody" } })).toMatchObject({
      reason: "ServiceAccountMissing",
      cause: "Tenant",
    });
  });
});
