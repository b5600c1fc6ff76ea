// Tests that a namespace that is made anew under its name gets what the one before had.
import { contextOf } from "../context-of.ts";
import { expect, it } from "vitest";
import { pullSecretReconciler } from "../../../src/controllers/pull-secret/controller.ts";
import { smallCluster } from "../small-cluster.ts";

const spec = (secretName: string): object => ({
  registries: [
    {
      name: "hub",
      provider: "Static",
      hosts: ["hub.example.com"],
      static: { secretName, usernameKey: "username", passwordKey: "password" },
    },
  ],
  namespaces: { include: ["team-*"] },
});

it("the login of before an entry was altered, which only the namespace of before had, does not go to it", async () => {
  const on = smallCluster();
  on.namespaces("team-a", "team-b");
  on.source("one", "first");
  on.credential("acme", spec("one"));
  await on.start();
  await on.pass({ seconds: 5 });
  expect(on.passwords("team-a")).toEqual({ "hub.example.com": "first" });
  on.credential("acme", spec("lacking"));
  await on.pass({ seconds: 5 });
  expect(on.passwords("team-a")).toEqual({ "hub.example.com": "first" });
  // All at once, as it looks where its key has to wait, because its tenant has had its share.
  on.remove("secrets", "team-a/regcred");
  on.remove("serviceAccounts", "team-a/default");
  on.remove("namespaces", "team-a");
  on.namespaces("team-a", "team-c");
  await on.pass({ seconds: 5 });
  expect(on.passwords("team-c")).toBeUndefined();
  expect(on.passwords("team-a")).toBeUndefined();
});

it("what one that is gone lived by is forgotten under every name at once, for its successor may be there before each key has run", async () => {
  const used: [string, number][] = [];
  const context = contextOf({
    runtime: { clock: { elapsed: () => 0 } },
    credentials: {
      judged: { judged: () => undefined, unjudged: () => undefined },
      index: { isInUse: (name: string) => name !== "third" },
      statusCache: { secretNames: () => ["regcred", "other"], forget: () => undefined },
    },
    cluster: { stores: { namespaces: { look: () => ({ kind: "absent" }) }, pullSecrets: { get: () => undefined } } },
    grants: {
      tokens: {
        use: (user: string, grants: ReadonlyMap<string, object>) => {
          used.push([user, grants.size]);
          return [];
        },
      },
    },
  });
  await pullSecretReconciler()(context, "team-a", "regcred", AbortSignal.timeout(60_000));
  expect(Object.fromEntries(used)).toEqual({ "secret/team-a/regcred": 0, "secret/team-a/other": 0 });
});
