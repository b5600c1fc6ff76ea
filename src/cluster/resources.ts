// The resources of the API server that regcred asks for, by group, version and plural name.
import { group, plural, version } from "../api/names.ts";

export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

export const resources = {
  credentials: { group, version, resource: plural },
  namespaces: { group: "", version: "v1", resource: "namespaces" },
  serviceAccounts: { group: "", version: "v1", resource: "serviceaccounts" },
  secrets: { group: "", version: "v1", resource: "secrets" },
  pods: { group: "", version: "v1", resource: "pods" },
  nodes: { group: "", version: "v1", resource: "nodes" },
  events: { group: "events.k8s.io", version: "v1", resource: "events" },
  leases: { group: "coordination.k8s.io", version: "v1", resource: "leases" },
  crds: { group: "apiextensions.k8s.io", version: "v1", resource: "customresourcedefinitions" },
  admissionPolicies: {
    group: "admissionregistration.k8s.io",
    version: "v1",
    resource: "validatingadmissionpolicies",
  },
  admissionBindings: {
    group: "admissionregistration.k8s.io",
    version: "v1",
    resource: "validatingadmissionpolicybindings",
  },
  clusterRoles: { group: "rbac.authorization.k8s.io", version: "v1", resource: "clusterroles" },
  clusterRoleBindings: { group: "rbac.authorization.k8s.io", version: "v1", resource: "clusterrolebindings" },
  roles: { group: "rbac.authorization.k8s.io", version: "v1", resource: "roles" },
  roleBindings: { group: "rbac.authorization.k8s.io", version: "v1", resource: "rolebindings" },
} as const satisfies Readonly<Record<string, Resource>>;
