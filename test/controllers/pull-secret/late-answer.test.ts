// Tests that a Secret which has gone before the answer to its creation came is made anew.
import { expect, it } from "vitest";
import type { Body, SecretObject } from "../../../src/cluster/cluster-api.ts";
import { smallCluster } from "../small-cluster.ts";

it("is looked at again, though no watch has ever told of it", async () => {
  const cluster = smallCluster();
  cluster.namespaces("team-a");
  cluster.source("hub", "hunter2");
  const { cluster: parts } = await cluster.start();
  const before = { ...parts.api };
  let created = 0;
  const create = async (namespace: string, body: Body, signal: AbortSignal): Promise<SecretObject> => {
    const { metadata, ...rest } = (typeof body === "string" ? JSON.parse(body) : body) as SecretObject;
    if (metadata.name !== "regcred" || (created += 1) > 1) return before.createSecret(namespace, body, signal);
    // A tenant deletes it at once, and what is listed next is without it: nobody hears that it has been there.
    cluster.source("another", "one");
    const { resourceVersion = "" } = cluster.get("secrets", "regcred-system/another")?.metadata ?? {};
    cluster.source("another", "two");
    cluster.listAgain("regcred");
    return { ...rest, metadata: { ...metadata, uid: "gone", resourceVersion } };
  };
  Object.assign(parts.api, { createSecret: create });
  cluster.credential("acme", {
    registries: [{ name: "hub", provider: "Static", hosts: ["one.example.com"], static: { secretName: "hub" } }],
    namespaces: { include: ["team-a"] },
  });
  await cluster.settle();
  expect(cluster.passwords("team-a")).toEqual({ "one.example.com": "hunter2" });
});
