// Tests that each right that watchNamespaces binds in a tenant's namespace is needed, and that its absence is reported.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rendered } from "../chart/rendered.ts";
import { installed } from "./installed.ts";
import { rbac, failureOf, rightsIn, rulesOf, rulesWithout } from "./rights.ts";
import { eventually, operatorNamespace, type RunningOperator, type TestEnv, testEnv, staticSpec } from "./test-env.ts";

/** Where nothing is missing. */
const complete = "may-everything";
const values = { watchNamespaces: [complete], podRecovery: { enabled: true } };
const objects = await rendered({ values });
const tenants = objects.filter(({ kind, metadata }) => kind === "ClusterRole" && metadata.name === "regcred-tenants");
const own = objects.filter(({ kind, metadata }) => kind === "Role" && metadata.name === "regcred");

/** Where the absence of a right is told, if not in the condition Ready of a RegistryCredential. */
const reportedInLog: Readonly<Record<string, RegExp>> = {
  // A namespace that is no longer selected is in no status.
  "delete secrets named regcred": /may not delete secrets /,
  // Tenants are served all the same.
  "list pods": /cannot list resource [^ ]*pods/,
  "watch pods": /cannot watch resource [^ ]*pods/,
  "create pods/eviction": /may not create pods\/eviction /,
};

/** A namespace for each right, in which the operator has all of them but that one. */
const rows = rightsIn(tenants).map((right) => {
  const { verb, resource, name } = right;
  const text = `${verb} ${resource}${name === undefined ? "" : ` named ${name}`}`;
  return {
    text,
    namespace: `may-not-${text.replaceAll(/\W/g, "-")}`,
    rules: rulesWithout(right),
    reported: reportedInLog[text] ?? new RegExp(`may not .*\\b${verb}\\b.* ${resource}\\b`, "i"),
    inLog: text in reportedInLog,
  };
});
const namespaces = [...rows.map(({ namespace }) => namespace), complete];
const namespaceOf = (text: string): string => rows.find((row) => row.text === text)?.namespace ?? "";

describe("the operator in a listed namespace", () => {
  let world: TestEnv;
  let operator: RunningOperator;
  let kubeconfig: string;

  const start = (watchNamespaces: readonly string[]): Promise<RunningOperator> =>
    world.startOperator({
      kubeconfig,
      settings: { mode: { pullSecretNames: ["regcred"], watchNamespaces, podRecovery: true } },
    });
  const bind = async (namespace: string, rules: unknown): Promise<void> => {
    const metadata = { name: "regcred-tenants" };
    await world.admin.create(`${rbac}/namespaces/${namespace}/roles`, { metadata, rules });
    await world.admin.create(`${rbac}/namespaces/${namespace}/rolebindings`, {
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: metadata.name },
      subjects: [{ kind: "ServiceAccount", name: "regcred", namespace: operatorNamespace }],
    });
  };
  const readyOf = async (namespace: string): Promise<string> =>
    (await world.condition(namespace, "Ready"))?.message ?? "";
  const logOf = (namespace: string): string =>
    operator.log
      .map(({ fields }) => JSON.stringify(fields))
      .filter((line) => line.includes(namespace))
      .join("\n");
  const isServed = async (namespace: string): Promise<boolean> => (await world.logins(namespace)) !== undefined;

  /** Makes a pod that waits for its image, as a kubelet would report it. */
  const stuckPod = async (namespace: string): Promise<void> => {
    const labels = { app: "app" };
    const pods = `/api/v1/namespaces/${namespace}/pods`;
    await world.admin.create(`/apis/apps/v1/namespaces/${namespace}/replicasets`, {
      metadata: { name: "app" },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: "main", image: "registry.example.com/team/app:1" }] },
        },
      },
    });
    await eventually("the pod is there", async () => (await world.admin.list(pods)).length === 1);
    const [pod] = await world.admin.list(pods);
    const state = { waiting: { reason: "ImagePullBackOff", message: "Back-off pulling image" } };
    const status = { name: "main", image: "", imageID: "", ready: false, restartCount: 0, state };
    await world.admin.patch(`${pods}/${pod?.metadata.name}/status`, { status: { containerStatuses: [status] } });
  };

  beforeAll(async () => {
    // With WatchList the first list is a watch, too: the right to list is for API servers without.
    world = await testEnv({ apiServerArguments: ["--feature-gates=WatchList=false"] });
    await world.namespaces(namespaces);
    kubeconfig = await installed(world, values);
    for (const { namespace, rules } of rows) await bind(namespace, rules);
    await world.source("hub", { username: "ann", password: "first" });

    // What each right is for: a list that is too long to be kept, a foreign Secret, a pod that came too early.
    await world.admin.patch(`/api/v1/namespaces/${namespaceOf("get serviceaccounts")}/serviceaccounts/default`, {
      imagePullSecrets: Array.from({ length: 33 }, (_, index) => ({ name: `own-${index}` })),
    });
    await world.admin.create(`/api/v1/namespaces/${namespaceOf("get secrets named regcred")}/secrets`, {
      metadata: { name: "regcred" },
      type: "kubernetes.io/dockerconfigjson",
      stringData: { ".dockerconfigjson": JSON.stringify({ auths: { "own.example.com": { auth: "YTpi" } } }) },
    });
    await stuckPod(namespaceOf("create pods/eviction"));

    operator = await start(namespaces);
    const spec = { podRecovery: "Evict", pullSecret: { onConflict: "Merge" } };
    for (const namespace of namespaces) {
      await world.credential(namespace, staticSpec("hub", { ...spec, namespaces: { include: [namespace] } }));
    }
    // A new password to write, and a Secret that is no longer wanted.
    for (const text of ["update secrets named regcred", "delete secrets named regcred"]) {
      await eventually(`without the right to ${text} it is served`, () => isServed(namespaceOf(text)));
    }
    await world.patchCredential(namespaceOf("delete secrets named regcred"), {
      spec: { namespaces: { include: ["nowhere"] } },
    });
    await world.source("hub", { username: "ann", password: "second" });
  }, 180_000);
  afterAll(() => world.close());

  it("serves where nothing is missing", async () => {
    await eventually("it is rotated", async () =>
      Object.values((await world.logins(complete)) ?? {}).some(({ password }) => password === "second"),
    );
    await eventually("it is ready", async () => (await world.condition(complete, "Ready"))?.status === "True");
    expect(logOf(complete)).not.toContain("NotPermitted");
  });

  it.each(rows)("that it may not $text is told", async ({ namespace, reported, inLog }) => {
    await expect.poll(() => (inLog ? logOf(namespace) : readyOf(namespace)), { timeout: 30_000 }).toMatch(reported);
  });

  // What the default has for every namespace; the rest of the Role is in rbac.test.ts.
  it.each(rightsIn(own).filter(({ verb, resource }) => `${verb} ${resource}` === "create secrets"))(
    "does not start where it may not $verb $resource in its own namespace",
    async (right) => {
      const path = `${rbac}/namespaces/${operatorNamespace}/roles/regcred`;
      await world.admin.patch(path, { rules: rulesWithout(right) });
      const sentence = `may not ${right.verb} ${right.resource} in namespace ${operatorNamespace}`;
      await expect.poll(() => failureOf(start([complete])), { timeout: 30_000 }).toContain(sentence);
      await world.admin.patch(path, { rules: own.flatMap(rulesOf) });
    },
  );
});
