// The lists that the operator makes, and how one is refused to it.
import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { crdName, plural } from "../../src/api/names.ts";
import { type FaultProxy, faultProxy } from "../cluster/fault-proxy.ts";
import { denialStage, names, type Stage } from "./denial-stage.ts";
import { operatorKubeconfig } from "./installed.ts";
import { rbac } from "./rights.ts";
import { eventually, operatorNamespace, type TestEnv } from "./test-env.ts";

export interface List {
  readonly what: string;
  /** Where the right stands: the path of a Role or ClusterRole. */
  readonly role: string;
  readonly resource: string;
  /** Of the requests that it is needed for. */
  readonly path: string;
  /** The right is for one name. */
  readonly fieldSelector?: string;
  /** What the status says of it. */
  readonly reported?: RegExp;
  /** Those who are served get a new login all the same; in the middle. */
  readonly rotates: boolean;
  /** An operator that starts serves those who are served. */
  readonly starts?: true;
}

const named = (name: string): string => `fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}`;
const clusterRole = `${rbac}/clusterroles/regcred`;
const tenantsRole = `${rbac}/clusterroles/regcred-tenants`;

export const lists: readonly List[] = [
  {
    what: "RegistryCredentials",
    role: clusterRole,
    resource: plural,
    path: `/apis/regcred.dev/v1alpha1/${plural}?`,
    reported: /may not list and watch registrycredentials/,
    rotates: true,
  },
  {
    what: "Namespaces",
    role: clusterRole,
    resource: "namespaces",
    path: "/api/v1/namespaces?",
    reported: /may not list and watch namespaces/,
    rotates: true,
  },
  {
    what: "its own kind's definition",
    role: clusterRole,
    resource: "customresourcedefinitions",
    path: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions?",
    fieldSelector: named(crdName),
    rotates: true,
    starts: true,
  },
  {
    what: "ServiceAccounts",
    role: tenantsRole,
    resource: "serviceaccounts",
    path: "/api/v1/serviceaccounts?",
    reported: /may not .*list, watch.* ServiceAccounts/,
    rotates: true,
    starts: true,
  },
  {
    what: "pull Secrets",
    role: tenantsRole,
    resource: "secrets",
    path: "/api/v1/secrets?",
    fieldSelector: named("regcred"),
    reported: /may not .*list, watch.* Secrets called regcred/,
    rotates: false,
  },
  {
    what: "pods",
    role: tenantsRole,
    resource: "pods",
    path: "/api/v1/pods?",
    reported: /may not list and watch pods/,
    rotates: true,
    starts: true,
  },
  {
    what: "its own Secrets",
    role: `${rbac}/namespaces/${operatorNamespace}/roles/regcred`,
    resource: "secrets",
    path: `/api/v1/namespaces/${operatorNamespace}/secrets?`,
    reported: /may not list and watch secrets of regcred-system/,
    rotates: false,
  },
];

/** With the rights and the restraint of an install with pod recovery, and a way to the API server that can fail. */
export async function listingStage(): Promise<{ readonly stage: Stage; readonly proxy: FaultProxy }> {
  const ways: FaultProxy[] = [];
  const through = async (world: TestEnv): Promise<string> => {
    const text = await readFile(await operatorKubeconfig(world), "utf8");
    const { users } = parse(text) as { readonly users: readonly { readonly user: { readonly token: string } }[] };
    const way = await faultProxy({ ...world.cluster, adminToken: users[0]?.user.token ?? "" });
    ways.push(way);
    return way.kubeconfig;
  };
  const stage = await denialStage({
    install: { podRecovery: { enabled: true } },
    settings: { mode: { pullSecretNames: ["regcred"], watchNamespaces: [], podRecovery: true } },
    through,
  });
  const [proxy] = ways;
  if (!proxy) throw new Error("the operator has found another way");
  return { stage, proxy };
}

/** The names of the stored tokens. */
export async function tokensOf({ world }: Stage): Promise<readonly string[]> {
  return (await world.admin.list(`/api/v1/namespaces/${operatorNamespace}/secrets`))
    .filter(({ type }) => type === "regcred.dev/token")
    .map(({ metadata }) => metadata.name);
}

export async function everybodyHasTheLast(stage: Stage): Promise<void> {
  for (const namespace of stage.namespaces)
    for (const name of names)
      await eventually(`${namespace} has the last of ${name}`, () => stage.has(name, namespace, [stage.password]));
}
