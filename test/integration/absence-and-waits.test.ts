// Tests that what is not seen takes nothing away, and that every wait ends. On the real API server.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type FaultProxy, faultProxy } from "../cluster/fault-proxy.ts";
import { operatorUser } from "./installed.ts";
import {
  credentialsPath,
  eventually,
  operatorNamespace,
  type RunningOperator,
  type TestEnv,
  testEnv,
  staticSpec,
} from "./test-env.ts";

const pullSecretNames = ["regcred", "own-name", "probe"];
const formerNamespace = "former-system";
/** For which a token that nobody needs is kept. */
const unused = Temporal.Duration.from({ milliseconds: 1_500 });

describe("absence and waits", () => {
  let world: TestEnv;
  let proxy: FaultProxy;
  let running: RunningOperator | undefined;

  const start = async (options: Parameters<TestEnv["startOperator"]>[0] = {}): Promise<void> => {
    running = await world.startOperator({ timing: { unused }, ...options });
  };
  const stop = async (): Promise<void> => {
    await running?.stop();
    running = undefined;
  };
  const secrets = `/api/v1/namespaces/${operatorNamespace}/secrets`;
  const tokens = async (): Promise<readonly string[]> =>
    (await world.admin.list(secrets))
      .filter(({ type }) => type === "regcred.dev/token")
      .map(({ metadata }) => metadata.name);
  const passwords = async (namespace: string, name?: string): Promise<Readonly<Record<string, string>> | undefined> => {
    const logins = await world.logins(namespace, name);
    return logins && Object.fromEntries(Object.entries(logins).map(([host, { password }]) => [host, password]));
  };
  const has = (namespace: string, expected: Readonly<Record<string, string>> | undefined, name?: string) =>
    eventually(`${namespace} has ${JSON.stringify(expected)}`, async () => {
      return JSON.stringify(await passwords(namespace, name)) === JSON.stringify(expected);
    });
  const noTokens = (): Promise<void> => eventually("no token is left", async () => (await tokens()).length === 0);
  const spec = (source: string, namespaces: readonly string[], changes: object = {}): object =>
    staticSpec(source, { hosts: [`${source}.example.com`], namespaces: { include: namespaces }, ...changes });

  beforeAll(async () => {
    world = await testEnv({ install: { pullSecretNames } });
    proxy = await faultProxy(world.cluster);
    await world.admin.create("/api/v1/namespaces", { metadata: { name: formerNamespace } });
    for (const name of ["hub", "lab"]) await world.source(name, { username: "ann", password: `of ${name}` });
  });
  afterEach(async () => {
    if (!running) await start();
    for (const { metadata } of await world.admin.list(credentialsPath)) await world.deleteCredential(metadata.name);
    await noTokens();
    await stop();
  });
  afterAll(async () => {
    await proxy.close();
    await world.close();
  });

  it("an install that has moved serves and rotates every RegistryCredential, without a second start", async () => {
    const { kubeconfig } = world.cluster;
    await world.namespaces(["moved-a", "moved-b"]);
    await start({ kubeconfig, settings: { namespace: formerNamespace } });
    for (const name of ["hub", "lab"]) {
      const data = { username: "ann", password: `former ${name}` };
      const source = { metadata: { name }, type: "kubernetes.io/basic-auth", stringData: data };
      await world.admin.create(`/api/v1/namespaces/${formerNamespace}/secrets`, source);
      await world.credential(name, spec(name, ["moved-*"]));
    }
    await has("moved-a", { "hub.example.com": "former hub", "lab.example.com": "former lab" });
    await world.atRest();
    await stop();

    await start({ kubeconfig, settings: { leaderElection: true } });
    for (const namespace of ["moved-a", "moved-b"])
      await has(namespace, { "hub.example.com": "of hub", "lab.example.com": "of lab" });
    await world.namespaces(["moved-c"]);
    await has("moved-c", { "hub.example.com": "of hub", "lab.example.com": "of lab" });
    await world.source("lab", { username: "ann", password: "rotated" });
    await has("moved-c", { "hub.example.com": "of hub", "lab.example.com": "rotated" });
    await world.source("lab", { username: "ann", password: "of lab" });
    for (const name of ["hub", "lab"]) {
      await eventually(`${name} is served`, async () => (await world.status(name)).namespaces?.ready === 3);
      expect(await world.status(name)).toMatchObject({ operatorNamespace });
    }
  });

  it("a Static token that nobody needs any more goes, without a second start", async () => {
    await world.namespaces(["needed-a"]);
    await start();
    await world.credential("hub", spec("hub", ["needed-*"]));
    await has("needed-a", { "hub.example.com": "of hub" });
    const before = await tokens();
    await world.patchCredential("hub", { spec: { registries: [registry("lab")] } });
    await has("needed-a", { "lab.example.com": "of lab" });
    await eventually("the former one goes", async () => !(await tokens()).some((name) => before.includes(name)));
    expect(await tokens()).toHaveLength(1);
  });

  it("a RegistryCredential that goes unseen has no token made for it any more, also under a Secret name of its own", async () => {
    await world.namespaces(["unseen-a"]);
    await start();
    await denyOperator(world);
    await world.credential("hub", spec("hub", ["unseen-*"], { pullSecret: { name: "own-name" } }));
    await has("unseen-a", { "hub.example.com": "of hub" }, "own-name");
    await world.patchCredential("hub", { metadata: { labels: { frozen: "yes" }, finalizers: null } });
    await world.deleteCredential("hub");
    await noTokens();
    await world.source("hub", { username: "ann", password: "later" });
    await world.atRest();
    expect(await tokens()).toEqual([]);
    await has("unseen-a", { "hub.example.com": "of hub" }, "own-name");
    await world.source("hub", { username: "ann", password: "of hub" });
    await world.admin.remove("/api/v1/namespaces/unseen-a/secrets/own-name");
  });

  it("one that went without a drain while no operator ran keeps its login where another one leaves", async () => {
    await world.namespaces(["shared-a", "shared-b"]);
    await start();
    await world.credential("hub", spec("hub", ["shared-*"]));
    await world.credential("lab", spec("lab", ["shared-*"]));
    const both = { "hub.example.com": "of hub", "lab.example.com": "of lab" };
    await has("shared-a", both);
    await has("shared-b", both);
    await world.atRest();
    await stop();
    await world.patchCredential("hub", { metadata: { finalizers: null } });
    await world.deleteCredential("hub");
    await world.patchCredential("lab", { spec: { namespaces: { include: ["shared-b"] } } });
    // A name that is nobody's keeps nothing of what is taken back.
    const forged = [{ name: "hub/main", grant: "g", hosts: ["hub.example.com", "lab.example.com"] }];
    await world.admin.patch("/api/v1/namespaces/shared-a/secrets/regcred", {
      metadata: {
        annotations: { "regcred.dev/credentials": "lab,hub", "regcred.dev/entries": JSON.stringify(forged) },
      },
    });
    await start();
    await has("shared-a", { "hub.example.com": "of hub" });
    await has("shared-b", both);
    expect(await world.references("shared-a")).toEqual(["regcred"]);
    await world.atRest();
    await stop();
    await start();
    await world.atRest();
    expect(await passwords("shared-a")).toEqual({ "hub.example.com": "of hub" });
    await world.credential("hub", spec("hub", ["shared-b"]));
    await has("shared-a", undefined);
  });

  it("a list of pull Secrets that fails for long after a start costs no token", async () => {
    await world.namespaces(["listed-a"]);
    await start();
    await world.credential("hub", spec("hub", ["listed-*"]));
    await world.credential("lab", spec("lab", ["listed-*"]));
    await has("listed-a", { "hub.example.com": "of hub", "lab.example.com": "of lab" });
    const before = (await tokens()).toSorted();
    expect(before).toHaveLength(2);
    await world.atRest();
    await stop();
    // The last good login is the stored one.
    await world.admin.remove(`${secrets}/hub`);
    proxy.inject({ kind: "answer", code: 503 }, (url) => url.includes("/secrets?") && url.includes("metadata.name"));
    await start({ kubeconfig: proxy.kubeconfig });
    await new Promise((resolve) => {
      setTimeout(resolve, 4 * unused.total("milliseconds"));
    });
    expect((await tokens()).toSorted()).toEqual(before);
    proxy.heal();
    await world.namespaces(["listed-b"]);
    await has("listed-b", { "hub.example.com": "of hub", "lab.example.com": "of lab" });
    await world.source("hub", { username: "ann", password: "of hub" });
    await world.deleteCredential("lab");
    await eventually("what nobody needs goes", async () => (await tokens()).length === 1);
  });

  function registry(source: string): object {
    return { name: "main", provider: "Static", hosts: [`${source}.example.com`], static: { secretName: source } };
  }
});

