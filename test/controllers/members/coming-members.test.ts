// Tests that a login is in the record of members before it comes into a Secret in which others have a part.
import { describe, expect, it } from "vitest";
import { smallCluster } from "../small-cluster.ts";

const never = new AbortController().signal;

function staticSpec(source: string): object {
  const entry = { name: "main", provider: "Static", hosts: [`${source}.example.com`], static: { secretName: source } };
  return { registries: [entry], namespaces: { include: ["team-*"] } };
}

type World = ReturnType<typeof smallCluster>;

/** Writes of pull Secrets and of the record since `from`, in their order. */
function writesSince(world: World, from: number): readonly string[] {
  return world.writes.slice(from).flatMap((write) => {
    if (write.includes("/regcred-members-")) return ["record"];
    return write.endsWith(" team-a/regcred") ? [write.replace("team-a/regcred", "Secret")] : [];
  });
}

async function served(...credentials: readonly string[]): Promise<World> {
  const world = smallCluster();
  for (const name of ["hub", "own"]) world.source(name, `of ${name}`);
  for (const name of credentials) world.credential(name, staticSpec(name));
  await world.start();
  await world.pass({ seconds: 15 });
  return world;
}

describe("a login that comes into a Secret", () => {
  it("of another's is in the record first", async () => {
    const world = await served("hub");
    world.namespaces("team-a");
    await world.pass({ seconds: 15 });
    const before = world.writes.length;
    world.credential("own", staticSpec("own"));
    await world.pass({ seconds: 15 });
    expect(world.passwords("team-a")).toEqual({ "hub.example.com": "of hub", "own.example.com": "of own" });
    // It is begun, and has its row.
    expect(writesSince(world, before)).toEqual(["record", "record", "replace Secret"]);
  });

  it("that is made for two is in the record first, and then with the uid that it got", async () => {
    const world = await served("hub", "own");
    const before = world.writes.length;
    world.namespaces("team-a");
    await world.pass({ seconds: 15 });
    expect(writesSince(world, before)).toEqual(["record", "record", "create Secret", "record", "record"]);
    const {
      credentials: { members },
      cluster: { stores },
    } = world.context();
    const { uid } = stores.pullSecrets.get("team-a/regcred") ?? {};
    const place = { namespaceUid: stores.namespaces.get("team-a")?.uid ?? "", secretName: "regcred" };
    expect([
      members.owns(place, uid ?? ""),
      members.holders(place, uid ?? ""),
      members.holders(place, "other"),
    ]).toEqual([true, [...stores.credentials.values()].map((each) => each.uid), []]);
  });

  it("of its own waits for nothing", async () => {
    const world = await served("hub");
    const before = world.writes.length;
    world.namespaces("team-a");
    await world.pass({ seconds: 15 });
    expect(writesSince(world, before)).toEqual(["create Secret", "record"]);
  });

  it("is served though it cannot be recorded", async () => {
    const world = await served("hub", "own");
    const context = world.context();
    Object.assign(context.credentials, { storeMembers: () => Promise.resolve({ failed: true, retry: "slowly" }) });
    world.namespaces("team-a");
    await world.pass({ seconds: 15 });
    expect(world.passwords("team-a")).toEqual({ "hub.example.com": "of hub", "own.example.com": "of own" });
  });
});

describe("the record of one RegistryCredential", () => {
  it("is written once for all who have asked while it was being written", async () => {
    const world = await served("hub");
    const context = world.context();
    const [{ uid } = { uid: "" }] = [...context.cluster.stores.credentials.values()];
    const before = world.writes.length;
    const asks = ["n1", "n2", "n3"].map((namespaceUid) => {
      context.credentials.members.note(
        { namespaceUid, secretName: "regcred" },
        { secretUid: "s", merged: false, credentials: [uid] },
      );
      return context.credentials.storeMembers(context, uid, never);
    });
    expect(await Promise.all(asks)).toEqual([{}, {}, {}]);
    expect([writesSince(world, before), [...context.credentials.members.unsaved(uid)]]).toEqual([
      ["record", "record"],
      [],
    ]);
  });
});
