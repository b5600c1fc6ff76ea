// Tests that nobody for whom nothing has been written yet is given what an entry had before it was altered.
import { describe, expect, it } from "vitest";
import { smallCluster } from "./small-cluster.ts";

const spec = (secretName: string, suspend: boolean): object => ({
  registries: [{ name: "main", provider: "Static", hosts: ["hub.example.com"], static: { secretName } }],
  namespaces: { include: ["team-*"] },
  suspend,
});

async function suspended(): Promise<ReturnType<typeof smallCluster>> {
  const world = smallCluster();
  world.namespaces("team-a");
  world.source("hub", "first");
  world.credential("hub", spec("hub", true));
  await world.start();
  await world.pass({ seconds: 15 });
  world.credential("hub", spec("missing", true));
  await world.pass({ seconds: 15 });
  return world;
}

describe("a RegistryCredential that was suspended from the beginning, and whose entry has been altered since", () => {
  it("says what its entry lacks, since nothing of before is given in its place", async () => {
    const world = await suspended();
    expect(world.conditions("hub")).toMatchObject({ Distributed: "SourceMissing" });
  });

  it("is given nothing of before when it is suspended no more, as after a restart", async () => {
    const world = await suspended();
    world.credential("hub", spec("missing", false));
    await world.pass({ seconds: 15 });
    expect(world.passwords("team-a")).toBeUndefined();
  });

  it("stays with what was given to it before", async () => {
    const world = smallCluster();
    world.namespaces("team-a");
    world.source("hub", "first");
    world.credential("hub", spec("hub", false));
    await world.start();
    await world.pass({ seconds: 15 });
    world.credential("hub", spec("missing", true));
    await world.pass({ minutes: 30 });
    world.credential("hub", spec("missing", false));
    await world.pass({ seconds: 15 });
    expect(world.passwords("team-a")).toEqual({ "hub.example.com": "first" });
  });
});
