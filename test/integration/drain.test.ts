// Tests that `regcred drain` waits until all tenants are cleaned up, and says what it waits for.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rendered } from "../chart/rendered.ts";
import { program } from "./program.ts";
import { rbac, rightsIn, rulesOf, rulesWithout } from "./rights.ts";
import { credentialsPath, eventually, type RunningOperator, type TestEnv, testEnv, staticSpec } from "./test-env.ts";

/** What the hook of the chart may do. */
const role = (await rendered({ hooks: true })).filter(
  ({ kind, metadata }) => kind === "ClusterRole" && metadata.name === "regcred-drain",
);

describe("regcred drain", () => {
  let world: TestEnv;
  let operator: RunningOperator;
  let kubeconfig: string;

  const drain = (...args: string[]) => program(["drain", ...args], { kubeconfig });
  const served = (name: string): Promise<void> =>
    eventually(`${name} is served`, async () => (await world.status(name)).namespaces?.ready === 1);

  beforeAll(async () => {
    world = await testEnv();
    operator = await world.startOperator();
    const [metadata, user] = [{ name: "drainer" }, "drainer"];
    kubeconfig = await world.cluster.kubeconfigFor({ name: user });
    await world.admin.create(`${rbac}/clusterroles`, { metadata, rules: role.flatMap(rulesOf) });
    await world.admin.create(`${rbac}/clusterrolebindings`, {
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: metadata.name },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }],
    });
    await world.namespaces(["team-a"]);
    await world.source("hub", { username: "ann", password: "first" });
  });
  afterAll(() => world.close());

  it("does nothing unless it is told that all are meant", async () => {
    await world.credential("first", staticSpec("hub"));
    await served("first");
    expect(await drain()).toMatchObject({ code: 2, stderr: expect.stringContaining("--all") });
    expect(await world.admin.list(credentialsPath)).toHaveLength(1);
  });

  it.each(rightsIn(role))("fails without the right to $verb, and says so", async (right) => {
    const roles = `${rbac}/clusterroles/drainer`;
    await world.admin.patch(roles, { rules: rulesWithout(right) });
    await eventually("it is told", async () => {
      const { code, stderr } = await drain("--all", "--timeout=1s");
      return code === 1 && stderr.includes(`you may not ${right.verb} registrycredentials.regcred.dev`);
    });
    expect(await world.admin.list(credentialsPath)).toHaveLength(1);
    await world.admin.patch(roles, { rules: role.flatMap(rulesOf) });
  });

  it("deletes all, waits, and leaves no Secret and no reference", async () => {
    await world.credential("second", staticSpec("hub", { pullSecret: { name: "second" } }));
    await served("second");
    const { code, stdout } = await drain("--all", "--timeout=60s");
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(
        /^Waiting for 2 RegistryCredentials: first, second\n[^]*Every RegistryCredential is gone: tenants are cleaned up\n$/,
      ),
    });
    expect(await world.admin.list(credentialsPath)).toEqual([]);
    expect(await world.secret("team-a")).toBeUndefined();
    expect(await world.secret("team-a", "second")).toBeUndefined();
    expect(await world.references("team-a")).toEqual([]);
  });

  it("says what is left, and what to do, when the operator is not there", async () => {
    await world.credential("alone", staticSpec("hub"));
    await served("alone");
    await operator.stop();
    const { code, stdout } = await drain("--all", "--timeout=1s");
    expect({ code, stdout }).toEqual({
      code: 3,
      stdout: expect.stringMatching(
        /Not drained: alone\. Does the operator run\? .* regcred\.dev\/force-finalize=true --overwrite\n$/,
      ),
    });
    expect(await world.references("team-a")).toEqual(["regcred"]);
  });

  it("has nothing to wait for where the kind is not installed", async () => {
    await world.patchCredential("alone", { metadata: { finalizers: null } });
    await world.admin.remove("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/registrycredentials.regcred.dev");
    await eventually("the kind is gone", () =>
      world.admin.list(credentialsPath).then(
        () => false,
        () => true,
      ),
    );
    expect(await drain("--all", "--timeout=1s")).toMatchObject({ code: 0, stderr: "" });
  });
});
