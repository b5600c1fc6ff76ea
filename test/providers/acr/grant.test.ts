// Tests of the ACR grants of an entry, and of what is refused.
import { describe, expect, it } from "vitest";
import type { Entry, Identity } from "../../../src/api/registry-credential.ts";
import type { Failure } from "../../../src/runtime/errors.ts";
import type { AcrGrant } from "../../../src/providers/acr/grant.ts";
import type { HostGroup, RenderScope, ServiceAccountView } from "../../../src/providers/grant-types.ts";
import { acrGrants } from "../../../src/providers/acr/grant.ts";
import { kubectl } from "../../../src/runtime/steps.ts";

type AcrEntry = Extract<Entry, { provider: "ACR" }>;

const client = "11111111-2222-3333-4444-555555555555";
const tenant = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
const other = "99999999-8888-7777-6666-555555555555";
const usual = { "azure.workload.identity/client-id": client, "azure.workload.identity/tenant-id": tenant };

function groupsOf(
  entry: Partial<Omit<AcrEntry, "provider">>,
  labels: Readonly<Record<string, string>> = {},
  accounts: Readonly<Record<string, ServiceAccountView>> = {},
): readonly HostGroup<AcrGrant>[] {
  const scope: RenderScope = {
    namespace: {
      key: "team-a",
      resourceVersion: "1",
      name: "team-a",
      uid: "u",
      labels,
      optedOut: false,
      terminating: false,
    },
    operatorNamespace: "regcred-system",
    serviceAccount: (namespace, name) => accounts[`${namespace}/${name}`],
  };
  return acrGrants(
    {
      name: "azure",
      provider: "ACR",
      hosts: ["acmeregistry.azurecr.io"],
      identity: { from: "Operator" },
      acr: {},
      ...entry,
    },
    scope,
  );
}

function only(groups: readonly HostGroup<AcrGrant>[]): AcrGrant | Failure | undefined {
  expect(groups).toHaveLength(1);
  return groups[0]?.grant;
}

function account(annotations: Readonly<Record<string, string>>): Readonly<Record<string, ServiceAccountView>> {
  const view = { uid: "sa-uid", annotations };
  return { "team-a/puller": view, "regcred-system/puller": view };
}

const own: Identity = { from: "TenantServiceAccount", name: "puller" };

