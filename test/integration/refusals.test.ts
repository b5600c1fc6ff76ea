// Tests of writes of the operator that the API server refuses, and of a spec that makes no sense in one namespace.
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import type { KubeObject } from "../cluster/admin-client.ts";
import { admissionSettled } from "../cluster/admission-settled.ts";
import { operatorWrites } from "./audit-log.ts";
import {
  credentialsPath,
  eventually,
  operatorNamespace,
  type RunningOperator,
  type TestEnv,
  testEnv,
  soon,
} from "./test-env.ts";

const admission = "/apis/admissionregistration.k8s.io/v1";
const rbac = "/apis/rbac.authorization.k8s.io/v1";
const user = "regcred-operator";

describe("a refusal", () => {
  let world: TestEnv;
  let running: RunningOperator;

  const start = async (): Promise<void> => {
    running = await world.startOperator({ kubeconfig: await world.cluster.kubeconfigFor({ name: user }) });
  };
  /** A credential for these namespaces, with a pull Secret name of its own. */
  const credential = (name: string, include: readonly string[], spec: object = {}): Promise<KubeObject> =>
    world.credential(name, {
      registries: [
        { name: "main", provider: "Static", hosts: ["registry.example.com"], static: { secretName: "hub" } },
      ],
      namespaces: { include },
      pullSecret: { name },
      ...spec,
    });
  const failure = async (name: string, reason: string) =>
    (await world.status(name)).failures?.find((each) => each.reason === reason);
  const message = async (name: string) => (await world.condition(name, "Distributed"))?.message ?? "";
  const fails = (name: string, reason: string): Promise<void> =>
    eventually(`${name} says ${reason}`, async () => (await failure(name, reason)) !== undefined);
  const ready = (name: string, count: number): Promise<void> =>
    eventually(`${name} has ${count} ready`, async () => {
      const { namespaces } = await world.status(name);
      return namespaces?.ready === count && namespaces.selected === count;
    });
  /** What a person does who has mended something and does not want to wait for the slow retry. */
  const touch = (namespace: string): Promise<unknown> =>
    world.admin.patch(`/api/v1/namespaces/${namespace}`, { metadata: { annotations: { touched: "yes" } } });
  const untouch = (namespace: string): Promise<unknown> =>
    world.admin.patch(`/api/v1/namespaces/${namespace}`, { metadata: { annotations: { touched: null } } });
  const writesIn = async (namespace: string): Promise<number> =>
    (await operatorWrites(world)).filter((write) => write.namespace === namespace && write.resource !== "events")
      .length;
  const eventsOf = async (name: string): Promise<readonly KubeObject[]> =>
    (await world.events("default")).filter((event) => (event["regarding"] as { name?: string }).name === name);
  const notes = async (namespace: string): Promise<readonly string[]> =>
    (await world.events(namespace)).map((event) => `${String(event["reason"])} ${String(event["note"])}`);

  beforeAll(async () => {
    world = await testEnv({ auditLog: true });
    await world.source("hub", { username: "ann", password: "first" });
    await installRights(world);
    await start();
  });
  afterAll(() => world.close());

  it("by a quota is a state of that namespace: named, not repeated in a loop, and over when it is raised", async () => {
    await world.namespaces(["quota-a", "quota-b"]);
    const quotas = "/api/v1/namespaces/quota-a/resourcequotas";
    await world.admin.create(quotas, { metadata: { name: "none-left" }, spec: { hard: { "count/secrets": "0" } } });
    await eventually("the quota is in force", async () => {
      const [quota] = await world.admin.list(quotas);
      return (quota?.["status"] as { hard?: object } | undefined)?.hard !== undefined;
    });
    await credential("quota", ["quota-*"]);
    await fails("quota", "QuotaExceeded");
    expect(await failure("quota", "QuotaExceeded")).toMatchObject({ cause: "Tenant", count: 1, examples: ["quota-a"] });
    await eventually("the other one is served", async () => (await world.references("quota-b")).includes("quota"));
    expect(await message("quota")).toContain("ResourceQuota none-left is used up; raise it");
    await expect.poll(() => world.condition("quota", "Ready"), soon).toMatchObject({ status: "True" });
    expect(await world.condition("quota", "Stalled")).toBeUndefined();
    expect((await notes("quota-a")).join("\n")).toContain("QuotaExceeded cannot write the Secret quota-a/quota");

    const before = await writesIn("quota-a");
    await world.atRest();
    expect(before).toBeLessThanOrEqual(3);
    expect(await writesIn("quota-a")).toBe(before);
    expect((await notes("quota-a")).length).toBe(1);

    await world.admin.patch(`${quotas}/none-left`, { spec: { hard: { "count/secrets": "5" } } });
    // Admission hears of the new quota a moment after it is stored.
    await touchUntil("quota-a", "quota", 2);
    expect(await world.references("quota-a")).toContain("quota");
  });

  it("of our Secret by a policy names the policy", async () => {
    await world.namespaces(["policed-a", "policed-b"]);
    await policy("no-secrets", "policed-a", "secrets", ["CREATE", "UPDATE"]);
    await credential("policed", ["policed-*"]);
    await fails("policed", "AdmissionDenied");
    expect(await failure("policed", "AdmissionDenied")).toMatchObject({
      cause: "Tenant",
      count: 1,
      examples: ["policed-a"],
    });
    expect(await message("policed")).toMatch(
      /denied by policy no-secrets \(binding no-secrets\).*the platform says no/,
    );
    await eventually("the other one is served", async () => (await world.references("policed-b")).includes("policed"));
    expect(await world.references("policed-a")).toEqual([]);
    expect(await writesIn("policed-a")).toBeLessThanOrEqual(3);
    await removePolicy("no-secrets");
    await touchUntil("policed-a", "policed", 2);
  });

  it("of an adoption by a policy leaves the Secret to its owner: nothing refers to it", async () => {
    await world.namespaces(["adopted"]);
    await world.admin.create("/api/v1/namespaces/adopted/secrets", {
      metadata: { name: "adopted", annotations: { "regcred.dev/adopt": "true" } },
      type: "kubernetes.io/dockerconfigjson",
      stringData: {
        ".dockerconfigjson": '{"auths":{"registry.example.com":{"username":"theirs","password":"theirs"}}}',
      },
    });
    await policy("no-adoption", "adopted", "secrets", ["UPDATE"]);
    await credential("adopted", ["adopted"], { pullSecret: { name: "adopted", onConflict: "Adopt" } });
    await fails("adopted", "AdmissionDenied");
    expect(await world.references("adopted")).toEqual([]);
    expect((await world.logins("adopted", "adopted"))?.["registry.example.com"]).toMatchObject({ username: "theirs" });
    await removePolicy("no-adoption");
    await touchUntil("adopted", "adopted", 1);
    expect((await world.logins("adopted", "adopted"))?.["registry.example.com"]).toMatchObject({ username: "ann" });
    expect(await world.references("adopted")).toEqual(["adopted"]);
  });

  it.each([
    ["ours", {}, "ann"],
    ["a tenant's that is to be adopted", { onConflict: "Adopt" }, "theirs"],
  ])("of a new Secret in place of an immutable one, %s, leaves the one that is there", async (_whose, more, whose) => {
    const isOurs = whose === "ann";
    const name = `anew-${whose}`;
    const path = `/api/v1/namespaces/${name}/secrets`;
    const pullSecret = { name, ...more };
    const references = isOurs ? [name] : [];
    await world.namespaces([name]);
    const held = async (): Promise<readonly unknown[]> => [
      (await world.logins(name, name))?.["registry.example.com"]?.username,
      await world.references(name),
      (await world.secret(name, name))?.metadata.uid,
    ];
    if (isOurs) {
      await credential(name, [name], { pullSecret });
      await ready(name, 1);
    } else {
      await world.admin.create(path, {
        metadata: { name, annotations: { "regcred.dev/adopt": "true" } },
        type: "kubernetes.io/dockerconfigjson",
        stringData: { ".dockerconfigjson": '{"auths":{"registry.example.com":{"username":"theirs","password":"x"}}}' },
      });
    }
    await policy(name, name, "secrets", ["CREATE"]);
    await world.admin.patch(`${path}/${name}`, { immutable: true });
    if (!isOurs) await credential(name, [name], { pullSecret });
    const before = await held();
    expect(before.slice(0, 2)).toEqual([whose, references]);
    await fails(name, "AdmissionDenied");
    expect(await message(name)).toMatch(new RegExp(`denied by policy ${name} .*the platform says no`));
    expect(await held()).toEqual(before);
    const quotas = `/api/v1/namespaces/${name}/resourcequotas`;
    await world.admin.create(quotas, { metadata: { name: "none" }, spec: { hard: { "count/secrets": "0" } } });
    await removePolicy(name);
    await eventually("the quota is told", async () => {
      await touch(name);
      await untouch(name);
      return (await failure(name, "QuotaExceeded")) !== undefined;
    });
    expect(await held()).toEqual(before);
    await world.admin.remove(`${quotas}/none`);
    await touchUntil(name, name, 1);
    expect((await world.secret(name, name))?.["immutable"]).toBeUndefined();
    expect((await held()).slice(0, 2)).toEqual(["ann", [name]]);
  });

  it("of a reference by a policy leaves the Secret, and the other ServiceAccounts served", async () => {
    await world.namespaces(["accounts"]);
    const accounts = "/api/v1/namespaces/accounts/serviceaccounts";
    await world.admin.create(accounts, { metadata: { name: "build" } });
    await policy("no-default", "accounts", "serviceaccounts", ["UPDATE"], "object.metadata.name != 'default'");
    await credential("accounts", ["accounts"]);
    await fails("accounts", "AdmissionDenied");
    expect(await message("accounts")).toContain(
      "cannot patch the ServiceAccount accounts/default: denied by policy no-default",
    );
    expect(await world.references("accounts", "build")).toEqual(["accounts"]);
    expect(await world.logins("accounts", "accounts")).toBeDefined();
    await world.atRest();
    const before = await writesIn("accounts");
    await world.atRest();
    expect(await writesIn("accounts")).toBe(before);
    await removePolicy("no-default");
    await touchUntil("accounts", "accounts", 1);
  });

  it("of the tenants' Events fails nothing", async () => {
    await world.namespaces(["silent"]);
    await policy("no-events", "silent", "events", ["CREATE"]);
    await credential("silent", ["silent"], {
      registries: [
        { name: "main", provider: "Static", hosts: ["registry.example.com"], static: { secretName: "hub" } },
        {
          name: "more",
          provider: "Static",
          hosts: ["b.example.com"],
          static: { secretName: "hub-$(namespace.labels['team'])" },
        },
      ],
    });
    await fails("silent", "MissingLabel");
    expect(await world.references("silent")).toEqual(["silent"]);
    expect(await notes("silent")).toEqual([]);
    await removePolicy("no-events");
  });

  it("by RBAC names the right that is missing; other namespaces go on", async () => {
    await world.namespaces(["rights-a"]);
    await credential("rights", ["rights-*"]);
    await ready("rights", 1);
    await world.admin.remove(`${rbac}/clusterrolebindings/regcred-writes`);
    await bindWrites("rights-a");
    await eventually("the right is gone", async () => await deniedFor("secrets", "rights-b"));
    await world.namespaces(["rights-b"]);
    await fails("rights", "NotPermitted");
    expect(await failure("rights", "NotPermitted")).toMatchObject({ cause: "Platform", examples: ["rights-b"] });
    await expect
      .poll(() => world.condition("rights", "Ready"), soon)
      .toMatchObject({
        status: "False",
        reason: "NotPermitted",
        message: expect.stringMatching(
          /may not create secrets in namespace rights-b; grant it with: kubectl apply -k config\/default/,
        ),
      });
    await world.admin.remove("/api/v1/namespaces/rights-a/secrets/rights");
    await eventually("the first one is repaired", async () => (await world.logins("rights-a", "rights")) !== undefined);
    await world.admin.create(`${rbac}/clusterrolebindings`, writesBinding);
    await touchUntil("rights-b", "rights", 2);
  });

  it("by RBAC of what a deletion needs is named, and the deletion ends when the right is back", async () => {
    await world.namespaces(["drained-a"]);
    await credential("drained", ["drained-*"]);
    await ready("drained", 1);
    const role = `${rbac}/clusterroles/regcred`;
    const rules = ((await world.admin.get(role))?.["rules"] ?? []) as Rule[];
    await world.admin.patch(role, {
      rules: rules.map((rule) =>
        rule.resources.includes("secrets") ? { ...rule, verbs: rule.verbs.filter((verb) => verb !== "delete") } : rule,
      ),
    });
    await eventually("the right is gone", async () => await deniedFor("secrets", "drained-a", "delete"));
    await world.admin.remove(`${credentialsPath}/drained`);
    await eventually("it is told", async () => (await world.condition("drained", "DrainBlocked")) !== undefined);
    await expect
      .poll(() => world.condition("drained", "DrainBlocked"), soon)
      .toMatchObject({
        status: "True",
        reason: "NotPermitted",
        message: expect.stringMatching(/drained-a.*may not delete secrets in namespace drained-a/) as string,
      });
    expect(await world.secret("drained-a", "drained")).toBeDefined();
    await world.admin.patch(role, { rules });
    await eventually("it is gone", async () => {
      await touch("drained-a");
      await untouch("drained-a");
      return (await world.admin.get(`${credentialsPath}/drained`)) === undefined;
    });
    expect(await world.secret("drained-a", "drained")).toBeUndefined();
  });

  it("of a label concerns one entry in one namespace: missing, empty, or no name for a Secret", async () => {
    await world.source("own-blue", { username: "bea", password: "blue" });
    const labels: Readonly<Record<string, Record<string, string>>> = {
      "labels-blue": { tenant: "blue" },
      "labels-none": {},
      "labels-empty": { tenant: "" },
      "labels-upper": { tenant: "Blue_Team" },
    };
    for (const [name, set] of Object.entries(labels)) await world.namespaces([name], { labels: set });
    await credential("labels", ["labels-*"], {
      registries: [
        { name: "main", provider: "Static", hosts: ["registry.example.com"], static: { secretName: "hub" } },
        {
          name: "own",
          provider: "Static",
          hosts: ["own.example.com"],
          static: { secretName: "own-$(namespace.labels['tenant'])" },
        },
      ],
    });
    const hosts = async (namespace: string): Promise<readonly string[]> =>
      Object.keys((await world.logins(namespace, "labels")) ?? {});
    await eventually("blue has both", async () => (await hosts("labels-blue")).length === 2);
    for (const name of ["labels-none", "labels-empty", "labels-upper"]) {
      await eventually(`${name} has the shared one`, async () => (await hosts(name)).join() === "registry.example.com");
    }
    await eventually("both are told", async () => {
      const missing = await failure("labels", "MissingLabel");
      const invalid = await failure("labels", "InvalidSecretName");
      return missing?.count === 2 && invalid?.count === 1;
    });
    expect(await failure("labels", "InvalidSecretName")).toMatchObject({ cause: "Tenant", examples: ["labels-upper"] });
    expect(await message("labels")).toContain(
      "the Namespace needs the label tenant; label it: kubectl label namespace labels-empty tenant=VALUE --overwrite",
    );
    await expect.poll(() => world.condition("labels", "Ready"), soon).toMatchObject({ status: "True" });
    expect((await notes("labels-upper")).join()).toContain('becomes "own-Blue_Team", which no Secret can be called');
    await world.admin.patch("/api/v1/namespaces/labels-upper", { metadata: { labels: { tenant: "blue" } } });
    await eventually("a mended label serves it", async () => (await hosts("labels-upper")).length === 2);
    // A label that goes ends the grant.
    await world.admin.patch("/api/v1/namespaces/labels-blue", { metadata: { labels: { tenant: null } } });
    await eventually("the entry leaves", async () => (await hosts("labels-blue")).join() === "registry.example.com");
  });

  it("of an edit is not needed while a credential is being deleted: every name goes that it ever served", async () => {
    await world.namespaces(["edited-a", "edited-b"]);
    await credential("edited", ["edited-*"]);
    await ready("edited", 2);
    // Holds the drain, so that there is time for an edit.
    await policy("no-removal", "edited-a", "secrets", ["UPDATE", "DELETE"]);
    await world.admin.remove(`${credentialsPath}/edited`);
    await eventually("the free one is gone", async () => (await world.secret("edited-b", "edited")) === undefined);
    await world.patchCredential("edited", {
      spec: { pullSecret: { name: "edited-later" }, namespaces: { include: ["edited-*", "quota-a"] }, suspend: true },
    });
    await world.atRest();
    expect(await world.admin.get(`${credentialsPath}/edited`)).toBeDefined();
    for (const namespace of ["edited-a", "edited-b", "quota-a"])
      expect(await world.secret(namespace, "edited-later")).toBeUndefined();
    await removePolicy("no-removal");
    // What only a person can mend is tried again after half a minute.
    await world.leap({ seconds: 40 });
    await eventually("it is gone", async () => (await world.admin.get(`${credentialsPath}/edited`)) === undefined);
    expect(await world.secret("edited-a", "edited")).toBeUndefined();
    for (const namespace of ["edited-a", "edited-b"]) expect(await world.references(namespace)).toEqual([]);
  });

  it("to read a stored spec leaves tenants as they are, is told, and can be mended or given up", async () => {
    await world.namespaces(["odd"]);
    await credential("odd", ["odd"]);
    await ready("odd", 1);
    const crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/registrycredentials.regcred.dev";
    const strict: unknown = parse(
      await readFile(new URL("../../crds/regcred.dev_registrycredentials.yaml", import.meta.url), "utf8"),
    );
    await world.admin.patch(crd, { spec: { versions: withoutValidation(strict) } });
    const secret = (await world.secret("odd", "odd"))?.metadata.resourceVersion;
    await eventually("an odd spec is stored", async () => {
      await world.patchCredential("odd", { spec: { registries: [{ name: 7 }], pullSecret: { name: "odd" } } });
      return true;
    });
    await credential("odder", ["odd"], { namespaces: "all of them", pullSecret: { name: "odder" } });
    for (const name of ["odd", "odder"]) {
      await eventually(`${name} is told`, async () => (await world.condition(name, "Ready"))?.reason === "InvalidSpec");
    }
    expect((await world.condition("odd", "Stalled"))?.message).toMatch(
      /tenants keep what they had: spec\.registries\[0\]\.name/,
    );
    const versions = async () =>
      Promise.all(
        ["odd", "odder"].map(
          async (name) => (await world.admin.get(`${credentialsPath}/${name}`))?.metadata.resourceVersion,
        ),
      );
    const settled = await versions();
    // Of Ready and of Stalled; they are sent after the status was written.
    await eventually(
      "the Events are there",
      async () => (await eventsOf("odd")).filter(({ reason }) => reason === "InvalidSpec").length === 2,
    );
    const reported = (await eventsOf("odd")).length;
    for (let round = 0; round < 3; round += 1) {
      await touch("odd");
      await world.atRest();
    }
    expect(await versions()).toEqual(settled);
    expect((await eventsOf("odd")).length).toBe(reported);
    expect((await world.secret("odd", "odd"))?.metadata.resourceVersion).toBe(secret);
    expect(await world.references("odd")).toEqual(["odd"]);
    // One that never could be read has nothing to take back; its deletion does not wait.
    await world.admin.remove(`${credentialsPath}/odder`);
    await eventually("it is gone", async () => (await world.admin.get(`${credentialsPath}/odder`)) === undefined);

    // A new operator never saw what the spec once said.
    await running.stop();
    await start();
    await world.admin.remove(`${credentialsPath}/odd`);
    await eventually(
      "the deletion waits and says so",
      async () =>
        (await world.condition("odd", "Ready"))?.message.includes(
          "kubectl annotate registrycredential odd regcred.dev/force-finalize=true --overwrite",
        ) === true,
    );
    expect((await world.secret("odd", "odd"))?.metadata.resourceVersion).toBe(secret);
    await world.patchCredential("odd", { metadata: { annotations: { "regcred.dev/force-finalize": "true" } } });
    await eventually("it is released", async () => (await world.admin.get(`${credentialsPath}/odd`)) === undefined);
    expect((await world.secret("odd", "odd"))?.metadata.resourceVersion).toBe(secret);
  });

  async function touchUntil(namespace: string, name: string, count: number): Promise<void> {
    await eventually(`${name} is served`, async () => {
      await touch(namespace);
      await untouch(namespace);
      return (await world.status(name)).namespaces?.ready === count;
    });
  }

  /** Denies what the expression is false for, in one namespace. */
  async function policy(
    name: string,
    namespace: string,
    resource: string,
    operations: readonly string[],
    expression = "false",
  ): Promise<void> {
    await world.admin.create(`${admission}/validatingadmissionpolicies`, {
      metadata: { name },
      spec: {
        failurePolicy: "Fail",
        matchConstraints: {
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
          resourceRules: [{ apiGroups: ["", "events.k8s.io"], apiVersions: ["v1"], operations, resources: [resource] }],
        },
        matchConditions: [{ name: "operator", expression: `request.userInfo.username == '${user}'` }],
        validations: [{ expression, message: "the platform says no" }],
      },
    });
    await world.admin.create(`${admission}/validatingadmissionpolicybindings`, {
      metadata: { name },
      spec: { policyName: name, validationActions: ["Deny"] },
    });
    await admissionSettled(world.admin);
  }

  async function removePolicy(name: string): Promise<void> {
    await world.admin.remove(`${admission}/validatingadmissionpolicybindings/${name}`);
    await world.admin.remove(`${admission}/validatingadmissionpolicies/${name}`);
    await admissionSettled(world.admin);
  }

  async function bindWrites(namespace: string): Promise<void> {
    await world.admin.create(`${rbac}/namespaces/${namespace}/rolebindings`, {
      ...writesBinding,
      kind: "RoleBinding",
      metadata: { name: "regcred-writes", namespace },
    });
  }

  async function deniedFor(resource: string, namespace: string, verb = "create"): Promise<boolean> {
    const review = await world.admin.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", {
      spec: { user, resourceAttributes: { verb, resource, namespace } },
    });
    return !(review["status"] as { allowed: boolean }).allowed;
  }
});

