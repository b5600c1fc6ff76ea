// What could be done with the operator's own token if somebody stole it, and what refuses each of it. docs/security.md lists the same.
import { type Abuse, accounts, credentials, secrets, victim } from "./abuse.ts";
import { reportingAbuses } from "./abuses-of-reports.ts";
import { secretAbuses } from "./abuses-of-secrets.ts";
import { operatorNamespace } from "./operator-namespace.ts";

const asksToken = (spec: object): object => ({ apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec });
const cloud = { audiences: ["sts.amazonaws.com"], expirationSeconds: 600 };

const reads: readonly Abuse[] = [
  { what: "read another Secret of a tenant", method: "GET", path: secrets(victim, "database") },
  { what: "list the Secrets of a tenant", method: "GET", path: secrets(victim) },
  { what: "watch the Secrets of the cluster", method: "GET", path: "/api/v1/secrets?watch=true&timeoutSeconds=1" },
  { what: "read a Secret of kube-system", method: "GET", path: secrets("kube-system", "bootstrap-token-abcdef") },
  { what: "read ConfigMaps", method: "GET", path: `/api/v1/namespaces/${victim}/configmaps` },
  { what: "see the pods of a tenant", method: "GET", path: `/api/v1/namespaces/${victim}/pods` },
].map((each) => ({ ...each, refusedBy: "RBAC" }) as Abuse);

const thousands = Array.from({ length: 2000 }, (_, index) => `more-${index}`);
const accountWrites: readonly Abuse[] = [
  {
    what: "take a foreign reference off a ServiceAccount",
    method: "PATCH",
    path: accounts(victim, "app"),
    body: { imagePullSecrets: [{ name: "second" }] },
  },
  {
    what: "put foreign references into another order",
    method: "PATCH",
    path: accounts(victim, "app"),
    body: { imagePullSecrets: [{ name: "second" }, { name: "first" }] },
  },
  {
    what: "record a foreign reference as its own, so that it may be removed",
    method: "PATCH",
    path: accounts(victim, "app"),
    body: { metadata: { annotations: { "regcred.dev/references": '["first"]' } } },
  },
  {
    what: "record a reference that is not there, so that it may be removed one day",
    method: "PATCH",
    path: accounts(victim, "app"),
    body: { metadata: { annotations: { "regcred.dev/references": '["third"]' } } },
  },
  {
    what: "give a ServiceAccount thousands of references",
    method: "PATCH",
    path: accounts(victim, "app"),
    body: {
      metadata: { annotations: { "regcred.dev/references": JSON.stringify(thousands) } },
      imagePullSecrets: ["first", "second", ...thousands].map((name) => ({ name })),
    },
  },
  {
    what: "give a ServiceAccount the same reference again and again",
    method: "PATCH",
    path: accounts(victim, "app"),
    body: { imagePullSecrets: ["first", "second", "regcred", "regcred"].map((name) => ({ name })) },
  },
  {
    what: "keep something else in its record on a ServiceAccount",
    method: "PATCH",
    path: accounts(victim, "app"),
    body: { metadata: { annotations: { "regcred.dev/references": "{}" } } },
  },
  {
    what: "put a finalizer on a ServiceAccount",
    method: "PATCH",
    path: accounts(victim, "app"),
    body: { metadata: { finalizers: ["example.com/hold"] } },
  },
  {
    what: "tie a ServiceAccount to another role of the cloud",
    method: "PATCH",
    path: accounts(victim, "app"),
    body: { metadata: { annotations: { "eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/admin" } } },
  },
  {
    what: "change the labels of a ServiceAccount",
    method: "PATCH",
    path: accounts(victim, "app"),
    body: { metadata: { labels: { tier: "admin" } } },
  },
  {
    what: "let tokens be mounted again where the tenant has switched it off",
    method: "PATCH",
    path: accounts(victim, "app"),
    body: { automountServiceAccountToken: true },
  },
  {
    what: "make a ServiceAccount",
    method: "POST",
    path: accounts(victim),
    body: { metadata: { name: "mine" } },
  },
  { what: "delete a ServiceAccount", method: "DELETE", path: accounts(victim, "app") },
].map((each) => ({ ...each, refusedBy: "regcred-service-accounts" }) as Abuse);

