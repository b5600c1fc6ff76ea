// Tests that each file finds the control plane that it shares as if it were new.
import { readFile } from "node:fs/promises";
import { afterEach, describe, expect, it } from "vitest";
import { externalSecretDefinition, externalSecret, externalSecretsOf } from "./other-writers.ts";
import { credentialsPath, eventually, type TestEnv, testEnv, staticSpec } from "./test-env.ts";

const collections = [
  "/api/v1/namespaces",
  "/api/v1/serviceaccounts",
  "/api/v1/secrets",
  "/api/v1/configmaps",
  "/apis/rbac.authorization.k8s.io/v1/clusterroles",
  "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
  "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
  credentialsPath,
];
const account = "/api/v1/namespaces/default/serviceaccounts/default";
const role = "/apis/rbac.authorization.k8s.io/v1/clusterroles/view";

describe("a control plane that files share", () => {
  let world: TestEnv;
  afterEach(() => world.close());

  /** Names and identities of all that is there, beside what each test makes and controllers fill in. */
  const stored = async (): Promise<readonly string[]> => {
    const lists = await Promise.all(collections.map((path) => world.admin.list(path)));
    return lists
      .flat()
      .filter(({ metadata }) => metadata.name !== "regcred-system" && metadata.namespace !== "regcred-system")
      .map(({ metadata }) => `${metadata.namespace}/${metadata.name} ${metadata.uid}`)
      .toSorted();
  };
  const anew = async (): Promise<void> => {
    await world.close();
    world = await testEnv();
  };

  it("has nothing of what a file before has left, nor obeys its policies, and has back what it took", async () => {
    world = await testEnv();
    const { server } = world.cluster;
    const before = await stored();
    await world.startOperator();
    await world.namespaces(["team-a", "team-b"]);
    await world.source("hub", { username: "ann", password: "first" });
    await world.credential("hub", staticSpec("hub"));
    await eventually("it is served", async () => (await world.status("hub")).namespaces?.ready === 2);
    await world.admin.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", externalSecretDefinition);
    await eventually("it is stored", async () =>
      world.admin.create(externalSecretsOf("team-a"), externalSecret("one")).then(
        () => true,
        () => false,
      ),
    );
    await world.admin.create("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies", {
      metadata: { name: "closed" },
      spec: {
        matchConstraints: {
          resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["namespaces"] }],
        },
        validations: [{ expression: "false" }],
      },
    });
    await world.admin.create("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings", {
      metadata: { name: "closed" },
      spec: { policyName: "closed", validationActions: ["Deny"] },
    });
    await eventually("no Namespace is made any more", async () =>
      world.admin.create("/api/v1/namespaces?dryRun=All", { metadata: { name: "team-c" } }).then(
        () => false,
        () => true,
      ),
    );
    await world.admin.patch(account, { imagePullSecrets: [{ name: "left" }] });
    await world.admin.remove(role);

    await anew();
    expect(world.cluster.server).toBe(server);
    expect(await stored()).toEqual(before);
    expect(await world.references("default")).toEqual([]);
    expect(await world.admin.get(role)).toBeDefined();
    expect(await readFile(world.cluster.auditLog ?? "", "utf8")).not.toContain("team-a");
    await world.namespaces(["team-a"]);
    expect(await world.secret("team-a")).toBeUndefined();
  });

  it.each<[string, (used: TestEnv) => Promise<unknown>]>([
    ["a part of it was stopped", ({ cluster }) => cluster.controllers.stop()],
    [
      "a part of it was started anew",
      ({ cluster }) => cluster.controllers.kill().then(() => cluster.controllers.start()),
    ],
    ["the kind was changed", ({ admin }) => admin.patch(definition, { metadata: { labels: { changed: "yes" } } })],
  ])("is another one where %s", async (_what, use) => {
    world = await testEnv();
    const { server } = world.cluster;
    await use(world);
    await anew();
    expect(world.cluster.server).not.toBe(server);
    expect((await world.admin.get(definition))?.metadata.labels?.["changed"]).toBeUndefined();
  });
});

const definition = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/registrycredentials.regcred.dev";
