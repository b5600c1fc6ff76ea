// Tests that a failure to see something takes nothing away, and that every wait ends: controllers on a small cluster, in virtual time.
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
    ["its RegistryCredential is gone without a drain", (world) => world.transform("hub")],
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

it("nothing is kept of a Secret name, some time after the last RegistryCredential of it has been taken from everybody", async () => {
  const world = await served("own-name");
  const context = world.context();
  world.edit("credentials", "hub", { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } });
  await world.pass({ minutes: 19 });
  // What is written late goes, too.
  expect(context.credentials.index.names()).toEqual(["own-name"]);
  await world.pass({ minutes: 2 });
  expect([context.credentials.statusCache.secret("team-a", "own-name"), context.credentials.index.names()]).toEqual([
    undefined,
    [],
  ]);
});

it("no reference to a former Secret is put back while the present one is there and has yet to be seen", async () => {
  const world = await served();
  world.credential("hub", staticSpec("hub", { pullSecret: { name: "present" } }));
  await world.pass({ seconds: 30 });
  const referred = (): unknown => world.get("serviceAccounts", "team-a/default")?.["imagePullSecrets"];
  expect(referred()).toEqual([{ name: "present" }]);
  await world.stop();
  const count = world.writes.length;
  world.hidden.add("present");
  await world.start();
  await world.pass({ seconds: 30 });
  await world.show("present");
  await world.pass({ minutes: 5 });
  expect(world.writes.slice(count)).toEqual([]);
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

describe("a list of pull Secrets that fails after a start", () => {
  it("leaves every token where it is, for as long as it lasts, and ends as if nothing had been", async () => {
    const world = await served();
    world.remove("secrets", "regcred-system/hub");
    world.credential("unneeded", staticSpec("hub"));
    await world.stop();
    world.hidden.add("regcred");
    await world.start();
    await world.pass({ minutes: 40 });
    expect(world.tokens()).toBe(1);
    await world.show("regcred");
    await world.pass({ minutes: 15 });
    expect([world.tokens(), world.passwords("team-a")]).toEqual([1, { "hub.example.com": "first" }]);
    world.credential("hub", staticSpec("elsewhere"));
    world.credential("unneeded", staticSpec("elsewhere"));
    await world.pass({ minutes: 15 });
    expect(world.tokens()).toBe(0);
  });
});

describe("a RegistryCredential that is gone without a drain", () => {
  /** Both in one Secret. */
  async function shared(): Promise<World> {
    const world = smallCluster();
    world.namespaces("team-a", "team-b");
    world.source("hub", "of hub");
    world.source("lab", "of lab");
    world.credential("hub", staticSpec("hub"));
    world.credential("lab", staticSpec("lab"));
    await world.start();
    await world.pass({ seconds: 15 });
    expect(world.passwords("team-a")).toEqual({ "hub.example.com": "of hub", "lab.example.com": "of lab" });
    return world;
  }
  const elsewhere = staticSpec("lab", { namespaces: { include: ["team-b"] } });
  const marks = (world: World): readonly string[] =>
    String(world.get("secrets", "team-a/regcred")?.metadata.annotations?.["regcred.dev/credentials"]).split(",");

  const references = (world: World): unknown => world.get("serviceAccounts", "team-a/default")?.["imagePullSecrets"];

  it.each([["while no operator runs"], ["while one runs"]])(
    "%s keeps its login in a Secret that another one leaves, and that one does not",
    async (when) => {
      const world = await shared();
      if (when.startsWith("while no")) await world.stop();
      world.transform("hub");
      world.credential("lab", elsewhere);
      if (when.startsWith("while no")) await world.start();
      await world.pass({ minutes: 1 });
      expect([world.passwords("team-a"), marks(world)]).toEqual([{ "hub.example.com": "of hub" }, ["hub"]]);
      expect(references(world)).toEqual([{ name: "regcred" }]);
      expect(world.passwords("team-b")).toEqual({ "hub.example.com": "of hub", "lab.example.com": "of lab" });
      // And after one more start, with hours between.
      await world.pass({ hours: 3 });
      await world.stop();
      await world.start();
      await world.pass({ hours: 1 });
      expect(world.passwords("team-a")).toEqual({ "hub.example.com": "of hub" });
      // The other one may come and go beside it.
      world.credential("lab", staticSpec("lab"));
      await world.pass({ minutes: 1 });
      expect(world.passwords("team-a")).toEqual({ "hub.example.com": "of hub", "lab.example.com": "of lab" });
      world.credential("lab", elsewhere);
      await world.pass({ minutes: 1 });
      expect([world.passwords("team-a"), references(world)]).toEqual([
        { "hub.example.com": "of hub" },
        [{ name: "regcred" }],
      ]);
      // Taken back by one of its name.
      world.source("hub", "anew");
      world.credential("hub", staticSpec("hub"));
      await world.pass({ minutes: 1 });
      expect(world.passwords("team-a")).toEqual({ "hub.example.com": "anew" });
      world.credential("hub", staticSpec("hub", { namespaces: { include: ["team-b"] } }));
      await world.pass({ minutes: 1 });
      expect([world.passwords("team-a"), references(world)]).toEqual([undefined, []]);
    },
  );

  it("lets a tenant keep nothing of what another one takes back by its name, or by one that was never there", async () => {
    for (const gone of ["hub", "never"]) {
      const world = await shared();
      await world.stop();
      if (gone === "hub") world.transform("hub");
      const forged = [{ name: `${gone}/main`, grant: "g", hosts: ["lab.example.com", "hub.example.com"] }];
      const annotations = {
        "regcred.dev/credentials": `lab,hub,${gone}`,
        "regcred.dev/entries": JSON.stringify(forged),
      };
      world.edit("secrets", "team-a/regcred", { metadata: { annotations } });
      // Where nobody is gone, it keeps nothing of what is taken out of a spec either.
      const registries = [
        { name: "main", provider: "Static", hosts: ["new.example.com"], static: { secretName: "lab" } },
      ];
      world.credential("lab", gone === "hub" ? elsewhere : { registries, namespaces: { include: ["team-b"] } });
      await world.start();
      await world.pass({ minutes: 1 });
      expect(world.passwords("team-a")).toEqual({ "hub.example.com": "of hub" });
    }
  });

  it("is remembered no longer than its Secrets are there", async () => {
    const records = (world: World): number =>
      world.keys("secrets").filter((key) => key.startsWith("regcred-system/regcred-members-")).length;
    const world = await shared();
    world.transform("hub");
    await world.pass({ minutes: 1 });
    expect(records(world)).toBe(2);
    for (const namespace of ["team-a", "team-b"]) world.remove("secrets", `${namespace}/regcred`);
    await world.pass({ minutes: 1 });
    expect([records(world), world.passwords("team-a")]).toEqual([1, { "lab.example.com": "of lab" }]);
  });
});

describe("a spec that cannot be read after a start", () => {
  it("costs no token: nobody knows what it needs", async () => {
    const world = await served();
    world.source("lab", "second");
    world.credential("lab", staticSpec("lab", { pullSecret: { name: "own-name" } }));
    await world.pass({ seconds: 15 });
    expect(world.tokens()).toBe(2);
    await world.stop();
    world.credential("lab", { registries: [{ name: "main", provider: "FromTheFuture" }] });
    await world.start();
    await world.pass({ hours: 1 });
    expect(world.tokens()).toBe(2);
    world.credential("lab", staticSpec("hub", { pullSecret: { name: "own-name" } }));
    await world.pass({ minutes: 12 });
    expect(world.tokens()).toBe(1);
  });
});
