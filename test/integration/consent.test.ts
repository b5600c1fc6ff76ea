// Tests that a tenant's ServiceAccount mints its tokens only when the tenant lets it.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { arnOf, type Ecr, ecr, ecrHost } from "./ecr.ts";
import { installed, operatorUser } from "./installed.ts";
import { eventually, operatorNamespace, type TestEnv, testEnv, soon } from "./test-env.ts";
import { commandsIn, type Shell, shellIn } from "./shell.ts";

describe("a ServiceAccount of a tenant as identity", () => {
  let world: TestEnv;
  let cloud: Ecr;
  let folder: string;
  let shell: Shell;

  const accounts = (namespace: string): string => `/api/v1/namespaces/${namespace}/serviceaccounts`;
  const account = (namespace: string): Promise<unknown> =>
    world.admin.create(accounts(namespace), {
      metadata: { name: "puller", annotations: { "eks.amazonaws.com/role-arn": arnOf(namespace) } },
    });
  /** What the condition proposes. */
  const reported = async (): Promise<readonly string[]> =>
    commandsIn((await world.condition("tenants", "Distributed"))?.message ?? "");
  const passwordOf = async (namespace: string): Promise<string | undefined> =>
    (await world.logins(namespace))?.[ecrHost]?.password;
  const mayRequestToken = async (namespace: string, name: string): Promise<boolean> => {
    const { status } = (await world.admin.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      metadata: {},
      spec: {
        user: operatorUser.name,
        groups: operatorUser.groups,
        resourceAttributes: { verb: "create", resource: "serviceaccounts", subresource: "token", namespace, name },
      },
    })) as unknown as { status: { allowed: boolean } };
    return status.allowed;
  };

  beforeAll(async () => {
    world = await testEnv();
    folder = await mkdtemp(join(tmpdir(), "regcred-consent-"));
    shell = await shellIn(folder, world.cluster);
    cloud = await ecr({
      federated: Object.fromEntries(
        ["team-a", "team-b"].map((namespace) => [`system:serviceaccount:${namespace}:puller`, namespace]),
      ),
      lifetime: Temporal.Duration.from({ hours: 12 }),
    });
    // Nobody can watch RBAC of tenants: it is tried again after half a minute, and sooner here.
    const timing = { slowly: Temporal.Duration.from({ seconds: 2 }) };
    await world.startOperator({ kubeconfig: await installed(world), routes: cloud.routes, timing });
    await world.namespaces(["team-a", "team-b"]);
    await account("team-a");
    await account("team-b");
    await world.credential("tenants", {
      registries: [
        {
          name: "main",
          provider: "ECR",
          hosts: [ecrHost],
          identity: { from: "TenantServiceAccount", name: "puller" },
        },
      ],
      namespaces: { include: ["team-*"] },
    });
  });
  afterAll(async () => {
    await world.close();
    await cloud.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("is of no use without consent, and the message holds the command that gives it", async () => {
    await eventually(
      "both are told",
      async () =>
        (await world.status("tenants")).failures?.some(
          ({ reason, count }) => reason === "ConsentMissing" && count === 2,
        ) === true,
    );
    expect(await reported()).toEqual([
      "kubectl create role regcred-token-puller -n team-a --verb=create --resource=serviceaccounts/token --resource-name=puller",
      "kubectl create rolebinding regcred-token-puller -n team-a --role=regcred-token-puller --serviceaccount=regcred-system:regcred",
    ]);
    expect((await world.status("tenants")).failures).toEqual([expect.objectContaining({ cause: "Tenant" })]);
    await expect.poll(() => world.condition("tenants", "Ready"), soon).toMatchObject({ status: "True" });
    expect(cloud.asked()).toBe(0);
    expect(await world.secret("team-a")).toBeUndefined();
  });

  it("serves the tenant that consents, with the role of its annotation, and nobody else", async () => {
    for (const command of await reported()) expect(await shell(command)).toMatchObject({ code: 0 });
    await eventually(
      "team-a is served",
      async () => (await passwordOf("team-a"))?.startsWith("team-a/") === true,
      Temporal.Duration.from({ seconds: 90 }),
    );
    expect(await world.secret("team-b")).toBeUndefined();
    expect(cloud.mints.map(({ role }) => role)).toEqual(["team-a"]);
  });

  it("is another once it was made anew", async () => {
    const before = await passwordOf("team-a");
    await world.admin.remove(`${accounts("team-a")}/puller`);
    await account("team-a");
    await eventually("a token of the new one arrives", async () => {
      const password = await passwordOf("team-a");
      return password !== undefined && password !== before;
    });
    expect(cloud.mints.map(({ role }) => role)).toEqual(["team-a", "team-a"]);
  });

  it("is the only one outside its own namespace of which the operator can request tokens", async () => {
    expect(await mayRequestToken(operatorNamespace, "puller")).toBe(true);
    expect(await mayRequestToken("team-a", "puller")).toBe(true);
    expect(await mayRequestToken("team-a", "default")).toBe(false);
    expect(await mayRequestToken("team-b", "puller")).toBe(false);
    expect(await mayRequestToken("kube-system", "default")).toBe(false);
  });
});
