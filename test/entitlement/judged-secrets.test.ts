// Tests of when a login that nobody is known to need is certainly needed by nobody.
import { expect, it } from "vitest";
import { unavailable } from "../../src/runtime/client/api-error.ts";
import { judgedSecrets } from "../../src/entitlement/judged-secrets.ts";
import { smallCluster } from "../controllers/small-cluster.ts";

const spec = {
  registries: [{ name: "main", provider: "Static", hosts: ["hub.example.com"], static: { secretName: "hub" } }],
  namespaces: { include: ["team-*"] },
};

it("not once every pull Secret has been judged, until one is new or cannot be judged any more", async () => {
  const world = smallCluster();
  world.namespaces("team-a");
  world.source("hub", "first");
  world.credential("hub", spec);
  const context = await world.start();
  const asked = (): string => context.credentials.judged.nobodyElse().kind;
  await world.pass({ seconds: 15 });
  expect(asked()).toBe("absent");
  // Nobody is concerned by that, so that nothing runs.
  world.edit("namespaces", "team-a", { metadata: { annotations: { note: "x" } } });
  expect(asked()).toBe("absent");

  // A right is taken away while it runs.
  const { namesSynced } = context.cluster;
  Object.assign(context.cluster, { namesSynced: () => false });
  context.queue.enqueue("secret/team-a/regcred");
  await world.pass({ seconds: 5 });
  expect(asked()).toBe("not-seen");
  world.remove("namespaces", "team-a");
  await world.pass({ seconds: 5 });
  expect(asked()).toBe("absent");
  world.namespaces("team-b");
  await world.pass({ seconds: 5 });
  expect(asked()).toBe("not-seen");
  Object.assign(context.cluster, { namesSynced });
  context.queue.enqueue("secret/team-b/regcred");
  await world.pass({ seconds: 5 });
  expect(asked()).toBe("absent");

  world.hidden.add("another");
  world.credential("hub", { ...spec, pullSecret: { name: "another" } });
  await world.pass({ seconds: 5 });
  expect(asked()).toBe("not-seen");
  await world.show("another");
  await world.pass({ seconds: 5 });
  expect(asked()).toBe("absent");
});

it("not while a Secret cannot be read that may live by a token from before", async () => {
  const world = smallCluster();
  world.namespaces("team-a");
  world.source("hub", "first");
  const theirs = { type: "kubernetes.io/dockerconfigjson", data: { ".dockerconfigjson": btoa('{"auths":{}}') } };
  world.put("secrets", { metadata: { namespace: "team-a", name: "regcred" }, ...theirs });
  world.credential("hub", { ...spec, pullSecret: { onConflict: "Merge" } });
  const context = await world.start();
  const { api } = context.cluster;
  const getSecret = async (): Promise<never> => Promise.reject(unavailable("no answer", "ETIMEDOUT"));
  Object.assign(context.cluster, { api: { ...api, getSecret } });
  world.source("hub", "second");
  await world.pass({ seconds: 15 });
  expect(context.credentials.judged.nobodyElse().kind).toBe("not-seen");
  Object.assign(context.cluster, { api });
  await world.pass({ minutes: 2 });
  expect(context.credentials.judged.nobodyElse().kind).toBe("absent");
});

it("not for what has gone while the replica stood by", async () => {
  const world = smallCluster();
  world.namespaces("team-a", "team-b");
  world.source("hub", "first");
  world.credential("hub", spec);
  const context = await world.start();
  const standingBy = judgedSecrets({ stores: context.cluster.stores, ...context.credentials });
  standingBy.unjudged("team-a", "regcred");
  standingBy.unjudged("team-b", "regcred");
  standingBy.called("regcred");
  standingBy.judged("team-b", "regcred");
  expect(standingBy.nobodyElse().kind).toBe("not-seen");
  const another = judgedSecrets({ stores: context.cluster.stores, ...context.credentials });
  another.unjudged("team-b", "regcred");
  expect(another.nobodyElse().kind).toBe("not-seen");
  another.called("regcred");
  world.remove("namespaces", "team-b");
  await world.pass({ seconds: 5 });
  expect(another.nobodyElse().kind).toBe("absent");
  world.credential("hub", { ...spec, pullSecret: { name: "another" } });
  await world.pass({ hours: 2 });
  expect(standingBy.nobodyElse().kind).toBe("not-seen");
  standingBy.called("another");
  expect(standingBy.nobodyElse().kind).toBe("absent");
});
