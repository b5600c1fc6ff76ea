// Does the doctor find each fault, name what mends it, and take away orphans and nothing else?
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask } from "./ask.ts";
import { installed } from "./installed.ts";
import {
  credentialsPath,
  eventually,
  operatorNamespace,
  type RunningOperator,
  type Scene,
  scene,
  staticSpec,
} from "./scene.ts";

describe("doctor", () => {
  let world: Scene;
  let operator: RunningOperator;

  beforeAll(async () => {
    world = await scene();
    operator = await world.startOperator({ settings: { leaderElection: true } });
    await world.source("hub", { username: "ann", password: "hunter2" });
    await world.namespaces(["team-a", "team-b"]);
  });
  afterAll(() => world?.close());

  const doctor = (...args: string[]): ReturnType<typeof ask> => ask(world.cluster.kubeconfig, ["doctor", ...args]);

  it("names what the ServiceAccount of the installation lacks, and the command", async () => {
    const { code, stdout } = await doctor();
    expect(code).toBe(3);
    expect(stdout).toMatch(
      /^BAD {5}rights: the ServiceAccount regcred-system\/regcred may not list, watch, patch registrycredentials\.regcred\.dev; /m,
    );
    expect(stdout).toContain("        kubectl apply -k config/default\n");
    expect(stdout).toMatch(/^ok {6}RegistryCredential: it is installed, and of this version$/m);
    expect(stdout).toMatch(/^ok {6}API server: it is v1\./m);
    expect(stdout).toMatch(/^ok {6}clock: /m);
    expect(stdout).toMatch(/^ok {6}operator: test_\S+ leads$/m);
  });

  it("finds nothing where all is well", async () => {
    await installed(world);
    await world.credential("hub", staticSpec("hub"));
    await eventually("it is served", async () => (await world.condition("hub", "Ready"))?.reason === "Served");
    await eventually("the rights are known", async () => (await doctor()).code === 0);
    expect((await doctor()).stdout).not.toMatch(/BAD|unknown/);
  });

  it("says that nobody guards the label that chooses a login", async () => {
    await world.source("tenant-a", { username: "bob", password: "swordfish" });
    const entry = {
      name: "main",
      provider: "Static",
      hosts: ["tenant.example"],
      static: { secretName: "tenant-$(namespace.labels['acme.io/tenant'])" },
    };
    await world.credential("tenants", { registries: [entry], namespaces: { include: ["nobody"] } });
    const found = await doctor();
    expect(found.stdout).toMatch(/^BAD {5}labels: no ValidatingAdmissionPolicy guards the label acme\.io\/tenant: /m);
    await world.admin.create("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies", {
      metadata: { name: "guard" },
      spec: {
        matchConstraints: {
          resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["UPDATE"], resources: ["namespaces"] }],
        },
        validations: [{ expression: "!('acme.io/tenant' in object.metadata.?labels.orValue({}))" }],
      },
    });
    expect((await doctor()).stdout).toMatch(/^ok {6}labels: a ValidatingAdmissionPolicy speaks of acme\.io\/tenant$/m);
    await world.deleteCredential("tenants");
  });

  it("removes orphans with their references, and leaves all else alone", async () => {
    await operator.stop();
    // Gone without a drain: the finalizer is taken off by hand.
    await world.patchCredential("hub", { metadata: { finalizers: null } });
    await world.admin.remove(`${credentialsPath}/hub`);
    const mine = { metadata: { name: "mine", labels: { "app.kubernetes.io/managed-by": "regcred" } } };
    await world.admin.create("/api/v1/namespaces/team-a/secrets", mine);
    const path = "/api/v1/namespaces/team-a/serviceaccounts/default";
    await world.admin.patch(path, { imagePullSecrets: [{ name: "mine" }, { name: "regcred" }] });

    const found = await doctor();
    expect(found.code).toBe(3);
    expect(found.stdout).toMatch(
      /^BAD {5}orphans: 2 pull Secrets are left .*team-a\/regcred of hub, team-b\/regcred of hub/m,
    );
    expect(found.stdout).toContain("kubectl regcred doctor --fix");
    expect(await world.secret("team-a")).toBeDefined();

    expect((await doctor("--fix")).stdout).toMatch(/^ok {6}orphans: 2 removed with their references/m);
    for (const team of ["team-a", "team-b"]) expect(await world.secret(team)).toBeUndefined();
    expect(await world.references("team-a")).toEqual(["mine"]);
    expect(await world.references("team-b")).toEqual([]);
    expect(await world.secret("team-a", "mine")).toBeDefined();
    expect((await doctor()).stdout).toMatch(/^ok {6}orphans: no pull Secret is left/m);
  });

  it("says that no replica leads", async () => {
    const { code, stdout } = await doctor();
    expect(code).toBe(3);
    expect(stdout).toMatch(/^BAD {5}operator: no replica leads/m);
    expect(stdout).toContain(`kubectl get pods -n ${operatorNamespace}`);
  });

  it("says what it may not see", async () => {
    const kubeconfig = await world.cluster.kubeconfigFor({ name: "nobody", groups: [] });
    const { code, stdout } = await ask(kubeconfig, ["doctor"]);
    expect(code).toBe(4);
    expect(stdout).toMatch(/^unknown rights: the operator's rights could not be read$/m);
    expect(stdout).toMatch(/^unknown credentials: RegistryCredentials could not be listed$/m);
  });

  it("says that the kind is not installed, or of another version", async () => {
    const crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/registrycredentials.regcred.dev";
    await world.admin.patch(crd, { spec: { names: { shortNames: ["regcred", "rc"] } } });
    // The API server serves nothing of the kind for a moment after each change.
    await eventually("it is told", async () =>
      (await doctor()).stdout.includes("BAD     RegistryCredential: it is of another version than this program\n"),
    );
    await world.admin.remove(crd);
    await eventually("it is gone", async () => (await world.admin.get(crd)) === undefined);
    const { code, stdout } = await doctor();
    expect(code).toBe(3);
    expect(stdout).toMatch(/^BAD {5}RegistryCredential: it is not installed\n {8}kubectl apply -f crds\/$/m);
  });
});