describe("hosts", () => {
  it.each([
    ["acmeregistry.azurecr.io", "acmeregistry.azurecr.io", "login.microsoftonline.com"],
    ["acmeregistry.azurecr.us", "acmeregistry.azurecr.us", "login.microsoftonline.us"],
    ["acmeregistry.azurecr.cn", "acmeregistry.azurecr.cn", "login.chinacloudapi.cn"],
    ["acmeregistry.azurecr.de", "acmeregistry.azurecr.de", "login.microsoftonline.de"],
    ["acmeregistry.westeurope.geo.azurecr.io", "acmeregistry.azurecr.io", "login.microsoftonline.com"],
    ["acmeregistry.usgovvirginia.geo.azurecr.us", "acmeregistry.azurecr.us", "login.microsoftonline.us"],
    ["acme1-h4shb2c3.azurecr.io", "acme1-h4shb2c3.azurecr.io", "login.microsoftonline.com"],
    ["acmeregistry.azurecr.io/team/app", "acmeregistry.azurecr.io", "login.microsoftonline.com"],
  ])("%s is served by the token of %s", (host, registry, authority) => {
    expect(groupsOf({ hosts: [host] })).toStrictEqual([
      {
        hosts: [host],
        grant: {
          provider: "ACR",
          registry,
          authority,
          audience: "https://containerregistry.azure.net",
          identity: { from: "Operator" },
        },
      },
    ]);
  });

  it.each([
    "acmeregistry.azurecr.io.example.com",
    "acmeregistry.azurecr.com",
    "azurecr.io",
    "acme.registry.azurecr.io",
    "acmeregistry.westeurope.geo.azurecr.io.evil.example",
    "acmeregistry.westeurope.foo.azurecr.io",
    "acmeregistry.azurecr.io:8443",
    "acme.azurecr.io",
    "-acmeregistry.azurecr.io",
    "ghcr.io",
  ])("%s is refused", (host) => {
    expect(only(groupsOf({ hosts: [host] }))).toMatchObject({
      reason: "InvalidHost",
      cause: "Platform",
      retry: "on-change",
      message: expect.stringContaining("NAME.azurecr.io"),
    });
  });

  it("a data endpoint is refused, with the login server to write", () => {
    expect(only(groupsOf({ hosts: ["acmeregistry.westeurope.data.azurecr.io"] }))).toMatchObject({
      reason: "InvalidHost",
      message: expect.stringContaining("write acmeregistry.azurecr.io"),
    });
  });

  it("one token serves a registry and its regional endpoints, and a bad host fails alone", () => {
    const groups = groupsOf({
      hosts: [
        "acmeregistry.azurecr.io",
        "otherregistry.azurecr.io",
        "acmeregistry.westeurope.geo.azurecr.io",
        "ghcr.io",
        "acmeregistry.azurecr.us",
      ],
    });
    expect(groups.map(({ hosts, grant }) => [hosts, "reason" in grant ? grant.reason : grant.registry])).toEqual([
      [["acmeregistry.azurecr.io", "acmeregistry.westeurope.geo.azurecr.io"], "acmeregistry.azurecr.io"],
      [["otherregistry.azurecr.io"], "otherregistry.azurecr.io"],
      [["ghcr.io"], "InvalidHost"],
      [["acmeregistry.azurecr.us"], "acmeregistry.azurecr.us"],
    ]);
  });
});

