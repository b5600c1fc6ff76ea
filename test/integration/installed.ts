// With which rights does the operator run where it was installed from config/rbac?
import { readFile } from "node:fs/promises";
import { parseAllDocuments } from "yaml";
import type { KubeObject } from "../cluster/admin-client.ts";
import { operatorNamespace, type Scene } from "./scene.ts";

/** As whom the operator calls the API server. */
export const operatorUser = {
  name: `system:serviceaccount:${operatorNamespace}:regcred`,
  groups: ["system:serviceaccounts", `system:serviceaccounts:${operatorNamespace}`],
};

const group = "/apis/rbac.authorization.k8s.io/v1";
const collections: Readonly<Record<string, string>> = {
  ServiceAccount: `/api/v1/namespaces/${operatorNamespace}/serviceaccounts`,
  ClusterRole: `${group}/clusterroles`,
  ClusterRoleBinding: `${group}/clusterrolebindings`,
  Role: `${group}/namespaces/${operatorNamespace}/roles`,
  RoleBinding: `${group}/namespaces/${operatorNamespace}/rolebindings`,
};

export async function rbacManifests(): Promise<readonly KubeObject[]> {
  const texts = await Promise.all(
    ["service-account.yaml", "cluster-role.yaml", "role.yaml"].map((file) =>
      readFile(new URL(`../../config/rbac/${file}`, import.meta.url), "utf8"),
    ),
  );
  return texts.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as KubeObject));
}

/** Creates what config/rbac holds. */
export async function installed({ admin }: Pick<Scene, "admin">): Promise<void> {
  for (const object of await rbacManifests()) await admin.create(collections[object.kind ?? ""] ?? "", object);
}
