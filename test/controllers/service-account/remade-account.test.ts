// Tests that a ServiceAccount that is made anew under its name, as of a namespace that comes again and again, is another one.
import { expect, it } from "vitest";
import { smallCluster } from "../small-cluster.ts";

const spec = {
  registries: [
    {
      name: "hub",
      provider: "Static",
      hosts: ["hub.example.com"],
      static: { secretName: "one", usernameKey: "username", passwordKey: "password" },
    },
  ],
  namespaces: { include: ["team-*"] },
};

it("is referred to at once, however often it has been made before, and nobody is told of a fight", async () => {
  const on = smallCluster();
  on.source("one", "first");
  on.credential("acme", spec);
  await on.start();
  const rounds: unknown[] = [];
  for (let round = 0; round < 8; round += 1) {
    on.namespaces("team-a");
    await on.pass({ seconds: 5 });
    const account = on.get("serviceAccounts", "team-a/default");
    rounds.push([account?.["imagePullSecrets"], on.conditions("acme")["Distributed"]]);
    on.remove("secrets", "team-a/regcred");
    on.remove("serviceAccounts", "team-a/default");
    on.remove("namespaces", "team-a");
    await on.pass({ minutes: 1 });
  }
  expect(rounds).toEqual(rounds.map(() => [[{ name: "regcred" }], "Distributed"]));
});