/** RegistryCredentials with the label `frozen` are not the operator's to update. */
async function denyOperator(world: TestEnv): Promise<void> {
  const { admin } = world;
  const policies = "/apis/admissionregistration.k8s.io/v1";
  const resources = ["registrycredentials"];
  const rule = { apiGroups: ["regcred.dev"], apiVersions: ["*"], operations: ["UPDATE"], resources };
  const isFrozen = "has(object.metadata.labels) && 'frozen' in object.metadata.labels";
  const mayNot = `request.userInfo.username == '${operatorUser.name}' || 'probe' in object.metadata.labels`;
  const metadata = { name: "frozen" };
  await admin.create(`${policies}/validatingadmissionpolicies`, {
    metadata,
    spec: {
      matchConstraints: { resourceRules: [rule] },
      matchConditions: [{ name: "here", expression: `${isFrozen} && (${mayNot})` }],
      validations: [{ expression: "false", message: "not here" }],
    },
  });
  await admin.create(`${policies}/validatingadmissionpolicybindings`, {
    metadata,
    spec: { policyName: metadata.name, validationActions: ["Deny"] },
  });
  await world.credential(
    "probe",
    staticSpec("hub", { namespaces: { include: ["nobody"] }, pullSecret: { name: "probe" } }),
  );
  const probe = { metadata: { labels: { frozen: "yes", probe: "yes" } } };
  await eventually("the policy works", async () => {
    return admin.patch(`${credentialsPath}/probe?dryRun=All`, probe).then(
      () => false,
      () => true,
    );
  });
  await world.patchCredential("probe", { metadata: { finalizers: null } });
  await world.deleteCredential("probe");
}
