// Tests that the doctor finds each fault, names what fixes it, and removes orphans and nothing else.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/runtime/clock.ts";
import { ask } from "./ask.ts";
import { installed } from "./installed.ts";
import {
  credentialsPath,
  eventually,
  operatorNamespace,
  type RunningOperator,
  type TestEnv,
  testEnv,
  staticSpec,
} from "./test-env.ts";

const admission = "/apis/admissionregistration.k8s.io/v1";

describe("doctor", () => {
  let world: TestEnv;
  let operator: RunningOperator;

  beforeAll(async () => {
    world = await testEnv();
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
    expect(stdout).toMatch(
      /^BAD {5}restraint: only RBAC holds the operator back where .*: regcred-secrets, .*, regcred-nothing-else\n {8}kubectl apply -k config\/restraint$/m,
    );
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

  it("sends whoever asks about another namespace to the one that serves", async () => {
    const { code, stdout } = await doctor("--namespace", "elsewhere");
    expect(code).toBe(3);
    expect(stdout.replaceAll(/\n {8}(?=\w)/g, " ")).toMatch(
      /^BAD {5}namespace: elsewhere does not exist; .*, but the install that serves is in regcred-system: ask with --namespace=regcred-system$/m,
    );
    expect(stdout).not.toContain("kubectl apply -k config/");
  });

  it("says which policy is not bound", async () => {
    const binding = `${admission}/validatingadmissionpolicybindings/regcred-secrets`;
    await world.admin.remove(binding);
    expect((await doctor()).stdout).toMatch(/^BAD {5}restraint: .* not in force: regcred-secrets$/m);
  });

  it("says that a right is left over from an uninstall, and what takes it away", async () => {
    const bindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    await world.admin.create(bindings, {
      metadata: { name: "regcred-drain", labels: { "app.kubernetes.io/part-of": "regcred" } },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "regcred-drain" },
      subjects: [{ kind: "ServiceAccount", name: "regcred-drain", namespace: operatorNamespace }],
    });
    expect((await doctor()).stdout.replaceAll(/\n {8}(?=\w)/g, " ")).toMatch(
      /^BAD {5}drain: .* kubectl delete clusterrolebinding,clusterrole regcred-drain --ignore-not-found$/m,
    );
    await world.admin.remove(`${bindings}/regcred-drain`);
  });

  it("says that this machine's clock is wrong", async () => {
    const at = systemClock().now().add({ minutes: 5 });
    expect((await ask(world.cluster.kubeconfig, ["doctor"], { at })).stdout).toMatch(
      /^BAD {5}clock: this machine and the API server are (?:299|300|301) s apart; set the one that is wrong/m,
    );
  });

  it("says that the operator's own identity gets no token, and that nodes may make roles void", async () => {
    const host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
    const ecr = { roleARN: "arn:aws:iam::123456789012:role/pull-$(namespace.name)" };
    await world.credential("cloud", {
      registries: [{ name: "images", provider: "ECR", hosts: [host], ecr }],
      namespaces: { include: ["team-a"] },
    });
    await eventually("it is told", async () => (await world.status("cloud")).registries?.[0]?.reason !== undefined);
    const before = await doctor();
    expect(before.code).toBe(3);
    expect(before.stdout).toMatch(/^BAD {5}cloud identity: images: \w+: .+\n {8}kubectl regcred status$/m);
    expect(before.stdout).toMatch(/^ok {6}nodes: no node belongs to a cloud$/m);
    await world.admin.create("/api/v1/nodes", {
      metadata: { name: "worker" },
      spec: { providerID: "aws:///eu-west-1a/i-0123456789abcdef0" },
    });
    expect((await doctor()).stdout).toMatch(
      /^unknown nodes: nodes belong to aws, .* roles for each tenant \(images\) keep nobody apart: .*\n {8}kubectl get nodes /m,
    );
    await world.deleteCredential("cloud");
  });

  it("says which credential cannot end, why, and how to look at it", async () => {
    await world.credential("ending", staticSpec("hub", { pullSecret: { name: "ending" } }));
    await eventually("it is served", async () => (await world.status("ending")).namespaces?.ready === 2);
    // Nobody may delete it for now.
    await world.admin.create(`${admission}/validatingadmissionpolicies`, {
      metadata: { name: "kept" },
      spec: {
        matchConstraints: {
          resourceRules: [
            {
              apiGroups: [""],
              apiVersions: ["v1"],
              operations: ["DELETE"],
              resources: ["secrets"],
              resourceNames: ["ending"],
            },
          ],
        },
        validations: [{ expression: "false", message: "this is kept" }],
      },
    });
    await world.admin.create(`${admission}/validatingadmissionpolicybindings`, {
      metadata: { name: "kept" },
      spec: { policyName: "kept", validationActions: ["Deny"] },
    });
    await eventually("it is kept", () =>
      world.admin.remove("/api/v1/namespaces/team-a/secrets/ending?dryRun=All").then(
        () => false,
        () => true,
      ),
    );
    await world.admin.remove(`${credentialsPath}/ending`);
    await eventually("it is held", async () => (await world.condition("ending", "DrainBlocked")) !== undefined);
    expect((await doctor()).stdout).not.toContain("finalizers");
    const at = systemClock().now().add({ minutes: 6 });
    expect((await ask(world.cluster.kubeconfig, ["doctor"], { at })).stdout).toMatch(
      /^BAD {5}finalizers: ending is being deleted for 6m: still held by 2 namespaces .*this is kept.*\n {8}kubectl describe regcred ending$/m,
    );
    await world.admin.remove(`${admission}/validatingadmissionpolicybindings/kept`);
    // Nothing tells the operator, and a test does not wait for the slow retry.
    await eventually("it is gone", async () => {
      for (const team of ["team-a", "team-b"])
        await world.admin.patch(`/api/v1/namespaces/${team}`, {
          metadata: { annotations: { touched: systemClock().now().toString() } },
        });
      return (await world.admin.get(`${credentialsPath}/ending`)) === undefined;
    });
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
      /^BAD {5}orphans: 2 pull Secrets are left .*team-a\/regcred of "hub", team-b\/regcred of "hub"/m,
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
