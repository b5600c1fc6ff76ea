// What could be done with the operator's own token if somebody stole it, and what refuses each of it? docs/security.md lists the same.
import { operatorNamespace } from "./scene.ts";

/** RBAC: there is no such right. The others are policies of config/restraint, which hold even for a cluster administrator. */
export type RefusedBy =
  | "RBAC"
  | "regcred-secrets"
  | "regcred-service-accounts"
  | "regcred-token-requests"
  | "regcred-registry-credentials"
  | "regcred-nothing-else";

export interface Abuse {
  /** Completes "it cannot ...". */
  readonly what: string;
  readonly refusedBy: RefusedBy;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: object;
}

/** The tenant whom all this is tried on: a Secret `database`, a pull Secret of its own in `tenant-own`, a ServiceAccount `app`. */
export const victim = "team-victim";
/** Where the Secret with the name of a pull Secret is the tenant's own. */
export const owner = "team-owner";

const secrets = (namespace: string, name = ""): string =>
  `/api/v1/namespaces/${namespace}/secrets${name && `/${name}`}`;
const accounts = (namespace: string, name = ""): string =>
  `/api/v1/namespaces/${namespace}/serviceaccounts${name && `/${name}`}`;
const credentials = "/apis/regcred.dev/v1alpha1/registrycredentials";
const dockerConfig = { ".dockerconfigjson": btoa('{"auths":{"registry.example.com":{"auth":"YTpi"}}}') };

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

const secretWrites: readonly Abuse[] = [
  {
    what: "make a Secret of another name",
    method: "POST",
    path: secrets(victim),
    body: { metadata: { name: "other" }, type: "kubernetes.io/dockerconfigjson", data: dockerConfig },
  },
  {
    what: "make a Secret of another type",
    method: "POST",
    path: secrets(victim),
    body: { metadata: { name: "regcred" }, type: "Opaque", data: {} },
  },
  {
    what: "make a Secret that Kubernetes fills with a lasting token of a tenant's ServiceAccount",
    method: "POST",
    path: secrets(victim),
    body: {
      metadata: { name: "regcred", annotations: { "kubernetes.io/service-account.name": "app" } },
      type: "kubernetes.io/service-account-token",
    },
  },
  {
    what: "overwrite a tenant's own Secret that has the name of a pull Secret",
    method: "PUT",
    path: secrets(owner, "regcred"),
    body: { metadata: { name: "regcred" }, type: "kubernetes.io/dockerconfigjson", data: dockerConfig },
  },
  {
    what: "mark a tenant's own Secret as regcred's, so that it may be overwritten",
    method: "PATCH",
    path: secrets(owner, "regcred"),
    body: { metadata: { labels: { "app.kubernetes.io/managed-by": "regcred" } } },
  },
  {
    what: "consent to an adoption in the owner's place",
    method: "PATCH",
    path: secrets(owner, "regcred"),
    body: { metadata: { annotations: { "regcred.dev/adopt": "true" } } },
  },
  { what: "delete a tenant's own Secret", method: "DELETE", path: secrets(owner, "regcred") },
  {
    what: "change a source in its own namespace",
    method: "PATCH",
    path: secrets(operatorNamespace, "source"),
    body: { stringData: { password: "other" } },
  },
  { what: "delete a source in its own namespace", method: "DELETE", path: secrets(operatorNamespace, "source") },
].map((each) => ({ ...each, refusedBy: "regcred-secrets" }) as Abuse);

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
  {
    what: "take the Lease of something else",
    method: "POST",
    path: "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases",
    body: { metadata: { name: "mine" }, spec: { holderIdentity: "regcred" } },
  },
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
  ...secretWrites,
  ...accountWrites,
  ...tokenRequests,
  ...credentialWrites,
  ...otherWrites,
  ...policyWrites,
];
