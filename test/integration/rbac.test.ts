// Are the rights in config/rbac enough for the operator, and is each of them needed?
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KubeObject } from "../cluster/admin-client.ts";
import { installed, manifests, operatorUser } from "./installed.ts";
import { eventually, operatorNamespace, type Scene, scene, staticSpec } from "./scene.ts";

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

const rbac = "/apis/rbac.authorization.k8s.io/v1";
const rulesOf = (role: KubeObject): readonly Rule[] => role["rules"] as readonly Rule[];
const pathOf = ({ kind, metadata }: KubeObject): string =>
  kind === "Role"
    ? `${rbac}/namespaces/${operatorNamespace}/roles/${metadata.name}`
    : `${rbac}/clusterroles/${metadata.name}`;

const roles = (await manifests("rbac")).filter(({ kind }) => kind === "Role" || kind === "ClusterRole");
/** One row per verb of each rule. */
const rights = roles.flatMap((role) =>
  rulesOf(role).flatMap((rule, index) =>
    rule.verbs.map((verb) => ({
      verb,
      resource: rule.resources.join(),
      role: `${role.kind} ${role.metadata.name}`,
      object: role,
      rule,
      index,
    })),
  ),
);

describe("the operator with the rights of config/rbac", () => {
  let world: Scene;

  beforeAll(async () => {
    world = await scene();
  }, 120_000);
  afterAll(() => world.close());

  it("says in one sentence what it may not do, and the command that mends it, before the rights are there", async () => {
    const starting = world.startOperator({
      kubeconfig: await world.cluster.kubeconfigFor(operatorUser),
      settings: { leaderElection: true },
    });
    await expect(starting).rejects.toThrow(/may not .*: kubectl apply -k config\/default$/);
  });

  it("serves, rotates and cleans up once they are", async () => {
    await world.startOperator({ kubeconfig: await installed(world), settings: { leaderElection: true } });
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

  it("says in the status that a pull Secret of another name needs another right", async () => {
    await world.credential("other", staticSpec("hub", { pullSecret: { name: "other" } }));
    await eventually(
      "the missing right is told",
      async () => (await world.condition("other", "Ready"))?.reason === "NotPermitted",
    );
    expect(await world.condition("other", "Ready")).toHaveProperty("message", expect.stringContaining("resourceNames"));
  });
});

describe("without one of its rights the operator", () => {
  let world: Scene;

  /** Where the right is granted: in every namespace, or in the operator's own. */
  const mayOperator = async (
    verb: string,
    { kind }: KubeObject,
    { apiGroups, resources, resourceNames }: Rule,
  ): Promise<boolean> => {
    const [resource, subresource] = (resources[0] ?? "").split("/");
    const { status } = await world.admin.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: {
        user: operatorUser.name,
        groups: operatorUser.groups,
        resourceAttributes: {
          verb,
          group: apiGroups[0],
          resource,
          subresource,
          name: resourceNames?.[0],
          ...(kind === "Role" && { namespace: operatorNamespace }),
        },
      },
    });
    return (status as { readonly allowed: boolean }).allowed;
  };

  const sentenceOf = (starting: Promise<unknown>): Promise<string> =>
    starting.then(
      () => "it starts",
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );

  /** What is said without a right that is not asked for at the start, because not every install needs it. */
  const saidLater: Record<string, () => Promise<string>> = {
    "create serviceaccounts/token": async () => {
      const operator = await world.startOperator();
      await world.admin.create(`/api/v1/namespaces/${operatorNamespace}/serviceaccounts`, {
        metadata: {
          name: "puller",
          annotations: { "eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/pull" },
        },
      });
      await world.namespaces(["team-token"]);
      await world.credential("minted", {
        registries: [
          {
            name: "images",
            provider: "ECR",
            hosts: ["123456789012.dkr.ecr.eu-west-1.amazonaws.com"],
            identity: { from: "ServiceAccount", name: "puller" },
          },
        ],
        namespaces: { include: ["team-token"] },
      });
      let said: string | undefined;
      await eventually("the entry says why", async () => {
        said = (await world.status("minted")).registries?.[0]?.message;
        return said !== undefined;
      });
      await world.deleteCredential("minted");
      await operator.stop();
      return (said ?? "").replace("request tokens of the ServiceAccount", "create serviceaccounts/token of");
    },
  };

  /** Of rights that the operator goes on without. */
  const saidInLog = async (): Promise<string> => {
    const operator = await world.startOperator();
    const line = operator.log.find(({ message }) => message === "installed schema not compared");
    await operator.stop();
    return String(line?.fields["detail"]);
  };
  for (const verb of ["list", "watch"]) saidLater[`${verb} customresourcedefinitions`] = saidInLog;

  beforeAll(async () => {
    world = await scene({ install: {} });
  }, 120_000);
  afterAll(() => world.close());

  it.each(rights)("to $verb $resource ($role) fails", async ({ verb, resource, object, rule, index }) => {
    const verbs = rule.verbs.filter((each) => each !== verb);
    const rules = rulesOf(object).flatMap((each, at) =>
      at !== index ? [each] : verbs.length > 0 ? [{ ...each, verbs }] : [],
    );
    await world.admin.patch(pathOf(object), { rules });
    await eventually("the right is gone", async () => !(await mayOperator(verb, object, rule)));
    const said = await (saidLater[`${verb} ${resource}`]?.() ??
      sentenceOf(world.startOperator({ settings: { leaderElection: true } })));
    expect(said).toMatch(new RegExp(`may not .*${verb}\\b.* ${resource}\\b`));
    await world.admin.patch(pathOf(object), { rules: rulesOf(object) });
    await eventually("the right is back", () => mayOperator(verb, object, rule));
  });
});
