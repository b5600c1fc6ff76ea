// Tests that only those who may can change a label that chooses a login, and that `doctor` sees whether it is so.
import { join } from "node:path";
import { Agent, request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kubectl } from "../cluster/kubectl.ts";
import { blocks } from "../documents.ts";
import { ask } from "./ask.ts";
import { credentialsPath, eventually, type TestEnv, testEnv } from "./test-env.ts";

const root = join(import.meta.dirname, "..", "..");
const admission = "/apis/admissionregistration.k8s.io/v1";
const rbac = "/apis/rbac.authorization.k8s.io/v1";
const label = "acme.io/tenant";

describe("a label that chooses a login", () => {
  let world: TestEnv;
  let agent: Agent;

  beforeAll(async () => {
    world = await testEnv();
    agent = new Agent({ connect: { ca: world.cluster.ca } });
    await world.namespaces(["team-a"]);
    const entry = {
      name: "main",
      provider: "Static",
      hosts: ["tenant.example"],
      static: { secretName: `tenant-$(namespace.labels['${label}'])` },
    };
    await world.credential("tenants", { registries: [entry], namespaces: { include: ["nobody"] } });
  });
  afterAll(async () => {
    await agent?.close();
    await world?.close();
  });

  const allowed = (name: string, rules: readonly object[]): Promise<unknown> =>
    world.admin.create(`${rbac}/clusterroles`, { metadata: { name }, rules });
  const group = (name: string): object => ({ kind: "Group", name, apiGroup: "rbac.authorization.k8s.io" });
  const bound = (name: string, ...subjects: readonly object[]): Promise<unknown> =>
    world.admin.create(`${rbac}/clusterrolebindings`, {
      metadata: { name },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
      subjects,
    });
  /** The kubeconfig of somebody who may list just this. */
  const mayList = async (
    name: string,
    what: readonly (readonly [group: string, resources: string[]])[],
  ): Promise<string> => {
    await allowed(
      name,
      what.map(([group, resources]) => ({ apiGroups: [group], resources, verbs: ["list"] })),
    );
    await bound(name, { kind: "User", name, apiGroup: "rbac.authorization.k8s.io" });
    return await world.cluster.kubeconfigFor({ name, groups: [] });
  };
  /** As a shell would type it, in the root of the project. */
  const followed = (command: string): Promise<string> => {
    const [, ...words] = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, one, other]) => one ?? other ?? "");
    const args = words.map((word) => (word.startsWith("config/") ? join(root, word) : word));
    return kubectl(args, { cluster: world.cluster });
  };
  const doctor = (): ReturnType<typeof ask> => ask(world.cluster.kubeconfig, ["doctor"]);

  /** As somebody in that group, without doing it. */
  const tried = async (
    group: string,
    method: "POST" | "PATCH",
    path: string,
    labelled: Readonly<Record<string, string | null>>,
  ): Promise<{ readonly status: number; readonly message: string }> => {
    const answer = await request(`${world.cluster.server}${path}?dryRun=All`, {
      method,
      dispatcher: agent,
      headers: {
        authorization: `Bearer ${world.cluster.adminToken}`,
        "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json",
        "impersonate-user": "somebody",
        "impersonate-group": group,
      },
      body: JSON.stringify({ metadata: { labels: labelled, ...(method === "POST" && { name: "team-new" }) } }),
    });
    const { message = "" } = (await answer.body.json()) as { message?: string };
    return { status: answer.statusCode, message };
  };
  const administrators = "whoever may update RegistryCredentials (Group administrators, Group system:masters)";
  const one = "/api/v1/namespaces/team-a";
  const all = "/api/v1/namespaces";

  const labels = async (kubeconfig = world.cluster.kubeconfig): Promise<string> =>
    (await ask(kubeconfig, ["doctor"])).stdout.split("\n").find((line) => line.includes(" labels: ")) ?? "";

  it("says that RBAC leaves it to administrators", async () => {
    expect(await labels()).toBe(
      `ok      labels: RBAC lets nobody change ${label} but whoever may update RegistryCredentials (Group system:masters)`,
    );
  });

  it("says what whoever asks may not see", async () => {
    const kubeconfig = await mayList("half", [
      ["regcred.dev", ["registrycredentials"]],
      ["admissionregistration.k8s.io", ["validatingadmissionpolicies", "validatingadmissionpolicybindings"]],
    ]);
    expect(await labels(kubeconfig)).toMatch(
      /^unknown labels: .*clusterrolebindings, clusterroles, rolebindings, roles could not be read$/,
    );
    const less = await mayList("less", [["regcred.dev", ["registrycredentials"]]]);
    expect(await labels(less)).toBe("unknown labels: ValidatingAdmissionPolicies could not be read");
  });

  it("names who may change it, and the commands that fix it do", async () => {
    const resources = ["namespaces", "namespaces/status"];
    await allowed("namespace-writers", [{ apiGroups: [""], resources, verbs: ["create", "patch"] }]);
    await bound("namespace-writers", group("tenants"), group("acme:platform"), group("administrators"));
    await allowed("credential-writers", [
      { apiGroups: ["regcred.dev"], resources: ["registrycredentials"], verbs: ["update"] },
    ]);
    await bound("credential-writers", group("administrators"));
    await world.admin.create("/apis/rbac.authorization.k8s.io/v1/namespaces/team-a/rolebindings", {
      metadata: { name: "own" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "namespace-writers" },
      subjects: [{ kind: "ServiceAccount", name: "deployer", namespace: "team-a" }],
    });
    const output = await doctor();
    expect(output.code).toBe(3);
    expect(output.stdout).toContain(
      `BAD     labels: no admission policy guards ${label}, and who may change a Namespace chooses its login: Group acme:platform, Group tenants, ServiceAccount team-a/deployer (Namespace team-a)\n`,
    );
    const commands = [...output.stdout.matchAll(/^ {8}(kubectl .*(?:admission).*)$/gm)].map(([, each = ""]) => each);
    expect(commands).toHaveLength(2);
    for (const command of commands) await followed(command);
    expect(await labels()).toBe(`ok      labels: ${label} can be changed only by ${administrators}`);
  });

  it("is refused to tenants, in words that say what to do, and left to the platform", async () => {
    await eventually(
      "the policy is in force",
      async () => (await tried("tenants", "PATCH", one, { [label]: "b" })).status === 403,
    );
    const refused = await tried("tenants", "PATCH", one, { [label]: "blue" });
    expect(refused.message).toContain(
      `the label ${label} chooses the registry logins of a Namespace: leave it as it is, or ask whoever may update RegistryCredentials to set it`,
    );
    expect((await tried("tenants", "POST", all, { [label]: "blue" })).status).toBe(403);
    // Present without a value is what a selector may ask for.
    expect((await tried("tenants", "PATCH", one, { [label]: "" })).status).toBe(403);
    expect((await tried("tenants", "PATCH", `${one}/status`, { [label]: "blue" })).status).toBe(403);
    expect((await tried("tenants", "PATCH", one, { other: "blue" })).status).toBe(200);
    expect((await tried("tenants", "POST", all, { other: "blue" })).status).toBe(201);
    expect((await tried("administrators", "PATCH", one, { [label]: "blue" })).status).toBe(200);
    expect((await tried("acme:platform", "PATCH", one, { [label]: "blue" })).status).toBe(403);

    await world.admin.patch(one, { metadata: { labels: { [label]: "blue" } } });
    expect((await tried("tenants", "PATCH", one, { [label]: "red" })).status).toBe(403);
    expect((await tried("tenants", "PATCH", one, { [label]: null })).status).toBe(403);
    expect((await tried("tenants", "PATCH", one, { [label]: "blue", other: "red" })).status).toBe(200);
  });

  it("is left to the groups that the policy names", async () => {
    const typed = blocks.find(
      ({ path, text }) => path === "docs/tenancy.md" && text.includes("config/admission/labels"),
    );
    for (const line of typed?.text.trimEnd().split("\n") ?? []) await followed(line);
    await eventually(
      "the new one is in force",
      async () => (await tried("acme:platform", "PATCH", one, { [label]: "red" })).status === 200,
    );
    expect(await tried("tenants", "PATCH", one, { [label]: "red" })).toMatchObject({
      status: 403,
      message: expect.stringContaining(
        "or ask the group acme:platform or system:serviceaccounts:flux-system to set it",
      ),
    });
    expect(await labels()).toBe(
      `ok      labels: ${label} can be changed only by the group acme:platform or system:serviceaccounts:flux-system, and by ${administrators}`,
    );
  });

  it("sees that the policy does not have a second label, and adds it", async () => {
    const path = `${credentialsPath}/tenants`;
    const { spec } = (await world.admin.get(path)) as unknown as { spec: { registries: object[] } };
    const more = {
      name: "more",
      provider: "Static",
      hosts: ["more.example"],
      static: { secretName: "x-$(namespace.labels['tier'])" },
    };
    await world.admin.patch(path, { spec: { registries: [...spec.registries, more] } });
    const { stdout } = await doctor();
    expect(stdout).toMatch(/^ok {6}labels: acme\.io\/tenant can be changed only by/m);
    expect(stdout).toMatch(/^BAD {5}labels: no admission policy guards tier, /m);
    const [, command = ""] = /^ {8}(kubectl patch validatingadmissionpolicy .*)$/m.exec(stdout) ?? [];
    await followed(command);
    expect((await doctor()).stdout).not.toMatch(/^BAD {5}labels/m);
  });

  it("is not deceived by a policy that nothing binds, and does not judge one of yours", async () => {
    await world.admin.remove(`${admission}/validatingadmissionpolicybindings/regcred-labels`);
    expect((await doctor()).stdout).toMatch(/^BAD {5}labels: no admission policy guards acme\.io\/tenant, tier, /m);
    await world.admin.create(`${admission}/validatingadmissionpolicies`, {
      metadata: { name: "guard" },
      spec: {
        matchConstraints: {
          resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["UPDATE"], resources: ["namespaces"] }],
        },
        validations: [{ expression: "!('acme.io/tenant' in object.metadata.?labels.orValue({}))" }],
      },
    });
    await world.admin.create(`${admission}/validatingadmissionpolicybindings`, {
      metadata: { name: "guard" },
      spec: { policyName: "guard", validationActions: ["Deny"] },
    });
    const { stdout } = await doctor();
    expect(stdout).toMatch(
      /^ok {6}labels: ValidatingAdmissionPolicy guard speaks of acme\.io\/tenant; see whom it lets through$/m,
    );
    expect(stdout).toMatch(/^BAD {5}labels: no admission policy guards tier, /m);
  });
});
