// Tests that several RegistryCredentials, or a tenant and regcred, share one Secret without taking from each other.
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { KubeObject } from "../cluster/admin-client.ts";
import { history, secretsCalled } from "./history.ts";
import { eventually, loginsIn, type TestEnv, testEnv, soon, staticSpec } from "./test-env.ts";

// All that are used here: the operator is installed for these.
const pullSecretNames = "all duo gap gap-own half move regcred share".split(" ");

describe("several credentials in one Secret", () => {
  let world: TestEnv;

  /** Password by host. */
  const passwordsIn = (secret: KubeObject | undefined): Readonly<Record<string, string>> =>
    Object.fromEntries(Object.entries(loginsIn(secret) ?? {}).map(([host, { password }]) => [host, password]));
  const becomes = (namespace: string, name: string, expected: Readonly<Record<string, string>>): Promise<void> =>
    eventually(`${namespace}/${name} holds ${JSON.stringify(expected)}`, async () => {
      return isDeepStrictEqual(passwordsIn(await world.secret(namespace, name)), expected);
    });
  const ready = (credential: string, count: number): Promise<void> =>
    eventually(
      `${credential} is ready in ${count}`,
      async () => (await world.status(credential)).namespaces?.ready === count,
    );
  /** The older one of two made within one second is the first by name. */
  const credential = (
    name: string,
    secret: string,
    hosts: readonly string[],
    changes: object = {},
  ): Promise<KubeObject> =>
    world.credential(
      name,
      staticSpec(`${name}-source`, {
        hosts,
        namespaces: { include: [`${secret}-*`] },
        pullSecret: { name: secret },
        ...changes,
      }),
    );

  beforeAll(async () => {
    world = await testEnv({ install: { pullSecretNames } });
    await world.startOperator();
    for (const name of [
      "duo-1",
      "duo-2",
      "all-1",
      "all-2",
      "half-1",
      "half-2",
      "gap-1",
      "gap-2",
      "move-1",
      "move-2",
      "share-1",
      "share-2",
    ]) {
      await world.source(`${name}-source`, { username: name, password: name });
    }
  });
  afterAll(() => world.close());

  it("gives a host claimed twice to the older one, says so to the other, and hands it over without a gap", async () => {
    await world.namespaces(["duo-a", "duo-b"]);
    await credential("duo-1", "duo", ["one.example.com", "both.example.com"]);
    await credential("duo-2", "duo", ["both.example.com", "two.example.com"]);
    for (const namespace of ["duo-a", "duo-b"]) {
      await becomes(namespace, "duo", {
        "one.example.com": "duo-1",
        "both.example.com": "duo-1",
        "two.example.com": "duo-2",
      });
    }
    await ready("duo-1", 2);
    await eventually(
      "HostShadowed is told of both",
      async () => (await world.status("duo-2")).failures?.[0]?.count === 2,
    );
    expect((await world.status("duo-2")).failures).toMatchObject([
      { reason: "HostShadowed", count: 2, examples: ["duo-a", "duo-b"] },
    ]);
    expect((await world.status("duo-1")).failures ?? []).toEqual([]);
    for (const name of ["duo-1", "duo-2"])
      await expect.poll(() => world.condition(name, "Ready"), soon).toMatchObject({ status: "True" });

    await using secrets = await history(world, secretsCalled("duo"));
    await using accounts = await history(world, "/api/v1/serviceaccounts");
    await world.atRest();
    expect([...secrets.versions, ...accounts.versions]).toEqual([]);

    const before = await world.secret("duo-a", "duo");
    await world.deleteCredential("duo-1");
    for (const namespace of ["duo-a", "duo-b"]) {
      await becomes(namespace, "duo", { "both.example.com": "duo-2", "two.example.com": "duo-2" });
      expect(await world.references(namespace)).toEqual(["duo"]);
    }
    await eventually("nothing is shadowed", async () => (await world.status("duo-2")).failures?.length === 0);
    expect((await world.secret("duo-a", "duo"))?.metadata.uid).toBe(before?.metadata.uid);
    expect(secrets.versions.map(({ type, object }) => [type, passwordsIn(object)["both.example.com"]])).toEqual([
      ["MODIFIED", "duo-2"],
      ["MODIFIED", "duo-2"],
    ]);
    expect(accounts.versions).toEqual([]);

    await world.deleteCredential("duo-2");
    for (const namespace of ["duo-a", "duo-b"]) {
      expect(await world.secret(namespace, "duo")).toBeUndefined();
      expect(await world.references(namespace)).toEqual([]);
    }
  });

  it("takes back only its own when the younger one goes", async () => {
    await world.namespaces(["all-a"]);
    await credential("all-1", "all", ["one.example.com"]);
    await credential("all-2", "all", ["one.example.com", "two.example.com"]);
    await becomes("all-a", "all", { "one.example.com": "all-1", "two.example.com": "all-2" });
    await world.patchCredential("all-2", {
      spec: {
        registries: [
          { name: "main", provider: "Static", hosts: ["three.example.com"], static: { secretName: "all-2-source" } },
        ],
      },
    });
    await becomes("all-a", "all", { "one.example.com": "all-1", "three.example.com": "all-2" });
    await world.deleteCredential("all-2");
    await becomes("all-a", "all", { "one.example.com": "all-1" });
    expect(await world.references("all-a")).toEqual(["all"]);
  });

  it("serves each namespace with those that select it", async () => {
    await world.namespaces(["half-a", "half-b", "half-c"]);
    await credential("half-1", "half", ["one.example.com"], { namespaces: { include: ["half-a", "half-b"] } });
    await credential("half-2", "half", ["two.example.com"], { namespaces: { include: ["half-b", "half-c"] } });
    await becomes("half-a", "half", { "one.example.com": "half-1" });
    await becomes("half-b", "half", { "one.example.com": "half-1", "two.example.com": "half-2" });
    await becomes("half-c", "half", { "two.example.com": "half-2" });
    await world.patchCredential("half-1", { spec: { namespaces: { include: ["half-a"] } } });
    await becomes("half-b", "half", { "two.example.com": "half-2" });
    await world.patchCredential("half-2", { spec: { namespaces: { include: ["half-b"] } } });
    await eventually("the last one is gone", async () => (await world.secret("half-c", "half")) === undefined);
    expect(await world.references("half-c")).toEqual([]);
    expect(await world.references("half-b")).toEqual(["half"]);
  });

  it("trades one for the other in one write when a namespace is labelled anew", async () => {
    await world.namespaces(["move-a"], { labels: { side: "1" } });
    for (const side of ["1", "2"]) {
      await credential(`move-${side}`, "move", ["one.example.com"], {
        namespaces: { selector: { matchLabels: { side } } },
      });
    }
    await becomes("move-a", "move", { "one.example.com": "move-1" });
    await eventually("it is referred to", async () => (await world.references("move-a")).includes("move"));
    await using secrets = await history(world, secretsCalled("move"));
    await using accounts = await history(world, "/api/v1/namespaces/move-a/serviceaccounts");
    await world.admin.patch("/api/v1/namespaces/move-a", { metadata: { labels: { side: "2" } } });
    await becomes("move-a", "move", { "one.example.com": "move-2" });
    await world.atRest();
    expect(secrets.versions.map(({ object }) => passwordsIn(object))).toEqual([{ "one.example.com": "move-2" }]);
    expect(accounts.versions).toEqual([]);
  });

  it("keeps a further reference as long as one of them wants it", async () => {
    await world.namespaces(["share-a"]);
    for (const name of ["share-1", "share-2"]) {
      await credential(name, "share", ["one.example.com"], {
        pullSecret: { name: "share", extraReferences: ["other", `own-${name}`] },
      });
    }
    const refers = (names: string): Promise<void> =>
      eventually(`it refers to ${names}`, async () => (await world.references("share-a")).join() === names);
    await refers("share,other,own-share-1,own-share-2");
    await world.deleteCredential("share-1");
    await refers("share,other,own-share-2");
    await world.deleteCredential("share-2");
    expect(await world.references("share-a")).toEqual([]);
  });

  it("keeps all references while one of them moves to another Secret", async () => {
    await world.namespaces(["gap-a"]);
    await credential("gap-1", "gap", ["one.example.com"]);
    await credential("gap-2", "gap", ["two.example.com"]);
    await becomes("gap-a", "gap", { "one.example.com": "gap-1", "two.example.com": "gap-2" });
    await world.patchCredential("gap-2", { spec: { pullSecret: { name: "gap-own" } } });
    await eventually("both are referred to", async () => (await world.references("gap-a")).join() === "gap,gap-own");
    // Pods hold the former Secret for an hour yet.
    await becomes("gap-a", "gap", { "one.example.com": "gap-1", "two.example.com": "gap-2" });
    await becomes("gap-a", "gap-own", { "two.example.com": "gap-2" });
    await world.deleteCredential("gap-2");
    await becomes("gap-a", "gap", { "one.example.com": "gap-1" });
    expect(await world.secret("gap-a", "gap-own")).toBeUndefined();
    expect(await world.references("gap-a")).toEqual(["gap"]);
  });
});
