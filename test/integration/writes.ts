// One example of each kind of write of the operator, as it is on the wire.
import type { KubeObject } from "../cluster/admin-client.ts";
import { operatorNamespace } from "./operator-namespace.ts";

export interface Write {
  readonly what: string;
  /** Where the API server describes what is sent: group and name of the schema. */
  readonly schema: readonly [group: string, name: string];
  readonly method: "POST" | "PUT" | "DELETE";
  readonly path: string;
  /** What is sent; of a PUT made of what stands there. */
  readonly body: (live: KubeObject) => object;
  /** What an administrator makes first, for the operator to write to. */
  readonly before?: object;
  /** The answer does not show what was taken. */
  readonly blind?: true;
  /** Fields, or a field with a value, in which the operator may write so, each with the reason; `*` for all that begin so. */
  readonly free?: Readonly<Record<string, string>>;
  /** Fields of which the API server itself lets no other value through, so that no policy is asked; `*` for all that begin so. */
  readonly checked?: readonly string[];
}

export const tenant = "team-written";
const core = (namespace: string, collection: string, name = ""): string =>
  `/api/v1/namespaces/${namespace}/${collection}${name && `/${name}`}`;
const secrets = (namespace: string, name = ""): string => core(namespace, "secrets", name);
const accounts = (namespace: string, name: string): string => core(namespace, "serviceaccounts", name);
const events = (namespace: string, name = ""): string =>
  `/apis/events.k8s.io/v1/namespaces/${namespace}/events${name && `/${name}`}`;
const leases = (name = ""): string =>
  `/apis/coordination.k8s.io/v1/namespaces/${operatorNamespace}/leases${name && `/${name}`}`;
const credential = "/apis/regcred.dev/v1alpha1/registrycredentials/written";

const ofSecret = ["api/v1", "io.k8s.api.core.v1.Secret"] as const;
const ofEvent = ["apis/events.k8s.io/v1", "io.k8s.api.events.v1.Event"] as const;
const ofLease = ["apis/coordination.k8s.io/v1", "io.k8s.api.coordination.v1.Lease"] as const;
const ofCredential = ["apis/regcred.dev/v1alpha1", "dev.regcred.v1alpha1.RegistryCredential"] as const;

// The API server compares the first with the path, and the others with what stands there.
const checkedInNew = ["apiVersion", "kind", "metadata.namespace"];
const checkedInPut = [
  "apiVersion",
  "kind",
  "metadata.deletionGracePeriodSeconds",
  "metadata.deletionTimestamp",
  "metadata.name",
  "metadata.namespace",
  "metadata.resourceVersion",
  "metadata.uid",
];
const wiped = "the API server takes it out";
const unchanged = (live: KubeObject): object => live;

const managed = { "app.kubernetes.io/managed-by": "regcred" };
const uuid = "6f1c4b58-8f0a-4a4a-9a0e-0d4f1a2b3c4d";
const pullSecret = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: {
    namespace: tenant,
    name: "regcred",
    labels: managed,
    annotations: {
      "argocd.argoproj.io/compare-options": "IgnoreExtraneous",
      "argocd.argoproj.io/sync-options": "Prune=false",
      "regcred.dev/credentials": "hub",
      "regcred.dev/entries": '[{"name":"hub/main","grant":"0","hosts":["registry.example.com"]}]',
      "regcred.dev/managed": '{"labels":[],"annotations":["argocd.argoproj.io/compare-options"]}',
    },
  },
  type: "kubernetes.io/dockerconfigjson",
  data: { ".dockerconfigjson": btoa('{"auths":{"registry.example.com":{"auth":"YTpi"}}}') },
};
const token = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { namespace: operatorNamespace, name: `regcred-token-${"a1".repeat(16)}`, labels: managed },
  type: "regcred.dev/token",
  data: { "token.json": btoa("{}") },
};
const members = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { namespace: operatorNamespace, name: `regcred-members-${uuid}-0`, labels: managed },
  type: "regcred.dev/members",
  data: { regcred: btoa("[]") },
};
const secretNames = { "data{}": "the name of a Secret", "stringData{}": "the name of a Secret" };
const ownSecrets = [
  { what: "pull Secret", object: pullSecret, free: {} },
  { what: "token", object: token, free: {} },
  { what: "record of members", object: members, free: secretNames },
].flatMap(({ what, object, free }): readonly Write[] => {
  const { namespace, name } = object.metadata;
  const [collection, path] = [secrets(namespace), secrets(namespace, name)];
  return [
    {
      what: `a new ${what}`,
      schema: ofSecret,
      method: "POST",
      path: collection,
      body: () => object,
      free,
      checked: checkedInNew,
    },
    {
      what: `a ${what}`,
      schema: ofSecret,
      method: "PUT",
      path,
      before: object,
      body: unchanged,
      free,
      checked: [...checkedInPut, "type"],
    },
    {
      what: `the end of a ${what}`,
      schema: ["api/v1", "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"],
      method: "DELETE",
      path,
      body: ({ metadata: { uid, resourceVersion } }) => ({
        apiVersion: "v1",
        kind: "DeleteOptions",
        preconditions: { uid, resourceVersion },
        // Of a DELETE it counts in the body only.
        dryRun: ["All"],
      }),
      blind: true,
      free: { apiVersion: "the API server reads what it knows" },
      checked: ["dryRun*", "ignoreStore*", "preconditions.resourceVersion", "preconditions.uid", ...checkedInNew],
    },
  ];
});

