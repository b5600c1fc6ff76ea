// Does a failure to see something take nothing away, and does every wait end? The loops on a small cluster, in virtual time.
import { describe, expect, it } from "vitest";
import { smallCluster } from "./small-cluster.ts";

type World = ReturnType<typeof smallCluster>;

function staticSpec(source: string, changes: object = {}): object {
  return {
    registries: [
      { name: "main", provider: "Static", hosts: [`${source}.example.com`], static: { secretName: source } },
    ],
    namespaces: { include: ["team-*"] },
    ...changes,
  };
}

async function served(pullSecret = "regcred"): Promise<World> {
  const world = smallCluster();
  world.namespaces("team-a", "other");
  world.source("hub", "first");
  world.credential("hub", staticSpec("hub", { pullSecret: { name: pullSecret } }));
  await world.start();
  await world.pass({ seconds: 15 });
  expect([world.passwords("team-a", pullSecret), world.tokens()]).toEqual([{ "hub.example.com": "first" }, 1]);
  expect(world.conditions("hub")).toMatchObject({ Ready: "Served" });
  return world;
}

describe("a token that nobody needs any more", () => {
  it.each<[string, (world: World) => void]>([
    ["another source is named", (world) => world.credential("hub", staticSpec("elsewhere"))],
    [
      "its namespace is not selected any more",
      (world) => world.credential("hub", staticSpec("hub", { namespaces: { include: ["crew-*"] } })),
    ],
    ["its namespace is deleted", (world) => world.remove("namespaces", "team-a")],
    [
      "its RegistryCredential is deleted",
      (world) => world.edit("credentials", "hub", { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } }),
    ],
    ["its RegistryCredential is gone without a drain", (world) => world.strip("hub")],
  ])("goes after ten minutes where %s", async (_what, change) => {
    for (const name of ["regcred", "own-name"]) {
      const world = await served(name);
      change(world);
      await world.pass({ minutes: 9 });
      expect(world.tokens()).toBe(1);
      await world.pass({ minutes: 2 });
      expect([name, world.tokens()]).toEqual([name, 0]);
    }
  });
});

describe("an install that has moved", () => {
  it("serves and rotates each RegistryCredential that it has taken over", async () => {
    const world = await served();
    world.source("lab", "second");
    world.credential("lab", staticSpec("lab"));
    await world.pass({ seconds: 15 });
    await world.stop();
    for (const name of ["hub", "lab"]) world.edit("credentials", name, { status: { operatorNamespace: "former" } });
    await world.start();
    await world.pass({ seconds: 15 });
    world.source("hub", "rotated");
    world.namespaces("team-b");
    await world.pass({ seconds: 15 });
    for (const name of ["team-a", "team-b"]) {
      expect(world.passwords(name)).toEqual({ "hub.example.com": "rotated", "lab.example.com": "second" });
    }
    for (const name of ["hub", "lab"]) expect(world.conditions(name)).toMatchObject({ Ready: "Served" });
  });
});
