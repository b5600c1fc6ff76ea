// What could be done to Secrets with the operator's own token, and is refused by config/restraint.
import { type Abuse, dockerConfig, owner, secrets, served, victim } from "./abuse.ts";
import { operatorNamespace } from "./operator-namespace.ts";

const marked = { "app.kubernetes.io/managed-by": "regcred" };
const pullSecret = (metadata: object = {}, rest: object = {}): object => ({
  metadata: { name: "regcred", labels: marked, ...metadata },
  type: "kubernetes.io/dockerconfigjson",
  data: dockerConfig,
  ...rest,
});
const token = (metadata: object, data: object): object => ({
  metadata: { name: `regcred-token-${"0".repeat(32)}`, labels: marked, ...metadata },
  type: "regcred.dev/token",
  data,
});

export const secretAbuses: readonly Abuse[] = [
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
    what: "make a Secret that Helm takes for its release of regcred",
    method: "POST",
    path: secrets(operatorNamespace),
    body: token(
      {
        name: "sh.helm.release.v1.regcred.v2",
        labels: { owner: "helm", name: "regcred", status: "deployed", version: "2" },
      },
      { release: btoa("release") },
    ),
  },
  {
    what: "keep something else in its own namespace under the type of its tokens",
    method: "POST",
    path: secrets(operatorNamespace),
    body: token({}, { "token.json": btoa("{}"), "other.json": btoa("{}") }),
  },
  {
    what: "make a record of members with a label that something else looks for",
    method: "POST",
    path: secrets(operatorNamespace),
    body: {
      metadata: {
        name: "regcred-members-6f1c4b58-8f0a-4a4a-9a0e-0d4f1a2b3c4d-0",
        labels: { ...marked, owner: "helm" },
      },
      type: "regcred.dev/members",
      data: {},
    },
  },
  {
    what: "make a pull Secret that Argo CD takes for a cluster",
    method: "POST",
    path: secrets(victim),
    body: pullSecret({ labels: { ...marked, "argocd.argoproj.io/secret-type": "cluster" } }),
  },
  {
    what: "make a pull Secret in kube-system that Sealed Secrets takes for its key",
    method: "POST",
    path: secrets("kube-system"),
    body: pullSecret(
      { labels: { ...marked, "sealedsecrets.bitnami.com/sealed-secrets-key": "active" } },
      { data: { ...dockerConfig, "tls.crt": btoa("crt"), "tls.key": btoa("key") } },
    ),
  },
  {
    what: "put anything but a docker config into a pull Secret",
    method: "POST",
    path: secrets(victim),
    body: pullSecret({}, { data: { ...dockerConfig, server: btoa("https://198.51.100.1") } }),
  },
  {
    what: "make a pull Secret that another controller copies elsewhere",
    method: "POST",
    path: secrets(victim),
    body: pullSecret({ annotations: { "replicator.v1.mittwald.de/replicate-to": ".*" } }),
  },
  {
    what: "make a pull Secret that nobody can change",
    method: "POST",
    path: secrets(victim),
    body: pullSecret({}, { immutable: true }),
  },
  {
    what: "put a finalizer on a pull Secret, so that its namespace never ends",
    method: "POST",
    path: secrets(victim),
    body: pullSecret({ finalizers: ["regcred.dev/drain"] }),
  },
  {
    what: "give a pull Secret an owner, so that it goes with that one",
    method: "PATCH",
    path: secrets(served, "regcred"),
    body: { metadata: { ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "other", uid: "0" }] } },
  },
  {
    what: "take another's finalizer off a pull Secret",
    method: "PATCH",
    path: secrets(served, "regcred"),
    body: { metadata: { finalizers: null } },
  },
  {
    what: "take another's label off a pull Secret",
    method: "PATCH",
    path: secrets(served, "regcred"),
    body: { metadata: { labels: { team: null } } },
  },
  {
    what: "change another's annotation of a pull Secret",
    method: "PATCH",
    path: secrets(served, "regcred"),
    body: { metadata: { annotations: { note: "other" } } },
  },
  {
    what: "delete a pull Secret without saying in which state",
    method: "DELETE",
    path: secrets(served, "regcred"),
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