const event = (
  namespace: string,
  regarding: { readonly kind: string; readonly name: string; readonly [field: string]: string },
  rest: object,
) => ({
  apiVersion: "events.k8s.io/v1",
  kind: "Event",
  metadata: { namespace, name: `${regarding.name}.0123456789ab` },
  eventTime: "2026-01-31T00:00:00.000000Z",
  reportingController: "regcred.dev/regcred",
  reportingInstance: "regcred-0",
  note: "why",
  regarding: { ...regarding, uid: uuid },
  ...rest,
});
const aboutSecret = event(
  tenant,
  { apiVersion: "v1", kind: "Secret", namespace: tenant, name: "regcred" },
  { type: "Warning", action: "Serve", reason: "SecretConflict" },
);
const ownEvents = [
  aboutSecret,
  event(
    tenant,
    { apiVersion: "v1", kind: "Namespace", namespace: tenant, name: tenant },
    { type: "Warning", action: "Refer", reason: "Contested" },
  ),
  event(
    tenant,
    { apiVersion: "v1", kind: "Pod", namespace: tenant, name: "app" },
    { type: "Normal", action: "Evict", reason: "PodEvicted" },
  ),
  event(
    "default",
    { apiVersion: "regcred.dev/v1alpha1", kind: "RegistryCredential", name: "written" },
    { type: "Normal", action: "Reconcile", reason: "Served" },
  ),
].map((body): Write => ({
  what: `a new Event about a ${body.regarding.kind}`,
  schema: ofEvent,
  method: "POST",
  path: events(body.metadata.namespace),
  body: () => body,
  free: {
    eventTime: "when it happened",
    note: "a sentence for people",
    reportingInstance: "which replica",
  },
  checked: [...checkedInNew, "deprecated*", "type"],
}));

const lease = {
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { namespace: operatorNamespace, name: "regcred" },
  spec: {
    holderIdentity: `regcred-0_${uuid}`,
    leaseDurationSeconds: 15,
    renewTime: "2026-01-31T00:00:00.000000Z",
    acquireTime: "2026-01-31T00:00:00.000000Z",
    leaseTransitions: 0,
  },
};
const leaseTimes = {
  "spec.acquireTime": "since when",
  "spec.leaseDurationSeconds = 1": "how a Lease is released",
  "spec.renewTime": "when",
};

const at = "2026-01-31T00:00:00Z";
const status = {
  observedGeneration: 1,
  conditions: [
    {
      type: "Ready",
      status: "False",
      observedGeneration: 1,
      lastTransitionTime: at,
      reason: "SourceMissing",
      message: "why",
    },
  ],
  registries: [
    {
      name: "main",
      identities: 1,
      failing: 1,
      expiresAt: at,
      refreshedAt: at,
      state: "Failing",
      reason: "SourceMissing",
      message: "why",
    },
  ],
  namespaces: { selected: 1, ready: 0, pending: 0, failed: 1 },
  namespacesReady: "0/1",
  expires: at,
  operatorNamespace,
  secretName: "regcred",
  failures: [{ reason: "Contested", cause: "Tenant", count: 1, oldestSince: at, examples: ["team-a"] }],
  retiring: [{ secretName: "former", until: at }],
  mode: "namespaces: all",
};

