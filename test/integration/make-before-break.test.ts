// Tests that what was altered, or cannot be rendered because something is missing or hidden, takes no login away.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { arnOf, type Ecr, ecr, ecrHost, environment } from "./ecr.ts";
import { installed } from "./installed.ts";
import { rbac, rulesOf } from "./rights.ts";
import {
  credentialsPath,
  eventually,
  operatorNamespace,
  type RunningOperator,
  type TestEnv,
  testEnv,
  soon,
  staticSpec,
} from "./test-env.ts";

const numbered = (prefix: string): readonly string[] => Array.from({ length: 12 }, (_, index) => `${prefix}-${index}`);

describe("an entry", () => {
  let world: TestEnv;
  let cloud: Ecr;
  let running: RunningOperator;

  const start = (): Promise<RunningOperator> =>
    world.startOperator({ settings: { environment }, routes: cloud.routes });
  const restart = async (): Promise<void> => {
    await running.stop();
    running = await start();
  };
  /** Uid and password of each Secret of the name; a Secret that was made anew has another uid. */
  const held = (namespaces: readonly string[], name: string, host: string): Promise<readonly string[]> =>
    Promise.all(
      namespaces.map(async (namespace) => {
        const [secret, logins] = [await world.secret(namespace, name), await world.logins(namespace, name)];
        const isReferred = (await world.references(namespace)).includes(name);
        return `${secret?.metadata.uid} ${logins?.[host]?.password} ${isReferred}`;
      }),
    );
  const all = (namespaces: readonly string[], name: string, host: string, password: string): Promise<void> =>
    eventually(`all of ${name} have ${password}`, async () =>
      (await held(namespaces, name, host)).every((each) => each.endsWith(` ${password} true`)),
    );
  type Former = { readonly since: string; readonly until?: string; readonly namespaces: number } | undefined;
  const formerOf = async (name: string): Promise<Former> =>
    ((await world.status(name)).registries?.[0] as { readonly former?: Former } | undefined)?.former;
  const kept = (name: string, count: number): Promise<void> =>
    eventually(`${count} keep the login of before`, async () => (await formerOf(name))?.namespaces === count);
  const reportedOnce = (name: string): Promise<void> =>
    eventually("it is told once", async () => {
      const events = await world.events("default");
      const of = events.filter(
        (event) =>
          event["reason"] === "FormerLoginKept" && (event["regarding"] as { readonly name: string }).name === name,
      );
      return of.length === 1;
    });
  const alter = (name: string, entry: object): Promise<unknown> =>
    world.patchCredential(name, { spec: { registries: [entry] } });

  beforeAll(async () => {
    world = await testEnv();
    cloud = await ecr({
      roles: ["shared"],
      federated: { [`system:serviceaccount:${operatorNamespace}:puller`]: "pull" },
      lifetime: Temporal.Duration.from({ hours: 12 }),
    });
    running = await start();
  });
  afterAll(async () => {
    await world.close();
    await cloud.close();
  });

  it("whose source was altered to one that does not exist keeps the login of before, in nobody else's namespace", async () => {
    const host = "registry.example.com";
    const namespaces = numbered("typo");
    await world.source("typo-source", { username: "ann", password: "first" });
    await world.namespaces(namespaces);
    await world.credential(
      "typo",
      staticSpec("typo-source", { namespaces: { include: ["typo-*"] }, pullSecret: { name: "typo" } }),
    );
    await all(namespaces, "typo", host, "first");
    const before = await held(namespaces, "typo", host);

    const entry = { name: "main", provider: "Static", hosts: [host], static: { secretName: "typo-sauce" } };
    await alter("typo", entry);
    await kept("typo", 12);
    await reportedOnce("typo");
    expect(await held(namespaces, "typo", host)).toEqual(before);
    expect((await world.condition("typo", "TokensFresh"))?.message).toContain("stays in 12 namespaces");
    const former = await formerOf("typo");

    await restart();
    await world.namespaces(["typo-new"]);
    await eventually("the new one is told", async () => (await world.status("typo")).namespaces?.failed === 13);
    expect(await world.secret("typo-new", "typo")).toBeUndefined();
    expect(await held(namespaces, "typo", host)).toEqual(before);
    expect(await formerOf("typo")).toEqual(former);
    await reportedOnce("typo");

    await world.source("typo-sauce", { username: "ann", password: "second" });
    await all([...namespaces, "typo-new"], "typo", host, "second");
    await eventually("nothing of before is kept", async () => (await formerOf("typo")) === undefined);
    expect((await held(namespaces, "typo", host)).map((each) => each.split(" ")[0])).toEqual(
      before.map((each) => each.split(" ")[0]),
    );

    // The way to take back at once what is altered.
    await alter("typo", { ...entry, name: "another", static: { secretName: "nowhere" } });
    await eventually("all have lost it", async () =>
      (await held(namespaces, "typo", host)).every((each) => each === "undefined undefined false"),
    );
  });

  it("whose ServiceAccount is deleted keeps its login until the account that is made anew has one", async () => {
    const namespaces = numbered("helm");
    const accounts = `/api/v1/namespaces/${operatorNamespace}/serviceaccounts`;
    const makeAccount = (): Promise<unknown> =>
      world.admin.create(accounts, {
        metadata: { name: "puller", annotations: { "eks.amazonaws.com/role-arn": arnOf("pull") } },
      });
    await makeAccount();
    await world.namespaces(namespaces);
    await world.credential("helm", {
      registries: [
        { name: "main", provider: "ECR", hosts: [ecrHost], identity: { from: "ServiceAccount", name: "puller" } },
      ],
      namespaces: { include: ["helm-*"] },
      pullSecret: { name: "helm" },
    });
    await all(namespaces, "helm", ecrHost, "pull/1");
    const before = await held(namespaces, "helm", ecrHost);

    await world.admin.remove(`${accounts}/puller`);
    await kept("helm", 12);
    expect(await held(namespaces, "helm", ecrHost)).toEqual(before);
    expect((await formerOf("helm"))?.until).toBe(
      cloud.mints[0]?.until.round({ smallestUnit: "second", roundingMode: "floor" }).toString(),
    );
    await restart();
    await world.namespaces(["helm-new"]);
    await eventually("the new one is told", async () => (await world.status("helm")).namespaces?.failed === 13);
    expect(await held(namespaces, "helm", ecrHost)).toEqual(before);
    expect(await world.secret("helm-new", "helm")).toBeUndefined();

    await makeAccount();
    await all([...namespaces, "helm-new"], "helm", ecrHost, "pull/2");
    expect((await held(namespaces, "helm", ecrHost)).map((each) => each.split(" ")[0])).toEqual(
      before.map((each) => each.split(" ")[0]),
    );
  });

  it("keeps the login of before whatever of it is altered to what does not work, until that is mended", async () => {
    const namespaces = ["altered-0", "altered-1"];
    const entry = { name: "main", hosts: [ecrHost] };
    const mended = {
      ...entry,
      provider: "ECR",
      identity: { from: "Operator" },
      ecr: { roleARN: arnOf("shared") },
    };
    const exchange = {
      url: "https://tokens.example.com/token",
      auth: { type: "Bearer" },
      response: { tokenPath: "token", expiry: "Seconds", expiryPath: "expires_in" },
      username: "puller",
    };
    const nowhere = { from: "Secret", name: "nowhere" };
    const altered: readonly (readonly [string, object])[] = [
      ["role", { ...mended, ecr: { roleARN: arnOf("nobody") } }],
      ["identity", { ...entry, provider: "ECR", identity: nowhere }],
      ["kind of identity", { ...entry, provider: "ECR", identity: { from: "ServiceAccount", name: "nowhere" } }],
      ["CA", { ...mended, caSecretName: "nowhere" }],
      ["provider", { ...entry, provider: "Static", static: { secretName: "nowhere" } }],
      ["endpoint", { ...entry, provider: "TokenExchange", identity: nowhere, tokenExchange: exchange }],
      ["source", { ...entry, provider: "Static", static: { secretName: "x-$(namespace.labels['tenant'])" } }],
    ];
    await world.namespaces(namespaces);
    await world.credential("altered", {
      registries: [mended],
      namespaces: { include: ["altered-*"] },
      pullSecret: { name: "altered" },
    });
    const passwords = async (): Promise<readonly (string | undefined)[]> =>
      Promise.all(namespaces.map(async (name) => (await world.logins(name, "altered"))?.[ecrHost]?.password));
    await eventually("both are served", async () => (await passwords()).every((each) => each?.startsWith("shared/")));
    const before = await held(namespaces, "altered", ecrHost);
    for (const [what, change] of altered) {
      await world.patchCredential("altered", { spec: { registries: [change] } });
      await eventually(`the altered ${what} fails`, async () => {
        const { observedGeneration, namespaces: counts } = (await world.status("altered")) as {
          readonly observedGeneration?: number;
          readonly namespaces?: { readonly failed: number };
        };
        const generation = (await world.admin.get(`${credentialsPath}/altered`))?.metadata.generation;
        return counts?.failed === 2 && observedGeneration === generation;
      });
      expect([what, await held(namespaces, "altered", ecrHost)]).toEqual([what, before]);
      await restart();
    }
    expect(await held(namespaces, "altered", ecrHost)).toEqual(before);
    await world.patchCredential("altered", { spec: { registries: [mended] } });
    await eventually("both are well", async () => (await world.status("altered")).namespaces?.ready === 2);
    expect((await held(namespaces, "altered", ecrHost)).every((each) => each.includes(" shared/"))).toBe(true);
  });
});

