// Are the rights in config/rbac enough for the operator, and no more than it asks for?
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { neededPermissions, type Permission } from "../../src/kube/preflight.ts";
import { installed, operatorUser, rbacManifests } from "./installed.ts";
import { eventually, operatorNamespace, type Scene, scene, staticSpec } from "./scene.ts";

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

describe("the operator with the rights of config/rbac", () => {
  let world: Scene;
  let kubeconfig: string;

  beforeAll(async () => {
    world = await scene();
    kubeconfig = await world.cluster.kubeconfigFor(operatorUser);
  }, 120_000);
  afterAll(() => world.close());

  it("says in one sentence what it may not do, and the command that mends it, before the rights are there", async () => {
    const starting = world.startOperator({ kubeconfig, settings: { leaderElection: true } });
    await expect(starting).rejects.toThrow(/may not .*: kubectl apply -k config\/default$/);
  });

  it("serves, rotates and cleans up once they are", async () => {
    await installed(world);
    await world.startOperator({ kubeconfig, settings: { leaderElection: true } });
    await world.source("hub", { username: "ann", password: "first" });
    await world.namespaces(["team-rbac"]);
    await world.credential("limited", staticSpec("hub"));
    await eventually("it is served", async () => (await world.status("limited")).namespaces?.ready === 1);
    expect(await world.references("team-rbac")).toEqual(["regcred"]);
    await world.source("hub", { username: "ann", password: "second" });
    await eventually(
      "it is rotated",
      async () => (await world.logins("team-rbac"))?.["registry.example.com"]?.password === "second",
    );
    await world.deleteCredential("limited");
    expect(await world.secret("team-rbac")).toBeUndefined();
    expect(await world.references("team-rbac")).toEqual([]);
  });

  it("says in the status that a pull Secret of another name needs another right, and serves once it is there", async () => {
    await world.credential("other", staticSpec("hub", { pullSecret: { name: "other" } }));
    await eventually("the missing right is told", async () => {
      const ready = await world.condition("other", "Ready");
      return ready?.reason === "NotPermitted" && ready.message.includes("resourceNames");
    });
    const role = (await rbacManifests()).find(({ kind }) => kind === "ClusterRole");
    const rules = ((role?.["rules"] ?? []) as Rule[]).map((rule) =>
      rule.resourceNames ? { ...rule, resourceNames: [...rule.resourceNames, "other"] } : rule,
    );
    await world.admin.patch("/apis/rbac.authorization.k8s.io/v1/clusterroles/regcred", { rules });
    await eventually("it is served", async () => (await world.status("other")).namespaces?.ready === 1);
    expect(await world.logins("team-rbac", "other")).toHaveProperty(["registry.example.com", "username"], "ann");
    await world.deleteCredential("other");
  });
});

describe("config/rbac", () => {
  it("grants everything that the operator asks for at its start", async () => {
    const objects = await rbacManifests();
    const rulesOf = (kind: string): Rule[] =>
      objects.filter((object) => object.kind === kind).flatMap((object) => object["rules"] as Rule[]);
    const granted = ({ verb, group, resource, name, namespace }: Permission): boolean =>
      [...rulesOf("ClusterRole"), ...(namespace === operatorNamespace ? rulesOf("Role") : [])].some(
        (rule) =>
          rule.verbs.includes(verb) &&
          rule.apiGroups.includes(group) &&
          rule.resources.includes(resource) &&
          (rule.resourceNames === undefined || (name !== undefined && rule.resourceNames.includes(name))),
      );
    expect(
      neededPermissions({ operatorNamespace, leaderElection: true }).filter((permission) => !granted(permission)),
    ).toEqual([]);
  });
});