/** In their order: what one makes is there for the next. */
export const writes: readonly Write[] = [
  ...ownSecrets,
  {
    what: "a ServiceAccount",
    schema: ["api/v1", "io.k8s.api.core.v1.ServiceAccount"],
    method: "PUT",
    path: accounts(tenant, "app"),
    before: {
      metadata: { namespace: tenant, name: "app" },
      imagePullSecrets: [{ name: "first" }],
      secrets: [{ name: "kept" }],
    },
    body: (live) => ({
      ...live,
      metadata: { ...live.metadata, annotations: { "regcred.dev/references": '["regcred"]' } },
      imagePullSecrets: [{ name: "first" }, { name: "regcred" }],
    }),
    checked: checkedInPut,
  },
  {
    what: "a request for a token",
    schema: ["api/v1", "io.k8s.api.authentication.v1.TokenRequest"],
    method: "POST",
    path: `${accounts(operatorNamespace, "puller")}/token`,
    before: { metadata: { namespace: operatorNamespace, name: "puller" } },
    body: () => ({
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { audiences: ["sts.amazonaws.com"], expirationSeconds: 600 },
    }),
    checked: [...checkedInNew, "metadata.name", "metadata.uid", "spec.attestations*"],
  },
  ...ownEvents,
  {
    what: "an Event that happens again",
    schema: ofEvent,
    method: "PUT",
    path: events(tenant, "regcred.0123456789ab"),
    before: aboutSecret,
    body: (live) => ({ ...live, series: { count: 2, lastObservedTime: "2026-01-31T00:00:00.000000Z" } }),
    free: { "series.count": "how often", "series.lastObservedTime": "when it happened last" },
    // No Event changes but in its series.
    checked: [
      ...checkedInPut,
      "action",
      "deprecated*",
      "eventTime",
      "note",
      "reason",
      "regarding*",
      "related*",
      "reportingController",
      "reportingInstance",
      "type",
    ],
  },
  {
    what: "the new Lease",
    schema: ofLease,
    method: "POST",
    path: leases(),
    body: () => lease,
    free: leaseTimes,
    checked: checkedInNew,
  },
  {
    what: "the Lease",
    schema: ofLease,
    method: "PUT",
    path: leases("regcred"),
    before: lease,
    body: unchanged,
    free: { ...leaseTimes, "spec.leaseTransitions = 1": "one more change of hands" },
    checked: checkedInPut,
  },
  {
    what: "the eviction of a pod",
    schema: ["api/v1", "io.k8s.api.policy.v1.Eviction"],
    method: "POST",
    path: core(tenant, "pods", "app/eviction"),
    before: {
      metadata: { namespace: tenant, name: "app" },
      spec: { containers: [{ name: "app", image: "registry.example.com/app:1" }] },
    },
    body: ({ metadata: { uid } }) => ({
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata: { namespace: tenant, name: "app" },
      deleteOptions: { preconditions: { uid } },
    }),
    blind: true,
    free: {
      "deleteOptions.preconditions.uid": "another pod: the API server tries it for ten seconds before it says no",
      "metadata.creationTimestamp": wiped,
      "metadata.deletionGracePeriodSeconds": wiped,
      "metadata.deletionTimestamp": wiped,
      "metadata.managedFields*": wiped,
      "metadata.resourceVersion": wiped,
      "metadata.selfLink": wiped,
      "metadata.uid": wiped,
    },
    checked: [...checkedInNew, "metadata.name", "deleteOptions.dryRun*", "deleteOptions.ignoreStore*"],
  },
  {
    what: "the finalizer of a RegistryCredential",
    schema: ofCredential,
    method: "PUT",
    path: credential,
    body: (live) => ({ ...live, metadata: { ...live.metadata, finalizers: ["regcred.dev/drain"] } }),
    // Each value that the schema lets through is refused, because all of the spec is.
    checked: [...checkedInPut, "spec*"],
  },
  {
    what: "the status of a RegistryCredential",
    schema: ofCredential,
    method: "PUT",
    path: `${credential}/status`,
    body: (live) => ({ ...live, status }),
    free: {
      "status.conditions[0].lastTransitionTime": "since when",
      "status.conditions[0].message": "a sentence for people",
      "status.conditions[0].status": "the judgement",
      'status.expires = "never"': "as is said of a login without an end",
      "status.failures[0].cause": "who can mend it",
      "status.failures[0].count": "how many",
      'status.failures[0].examples[0] = "never"': "the name of a Namespace",
      'status.failures[0].examples[0] = "v1"': "the name of a Namespace",
      'status.failures[0].examples[] = "never"': "the name of a Namespace",
      'status.failures[0].examples[] = "v1"': "the name of a Namespace",
      "status.failures[0].oldestSince": "since when",
      "status.namespaces.failed": "how many",
      "status.namespaces.pending": "how many",
      "status.namespaces.ready": "how many",
      "status.namespaces.selected": "how many",
      "status.registries[0].expiresAt": "until when",
      "status.registries[0].failing": "how many",
      "status.registries[0].former.namespaces": "how many",
      "status.registries[0].former.since": "since when",
      "status.registries[0].former.until": "until when",
      "status.registries[0].identities": "how many",
      "status.registries[0].message": "a sentence for people",
      "status.registries[0].refreshedAt": "when",
      "status.registries[0].state": "the worst of its grants",
      "status.retiring[0].until": "until when",
    },
    checked: checkedInPut,
  },
];
