// Tests that a login is in the record of members before it comes into a Secret in which others have a part.
import { describe, expect, it } from "vitest";
import { ApiError } from "../../../src/runtime/client/api-error.ts";
import type { Context } from "../../../src/controllers/context.ts";
import type { Outcome } from "../../../src/runtime/queue/work-queue.ts";
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

/** @param most so often it is refused: whoever asks again at once, and again, would never let the clock go on */
function refusingStore(most: number): Pick<Context["credentials"]["membersStore"], "soon" | "all" | "isComing"> {
  let asked = 0;
  const all = async (): Promise<Outcome> => ({ failed: true, retry: "slowly" });
  const soon = (): Promise<Outcome> => {
    asked += 1;
    return asked <= most ? all() : new Promise<never>(() => undefined);
  };
  return { soon, all, isComing: () => false };
}

/** Stores what somebody waits for only when it is told to, and nothing else. */
function heldStore(store: Context["credentials"]["membersStore"]) {
  const held = Promise.withResolvers<void>();
  const soon: typeof store.soon = async (...asked) => {
    await held.promise;
    return store.soon(...asked);
  };
  return { store: { ...store, all: async () => ({}), soon }, goOn: held.resolve };
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

  it("is in the record first, whatever else brings a run of the Secret meanwhile", async () => {
    const world = await served("hub", "own");
    const context = world.context();
    const held = heldStore(context.credentials.membersStore);
    Object.assign(context.credentials, { membersStore: held.store });
    const before = world.writes.length;
    world.namespaces("team-a");
    await world.pass({ seconds: 5 });
    context.queue.enqueue("secret/team-a/regcred");
    await world.pass({ seconds: 5 });
    expect(writesSince(world, before)).toEqual([]);
    held.goOn();
    await world.pass({ seconds: 5 });
    expect(writesSince(world, before)).toEqual(["record", "record", "create Secret"]);
  });

  it("of forty namespaces is in the record by a few writes", async () => {
    const world = await served("hub", "own");
    const before = world.writes.length;
    world.namespaces(...Array.from({ length: 40 }, (_, index) => `team-${index}`));
    await world.pass({ seconds: 2 });
    const kinds = world.writes.slice(before).map((each) => (each.includes("/regcred-members-") ? "record" : "other"));
    expect(kinds.filter((each) => each === "record").length).toBeLessThanOrEqual(6);
    expect(world.passwords("team-39")).toEqual({ "hub.example.com": "of hub", "own.example.com": "of own" });
  });

  it("is served though it cannot be recorded", async () => {
    const world = await served("hub", "own");
    const context = world.context();
    Object.assign(context.credentials, { membersStore: refusingStore(10) });
    world.namespaces("team-a");
    await world.pass({ seconds: 15 });
    expect(world.passwords("team-a")).toEqual({ "hub.example.com": "of hub", "own.example.com": "of own" });
  });

  it("of one who comes later is in the record first again, though another could not be recorded before", async () => {
    const world = await served("hub", "own");
    const context = world.context();
    const { membersStore } = context.credentials;
    Object.assign(context.credentials, { membersStore: refusingStore(10) });
    world.namespaces("team-a");
    await world.pass({ seconds: 15 });
    const held = heldStore(membersStore);
    Object.assign(context.credentials, { membersStore: held.store });
    world.source("late", "of late");
    world.credential("late", staticSpec("late"));
    await world.pass({ seconds: 15 });
    expect(world.passwords("team-a")).not.toHaveProperty(["late.example.com"]);
    held.goOn();
    await world.pass({ seconds: 15 });
    expect(world.passwords("team-a")).toHaveProperty(["late.example.com"]);
  });

  it("is tried ever more seldom where neither it nor its record can be written", async () => {
    const world = await served("hub", "own");
    const context = world.context();
    Object.assign(context.credentials, { membersStore: refusingStore(1_000) });
    const { api } = context.cluster;
    let tried = 0;
    const createSecret: typeof api.createSecret = (namespace, ...asked) => {
      if (namespace !== "team-a") return api.createSecret(namespace, ...asked);
      tried += 1;
      return Promise.reject(new ApiError({ kind: "conflict", code: 409, details: { causes: [] }, message: "not now" }));
    };
    Object.assign(context.cluster, { api: { ...api, createSecret } });
    world.namespaces("team-a");
    await world.pass({ seconds: 15 });
    expect(tried).toBeLessThan(12);
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
      return context.credentials.membersStore.soon(context, uid, never);
    });
    expect(context.credentials.membersStore.isComing(uid)).toBe(true);
    await world.pass({ seconds: 1 });
    expect(await Promise.all(asks)).toEqual([{}, {}, {}]);
    expect([writesSince(world, before), context.credentials.members.unsaved(uid)]).toEqual([["record", "record"], []]);
  });
});
