// The RegistryCredential that the tests of the API start from.

/** The least that a RegistryCredential may say. */
export const minimal = {
  apiVersion: "regcred.dev/v1alpha1",
  kind: "RegistryCredential",
  metadata: { name: "minimal" },
  spec: {
    registries: [{ name: "hub", provider: "Static", hosts: ["docker.io"], static: { secretName: "docker-hub" } }],
    namespaces: { include: ["team-*"] },
  },
};

/** One entry per kind of settings, and every field set. */
export const full = {
  apiVersion: "regcred.dev/v1alpha1",
  kind: "RegistryCredential",
  metadata: { name: "full" },
  spec: {
    registries: [
      {
        name: "ecr",
        provider: "ECR",
        hosts: ["123456789012.dkr.ecr.eu-west-1.amazonaws.com"],
        identity: { from: "Secret", name: "aws-keys" },
        ecr: {
          roleARN: "arn:aws:iam::$(namespace.labels['acme.io/account']):role/pull-$(namespace.name)",
          externalID: "acme-$(namespace.name)",
        },
        caSecretName: "company-ca",
        tokenServers: ["gitlab.corp.example", "auth.corp.example:8443", "[fd00::1]:65535"],
        verify: { image: "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:$(namespace.labels['acme.io/tag'])" },
      },
      {
        name: "acr",
        provider: "ACR",
        hosts: ["acmeimages.azurecr.io"],
        identity: { from: "TenantServiceAccount", name: "puller" },
        acr: {
          tenantID: "$(namespace.labels['tenant'])",
          clientID: "$(namespace.labels['client'])",
          audience: "https://containerregistry.azure.net",
          repositories: ["teams/$(namespace.name)"],
        },
      },
      {
        name: "google",
        provider: "GAR",
        hosts: ["europe-docker.pkg.dev"],
        google: {
          impersonate: "$(namespace.name)@acme.iam.gserviceaccount.com",
          workloadIdentityProvider: "projects/1/locations/global/workloadIdentityPools/p/providers/q",
          scopes: ["https://www.googleapis.com/auth/devstorage.read_only"],
        },
      },
      { name: "ocir", provider: "OCIR", hosts: ["iad.ocir.io"], ocir: {} },
      { name: "icr", provider: "ICR", hosts: ["de.icr.io"], icr: { trustedProfileID: "Profile-$(namespace.name)" } },
      {
        name: "static",
        provider: "Static",
        hosts: ["registry.example.com:5000/team", "[fd00::1]:5000", "docker.io"],
        static: {
          secretName: "pull-$(namespace.labels['acme.io/tenant'])",
          secretNamespace: "sources",
          usernameKey: "user",
          passwordKey: "pass.word",
        },
      },
      {
        name: "exchange",
        provider: "TokenExchange",
        hosts: ["quay.io"],
        identity: { from: "ServiceAccount", name: "quay" },
        tokenExchange: {
          url: "https://quay.io/oauth2/token?x=1",
          method: "POST",
          audience: "quay",
          auth: { type: "Basic", username: "robot" },
          headers: [{ name: "Accept", value: "application/json" }],
          body: {
            format: "JSON",
            fields: [
              { name: "grant_type", value: "urn:ietf:params:oauth:grant-type:token-exchange" },
              { name: "subject_token", valueFrom: "Token" },
            ],
          },
          response: { tokenPath: "data.token", expiry: "Seconds", expiryPath: "data.expires_in" },
          username: "acme+robot",
        },
      },
    ],
    namespaces: {
      include: ["team-*", "kube-system"],
      exclude: ["team-legacy-??"],
      selector: {
        matchLabels: { "acme.io/pull": "yes" },
        matchExpressions: [{ key: "acme.io/tier", operator: "In", values: ["gold"] }],
      },
    },
    references: "None",
    serviceAccounts: { include: ["default", "app.*"], exclude: ["builder"] },
    pullSecret: {
      name: "pull",
      labels: { "acme.io/owner": "platform" },
      annotations: { "acme.io/contact": "#platform, $5" },
      onConflict: "Merge",
      extraReferences: ["own"],
    },
    podRecovery: "Evict",
    deletionPolicy: "Retain",
    suspend: true,
  },
};

/** A status with every field set. */
export const fullStatus = {
  observedGeneration: 1,
  conditions: [
    {
      type: "Ready",
      status: "False",
      observedGeneration: 1,
      lastTransitionTime: "2026-11-23T09:00:00Z",
      reason: "SourceMissing",
      message: "create Secret docker-hub",
    },
  ],
  registries: [
    {
      name: "hub",
      identities: 12,
      failing: 1,
      expiresAt: "2026-11-23T15:00:00Z",
      refreshedAt: "2026-11-23T09:00:00Z",
      state: "Verified",
      reason: "Refreshed",
      message: "",
    },
  ],
  namespaces: { selected: 300, ready: 299, pending: 0, failed: 1 },
  namespacesReady: "299/300",
  expires: "2026-11-23T15:00:00Z",
  secretName: "regcred",
  failures: [
    {
      reason: "SecretConflict",
      cause: "Tenant",
      count: 1,
      oldestSince: "2026-11-23T08:00:00.123456Z",
      examples: ["team-x"],
    },
  ],
  retiring: [{ secretName: "old", until: "2026-11-23T10:00:00Z" }],
};

/** What the API server adds to the metadata of what it stores. */
export const stored = <T extends { metadata: { name: string } }>(object: T) => ({
  ...object,
  metadata: {
    ...object.metadata,
    uid: "0d0f2f0e-6a0e-4c7a-8a56-0e3c8f0e1f2d",
    generation: 1,
    resourceVersion: "7",
    creationTimestamp: "2026-11-23T09:00:00Z",
  },
});
