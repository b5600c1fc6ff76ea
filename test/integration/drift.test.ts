// Tests that what somebody changes in our Secrets and references is put right, from the watch's events alone.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type KubeObject, Refused } from "../cluster/admin-client.ts";
import { eventually, operatorNamespace, type TestEnv, testEnv, staticSpec } from "./test-env.ts";

const host = "registry.example.com";

describe("drift", () => {
  let world: TestEnv;

  const path = (name: string): string => `/api/v1/namespaces/${name}/secrets/${name}`;
  const account = (name: string): string => `/api/v1/namespaces/${name}/serviceaccounts/default`;
  const config = (text: string): object => ({ data: { ".dockerconfigjson": Buffer.from(text).toString("base64") } });
  /** All of a Secret that anybody could have changed. */
  const content = ({ metadata, type, data, immutable }: KubeObject): object => ({
    labels: metadata.labels,
    annotations: metadata.annotations,
    type,
    data,
    immutable: immutable ?? false,
  });
  /** A credential, its namespace and its Secret, all of one name; the Secret as it was written. */
  const served = async (name: string): Promise<KubeObject> => {
    await world.namespaces([name]);
    await world.credential(
      name,
      staticSpec("hub", {
        namespaces: { include: [name] },
        pullSecret: { name, labels: { "acme.io/team": "red" }, annotations: { "acme.io/ticket": "42" } },
      }),
    );
    await eventually(`${name} is served`, async () => (await world.status(name)).namespaces?.ready === 1);
    const secret = await world.secret(name, name);
    if (!secret) throw new Error(`${name} has no Secret`);
    return secret;
  };
  const isRight = async (name: string, before: KubeObject): Promise<boolean> => {
    const now = await world.secret(name, name);
    return now !== undefined && JSON.stringify(content(now)) === JSON.stringify(content(before));
  };
  const transform = (object: KubeObject | undefined, key: "labels" | "annotations"): object =>
    Object.fromEntries(Object.keys(object?.metadata[key] ?? {}).map((name) => [name, null]));

  /** The tenant deletes our Secret and is quicker than we are to make another one. */
  const swap = async (name: string, body: object): Promise<void> =>
    eventually("the tenant's Secret is there", async () => {
      await world.admin.remove(path(name));
      try {
        await world.admin.create(`/api/v1/namespaces/${name}/secrets`, body);
        return true;
      } catch (error) {
        if (error instanceof Refused && error.code === 409) return false;
        throw error;
      }
    });

  beforeAll(async () => {
    world = await testEnv();
    await world.startOperator();
    await world.source("hub", { username: "ann", password: "first" });
  });
  afterAll(() => world.close());

  const stays = true;
  const goes = false;
  it.concurrent.each<[string, boolean, (name: string, before: KubeObject) => Promise<unknown>]>([
    ["data-changed", stays, (name) => world.admin.patch(path(name), config('{"auths":{}}'))],
    ["data-garbled", stays, (name) => world.admin.patch(path(name), config('{"auths":7}'))],
    ["key-added", stays, (name) => world.admin.patch(path(name), { data: { more: "eA==" } })],
    [
      "label-taken",
      stays,
      (name) =>
        world.admin.patch(path(name), {
          metadata: { labels: { "app.kubernetes.io/managed-by": "me", "acme.io/team": "blue" } },
        }),
    ],
    [
      "annotations-forged",
      stays,
      (name) =>
        world.admin.patch(path(name), {
          metadata: {
            annotations: { "regcred.dev/credentials": "other", "regcred.dev/entries": "?", "regcred.dev/managed": "[" },
          },
        }),
    ],
    [
      "metadata-stripped",
      stays,
      (name, before) =>
        world.admin.patch(path(name), {
          metadata: { labels: transform(before, "labels"), annotations: transform(before, "annotations") },
        }),
    ],
    [
      "all-stripped",
      stays,
      (name, before) =>
        world.admin.patch(path(name), {
          metadata: { labels: transform(before, "labels"), annotations: transform(before, "annotations") },
          ...config("{}"),
        }),
    ],
    ["made-immutable", goes, (name) => world.admin.patch(path(name), { immutable: true })],
    [
      "immutable-and-stripped",
      goes,
      (name, before) =>
        world.admin.patch(path(name), {
          immutable: true,
          metadata: { labels: transform(before, "labels"), annotations: transform(before, "annotations") },
          ...config("{}"),
        }),
    ],
    ["deleted", goes, (name) => world.admin.remove(path(name))],
    [
      "other-type",
      goes,
      (name, { metadata: { labels, annotations } }) =>
        swap(name, { metadata: { name, labels, annotations }, type: "Opaque", stringData: { some: "thing" } }),
    ],
    [
      "other-data",
      goes,
      (name, { metadata: { labels, annotations } }) =>
        swap(name, {
          metadata: { name, labels, annotations },
          type: "kubernetes.io/dockerconfigjson",
          ...config('{"auths":{"evil.example.com":{"auth":"eDp5"}}}'),
        }),
    ],
  ])("is repaired: %s", async (title, uidStays, damage) => {
    const name = `drift-${title}`;
    const before = await served(name);
    await damage(name, before);
    await eventually("the Secret is as it was", () => isRight(name, before));
    expect((await world.secret(name, name))?.metadata.uid === before.metadata.uid).toBe(uidStays);
    expect(await world.references(name)).toEqual([name]);
    await world.deleteCredential(name);
    expect(await world.secret(name, name)).toBeUndefined();
    expect(await world.references(name)).toEqual([]);
  });

  it("keeps right what is marked as merged by somebody else, and takes all of it away in the end", async () => {
    await served("forged");
    const forged = { "regcred.dev/managed": '{"hosts":[]}' };
    await world.admin.patch(path("forged"), { metadata: { annotations: forged }, ...config('{"auths":{}}') });
    await eventually("it is right", async () => (await world.logins("forged", "forged"))?.[host]?.password === "first");
    await world.deleteCredential("forged");
    expect(await world.secret("forged", "forged")).toBeUndefined();
  });

  it("leaves what others add to the metadata, over rotations too, until the credential goes", async () => {
    await world.source("added-source", { username: "ann", password: "first" });
    await world.namespaces(["added"]);
    await world.credential(
      "added",
      staticSpec("added-source", { namespaces: { include: ["added"] }, pullSecret: { name: "added" } }),
    );
    await eventually("it is served", async () => (await world.references("added")).includes("added"));
    const words = { labels: { "their.io/label": "1" }, annotations: { "their.io/note": "2" } };
    const { metadata } = await world.admin.patch(path("added"), { metadata: words });
    await world.atRest();
    expect((await world.secret("added", "added"))?.metadata.resourceVersion).toBe(metadata.resourceVersion);
    await world.source("added-source", { username: "ann", password: "second" });
    await eventually("it follows", async () => (await world.logins("added", "added"))?.[host]?.password === "second");
    expect((await world.secret("added", "added"))?.metadata).toMatchObject(words);
  });

  it("is repaired under metadata too large to keep, of which nothing is lost", async () => {
    const before = await served("heavy");
    const words = { annotations: { "their.io/note": "x".repeat(16 * 1024) }, finalizers: ["their.io/hold"] };
    await world.admin.patch(path("heavy"), { metadata: words, ...config("{}") });
    await eventually("it is right", async () => (await world.logins("heavy", "heavy"))?.[host]?.password === "first");
    const after = await world.secret("heavy", "heavy");
    expect(after?.metadata).toMatchObject({ ...words, uid: before.metadata.uid, labels: before.metadata.labels });
    await world.atRest();
    expect(await world.secret("heavy", "heavy")).toEqual(after);
    await world.admin.patch(path("heavy"), { metadata: { finalizers: null } });
    await world.deleteCredential("heavy");
    expect(await world.secret("heavy", "heavy")).toBeUndefined();
  });

  it("drops labels and annotations of its own that the spec no longer has, and no others", async () => {
    const before = await served("dropped");
    await world.admin.patch(path("dropped"), { metadata: { labels: { "their.io/label": "1" } } });
    await world.patchCredential("dropped", {
      spec: { pullSecret: { labels: { "acme.io/team": "blue" }, annotations: null } },
    });
    await eventually(
      "the label changes",
      async () => (await world.secret("dropped", "dropped"))?.metadata.labels?.["acme.io/team"] === "blue",
    );
    const { metadata } = (await world.secret("dropped", "dropped")) ?? before;
    expect(metadata.labels).toEqual({
      "app.kubernetes.io/managed-by": "regcred",
      "acme.io/team": "blue",
      "their.io/label": "1",
    });
    expect(Object.keys(metadata.annotations ?? {}).toSorted()).toEqual([
      "argocd.argoproj.io/compare-options",
      "argocd.argoproj.io/sync-options",
      "regcred.dev/credentials",
      "regcred.dev/entries",
      "regcred.dev/managed",
    ]);
  });

  it.each<[string, (name: string) => Promise<unknown>]>([
    ["reference-removed", (name) => world.admin.patch(account(name), { imagePullSecrets: [{ name: "theirs" }] })],
    [
      "list-and-record-removed",
      (name) =>
        world.admin.patch(account(name), { imagePullSecrets: [{ name: "theirs" }], metadata: { annotations: null } }),
    ],
  ])("is repaired on ServiceAccounts: %s", async (title, damage) => {
    const name = `drift-${title}`;
    await served(name);
    await damage(name);
    await eventually("the reference is back", async () => (await world.references(name)).join() === `theirs,${name}`);
    await world.deleteCredential(name);
    expect(await world.references(name)).toEqual(["theirs"]);
  });

  it("is repaired in the token Secret, too", async () => {
    await served("token-lost");
    const secrets = `/api/v1/namespaces/${operatorNamespace}/secrets`;
    const tokens = (await world.admin.list(secrets)).filter(({ metadata }) =>
      metadata.name.startsWith("regcred-token-"),
    );
    for (const { metadata } of tokens) await world.admin.remove(`${secrets}/${metadata.name}`);
    await eventually("they are back", async () =>
      (await Promise.all(tokens.map(({ metadata }) => world.admin.get(`${secrets}/${metadata.name}`)))).every(Boolean),
    );
    expect((await world.logins("token-lost", "token-lost"))?.[host]?.password).toBe("first");
    // Somebody has made it immutable: it is made anew with the next login.
    for (const { metadata } of tokens) await world.admin.patch(`${secrets}/${metadata.name}`, { immutable: true });
    await world.source("hub", { username: "ann", password: "rotated" });
    await eventually(
      "the next login has come",
      async () => (await world.logins("token-lost", "token-lost"))?.[host]?.password === "rotated",
    );
    const now = await Promise.all(tokens.map(({ metadata }) => world.admin.get(`${secrets}/${metadata.name}`)));
    expect(now.map((token) => token?.["immutable"] ?? false)).toContain(false);
    await world.source("hub", { username: "ann", password: "first" });
  });
});
