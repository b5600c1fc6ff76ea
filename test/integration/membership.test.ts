// Tests that a login goes only where a spec has sent it, whatever tenants write on their own Secrets.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KubeObject } from "../cluster/admin-client.ts";
import { eventually, operatorNamespace, type RunningOperator, type TestEnv, testEnv, staticSpec } from "./test-env.ts";

const secretsOf = (namespace: string): string => `/api/v1/namespaces/${namespace}/secrets`;
const numbered = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${String(index).padStart(2, "0")}`);

describe("who holds a login", () => {
  let world: TestEnv;
  let running: RunningOperator;
  let marker = 0;

  /** All that a tenant can write to look like a member. */
  const forged = (name: string, credential: string, data?: object): object => ({
    metadata: {
      name,
      labels: { "app.kubernetes.io/managed-by": "regcred" },
      annotations: {
        "regcred.dev/credentials": credential,
        "regcred.dev/entries": JSON.stringify([
          { name: `${credential}/main`, grant: "g", hosts: ["registry.example.com"] },
        ]),
        "regcred.dev/managed": '{"labels":[],"annotations":[]}',
      },
    },
    type: "kubernetes.io/dockerconfigjson",
    data: data ?? { ".dockerconfigjson": Buffer.from('{"auths":{}}').toString("base64") },
  });
  const passwords = async (namespaces: readonly string[], name: string): Promise<(string | undefined)[]> =>
    Promise.all(
      namespaces.map(async (namespace) => (await world.logins(namespace, name))?.["registry.example.com"]?.password),
    );
  const all = async (namespaces: readonly string[], name: string, password: string | undefined): Promise<void> =>
    eventually(`${name} is ${password ?? "gone"} in ${namespaces.length} namespaces`, async () =>
      (await passwords(namespaces, name)).every((each) => each === password),
    );
  const held = (name: string): Promise<void> =>
    eventually("the removal is held", async () => (await world.condition(name, "RemovalHeld"))?.status === "True");
  /** So many served namespaces, `PREFIX-00` and so on. */
  const served = async (name: string, count: number): Promise<string[]> => {
    const namespaces = numbered(name, count);
    await world.source(`${name}-source`, { username: "ann", password: "first" });
    await world.namespaces(namespaces);
    await world.credential(
      name,
      staticSpec(`${name}-source`, { namespaces: { include: [`${name}-*`] }, pullSecret: { name } }),
    );
    await all(namespaces, name, "first");
    await recorded(name, count);
    return namespaces;
  };
  const records = async (credential: string): Promise<readonly KubeObject[]> => {
    const uid = (await world.admin.get(`/apis/regcred.dev/v1alpha1/registrycredentials/${credential}`))?.metadata.uid;
    const secrets = await world.admin.list(secretsOf(operatorNamespace));
    return secrets.filter(({ metadata }) => metadata.name.startsWith(`regcred-members-${uid}-`));
  };
  const recorded = (credential: string, count: number): Promise<void> =>
    eventually(`${count} members of ${credential} are recorded`, async () => {
      const rows = (await records(credential)).flatMap(({ data }) =>
        Object.values((data ?? {}) as Record<string, string>).flatMap((text) =>
          Buffer.from(text, "base64").toString().trim().split("\n").filter(Boolean),
        ),
      );
      return rows.length === count;
    });
  const include = (
    name: string,
    globs: readonly string[],
    exclude: readonly string[] | null = null,
  ): Promise<unknown> => world.patchCredential(name, { spec: { namespaces: { include: globs, exclude } } });
  /** Every run that was asked for before has ended: a namespace that comes now is served, and it goes through the same queue. */
  const settled = async (prefix: string, name: string): Promise<void> => {
    const namespace = `${prefix}-marker-${(marker += 1)}`;
    await world.namespaces([namespace]);
    await eventually("a new namespace is served", async () => (await world.logins(namespace, name)) !== undefined);
    await world.admin.remove(`/api/v1/namespaces/${namespace}`);
  };

  beforeAll(async () => {
    world = await testEnv();
    running = await world.startOperator();
  });
  afterAll(() => world.close());

  it("is not changed by a Secret that is forged, deleted and forged again, however often", async () => {
    await served("rounds", 20);
    await world.namespaces(["evil-rounds"]);
    for (let round = 0; round < 15; round += 1) {
      await world.admin.create(secretsOf("evil-rounds"), forged("rounds", "rounds"));
      await world.admin.remove(`${secretsOf("evil-rounds")}/rounds`);
    }
    await world.admin.create(secretsOf("evil-rounds"), forged("rounds", "rounds"));
    await world.source("rounds-source", { username: "ann", password: "second" });
    await all(numbered("rounds", 20), "rounds", "second");
    expect(await world.condition("rounds", "RemovalHeld")).toBeUndefined();
    expect(await passwords(["evil-rounds"], "rounds")).not.toContain("second");
    await eventually("its author is told", async () =>
      (await world.events("evil-rounds")).some(({ reason }) => reason === "SecretCopied"),
    );
  });

  it("is not changed by forged Secrets in many namespaces at once, nor does a rightful removal wait for them", async () => {
    const namespaces = await served("crowd", 20);
    const evil = numbered("evil-crowd", 12);
    await world.namespaces(evil);
    await Promise.all(evil.map((each) => world.admin.create(secretsOf(each), forged("crowd", "crowd"))));
    await include("crowd", ["crowd-*"], ["crowd-00", "crowd-01"]);
    await all(["crowd-00", "crowd-01"], "crowd", undefined);
    expect(await world.condition("crowd", "RemovalHeld")).toBeUndefined();
    expect(new Set(await passwords(namespaces.slice(2), "crowd"))).toEqual(new Set(["first"]));
  });

  it("is not changed by one forged while a hold lasts, nor by marks and bytes copied from a member", async () => {
    const namespaces = await served("hold", 22);
    await world.namespaces(["evil-hold", "evil-copy"]);
    await include("hold", ["hold-0*"]);
    await held("hold");
    const source = await world.secret("hold-15", "hold");
    const { labels, annotations } = source?.metadata ?? {};
    await world.admin.create(secretsOf("evil-hold"), forged("hold", "hold"));
    await world.admin.create(secretsOf("evil-copy"), {
      metadata: { name: "hold", labels, annotations },
      type: source?.["type"],
      data: source?.["data"],
    });
    await world.source("hold-source", { username: "ann", password: "second" });
    await all(namespaces, "hold", "second");
    await world.atRest();
    expect(await passwords(["evil-hold", "evil-copy"], "hold")).not.toContain("second");
    expect((await world.condition("hold", "RemovalHeld"))?.message).toContain("12 of 22 namespaces");
  });

  it("is only kept by a hold: what a tenant takes out of its Secret, or deletes, does not come back", async () => {
    const namespaces = await served("given", 22);
    await include("given", ["given-0*"]);
    await held("given");
    await world.admin.remove(`${secretsOf("given-15")}/given`);
    const own = Buffer.from('{"auths":{"registry.example.com":{"username":"x","password":"own"}}}').toString("base64");
    await world.admin.patch(`${secretsOf("given-16")}/given`, { data: { ".dockerconfigjson": own } });
    await world.source("given-source", { username: "ann", password: "second" });
    await all(
      namespaces.filter((each) => each !== "given-15" && each !== "given-16"),
      "given",
      "second",
    );
    await settled("given-0", "given");
    expect(await world.secret("given-15", "given")).toBeUndefined();
    expect(await passwords(["given-16"], "given")).toEqual(["own"]);
  });

  it("is not ended by tenants: a hold stays when some of its namespaces are deleted", async () => {
    const namespaces = await served("stays", 21);
    await include("stays", ["stays-0*"]);
    await held("stays");
    await Promise.all(["stays-18", "stays-19"].map((each) => world.admin.remove(`/api/v1/namespaces/${each}`)));
    await eventually("fewer are held", async () =>
      ((await world.condition("stays", "RemovalHeld"))?.message ?? "").startsWith("9 of"),
    );
    await running.stop();
    running = await world.startOperator();
    await world.source("stays-source", { username: "ann", password: "second" });
    await all(
      namespaces.filter((each) => each !== "stays-18" && each !== "stays-19"),
      "stays",
      "second",
    );
    expect((await world.condition("stays", "RemovalHeld"))?.status).toBe("True");
  });

  it("goes in the next write from a namespace that is taken out, whatever that namespace keeps or puts back", async () => {
    await served("revoked", 12);
    const kept = await world.secret("revoked-00", "revoked");
    await include("revoked", ["revoked-*"], ["revoked-00"]);
    await all(["revoked-00"], "revoked", undefined);
    const { labels, annotations } = kept?.metadata ?? {};
    for (let round = 0; round < 12; round += 1) {
      await world.admin.create(secretsOf("revoked-00"), {
        metadata: { name: "revoked", labels, annotations },
        type: kept?.["type"],
        data: kept?.["data"],
      });
      await eventually("it goes again", async () => (await world.secret("revoked-00", "revoked")) === undefined);
    }
    await include("revoked", ["revoked-*"], ["revoked-00", "revoked-01"]);
    await all(["revoked-01"], "revoked", undefined);
    expect(await world.condition("revoked", "RemovalHeld")).toBeUndefined();
  });

  it("is of no account once it is taken back, though that is kept from being done: no later hold gives it anything", async () => {
    await served("stuck", 22);
    const admission = "/apis/admissionregistration.k8s.io/v1";
    await world.admin.create(`${admission}/validatingadmissionpolicies`, {
      metadata: { name: "stuck" },
      spec: {
        matchConstraints: {
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "stuck-00" } },
          resourceRules: [
            { apiGroups: [""], apiVersions: ["v1"], operations: ["UPDATE", "DELETE"], resources: ["secrets"] },
          ],
        },
        validations: [{ expression: "false", message: "not here" }],
      },
    });
    await world.admin.create(`${admission}/validatingadmissionpolicybindings`, {
      metadata: { name: "stuck" },
      spec: { policyName: "stuck", validationActions: ["Deny"] },
    });
    await eventually("the policy is in force", () =>
      world.admin.patch(`${secretsOf("stuck-00")}/stuck`, { metadata: { labels: { x: "y" } } }).then(
        () => false,
        () => true,
      ),
    );
    await include("stuck", ["stuck-*"], ["stuck-00", "stuck-01"]);
    await all(["stuck-01"], "stuck", undefined);
    expect(await passwords(["stuck-00"], "stuck")).toEqual(["first"]);
    await include("stuck", ["stuck-18", "stuck-19", "stuck-later-*"]);
    await held("stuck");
    await world.admin.remove(`${admission}/validatingadmissionpolicybindings/stuck`);
    await world.admin.remove(`${admission}/validatingadmissionpolicies/stuck`);
    await world.source("stuck-source", { username: "ann", password: "second" });
    await all(numbered("stuck", 22).slice(2), "stuck", "second");
    await settled("stuck-later", "stuck");
    expect(await passwords(["stuck-00"], "stuck")).not.toEqual(["second"]);
    expect((await world.condition("stuck", "RemovalHeld"))?.message).not.toContain("stuck-00");
  });

  it("is found again after a restart though its marks were stripped meanwhile", async () => {
    await served("stripped", 2);
    await running.stop();
    await world.admin.patch(`${secretsOf("stripped-00")}/stripped`, {
      metadata: { labels: { "app.kubernetes.io/managed-by": "me" } },
    });
    await world.admin.patch(`${secretsOf("stripped-01")}/stripped`, {
      metadata: {
        labels: { "app.kubernetes.io/managed-by": null },
        annotations: { "regcred.dev/credentials": null, "regcred.dev/entries": null, "regcred.dev/managed": null },
      },
    });
    await world.source("stripped-source", { username: "ann", password: "second" });
    running = await world.startOperator();
    await all(["stripped-00", "stripped-01"], "stripped", "second");
    await include("stripped", ["stripped-00"]);
    await all(["stripped-01"], "stripped", undefined);
    expect((await world.secret("stripped-00", "stripped"))?.metadata.labels).toMatchObject({
      "app.kubernetes.io/managed-by": "regcred",
    });
  });

  it("does not outlast the RegistryCredential: marks of a former one of the same name change nothing", async () => {
    await served("again", 20);
    const kept = await world.secret("again-00", "again");
    await world.deleteCredential("again");
    await eventually("its record is gone", async () => {
      const secrets = await world.admin.list(secretsOf(operatorNamespace));
      const living = await world.admin.list("/apis/regcred.dev/v1alpha1/registrycredentials");
      return secrets
        .filter(({ metadata }) => metadata.name.startsWith("regcred-members-"))
        .every((secret) => living.some(({ metadata }) => secret.metadata.name.includes(metadata.uid ?? "")));
    });
    await world.credential(
      "again",
      staticSpec("again-source", { namespaces: { include: ["again-19"] }, pullSecret: { name: "again" } }),
    );
    await all(["again-19"], "again", "first");
    const { labels, annotations } = kept?.metadata ?? {};
    const replayed = { metadata: { name: "again", labels, annotations }, type: kept?.["type"], data: kept?.["data"] };
    await Promise.all(numbered("again", 12).map((each) => world.admin.create(secretsOf(each), replayed)));
    await world.source("again-source", { username: "ann", password: "second" });
    await all(["again-19"], "again", "second");
    // Removed where it is remembered that the login was taken back from there, and otherwise left alone as anybody's copy.
    await eventually("each copy is gone, or told", async () => {
      const gone = await Promise.all(
        numbered("again", 12).map(
          async (each) =>
            (await world.secret(each, "again")) === undefined ||
            (await world.events(each)).some(({ reason }) => reason === "SecretCopied"),
        ),
      );
      return gone.every(Boolean);
    });
    expect(await passwords(numbered("again", 12), "again")).not.toContain("second");
    expect(await world.condition("again", "RemovalHeld")).toBeUndefined();
  });

  it("is told by marks once, after an upgrade from a release that kept no record: nobody is lost", async () => {
    const namespaces = await served("upgrade", 22);
    await running.stop();
    // As an earlier release leaves the cluster.
    for (const { metadata } of await records("upgrade")) {
      await world.admin.remove(`${secretsOf(operatorNamespace)}/${metadata.name}`);
    }
    await include("upgrade", ["upgrade-0*"]);
    running = await world.startOperator();
    await held("upgrade");
    await world.source("upgrade-source", { username: "ann", password: "second" });
    await all(namespaces, "upgrade", "second");
    await recorded("upgrade", 22);
    expect((await world.condition("upgrade", "RemovalHeld"))?.message).toContain("12 of 22 namespaces");
  });

  it("is kept again where somebody deletes the record", async () => {
    await served("record", 3);
    const [before] = await records("record");
    await world.admin.remove(`${secretsOf(operatorNamespace)}/${before?.metadata.name}`);
    await recorded("record", 3);
    expect((await records("record"))[0]?.metadata.uid).not.toBe(before?.metadata.uid);
  });
});
