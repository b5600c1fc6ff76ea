// Does a namespace that is made anew under its name get what the one before had?
import { expect, it } from "vitest";
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
