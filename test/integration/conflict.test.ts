// Tests of a foreign Secret under the name of a pull Secret, with each onConflict.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KubeObject } from "../cluster/admin-client.ts";
import { type CredentialStatus, eventually, type TestEnv, testEnv, soon, staticSpec } from "./test-env.ts";

// All that are used here: the operator is installed for these.
const pullSecretNames = "adopt both fail mend merge merge-long odd refuse regcred strip taken".split(" ");

const host = "registry.example.com";
const managedByHelm = { labels: { "app.kubernetes.io/managed-by": "Helm" } };

type OnConflict = "Fail" | "Merge" | "Adopt";

describe("a foreign Secret under our name", () => {
  let world: TestEnv;

  const secrets = (namespace: string): string => `/api/v1/namespaces/${namespace}/secrets`;
  const account = (namespace: string): string => `/api/v1/namespaces/${namespace}/serviceaccounts/default`;
  const config = (text: string): object => ({ data: { ".dockerconfigjson": Buffer.from(text).toString("base64") } });
  const configOf = (secret: KubeObject | undefined): string =>
    Buffer.from(
      (secret?.["data"] as Record<string, string> | undefined)?.[".dockerconfigjson"] ?? "",
      "base64",
    ).toString();
  const dockerSecret = (name: string, text: string, body: { metadata?: object; immutable?: boolean } = {}): object => ({
    ...body,
    metadata: { ...body.metadata, name },
    type: "kubernetes.io/dockerconfigjson",
    ...config(text),
  });
  const credential = (name: string, onConflict: OnConflict): Promise<KubeObject> =>
    world.credential(
      name,
      staticSpec(`${name}-source`, { namespaces: { include: [`${name}-*`] }, pullSecret: { name, onConflict } }),
    );
  const password = async (namespace: string, name: string, key = host): Promise<string | undefined> =>
    (await world.logins(namespace, name))?.[key]?.password;
  const counts = (name: string, ready: number, failed: number): Promise<void> =>
    eventually(`${name}: ${ready} ready, ${failed} failed`, async () => {
      const { namespaces } = await world.status(name);
      return namespaces?.ready === ready && namespaces.failed === failed;
    });
  const conflict = async (name: string): Promise<CredentialStatus["failures"]> =>
    (await world.status(name)).failures?.filter(({ reason }) => reason === "SecretConflict");
  const reportedTo = async (namespace: string): Promise<string> => {
    let note = "";
    await eventually(`${namespace} is told`, async () => {
      const event = (await world.events(namespace)).find(({ reason }) => reason === "SecretConflict");
      note = String(event?.["note"]);
      return event !== undefined;
    });
    return note;
  };
  /** A namespace with a Secret of that name in it and nothing of ours; the Secret. */
  const prepared = async (namespace: string, body: object): Promise<KubeObject> => {
    await world.namespaces([namespace]);
    return world.admin.create(secrets(namespace), body);
  };
  /** Owned by a ConfigMap that is there: the garbage collector deletes what has an owner that is not. */
  const owner = async (namespace: string): Promise<object> => {
    const made = await world.admin.create(`/api/v1/namespaces/${namespace}/configmaps`, {
      metadata: { name: "owner" },
    });
    const reference = { apiVersion: "v1", kind: "ConfigMap", name: "owner", uid: made.metadata.uid };
    return { ownerReferences: [{ ...reference, controller: true }] };
  };

  beforeAll(async () => {
    world = await testEnv({ install: { pullSecretNames, allowTakeover: true } });
    await world.startOperator();
    for (const name of ["fail", "mend", "taken", "merge", "merge-long", "strip", "odd", "both", "adopt", "refuse"]) {
      await world.source(`${name}-source`, { username: "ann", password: "first" });
    }
  });
  afterAll(() => world.close());

  describe("with Fail", () => {
    it("is left alone; status, Event and message say so, and name its manager", async () => {
      const text = '{ "auths": { "own.example.com": { "auth": "eDp5" } } }';
      const before = [
        await prepared("fail-plain", dockerSecret("fail", text)),
        await prepared("fail-opaque", { metadata: { name: "fail" }, stringData: { password: "x" } }),
        await prepared("fail-helm", dockerSecret("fail", text, { metadata: managedByHelm })),
      ];
      await world.namespaces(["fail-owned", "fail-free"]);
      before.push(
        await world.admin.create(
          secrets("fail-owned"),
          dockerSecret("fail", text, { metadata: await owner("fail-owned") }),
        ),
      );
      await world.admin.patch(account("fail-plain"), { imagePullSecrets: [{ name: "fail" }] });
      await credential("fail", "Fail");
      await counts("fail", 1, 4);
      expect(await conflict("fail")).toMatchObject([{ cause: "Tenant", count: 4 }]);
      await expect.poll(() => world.condition("fail", "Ready"), soon).toMatchObject({ status: "True" });
      await expect
        .poll(() => world.condition("fail", "Distributed"), soon)
        .toMatchObject({ status: "False", reason: "SecretConflict" });
      expect(await reportedTo("fail-plain")).toContain(
        "a Secret fail of its own; delete it; or set pullSecret.onConflict to Merge or Adopt",
      );
      expect(await reportedTo("fail-helm")).toContain('managed by "Helm"');
      expect(await reportedTo("fail-owned")).toContain('managed by "ConfigMap owner"');
      expect(await password("fail-free", "fail")).toBe("first");

      await world.source("fail-source", { username: "ann", password: "second" });
      await eventually("the free one follows", async () => (await password("fail-free", "fail")) === "second");
      await world.deleteCredential("fail");
      for (const secret of before) {
        expect(await world.secret(secret.metadata.namespace ?? "", "fail")).toEqual({
          apiVersion: "v1",
          kind: "Secret",
          ...secret,
        });
      }
      expect(await world.references("fail-plain")).toEqual(["fail"]);
      expect(await world.references("fail-opaque")).toEqual([]);
    });

    it("gives way to ours when its owner deletes it, or when onConflict changes", async () => {
      await prepared("mend-deleted", dockerSecret("mend", "{}"));
      await prepared("mend-merged", dockerSecret("mend", '{"auths":{"own.example.com":{"auth":"eDp5"}}}'));
      await credential("mend", "Fail");
      await counts("mend", 0, 2);
      await world.admin.remove(`${secrets("mend-deleted")}/mend`);
      await counts("mend", 1, 1);
      expect(await world.references("mend-deleted")).toEqual(["mend"]);
      await world.patchCredential("mend", { spec: { pullSecret: { onConflict: "Merge" } } });
      await counts("mend", 2, 0);
      expect(Object.keys((await world.logins("mend-merged", "mend")) ?? {})).toEqual(["own.example.com", host]);
      expect(await conflict("mend")).toEqual([]);
    });
  });

  it("that takes the place of ours keeps it, and its reference stays", async () => {
    await world.namespaces(["taken-a"]);
    await credential("taken", "Fail");
    await counts("taken", 1, 0);
    await eventually("the tenant was quicker than the repair", async () => {
      await world.admin.remove(`${secrets("taken-a")}/taken`);
      return world.admin.create(secrets("taken-a"), dockerSecret("taken", '{"auths":{}}')).then(
        () => true,
        () => false,
      );
    });
    const theirs = await world.secret("taken-a", "taken");
    await counts("taken", 0, 1);
    expect(await conflict("taken")).toMatchObject([{ cause: "Tenant", count: 1 }]);
    await world.deleteCredential("taken");
    expect(await world.secret("taken-a", "taken")).toEqual(theirs);
    expect(await world.references("taken-a")).toEqual(["taken"]);
  });

  describe("with Merge", () => {
    it.each([
      ["merge", "2"],
      // More than the operator keeps in memory of a foreign Secret.
      ["merge-long", "2".repeat(4096)],
    ])("keeps all that is foreign, byte for byte, and loses only ours in the end: %s", async (name, note) => {
      const namespace = `${name}-a`;
      const own = '"own.example.com" : { "auth":"eDp5",  "email": "A\\u0040b" }';
      const other = '"https://quay.io/v1/":{"username":"q","password":"\\u0070"}';
      const words = {
        labels: { "their.io/label": "1", ...managedByHelm.labels },
        annotations: { "their.io/note": note },
      };
      await world.namespaces([namespace]);
      const body = dockerSecret(name, `{"credHelpers": {"x.io" :"y"}, "auths": {${own},\n ${other}} }`, {
        metadata: { ...words, ...(await owner(namespace)) },
      });
      const before = await world.admin.create(secrets(namespace), {
        ...body,
        data: { ...(body as { data: object }).data, "their.txt": "eA==" },
      });
      await world.admin.patch(account(namespace), { imagePullSecrets: [{ name: "own" }] });
      const foreignIsIntact = async (): Promise<void> => {
        const now = await world.secret(namespace, name);
        for (const member of [own, other, '"credHelpers": {"x.io" :"y"}']) expect(configOf(now)).toContain(member);
        expect(now?.["data"]).toMatchObject({ "their.txt": "eA==" });
        expect(now?.metadata).toMatchObject({ uid: before.metadata.uid, ...words });
        expect(now?.metadata).toHaveProperty(
          "ownerReferences",
          (before.metadata as { ownerReferences?: object }).ownerReferences,
        );
      };
      await credential(name, "Merge");
      await counts(name, 1, 0);
      expect(await password(namespace, name)).toBe("first");
      expect(await world.references(namespace)).toEqual(["own", name]);
      await foreignIsIntact();

      await world.source(`${name}-source`, { username: "ann", password: "second" });
      await eventually("it follows", async () => (await password(namespace, name)) === "second");
      await foreignIsIntact();

      const logins = JSON.stringify({ "new.example.com": { auth: "bmV3Om5ldw==" } }).slice(1, -1);
      await world.admin.patch(
        `${secrets(namespace)}/${name}`,
        config(`{"credHelpers": {"x.io" :"y"}, "auths": {${own},${other},${logins}}}`),
      );
      await eventually("ours is repaired", async () => (await password(namespace, name)) === "second");
      await foreignIsIntact();
      const { resourceVersion } = (await world.secret(namespace, name))?.metadata ?? {};
      await world.atRest();
      expect((await world.secret(namespace, name))?.metadata.resourceVersion).toBe(resourceVersion);

      await world.deleteCredential(name);
      await foreignIsIntact();
      const after = await world.secret(namespace, name);
      expect(Object.keys(JSON.parse(configOf(after)) as object)).toEqual(["credHelpers", "auths"]);
      expect(Object.keys((await world.logins(namespace, name)) ?? {})).toEqual([
        "own.example.com",
        "https://quay.io/v1/",
        "new.example.com",
      ]);
      expect(after?.metadata).toMatchObject({ labels: words.labels, annotations: words.annotations });
      expect(after?.metadata.annotations).toEqual(words.annotations);
      expect(await world.references(namespace)).toEqual(["own"]);
    });

    it("stays the tenant's when our marks are stripped off it, and when onConflict changes", async () => {
      const own = '"own.example.com":{"auth":"eDp5"}';
      await prepared("strip-a", dockerSecret("strip", `{"auths":{${own}}}`));
      await credential("strip", "Merge");
      await counts("strip", 1, 0);
      const marks = (await world.secret("strip-a", "strip"))?.metadata.annotations;
      const stripped = { annotations: Object.fromEntries(Object.keys(marks ?? {}).map((key) => [key, null])) };
      await world.admin.patch(`${secrets("strip-a")}/strip`, { metadata: stripped });
      await eventually(
        "the marks are back",
        async () =>
          JSON.stringify((await world.secret("strip-a", "strip"))?.metadata.annotations) === JSON.stringify(marks),
      );
      expect(configOf(await world.secret("strip-a", "strip"))).toContain(own);
      await world.admin.patch(`${secrets("strip-a")}/strip`, { metadata: stripped, ...config(`{"auths":{${own}}}`) });
      await eventually("ours is back", async () => (await password("strip-a", "strip")) === "first");
      expect(configOf(await world.secret("strip-a", "strip"))).toContain(own);

      await world.patchCredential("strip", { spec: { pullSecret: { onConflict: "Fail" } } });
      await world.source("strip-source", { username: "ann", password: "second" });
      await eventually("it follows", async () => (await password("strip-a", "strip")) === "second");
      expect(configOf(await world.secret("strip-a", "strip"))).toContain(own);
      await world.deleteCredential("strip");
      expect(Object.keys((await world.logins("strip-a", "strip")) ?? {})).toEqual(["own.example.com"]);
    });

    it("takes over a host of ours, and leaves what it cannot merge into", async () => {
      await prepared(
        "odd-host",
        dockerSecret("odd", `{"auths":{"https://${host}/v1/":{"auth":"eDp5"},"own.example.com":{"auth":"eDp5"}}}`),
      );
      const left = [
        await prepared("odd-type", { metadata: { name: "odd" }, stringData: { password: "x" } }),
        await prepared("odd-fixed", dockerSecret("odd", "{}", { immutable: true })),
        await prepared("odd-text", dockerSecret("odd", '{"auths":7}')),
      ];
      await credential("odd", "Merge");
      await counts("odd", 1, 3);
      expect(Object.keys((await world.logins("odd-host", "odd")) ?? {})).toEqual(["own.example.com", host]);
      expect(await reportedTo("odd-type")).toContain('it is of type "Opaque", not kubernetes.io/dockerconfigjson');
      expect(await reportedTo("odd-fixed")).toContain("it is immutable");
      expect(await reportedTo("odd-text")).toContain("its docker config has an");
      for (const { metadata } of left) {
        expect((await world.secret(metadata.namespace ?? "", "odd"))?.metadata.resourceVersion).toBe(
          metadata.resourceVersion,
        );
      }
      await world.deleteCredential("odd");
      expect(Object.keys((await world.logins("odd-host", "odd")) ?? {})).toEqual(["own.example.com"]);
    });

    it("serves several credentials, and each takes off its own", async () => {
      await prepared("both-a", dockerSecret("both", '{"auths":{"own.example.com":{"auth":"eDp5"}}}'));
      await credential("both", "Merge");
      await world.credential(
        "both-2",
        staticSpec("both-source", {
          hosts: ["two.example.com"],
          namespaces: { include: ["both-*"] },
          pullSecret: { name: "both", onConflict: "Merge" },
        }),
      );
      const holds = (hosts: readonly string[]): Promise<void> =>
        eventually(
          `it holds ${hosts.join()}`,
          async () => Object.keys((await world.logins("both-a", "both")) ?? {}).join() === hosts.join(),
        );
      await holds(["own.example.com", host, "two.example.com"]);
      await world.deleteCredential("both");
      await holds(["own.example.com", "two.example.com"]);
      expect(await world.references("both-a")).toEqual(["both"]);
      await world.deleteCredential("both-2");
      await holds(["own.example.com"]);
      expect(await world.references("both-a")).toEqual([]);
    });
  });

  describe("with Adopt", () => {
    it("becomes ours where it holds nothing else, and goes with us", async () => {
      const text = `{"auths":{"${host}":{"auth":"eDp5"}}}`;
      const before = await prepared(
        "adopt-served",
        dockerSecret("adopt", text, { metadata: { labels: { "their.io/label": "1" } } }),
      );
      await prepared("adopt-empty", dockerSecret("adopt", "{}"));
      await prepared("adopt-fixed", dockerSecret("adopt", text, { immutable: true }));
      await world.admin.patch(account("adopt-served"), { imagePullSecrets: [{ name: "own" }, { name: "adopt" }] });
      await credential("adopt", "Adopt");
      await counts("adopt", 3, 0);
      for (const namespace of ["adopt-served", "adopt-empty", "adopt-fixed"]) {
        const secret = await world.secret(namespace, "adopt");
        expect(secret?.metadata.labels).toMatchObject({ "app.kubernetes.io/managed-by": "regcred" });
        expect(secret?.["immutable"]).toBeUndefined();
        expect(await world.logins(namespace, "adopt")).toMatchObject({
          [host]: { username: "ann", password: "first" },
        });
      }
      const { metadata } = (await world.secret("adopt-served", "adopt")) ?? before;
      expect(metadata).toMatchObject({ uid: before.metadata.uid, labels: { "their.io/label": "1" } });
      expect(await world.references("adopt-served")).toEqual(["own", "adopt"]);
      await world.deleteCredential("adopt");
      for (const namespace of ["adopt-served", "adopt-empty", "adopt-fixed"]) {
        expect(await world.secret(namespace, "adopt")).toBeUndefined();
      }
      expect(await world.references("adopt-served")).toEqual(["own"]);
    });

    it("is refused where something would be lost or would fight back, until its owner consents", async () => {
      const served = `{"auths":{"${host}":{"auth":"eDp5"}}}`;
      await world.namespaces(["refuse-owned"]);
      const cases: Record<string, [body: object, message: string]> = {
        "refuse-owned": [
          dockerSecret("refuse", served, { metadata: await owner("refuse-owned") }),
          '"ConfigMap owner" controls it',
        ],
        "refuse-helm": [
          dockerSecret("refuse", served, { metadata: { annotations: { "meta.helm.sh/release-name": "app" } } }),
          "meta.helm.sh/release-name tracks it",
        ],
        "refuse-argo": [
          dockerSecret("refuse", served, { metadata: { annotations: { "argocd.argoproj.io/tracking-id": "app" } } }),
          "argocd.argoproj.io/tracking-id tracks it",
        ],
        "refuse-managed": [dockerSecret("refuse", served, { metadata: managedByHelm }), '"Helm" tracks it'],
        "refuse-more": [
          dockerSecret("refuse", '{"auths":{"own.example.com":{"auth":"eDp5"}}}'),
          'no entry serves its host "own.example.com"',
        ],
        "refuse-opaque": [
          { metadata: { name: "refuse" }, stringData: { password: "x" } },
          'it holds more than a docker config ("password")',
        ],
      };
      const versions = new Map<string, string | undefined>();
      for (const [namespace, [body]] of Object.entries(cases)) {
        if (namespace !== "refuse-owned") await world.namespaces([namespace]);
        versions.set(namespace, (await world.admin.create(secrets(namespace), body)).metadata.resourceVersion);
      }
      await credential("refuse", "Adopt");
      await counts("refuse", 0, 6);
      for (const [namespace, [, message]] of Object.entries(cases)) {
        const note = await reportedTo(namespace);
        expect(note).toContain(message);
        expect(note).toContain(`kubectl annotate -n ${namespace} secret refuse regcred.dev/adopt=true --overwrite`);
        expect((await world.secret(namespace, "refuse"))?.metadata.resourceVersion).toBe(versions.get(namespace));
        expect(await world.references(namespace)).toEqual([]);
        await world.admin.patch(`${secrets(namespace)}/refuse`, {
          metadata: { annotations: { "regcred.dev/adopt": "true" } },
        });
      }
      await counts("refuse", 6, 0);
      for (const namespace of versions.keys()) {
        expect((await world.secret(namespace, "refuse"))?.["type"]).toBe("kubernetes.io/dockerconfigjson");
        expect(Object.keys((await world.logins(namespace, "refuse")) ?? {})).toEqual([host]);
        expect(await world.references(namespace)).toEqual(["refuse"]);
      }
    });
  });
});
