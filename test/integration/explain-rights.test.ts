// Tests of what `explain` says with few rights, with the operator down, and of Secrets that are not regcred's.
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask } from "./ask.ts";
import { program } from "./program.ts";
import { eventually, type TestEnv, testEnv, staticSpec } from "./test-env.ts";

const image = "registry.example.com/team/app:1";

describe("explain", () => {
  let world: TestEnv;
  let reader: string;

  beforeAll(async () => {
    world = await testEnv();
    const { admin } = world;
    const operator = await world.startOperator();
    await world.source("hub", { username: "ann", password: "hunter2" });
    await world.namespaces(["team-a", "team-b", "elsewhere"]);
    await world.credential("acme", staticSpec("hub"));
    await eventually("both are served", async () => (await world.status("acme")).namespaces?.ready === 2);
    await admin.create("/api/v1/namespaces/team-a/pods", {
      metadata: { name: "web" },
      spec: { containers: [{ name: "web", image }] },
    });
    await operator.stop();
    // What docs/cli.md says that it needs.
    await admin.create("/apis/rbac.authorization.k8s.io/v1/clusterroles", {
      metadata: { name: "explain" },
      rules: [
        { apiGroups: ["regcred.dev"], resources: ["registrycredentials"], verbs: ["get"] },
        { apiGroups: [""], resources: ["pods", "serviceaccounts", "secrets"], verbs: ["get"] },
      ],
    });
    await admin.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
      metadata: { name: "explain" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "explain" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "reader" }],
    });
    reader = await world.cluster.kubeconfigFor({ name: "reader", groups: [] });
  });
  afterAll(() => world?.close());

  const explain = (...args: string[]): ReturnType<typeof ask> => ask(world.cluster.kubeconfig, ["explain", ...args]);

  it("needs get only, and says what it did not see, with the operator down", async () => {
    const { code, stdout, stderr } = await ask(reader, ["explain", "team-a", "pod/web"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.split("\n")[0]).toBe(`YES: pod team-a/web can pull ${image}, with logins that name no expiry.`);
    expect(stdout).toContain("from acme/main, in the Secret regcred");
    expect(stdout).toContain(
      "RegistryCredentials could not be listed; only those that the Secrets name were looked at.",
    );
    expect(stdout).toContain("The labels of namespace team-a could not be read");
    expect(stdout).not.toContain("hunter2");
  });

  it("refuses in one sentence who may not even read the pod", async () => {
    const nobody = await world.cluster.kubeconfigFor({ name: "nobody", groups: [] });
    expect(await ask(nobody, ["explain", "team-a", "pod/web"])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: you may not get pods in namespace team-a: ask an administrator/),
    });
  });

  it("speaks of a ServiceAccount's pods, and of hosts where it has none", async () => {
    expect((await explain("team-a")).stdout).toContain(`YES: ServiceAccount team-a/default can pull ${image}`);
    expect((await explain("team-b")).stdout).toContain("can pull the images of registry.example.com");
    const { code, stdout } = await explain("elsewhere");
    expect(code).toBe(3);
    expect(stdout).toMatch(/^NO: ServiceAccount elsewhere\/default cannot pull the images of registry\.example\.com: /);
  });

  it("says that the operator has not looked at a change, and how many others a fault hits", async () => {
    await world.credential("later", staticSpec("hub", { hosts: ["registry.later.example"] }));
    const { stdout } = await explain("team-b", "--image", "registry.later.example/app:1");
    expect(stdout).toMatch(/^NO: .*the operator has not looked at RegistryCredential later/);
    await world.admin.create("/api/v1/namespaces/team-b/secrets", { metadata: { name: "other" } });
    for (const team of ["team-a", "team-b"]) {
      await world.admin.create(`/api/v1/namespaces/${team}/secrets`, { metadata: { name: "taken" } });
    }
    await world.credential("taken", {
      ...staticSpec("hub", { hosts: ["registry.taken.example"], pullSecret: { name: "taken" } }),
    });
    const operator = await world.startOperator();
    await eventually("both conflicts are told", async () => (await world.status("taken")).namespaces?.failed === 2);
    await operator.stop();
    const output = await explain("team-b", "--image", "registry.taken.example/app:1");
    expect(output.stdout).toContain("SecretConflict: the namespace has a Secret taken of its own");
    expect(output.stdout).toContain("(the tenant can fix it; it hits 1 other namespace)");
    expect(output.stdout).toContain("kubectl delete secret -n team-b taken");
  });

  it("says that it hangs on a Secret that it did not look into", async () => {
    await world.admin.create("/api/v1/namespaces/team-a/serviceaccounts", {
      metadata: { name: "own" },
      imagePullSecrets: [{ name: "my-own" }],
    });
    const auths = { "registry.own.example": { username: "bob", password: "swordfish" } };
    await world.admin.create("/api/v1/namespaces/team-a/secrets", {
      metadata: { name: "my-own" },
      type: "kubernetes.io/dockerconfigjson",
      stringData: { ".dockerconfigjson": JSON.stringify({ auths }) },
    });
    const asked = ["team-a", "own", "--image", "registry.own.example/app:1"];
    const unread = await explain(...asked);
    expect(unread.code).toBe(4);
    expect(unread.stdout).toMatch(/^UNKNOWN: .*the Secret my-own is not regcred's, and what it holds was not read/);
    const read = await explain(...asked, "--read-secrets");
    expect(read.stdout).toMatch(/^UNKNOWN: .*has a login for it, which was not tried/);
    expect(read.stdout).not.toContain("swordfish");
    expect((await explain("team-a", "own", "--image", image, "--read-secrets")).code).toBe(3);
  });

  it("says that there is no such pod or namespace", async () => {
    expect(await explain("team-a", "pod/gone")).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(/^NO: there is no pod team-a\/gone/),
    });
    expect((await explain("nowhere")).stdout).toMatch(
      /^NO: .* cannot pull anything: there is no namespace nowhere\.\n/,
    );
  });

  it.each([80, 200])("fits into a terminal of %i columns, in colours", async (columns) => {
    const { code, stdout } = await program(["explain", "elsewhere"], { kubeconfig: world.cluster.kubeconfig, columns });
    expect(code).toBe(3);
    expect(stdout.startsWith("\u001B[31mNO: ")).toBe(true);
    const lines = stripVTControlCharacters(stdout).split("\n");
    // A command stays on one line, so that it can be copied.
    expect(lines.filter((line) => line.length > columns && !line.startsWith("    kubectl "))).toEqual([]);
  });
});