const writesBinding = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRoleBinding",
  metadata: { name: "regcred-writes" },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "regcred-writes" },
  subjects: [{ kind: "User", name: user }],
};

interface Rule {
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** The rights of config/rbac, but for every Secret name, and the creation of Secrets in a role of its own that can be taken away. */
async function installRights({ admin }: TestEnv): Promise<void> {
  const read = async (file: string) =>
    parseAllDocuments(await readFile(new URL(`../../config/rbac/${file}`, import.meta.url), "utf8")).map(
      (document) => document.toJS() as KubeObject,
    );
  const roles = [...(await read("cluster-role.yaml")), ...(await read("tenants.yaml"))];
  const [own, ownBinding] = await read("role.yaml");
  const rules = roles
    .flatMap((object) => (object["rules"] ?? []) as Rule[])
    .map(({ resourceNames: _any, ...rule }) => rule);
  const creates = (rule: Rule): boolean => rule.resources.includes("secrets") && rule.verbs.includes("create");
  const role = (name: string, which: readonly object[]) => ({ metadata: { name }, rules: which });
  await admin.create(
    `${rbac}/clusterroles`,
    role(
      "regcred",
      rules.filter((rule) => !creates(rule)),
    ),
  );
  await admin.create(`${rbac}/clusterroles`, role("regcred-writes", rules.filter(creates)));
  await admin.create(`${rbac}/clusterrolebindings`, writesBinding);
  await admin.create(`${rbac}/clusterrolebindings`, {
    ...writesBinding,
    metadata: { name: "regcred" },
    roleRef: { ...writesBinding.roleRef, name: "regcred" },
  });
  await admin.create(`${rbac}/namespaces/${operatorNamespace}/roles`, own ?? {});
  await admin.create(`${rbac}/namespaces/${operatorNamespace}/rolebindings`, {
    ...ownBinding,
    subjects: writesBinding.subjects,
  });
}

/** The CRD's versions as an older release without any schema would have had them. */
function withoutValidation(crd: unknown): readonly object[] {
  const { versions } = (crd as { spec: { versions: readonly object[] } }).spec;
  const anything = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  return versions.map((version) => ({ ...version, schema: { openAPIV3Schema: anything } }));
}
