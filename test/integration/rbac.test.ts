// Tests that the rights in config/rbac are enough for the operator, and that each of them is needed.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { crdName } from "../../src/api/names.ts";
import { rendered } from "../chart/rendered.ts";
import { installed, operatorUser } from "./installed.ts";
import { rbac, failureOf, type Right, rightsIn, rulesOf, rulesWithout } from "./rights.ts";
import { eventually, operatorNamespace, type TestEnv, testEnv, soon, staticSpec } from "./test-env.ts";
import type { OperatorError } from "../../src/runtime/errors.ts";
import { textWithSteps } from "../../src/runtime/steps.ts";

describe("the operator with the rights of config/rbac", () => {
  let world: TestEnv;

  beforeAll(async () => {
    world = await testEnv();
  }, 120_000);
  afterAll(() => world.close());

  it("says in one sentence what it may not do, and the command that fixes it, before the rights are there", async () => {
    const starting = world.startOperator({
      kubeconfig: await world.cluster.kubeconfigFor(operatorUser),
      settings: { leaderElection: true },
    });
    const refused = await starting.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(textWithSteps(refused as OperatorError)).toMatch(/may not .*: kubectl apply -k config\/default$/);
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
    await expect
      .poll(() => world.condition("other", "Ready"), soon)
      .toHaveProperty("message", expect.stringContaining("resourceNames"));
  });
});

/** Every value that adds rights, but for `watchNamespaces`: those are in rights-in-namespaces.test.ts. */
const everyRight = {
  pullSecretNames: ["regcred", "harbor-pull"],
  sourceNamespaces: ["login-sources"],
  podRecovery: { enabled: true },
};
const rights = rightsIn(await rendered({ values: everyRight })).map((right) => ({
  right,
  text: `${right.verb} ${right.resource}${right.name === undefined ? "" : ` named ${right.name}`}`,
  at: `${right.role.kind} ${right.role.metadata.name}`,
}));

describe("without one of its rights the operator", () => {
  let world: TestEnv;
  let kubeconfig: string;

  const pathOf = ({ kind, metadata }: Right["role"]): string =>
    kind === "Role"
      ? `${rbac}/namespaces/${metadata.namespace}/roles/${metadata.name}`
      : `${rbac}/clusterroles/${metadata.name}`;

  /** Where the right is granted: in every namespace, or in one. */
  const mayOperator = async ({ verb, group, resource, name, role }: Right): Promise<boolean> => {
    const [plain = "", subresource] = resource.split("/");
    const { status } = await world.admin.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: {
        user: operatorUser.name,
        groups: operatorUser.groups,
        resourceAttributes: { verb, group, resource: plain, subresource, name, namespace: role.metadata.namespace },
      },
    });
    return (status as { readonly allowed: boolean }).allowed;
  };

  const start = () =>
    world.startOperator({
      kubeconfig,
      settings: {
        leaderElection: true,
        sourceNamespaces: everyRight.sourceNamespaces,
        mode: { pullSecretNames: everyRight.pullSecretNames, watchNamespaces: [], podRecovery: true },
      },
    });

  /** What is said without a right that is not asked for at the start, because not every install needs it. */
  const laterMessages: Record<string, () => Promise<string>> = {
    "create serviceaccounts/token": async () => {
      const operator = await start();
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
      let message: string | undefined;
      await eventually("the entry says why", async () => {
        message = (await world.status("minted")).registries?.[0]?.message;
        return message !== undefined;
      });
      await world.deleteCredential("minted");
      await operator.stop();
      return (message ?? "").replace("request tokens of the ServiceAccount", "create serviceaccounts/token of");
    },
  };

  /** Of rights that the operator goes on without. */
  const loggedMessage = async (): Promise<string> => {
    const operator = await start();
    const line = operator.log.find(({ message }) => message === "goes on without a right");
    await operator.stop();
    return String(line?.fields["detail"]);
  };
  for (const verb of ["list", "watch"])
    laterMessages[`${verb} customresourcedefinitions named ${crdName}`] = loggedMessage;
  for (const verb of ["get", "list", "watch", "patch"]) laterMessages[`${verb} serviceaccounts`] = loggedMessage;

  beforeAll(async () => {
    world = await testEnv();
    await world.namespaces(everyRight.sourceNamespaces);
    kubeconfig = await installed(world, everyRight);
  }, 120_000);
  afterAll(() => world.close());

  it.each(rights)("to $text ($at) fails", async ({ right, text }) => {
    const { verb, resource, name, role } = right;
    await world.admin.patch(pathOf(role), { rules: rulesWithout(right) });
    await eventually("the right is gone", async () => !(await mayOperator(right)));
    const message = await (laterMessages[text]?.() ?? failureOf(start()));
    expect(message).toMatch(new RegExp(`may not .*${verb}\\b[^;]* ${resource}\\b[^;]*${name ?? ""}`));
    await world.admin.patch(pathOf(role), { rules: rulesOf(role) });
    await eventually("the right is back", () => mayOperator(right));
  });
});