const tokenRequests: readonly Abuse[] = [
  { what: "get a token for the API server", path: accounts(operatorNamespace, "puller"), spec: { audiences: [] } },
  {
    what: "get a token for an audience that is not listed",
    path: accounts(operatorNamespace, "puller"),
    spec: { ...cloud, audiences: ["vault.example.com"] },
  },
  {
    what: "get a token for a listed audience and another one",
    path: accounts(operatorNamespace, "puller"),
    spec: { ...cloud, audiences: [...cloud.audiences, "https://kubernetes.default.svc"] },
  },
  {
    what: "get a token for an audience of nothing but a space",
    path: accounts(operatorNamespace, "puller"),
    spec: { ...cloud, audiences: [" "] },
  },
  {
    what: "get a token that is bound to a pod",
    path: accounts(operatorNamespace, "puller"),
    spec: { ...cloud, boundObjectRef: { apiVersion: "v1", kind: "Pod", name: "app" } },
  },
  {
    what: "get a token that lives longer than ten minutes",
    path: accounts(operatorNamespace, "puller"),
    spec: { ...cloud, expirationSeconds: 3600 },
  },
  { what: "get a token of its own ServiceAccount", path: accounts(operatorNamespace, "regcred"), spec: cloud },
  { what: "get a token of a ServiceAccount of kube-system", path: accounts("kube-system", "default"), spec: cloud },
].map(({ what, path, spec }) => ({
  what,
  refusedBy: "regcred-token-requests",
  method: "POST",
  path: `${path}/token`,
  body: asksToken(spec),
}));

const credentialWrites: readonly Abuse[] = [
  {
    what: "change what a RegistryCredential wants",
    method: "PATCH",
    path: `${credentials}/victim`,
    body: { spec: { namespaces: { include: ["*"] } } },
  },
  {
    what: "confirm a removal in the administrator's place",
    method: "PATCH",
    path: `${credentials}/victim`,
    body: { metadata: { annotations: { "regcred.dev/allow-removal": "1-300" } } },
  },
  {
    what: "take off another's finalizer",
    method: "PATCH",
    path: `${credentials}/victim`,
    body: { metadata: { finalizers: [] } },
  },
  {
    what: "make a RegistryCredential",
    method: "POST",
    path: credentials,
    body: {
      apiVersion: "regcred.dev/v1alpha1",
      kind: "RegistryCredential",
      metadata: { name: "mine" },
      spec: {
        registries: [{ name: "all", provider: "Static", hosts: ["*"], static: { secretName: "source" } }],
        namespaces: { include: ["*"] },
      },
    },
  },
  {
    what: "take its own finalizer off before the deletion, so that tenants are not cleaned up",
    method: "PATCH",
    path: `${credentials}/victim`,
    body: { metadata: { finalizers: ["example.com/other"] } },
  },
  {
    what: "hand the cluster to another install",
    method: "PATCH",
    path: `${credentials}/victim/status`,
    body: { status: { operatorNamespace: "elsewhere" } },
  },
  {
    what: "say that tenants were served under another name, so that it is taken from them",
    method: "PATCH",
    path: `${credentials}/victim/status`,
    body: { status: { secretName: "database" } },
  },
  {
    what: "say that a reference was asked for which was not",
    method: "PATCH",
    path: `${credentials}/victim/status`,
    body: { status: { extraReferences: ["database"] } },
  },
  {
    what: "report on a registry that is not asked for",
    method: "PATCH",
    path: `${credentials}/victim/status`,
    body: { status: { registries: [{ name: "other", identities: 1, failing: 0, state: "Verified" }] } },
  },
  { what: "delete a RegistryCredential", method: "DELETE", path: `${credentials}/victim` },
].map((each) => ({ ...each, refusedBy: "regcred-registry-credentials" }) as Abuse);

const otherWrites: readonly Abuse[] = [
  {
    what: "run a pod in its own namespace",
    method: "POST",
    path: `/api/v1/namespaces/${operatorNamespace}/pods`,
    body: { metadata: { name: "mine" }, spec: { containers: [{ name: "mine", image: "busybox" }] } },
  },
  {
    what: "evict a pod",
    method: "POST",
    path: `/api/v1/namespaces/${victim}/pods/app/eviction`,
    body: { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "app", namespace: victim } },
  },
  {
    what: "give itself more rights",
    method: "POST",
    path: "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    body: {
      metadata: { name: "mine" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
      subjects: [{ kind: "ServiceAccount", name: "regcred", namespace: operatorNamespace }],
    },
  },
  {
    what: "label a Namespace",
    method: "PATCH",
    path: `/api/v1/namespaces/${victim}`,
    body: { metadata: { labels: { "acme.io/tenant": "other" } } },
  },
  { what: "delete a Namespace", method: "DELETE", path: `/api/v1/namespaces/${victim}` },
].map((each) => ({ ...each, refusedBy: "regcred-nothing-else" }) as Abuse);

/** Kubernetes lets no policy watch over policies, so here only RBAC stands. */
const policyWrites: readonly Abuse[] = [
  {
    what: "take its own restraint away",
    method: "DELETE",
    path: "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/regcred-secrets",
    refusedBy: "RBAC",
  },
];

export const abuses: readonly Abuse[] = [
  ...reads,
  ...secretAbuses,
  ...accountWrites,
  ...tokenRequests,
  ...credentialWrites,
  ...reportingAbuses,
  ...otherWrites,
  ...policyWrites,
];
