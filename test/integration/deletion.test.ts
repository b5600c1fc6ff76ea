// Tests that a credential that is deleted takes everything of its own with it, and nothing else.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { operatorWrites } from "./audit-log.ts";
import { operatorUser } from "./installed.ts";
import { credentialsPath, eventually, type TestEnv, testEnv, staticSpec } from "./test-env.ts";

// All that are used here: the operator is installed for these.
const pullSecretNames = `
  again delete-background delete-foreground delete-orphan edited ending held moved moved-on orphan probe reborn reborn-2
  regcred retain-background retain-foreground retain-orphan stripped stuck`
  .trim()
  .split(/\s+/);

describe("deletion", () => {
  let world: TestEnv;

  const account = (namespace: string): string => `/api/v1/namespaces/${namespace}/serviceaccounts/default`;
  const spec = (name: string, changes: object = {}): object =>
    staticSpec("hub", { namespaces: { include: [`${name}-*`] }, pullSecret: { name }, ...changes });
  /** A credential that serves namespaces of its own, in which another reference stands already. */
  const served = async (name: string, changes: object = {}): Promise<readonly string[]> => {
    const namespaces = ["a", "b", "c"].map((letter) => `${name}-${letter}`);
    await world.namespaces(namespaces);
    for (const namespace of namespaces)
      await world.admin.patch(account(namespace), { imagePullSecrets: [{ name: "own" }] });
    await world.credential(name, spec(name, changes));
    await eventually(`${name} is served`, async () => (await world.status(name)).namespaces?.ready === 3);
    return namespaces;
  };
  const deny = async (name: string, rule: object, expression: string): Promise<void> => {
    const policies = "/apis/admissionregistration.k8s.io/v1";
    await world.admin.create(`${policies}/validatingadmissionpolicies`, {
      metadata: { name },
      spec: {
        matchConstraints: { resourceRules: [rule] },
        matchConditions: [{ name: "here", expression }],
        validations: [{ expression: "false", message: "not here" }],
      },
    });
    await world.admin.create(`${policies}/validatingadmissionpolicybindings`, {
      metadata: { name },
      spec: { policyName: name, validationActions: ["Deny"] },
    });
  };
  const gone = (name: string): Promise<void> =>
    eventually(`${name} is gone`, async () => (await world.admin.get(`${credentialsPath}/${name}`)) === undefined);
  /** What is still there of a credential that is gone. */
  const remains = async (name: string, namespaces: readonly string[]): Promise<readonly unknown[]> => {
    const left: unknown[] = [];
    for (const namespace of namespaces) {
      if (await world.secret(namespace, name)) left.push(`Secret ${namespace}/${name}`);
      const references = await world.references(namespace);
      if (references.join() !== "own") left.push({ namespace, references });
      const annotations = (await world.admin.get(account(namespace)))?.metadata.annotations;
      if (annotations) left.push({ namespace, annotations });
    }
    return left;
  };

  beforeAll(async () => {
    world = await testEnv({ install: { pullSecretNames, pullSecretLabels: ["team"] }, auditLog: true });
    await world.source("hub", { username: "ann", password: "first" });
    await world.startOperator();
  });
  afterAll(() => world.close());

  it("does not wait for a namespace that is Terminating", async () => {
    const namespaces = await served("ending");
    const held = "/api/v1/namespaces/ending-a/configmaps";
    await world.admin.create(held, { metadata: { name: "held", finalizers: ["example.com/held"] } });
    await world.admin.remove("/api/v1/namespaces/ending-a");
    await world.deleteCredential("ending");
    expect(await remains("ending", namespaces.slice(1))).toEqual([]);
    await world.admin.patch(`${held}/held`, { metadata: { finalizers: null } });
    await eventually(
      "the namespace goes",
      async () => (await world.admin.get("/api/v1/namespaces/ending-a")) === undefined,
    );
  });

  it("ends well though the credential is edited meanwhile", async () => {
    const namespaces = await served("edited");
    const edits = (async (): Promise<void> => {
      for (let round = 0; round < 20; round++) {
        const include = round % 2 === 0 ? ["edited-a"] : ["edited-*"];
        await world.patchCredential("edited", {
          metadata: { annotations: { round: `${round}` } },
          spec: { namespaces: { include } },
        });
      }
    })().catch(() => undefined);
    await world.deleteCredential("edited");
    await edits;
    expect(await remains("edited", namespaces)).toEqual([]);
  });

  it("also takes what stands under a name that is changed while it is deleted", async () => {
    const namespaces = await served("moved");
    await world.admin.patch(`${credentialsPath}/moved`, {
      metadata: { finalizers: ["regcred.dev/drain", "example.com/hold"] },
    });
    await world.admin.remove(`${credentialsPath}/moved`);
    await world.patchCredential("moved", { spec: { pullSecret: { name: "moved-on" } } });
    await eventually("ours is off", async () => {
      const finalizers = (await world.admin.get(`${credentialsPath}/moved`))?.metadata.finalizers ?? [];
      return !finalizers.includes("regcred.dev/drain");
    });
    expect(await remains("moved", namespaces)).toEqual([]);
    for (const namespace of namespaces) expect(await world.secret(namespace, "moved-on")).toBeUndefined();
    await world.admin.patch(`${credentialsPath}/moved`, { metadata: { finalizers: null } });
  });

  it("does not wait for a Secret that a finalizer holds: its logins are out of it at once, whoever made it", async () => {
    const namespaces = await served("held");
    const finalizers = ["example.com/mine"];
    await world.admin.patch("/api/v1/namespaces/held-b/secrets/held", { metadata: { finalizers } });
    // Selected by nothing, and never served.
    await world.namespaces(["forger"]);
    const config = '{"auths":{"registry.example.com":{"auth":"eDp5"}}}';
    await world.admin.create("/api/v1/namespaces/forger/secrets", {
      metadata: {
        name: "held",
        labels: { "app.kubernetes.io/managed-by": "regcred" },
        annotations: { "regcred.dev/credentials": "held" },
        finalizers,
      },
      type: "kubernetes.io/dockerconfigjson",
      stringData: { ".dockerconfigjson": config },
    });
    const began = performance.now();
    await world.deleteCredential("held");
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(await remains("held", [namespaces[0] ?? "", namespaces[2] ?? ""])).toEqual([]);
    const left = await world.secret("held-b", "held");
    expect(left?.metadata).toMatchObject({ finalizers, deletionTimestamp: expect.any(String) });
    expect(left?.metadata.labels).toBeUndefined();
    expect(left?.metadata.annotations).toBeUndefined();
    expect(await world.logins("held-b", "held")).toEqual({});
    expect(await world.references("held-b")).toEqual(["own"]);
    for (const namespace of ["held-b", "forger"]) {
      await world.admin.patch(`/api/v1/namespaces/${namespace}/secrets/held`, { metadata: { finalizers: null } });
    }
  });

  it("does not wait for who puts references and marks back again and again", async () => {
    await served("again");
    const finalizers = ["example.com/mine"];
    await world.admin.patch("/api/v1/namespaces/again-b/secrets/again", { metadata: { finalizers } });
    const over = new AbortController();
    const putBack = async (path: string, patch: object): Promise<void> => {
      while (!over.signal.aborted) {
        await world.admin.patch(path, patch).catch(() => undefined);
        await pause(20);
      }
    };
    const annotations = { "regcred.dev/references": '["again"]' };
    const fights = Promise.all([
      putBack(account("again-a"), {
        metadata: { annotations },
        imagePullSecrets: [{ name: "own" }, { name: "again" }],
      }),
      putBack("/api/v1/namespaces/again-b/secrets/again", {
        metadata: {
          labels: { "app.kubernetes.io/managed-by": "regcred" },
          annotations: { "regcred.dev/credentials": "again" },
        },
      }),
    ]);
    try {
      const began = performance.now();
      await world.deleteCredential("again");
      expect(performance.now() - began).toBeLessThan(25_000);
      for (const namespace of ["again-a", "again-c"]) expect(await world.secret(namespace, "again")).toBeUndefined();
      expect(await world.logins("again-b", "again")).toEqual({});
    } finally {
      over.abort();
      await fights;
      await world.admin.patch("/api/v1/namespaces/again-b/secrets/again", { metadata: { finalizers: null } });
    }
  });

  it("says what blocks it, and lets go when it is told to", async () => {
    const namespaces = await served("stuck");
    const secrets = { apiGroups: [""], apiVersions: ["v1"], operations: ["DELETE"], resources: ["secrets"] };
    await deny("no-deletes", secrets, "request.namespace == 'stuck-b'");
    await eventually("the policy works", () =>
      refused(world.admin.remove("/api/v1/namespaces/stuck-b/secrets/stuck", { dryRun: ["All"] })),
    );
    await world.admin.remove(`${credentialsPath}/stuck`);
    await eventually("it is told", async () => (await world.condition("stuck", "DrainBlocked")) !== undefined);
    const blocked = await world.condition("stuck", "DrainBlocked");
    expect(blocked).toMatchObject({
      status: "True",
      reason: "AdmissionDenied",
      message: expect.stringMatching(/stuck-b.*no-deletes/),
    });
    const tries = async (): Promise<number> =>
      (await operatorWrites(world)).filter(({ verb, namespace }) => verb === "delete" && namespace === "stuck-b")
        .length;
    const before = await tries();
    await world.atRest();
    expect((await tries()) - before).toBeLessThan(3);

    const command = /kubectl annotate registrycredential stuck (\S+)=(\S+) --overwrite$/.exec(blocked?.message ?? "");
    await world.patchCredential("stuck", { metadata: { annotations: { [command?.[1] ?? ""]: command?.[2] } } });
    await gone("stuck");
    expect(await world.secret("stuck-b", "stuck")).toBeDefined();
    expect(await remains("stuck", [namespaces[0] ?? "", namespaces[2] ?? ""])).toEqual([]);
  });

  it("puts a finalizer back that somebody has taken off, and touches nothing else", async () => {
    const namespaces = await served("stripped");
    const before = await Promise.all(namespaces.map((namespace) => world.secret(namespace, "stripped")));
    await world.patchCredential("stripped", { metadata: { finalizers: null } });
    await eventually(
      "it is back",
      async () =>
        (await world.admin.get(`${credentialsPath}/stripped`))?.metadata.finalizers?.includes("regcred.dev/drain") ===
        true,
    );
    await eventually("it is served", async () => (await world.condition("stripped", "Ready"))?.reason === "Served");
    expect(await Promise.all(namespaces.map((namespace) => world.secret(namespace, "stripped")))).toEqual(before);
    for (const namespace of namespaces) expect(await world.references(namespace)).toEqual(["own", "stripped"]);
    await world.deleteCredential("stripped");
    expect(await remains("stripped", namespaces)).toEqual([]);
  });

  describe("of which the operator hears nothing before it is over", () => {
    beforeAll(async () => {
      const credentials = {
        apiGroups: ["regcred.dev"],
        apiVersions: ["*"],
        operations: ["UPDATE"],
        resources: ["registrycredentials"],
      };
      const frozen = "has(object.metadata.labels) && 'frozen' in object.metadata.labels";
      const mayNot = `request.userInfo.username == '${operatorUser.name}' || 'probe' in object.metadata.labels`;
      await deny("frozen", credentials, `${frozen} && (${mayNot})`);
      await world.credential("probe", spec("probe"));
      const probe = { metadata: { labels: { frozen: "yes", probe: "yes" } } };
      await eventually("the policy works", () =>
        refused(world.admin.patch(`${credentialsPath}/probe?dryRun=All`, probe)),
      );
      await world.deleteCredential("probe");
    });

    const orphaned = async (name: string): Promise<readonly string[]> => {
      const namespaces = await served(name);
      await world.patchCredential(name, { metadata: { labels: { frozen: "yes" }, finalizers: null } });
      await world.deleteCredential(name);
      return namespaces;
    };

    it("leaves Secrets and references, and takes them back when the credential is made again", async () => {
      const namespaces = await orphaned("orphan");
      const before = await Promise.all(namespaces.map((namespace) => world.secret(namespace, "orphan")));
      for (const namespace of namespaces) expect(await world.references(namespace)).toEqual(["own", "orphan"]);
      await world.credential("orphan", spec("orphan"));
      await eventually("it is served", async () => (await world.status("orphan")).namespaces?.ready === 3);
      expect(await Promise.all(namespaces.map((namespace) => world.secret(namespace, "orphan")))).toEqual(before);
      await world.deleteCredential("orphan");
      expect(await remains("orphan", namespaces)).toEqual([]);
    });

    it("does not wait for Secrets under a name that the credential has had in a former life", async () => {
      const namespaces = await orphaned("reborn");
      await world.credential("reborn", spec("reborn", { pullSecret: { name: "reborn-2" } }));
      await eventually("it is served", async () => (await world.status("reborn")).namespaces?.ready === 3);
      await world.deleteCredential("reborn");
      for (const namespace of namespaces) {
        expect(await world.secret(namespace, "reborn")).toBeDefined();
        expect(await world.secret(namespace, "reborn-2")).toBeUndefined();
      }
    });
  });

  describe.each(["Background", "Orphan", "Foreground"])("with cascade %s", (propagationPolicy) => {
    const cascade = propagationPolicy.toLowerCase();

    it("takes references, then Secrets, under Delete", async () => {
      const name = `delete-${cascade}`;
      const namespaces = await served(name);
      await world.deleteCredential(name, { propagationPolicy });
      expect(await remains(name, namespaces)).toEqual([]);
      for (const namespace of namespaces) {
        const order = (await operatorWrites(world)).filter(
          (write) => write.namespace === namespace && write.code < 300,
        );
        expect(order.map(({ verb, resource }) => `${verb} ${resource}`).slice(-2)).toEqual([
          "patch serviceaccounts",
          "delete secrets",
        ]);
      }
    });

    it("takes its marks only, under Retain", async () => {
      const name = `retain-${cascade}`;
      const namespaces = await served(name, { deletionPolicy: "Retain", pullSecret: { name, labels: { team: "x" } } });
      const before = await Promise.all(namespaces.map((namespace) => world.secret(namespace, name)));
      await world.deleteCredential(name, { propagationPolicy });
      for (const [index, namespace] of namespaces.entries()) {
        const secret = await world.secret(namespace, name);
        expect(secret?.metadata.uid).toBe(before[index]?.metadata.uid);
        expect(secret?.["data"]).toEqual(before[index]?.["data"]);
        expect(secret?.metadata.labels).toBeUndefined();
        expect(secret?.metadata.annotations).toBeUndefined();
        expect(await world.references(namespace)).toEqual(["own", name]);
        expect((await world.admin.get(account(namespace)))?.metadata.annotations).toBeUndefined();
      }
    });
  });
});

function refused(request: Promise<unknown>): Promise<boolean> {
  return request.then(
    () => false,
    () => true,
  );
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