describe("who asks", () => {
  it("ids of the spec are rendered, and spelled alike", () => {
    const grant = only(
      groupsOf(
        { acr: { clientID: "$(namespace.labels['client'])", tenantID: tenant.toUpperCase() } },
        { client: client.toUpperCase() },
      ),
    );
    expect(grant).toMatchObject({ clientID: client, tenantID: tenant });
  });

  it.each(["contoso.onmicrosoft.com", tenant])("a tenant may be written as %s", (tenantID) => {
    expect(only(groupsOf({ acr: { tenantID } }))).toMatchObject({ tenantID });
  });

  it.each(["common", "organizations", "a/../b", "contoso", ".com", "contoso..com"])(
    "the tenant %s is refused",
    (tenantID) => {
      expect(only(groupsOf({ acr: { tenantID } }))).toMatchObject({ reason: "InvalidTenantID", cause: "Platform" });
    },
  );

  it("a client id that is no GUID is refused, and is the tenant's to mend if a label brought it", () => {
    expect(only(groupsOf({ acr: { clientID: "puller" } }))).toMatchObject({
      reason: "InvalidClientID",
      cause: "Platform",
      message: 'acr.clientID becomes "puller": write a GUID',
    });
    expect(only(groupsOf({ acr: { clientID: "$(namespace.labels['client'])" } }, { client: "puller" }))).toMatchObject({
      reason: "InvalidClientID",
      cause: "Tenant",
    });
    expect(only(groupsOf({ acr: { clientID: "$(namespace.labels['client'])" } }))).toMatchObject({
      reason: "MissingLabel",
      cause: "Tenant",
    });
  });

  it("a ServiceAccount is told by its annotations", () => {
    expect(only(groupsOf({ identity: own }, {}, account(usual)))).toMatchObject({
      identity: { from: "TenantServiceAccount", namespace: "team-a", name: "puller", uid: "sa-uid" },
      clientID: client,
      tenantID: tenant,
    });
  });

  it("the annotations that are for pulls win over those of pods, and the spec over all", () => {
    const annotations = { ...usual, "kubernetes.azure.com/acr-client-id": other };
    expect(only(groupsOf({ identity: own }, {}, account(annotations)))).toMatchObject({
      clientID: other,
      tenantID: tenant,
    });
    const acr = { clientID: client, tenantID: "contoso.com" };
    expect(only(groupsOf({ identity: own, acr }, {}, account(annotations)))).toMatchObject(acr);
  });

  it.each([
    ["TenantServiceAccount", "Tenant", "team-a"],
    ["ServiceAccount", "Platform", "regcred-system"],
  ] as const)("a %s without annotations, or with bad ones, is the %s's to mend", (from, cause, namespace) => {
    const identity = { from, name: "puller" };
    expect(only(groupsOf({ identity }, {}, account({})))).toMatchObject({
      reason: "MissingClientID",
      cause,
      retry: "on-change",
      message: `the ServiceAccount ${namespace}/puller names no clientID of Entra`,
      steps: [
        {
          message: "annotate it",
          command: kubectl`annotate serviceaccount -n ${namespace} puller --overwrite azure.workload.identity/client-id=GUID`,
        },
        { message: "or write acr.clientID" },
      ],
    });
    const { "azure.workload.identity/client-id": clientOnly } = usual;
    expect(
      only(groupsOf({ identity }, {}, account({ "azure.workload.identity/client-id": clientOnly }))),
    ).toMatchObject({ reason: "MissingTenantID", cause });
    expect(
      only(groupsOf({ identity }, {}, account({ ...usual, "azure.workload.identity/tenant-id": "../common" }))),
    ).toMatchObject({ reason: "InvalidTenantID", cause });
    expect(
      only(groupsOf({ identity }, {}, account({ ...usual, "kubernetes.azure.com/acr-client-id": "" }))),
    ).toMatchObject({ reason: "InvalidClientID", cause });
    expect(only(groupsOf({ identity }))).toMatchObject({ reason: "ServiceAccountMissing", cause });
  });

  it("a Secret and the operator know their own ids", () => {
    expect(only(groupsOf({ identity: { from: "Secret", name: "sp" } }))).toEqual({
      provider: "ACR",
      registry: "acmeregistry.azurecr.io",
      authority: "login.microsoftonline.com",
      audience: "https://containerregistry.azure.net",
      identity: { from: "Secret", namespace: "regcred-system", name: "sp" },
    });
  });
});

describe("what for", () => {
  it("an audience may be written as a scope", () => {
    expect(only(groupsOf({ acr: { audience: "https://management.usgovcloudapi.net/.default" } }))).toMatchObject({
      audience: "https://management.usgovcloudapi.net",
    });
  });

  it("an audience with a space is refused: it would be two", () => {
    expect(only(groupsOf({ acr: { audience: "https://a https://b" } }))).toMatchObject({ reason: "InvalidAudience" });
  });

  it("repositories are rendered, sorted and named once", () => {
    const repositories = ["shared/os", "$(namespace.name)/app", "team-a/app", "a"];
    expect(only(groupsOf({ acr: { repositories } }))).toMatchObject({
      repositories: ["a", "shared/os", "team-a/app"],
    });
    expect(repositories[0]).toBe("shared/os");
  });

  it.each(["team/*", "Team/app", "team/app:pull,push", "team app", "/team", "team/", "a//b", "app:1"])(
    "the repository %s is refused",
    (name) => {
      expect(only(groupsOf({ acr: { repositories: ["fine", name] } }))).toMatchObject({
        reason: "InvalidRepository",
        cause: "Platform",
      });
    },
  );

  it("a label that makes no repository is the tenant's to mend", () => {
    const acr = { repositories: ["$(namespace.labels['team'])/app"] };
    expect(only(groupsOf({ acr }, { team: "TeamA" }))).toMatchObject({ reason: "InvalidRepository", cause: "Tenant" });
  });

  it("the CA is part of the grant", () => {
    expect(only(groupsOf({ caSecretName: "ca" }))).toMatchObject({ caSecretName: "ca" });
  });
});