describe("an entry with ServiceAccounts of the tenants", () => {
  let world: TestEnv;
  let cloud: Ecr;
  const values = { watchNamespaces: ["team-a"] };
  const settings = { mode: { pullSecretNames: ["regcred"], watchNamespaces: ["team-a"], podRecovery: false } };
  const passwordOf = async (namespace: string): Promise<string | undefined> =>
    (await world.logins(namespace))?.[ecrHost]?.password;

  beforeAll(async () => {
    world = await testEnv();
    cloud = await ecr({
      federated: { "system:serviceaccount:team-a:puller": "team" },
      lifetime: Temporal.Duration.from({ hours: 12 }),
    });
  });
  afterAll(async () => {
    await world.close();
    await cloud.close();
  });

  it("keeps its login where they may not be listed any more", async () => {
    await world.namespaces(["team-a"]);
    const kubeconfig = await installed(world, values);
    const tenants = `${rbac}/clusterroles/regcred-tenants`;
    const role = await world.admin.get(tenants);
    const rules = role ? rulesOf(role) : [];
    // The tenant's consent.
    await world.admin.create(`${rbac}/namespaces/team-a/roles`, {
      metadata: { name: "consent" },
      rules: [{ apiGroups: [""], resources: ["serviceaccounts/token"], resourceNames: ["puller"], verbs: ["create"] }],
    });
    await world.admin.create(`${rbac}/namespaces/team-a/rolebindings`, {
      metadata: { name: "consent" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "consent" },
      subjects: [{ kind: "ServiceAccount", name: "regcred", namespace: operatorNamespace }],
    });
    await world.admin.create("/api/v1/namespaces/team-a/serviceaccounts", {
      metadata: { name: "puller", annotations: { "eks.amazonaws.com/role-arn": arnOf("team") } },
    });
    const first = await world.startOperator({ kubeconfig, routes: cloud.routes, settings });
    await world.credential("tenants", {
      registries: [
        { name: "main", provider: "ECR", hosts: [ecrHost], identity: { from: "TenantServiceAccount", name: "puller" } },
      ],
      namespaces: { include: ["team-a"] },
    });
    await eventually("it is served", async () => (await passwordOf("team-a")) === "team/1");
    const before = await world.secret("team-a");

    await world.admin.patch(tenants, {
      rules: rules.filter(({ resources }) => !resources.includes("serviceaccounts")),
    });
    await first.stop();
    const second = await world.startOperator({ kubeconfig, routes: cloud.routes, settings });
    await expect
      .poll(async () => (await world.status("tenants")).registries, soon)
      .toMatchObject([{ name: "main", former: { namespaces: 1 } }]);
    expect(await world.secret("team-a")).toEqual(before);

    await world.admin.patch(tenants, { rules });
    await second.stop();
    await world.startOperator({ kubeconfig, routes: cloud.routes, settings });
    await eventually("the token of before is the present one", async () => {
      const [entry] = (await world.status("tenants")).registries ?? [];
      return entry?.state === "Issued" && !("former" in entry);
    });
    expect(await world.secret("team-a")).toEqual(before);
    expect(cloud.mints).toHaveLength(1);
  });
});
