// The rights and guardrails with which the operator runs where it was installed.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { KubeObject } from "../cluster/admin-client.ts";
import { admissionSettled } from "../cluster/admission-settled.ts";
import { kubeconfigText } from "../cluster/kubeconfig.ts";
import { objectsIn, rendered } from "../chart/rendered.ts";
import { operatorNamespace } from "./operator-namespace.ts";
import type { TestEnv } from "./test-env.ts";

/** As whom the operator calls the API server. */
export const operatorUser = {
  name: `system:serviceaccount:${operatorNamespace}:regcred`,
  groups: ["system:serviceaccounts", `system:serviceaccounts:${operatorNamespace}`],
};

type World = Pick<TestEnv, "admin" | "cluster">;

const rbac = "/apis/rbac.authorization.k8s.io/v1";
const admission = "/apis/admissionregistration.k8s.io/v1";
const collections: Readonly<Record<string, (namespace: string) => string>> = {
  ServiceAccount: (namespace) => `/api/v1/namespaces/${namespace}/serviceaccounts`,
  ClusterRole: () => `${rbac}/clusterroles`,
  ClusterRoleBinding: () => `${rbac}/clusterrolebindings`,
  Role: (namespace) => `${rbac}/namespaces/${namespace}/roles`,
  RoleBinding: (namespace) => `${rbac}/namespaces/${namespace}/rolebindings`,
  ValidatingAdmissionPolicy: () => `${admission}/validatingadmissionpolicies`,
  ValidatingAdmissionPolicyBinding: () => `${admission}/validatingadmissionpolicybindings`,
};

/** The objects of a folder of config/. */
async function manifests(folder: "rbac" | "restraint"): Promise<readonly KubeObject[]> {
  const path = join(import.meta.dirname, "..", "..", "config", folder);
  const files = (await readdir(path)).filter((file) => file !== "kustomization.yaml");
  const texts = await Promise.all(files.toSorted().map((file) => readFile(join(path, file), "utf8")));
  return texts.flatMap(objectsIn);
}

/**
 * Creates the operator's rights and its restraint: those of config/, or those that the chart renders with values. Gives a
 * kubeconfig with the token of its ServiceAccount.
 */
export async function installed(world: World, values?: object): Promise<string> {
  const objects = values
    ? await rendered({ values })
    : [...(await manifests("rbac")), ...(await manifests("restraint"))];
  for (const object of objects) {
    const { kind = "", metadata } = object;
    const collection = collections[kind]?.(metadata.namespace ?? "");
    if (collection !== undefined) await world.admin.create(collection, object);
  }
  // What it must not do is refused from its first request on.
  await admissionSettled(world.admin);
  return await operatorKubeconfig(world);
}

/** A kubeconfig with the token of its ServiceAccount. */
export async function operatorKubeconfig({ admin, cluster }: World): Promise<string> {
  const path = `/api/v1/namespaces/${operatorNamespace}/serviceaccounts/regcred/token`;
  const { status } = await admin.create(path, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    metadata: { name: "regcred" },
    spec: {},
  });
  const file = join(cluster.folder, "kubeconfig-operator");
  const { token } = status as { token: string };
  await writeFile(file, kubeconfigText(cluster.server, cluster.ca, "regcred", { token }), { mode: 0o600 });
  return file;
}

/** Binds the rights on what tenants have in one namespace, as the chart does where it is in watchNamespaces. */
export async function boundIn({ admin }: Pick<TestEnv, "admin">, namespace: string): Promise<void> {
  for (const object of await rendered({ values: { watchNamespaces: [namespace] } })) {
    if (object.kind !== "RoleBinding" || object.metadata.namespace !== namespace) continue;
    await admin.create(`${rbac}/namespaces/${namespace}/rolebindings`, object);
  }
}

/** Takes them away again. */
export async function unboundIn({ admin }: Pick<TestEnv, "admin">, namespace: string): Promise<void> {
  const path = `${rbac}/namespaces/${namespace}/rolebindings`;
  for (const { metadata } of await admin.list(path)) await admin.remove(`${path}/${metadata.name}`);
}
