// Tests that the store ends up with the newest version of everything, whatever arrives first.
import * as fc from "fast-check";
import { knownAbsent } from "../../../src/runtime/watch/presence.ts";
import { describe, expect, it } from "vitest";
import { store } from "../../../src/runtime/watch/store.ts";
import type { Change, Feed, FedStore } from "../../../src/runtime/watch/store.ts";
import { thing } from "./objects.ts";
import type { Thing } from "./objects.ts";

interface Seeded {
  readonly things: FedStore<Thing>;
  readonly feed: Feed<Thing>;
  readonly changes: Change<Thing>[];
}

/** A synced store as of resource version 100; what happened before is not among `changes`. */
function seeded(...records: Thing[]): Seeded {
  const things = store<Thing>({ indexBy: (record) => record.namespace });
  const feed = things.feed();
  feed.begin();
  for (const record of records) feed.observed(record);
  feed.completed("100");
  const changes: Change<Thing>[] = [];
  things.subscribe((change) => changes.push(change));
  return { things, feed, changes };
}

function thingIn(things: FedStore<Thing>, key: string): Thing {
  const record = things.get(key);
  if (!record) throw new Error(`${key} is not stored`);
  return record;
}

describe("a store", () => {
  it("is synced when every feed has delivered its whole initial state", () => {
    const things = store<Thing>();
    expect(things.synced).toBe(false);
    const [one, two] = [things.feed((key) => key === "one"), things.feed((key) => key === "two")];
    one.begin();
    one.completed("1");
    expect(things.synced).toBe(false);
    two.begin();
    two.completed("1");
    expect(things.synced).toBe(true);
  });

  it("reports changes with what was before and what is after", () => {
    const { feed, changes, things } = seeded(thing("a", 7));
    feed.observed(thing("a", 101));
    feed.observed(thing("b", 102));
    feed.vanished("a", "103");
    expect(changes).toEqual([
      { key: "a", before: thing("a", 7), after: thing("a", 101) },
      { key: "b", after: thing("b", 102) },
      { key: "a", before: thing("a", 101), gone: knownAbsent },
    ]);
    expect([...things.values()]).toEqual([thing("b", 102)]);
    expect(things.size).toBe(1);
  });

  it("reports the objects of the initial list, too", () => {
    const things = store<Thing>();
    const changes: string[] = [];
    things.subscribe(({ key }) => changes.push(`${key} ${things.synced}`));
    const feed = things.feed();
    feed.begin();
    feed.observed(thing("a", 1));
    feed.completed("2");
    expect(changes).toEqual(["a false"]);
  });

  it("reports nothing when the version is the same", () => {
    const { feed, changes } = seeded(thing("a", 7));
    feed.observed(thing("a", 7));
    expect(changes).toEqual([]);
  });

  it("goes on telling the other listeners when one throws", () => {
    const failures: unknown[] = [];
    const things = store<Thing>({ listenerFailed: (error) => failures.push(error) });
    const reported: string[] = [];
    things.subscribe(() => {
      throw new Error("broken");
    });
    things.subscribe(({ key }) => reported.push(key));
    things.feed().observed(thing("a", 1));
    expect(reported).toEqual(["a"]);
    expect(failures).toEqual([new Error("broken")]);
  });

  it("tells a listener nothing any more after it has unsubscribed", () => {
    const { things, feed } = seeded();
    const reported: string[] = [];
    const unsubscribe = things.subscribe(({ key }) => reported.push(key));
    unsubscribe();
    feed.observed(thing("a", 101));
    expect(reported).toEqual([]);
  });

  it("finds records by their index value", () => {
    const { things, feed } = seeded(thing("blue/a", 1), thing("blue/b", 2), thing("red/a", 3));
    feed.observed(thing("blue/b", 101));
    expect(things.byIndex("blue")).toEqual([thing("blue/a", 1), thing("blue/b", 101)]);
    feed.vanished("blue/a", "102");
    feed.vanished("blue/b", "103");
    expect(things.byIndex("blue")).toEqual([]);
    expect(things.byIndex("red")).toEqual([thing("red/a", 3)]);
  });

  it("compares versions as numbers of any length", () => {
    const { things, feed } = seeded(thing("a", "9"));
    feed.observed(thing("a", "10"));
    feed.observed(thing("a", "18446744073709551615"));
    feed.observed(thing("a", "18446744073709551614"));
    expect(things.get("a")?.resourceVersion).toBe("18446744073709551615");
  });

  it("accepts what comes last where versions are no numbers", () => {
    const { things, feed } = seeded(thing("a", "xyz"));
    feed.observed(thing("a", "abc"));
    expect(things.get("a")?.resourceVersion).toBe("abc");
  });
});

describe("a relist", () => {
  it("removes what is gone and leaves the rest alone", () => {
    const { feed, changes, things } = seeded(thing("a", 1), thing("b", 2));
    feed.begin();
    feed.observed(thing("b", 2));
    feed.completed("200");
    expect(changes).toEqual([{ key: "a", before: thing("a", 1), gone: knownAbsent }]);
    expect([...things.values()]).toEqual([thing("b", 2)]);
  });

  it("removes nothing before its end, and what an unfinished one has seen does not count", () => {
    const { feed, things } = seeded(thing("a", 1));
    feed.begin();
    feed.observed(thing("a", 1));
    expect(things.get("a")).toBeDefined();
    feed.begin();
    feed.completed("200");
    expect(things.get("a")).toBeUndefined();
  });

  it("keeps what we wrote after it was taken", () => {
    const { feed, things } = seeded();
    feed.begin();
    things.wrote(thing("new", 201));
    feed.completed("200");
    expect(things.get("new")).toEqual(thing("new", 201));
  });

  it("keeps the record of an object that is there but cannot be read", () => {
    const { feed, things } = seeded(thing("a", 1));
    feed.begin();
    feed.unreadable("a");
    feed.completed("200");
    expect(things.get("a")).toEqual(thing("a", 1));
  });

  it("removes nothing at all when it holds an object without a name", () => {
    const { feed, things } = seeded(thing("a", 1));
    feed.begin();
    feed.unreadable(undefined);
    feed.completed("200");
    expect(things.size).toBe(1);
    feed.begin();
    feed.completed("201");
    expect(things.size).toBe(0);
  });

  it("removes only what its feed covers", () => {
    const things = store<Thing>();
    const [one, two] = [things.feed((key) => key.endsWith("/one")), things.feed((key) => key.endsWith("/two"))];
    one.observed(thing("a/one", 1));
    two.observed(thing("a/two", 2));
    one.begin();
    one.completed("10");
    expect([...things.values()]).toEqual([thing("a/two", 2)]);
  });
});

describe("a list of etcd that was restored", () => {
  it("wins over what is stored, also where its versions are lower, and its end too", () => {
    const { feed, changes, things } = seeded(thing("a", 7), thing("b", 8));
    feed.observed(thing("a", 150));
    feed.observed(thing("new", 160));
    things.removed("b", "8");
    changes.length = 0;
    feed.begin();
    feed.observed(thing("a", 7));
    feed.observed(thing("b", 8));
    feed.completed("90");
    expect([...things.values()]).toEqual([thing("a", 7), thing("b", 8)]);
    expect(changes).toEqual([
      { key: "a", before: thing("a", 150), after: thing("a", 7) },
      { key: "b", after: thing("b", 8) },
      { key: "new", before: thing("new", 160), gone: knownAbsent },
    ]);
    // What follows has versions that were there before.
    feed.observed(thing("a", 91));
    feed.observed(thing("new", 92));
    things.wrote(thing("b", 93));
    expect([...things.values()]).toEqual([thing("a", 91), thing("b", 93), thing("new", 92)]);
  });

  it("leaves nothing behind that would keep out what comes after it in versions that were there before", () => {
    const { feed, things } = seeded();
    for (const [key, version] of Object.entries({ a: "149", c: "150" })) {
      things.wrote(thing(key, version));
      things.removed(key, version);
    }
    feed.begin();
    feed.completed("90");
    feed.observed(thing("a", 91));
    things.wrote(thing("c", 92));
    things.wrote(thing("new", 93));
    expect([...things.values()]).toEqual([thing("a", 91), thing("c", 92), thing("new", 93)]);
  });

  it("wins where it is newer than all that is stored, though the objects in it are not (--bump-revision)", () => {
    const { feed, things } = seeded(thing("a", 7));
    feed.observed(thing("a", 150));
    feed.begin();
    feed.observed(thing("a", 7));
    feed.completed("1000000100");
    expect(things.get("a")).toEqual(thing("a", 7));
  });

  it("wins over another content of the very same version", () => {
    const { feed, things, changes } = seeded({ ...thing("a", 7), namespace: "old" });
    feed.begin();
    feed.observed(thing("a", 7));
    feed.completed("90");
    expect(things.get("a")).toEqual(thing("a", 7));
    expect(changes).toHaveLength(1);
  });

  it("does not win over what we wrote while it was under way", () => {
    const { feed, things } = seeded(thing("a", 7));
    feed.begin();
    things.wrote(thing("a", 205));
    feed.observed(thing("a", 7));
    feed.vanished("gone", "8");
    feed.completed("200");
    expect(things.get("a")).toEqual(thing("a", 205));
  });

  it("takes away what is of no interest any more in an older version, too", () => {
    const { feed, things } = seeded();
    feed.observed(thing("a", 150));
    feed.begin();
    feed.vanished("a", "7");
    expect(things.get("a")).toBeUndefined();
  });

  it("is told of before who listens hears of what it shows, and nothing else is", () => {
    const reported: string[] = [];
    const things = store<Thing>({ wentBack: () => reported.push("went back") });
    things.subscribe(({ key }) => reported.push(key));
    const feed = things.feed();
    const list = (version: string, ...records: Thing[]): void => {
      feed.begin();
      for (const record of records) feed.observed(record);
      feed.completed(version);
    };
    list("100", thing("a", 7), thing("b", 8));
    feed.observed(thing("a", 150));
    list("150", thing("a", 150), thing("b", 8));
    feed.begin();
    things.wrote(thing("a", 170));
    feed.observed(thing("a", 150));
    feed.observed(thing("b", 8));
    feed.completed("160");
    things.found(thingIn(things, "b"), thing("b", 9));
    expect(reported).toEqual(["a", "b", "a", "a", "b"]);
    reported.length = 0;
    list("1000", thing("a", 7), thing("b", 9));
    expect(reported).toEqual(["went back", "a"]);
    reported.length = 0;
    list("90", thing("a", 7));
    expect(reported).toEqual(["went back", "b"]);
  });

  it("ends in exactly the last list, whatever the lists before were", () => {
    const listed = fc.record({
      items: fc.uniqueArray(fc.record({ key: fc.constantFrom("a", "b", "c", "d"), version: fc.nat(30) }), {
        selector: ({ key }) => key,
      }),
      version: fc.nat(30),
      isOver: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(listed, { maxLength: 5 }), listed, (lists, last) => {
        const things = store<Thing>();
        const feed = things.feed();
        for (const { items, version, isOver } of [...lists, { ...last, isOver: true }]) {
          feed.begin();
          for (const item of items) feed.observed(thing(item.key, item.version));
          if (isOver) feed.completed(String(version));
        }
        const expected = last.items.map(({ key, version }) => thing(key, version));
        expect(new Set(things.values())).toEqual(new Set(expected));
      }),
    );
  });
});

describe("our own GET", () => {
  it("tells what is there, also where that is older than what was known before it was sent", () => {
    const { things, feed, changes } = seeded(thing("b", 8));
    feed.observed(thing("a", 150));
    changes.length = 0;
    things.found(thingIn(things, "a"), thing("a", 7));
    expect(changes).toEqual([{ key: "a", before: thing("a", 150), after: thing("a", 7) }]);
    things.found(thingIn(things, "a"), undefined);
    expect(changes.slice(1)).toEqual([{ key: "a", before: thing("a", 7), gone: knownAbsent }]);
  });

  it("says nothing new where it is what is known", () => {
    const { things, changes } = seeded(thing("a", 7));
    things.found(thingIn(things, "a"), { ...thing("a", 7), namespace: "more of it" });
    expect(changes).toEqual([]);
  });

  it("is late where the watch or a write has brought something meanwhile", () => {
    const { things, feed } = seeded(thing("a", 7), thing("b", 8), thing("c", 9));
    const [a, b, c] = [thingIn(things, "a"), thingIn(things, "b"), thingIn(things, "c")];
    feed.observed(thing("a", 150));
    things.removed("b", "8");
    things.wrote(thing("c", 152));
    for (const before of [a, b, c]) things.found(before, thing(before.key, 7));
    expect([...things.values()]).toEqual([thing("a", 150), thing("c", 152)]);
    things.found(c, undefined);
    expect(things.get("c")).toEqual(thing("c", 152));
    things.found(c, thing("c", 160));
    expect(things.get("c")).toEqual(thing("c", 160));
  });

  it("does not bring back what it has found gone by an event of before", () => {
    const { things, feed } = seeded(thing("a", 150));
    things.found(thingIn(things, "a"), undefined);
    feed.observed(thing("a", 149));
    expect(things.get("a")).toBeUndefined();
  });
});

describe("our own writes", () => {
  it("are in the store at once, and later events of older versions are ignored", () => {
    const { things, feed, changes } = seeded(thing("a", 1));
    things.wrote(thing("a", 105));
    feed.observed(thing("a", 103));
    feed.observed(thing("a", 105));
    expect(things.get("a")?.resourceVersion).toBe("105");
    expect(changes).toHaveLength(1);
    feed.observed(thing("a", 106));
    expect(things.get("a")?.resourceVersion).toBe("106");
  });

  it("do not bring back what a later DELETED event has removed before the answer came", () => {
    const { things, feed } = seeded();
    feed.observed(thing("a", 105));
    feed.vanished("a", "106");
    things.wrote(thing("a", 105));
    expect(things.get("a")).toBeUndefined();
  });

  it("survive the delayed DELETED event of the object before", () => {
    const { things, feed } = seeded(thing("a", 1));
    things.removed("a", "1");
    things.wrote(thing("a", 108));
    feed.vanished("a", "107");
    expect(things.get("a")).toEqual(thing("a", 108));
  });

  it.each([
    ["before", ["event", "answer"]],
    ["after", ["answer", "event"]],
  ])(
    "bring one change, with the name of whom it is by, where their event comes %s the answer",
    async (_when, order) => {
      const { things, feed, changes } = seeded(thing("a", 1));
      await things.send("a", "us", async () => {
        if (order[0] === "event") feed.observed(thing("a", 105));
        return thing("a", 105);
      });
      feed.observed(thing("a", 105));
      expect(changes).toEqual([{ key: "a", before: thing("a", 1), after: thing("a", 105), by: "us" }]);
      feed.observed(thing("a", 106));
      expect(changes[1]).toEqual({ key: "a", before: thing("a", 105), after: thing("a", 106) });
    },
  );

  it.each([
    ["comes after them", async () => thing("a", 105)],
    ["makes them fail", () => Promise.reject(new Error("conflict"))],
    ["is all that is heard", async () => undefined],
  ])("hide nothing that somebody else writes meanwhile, which %s", async (_how, answer) => {
    const { things, feed, changes } = seeded(thing("a", 1));
    await things
      .send("a", "us", () => {
        feed.observed(thing("a", 106));
        return answer();
      })
      .catch(() => undefined);
    expect(changes.at(-1)).toEqual({ key: "a", before: thing("a", 106), after: thing("a", 106) });
    expect(things.get("a")).toEqual(thing("a", 106));
  });

  it("are ignored where nobody watches", () => {
    const things = store<Thing>();
    things.feed((key) => key === "other");
    things.wrote(thing("a", 1));
    things.removed("a", "1");
    expect(things.size).toBe(0);
  });
});

describe("our own deletes", () => {
  it("take effect at once, and older events do not bring the object back", () => {
    const { things, feed, changes } = seeded();
    things.wrote(thing("a", 105));
    things.removed("a", "105");
    feed.observed(thing("a", 104));
    feed.observed(thing("a", 105));
    feed.vanished("a", "106");
    expect(changes).toEqual([
      { key: "a", after: thing("a", 105) },
      { key: "a", before: thing("a", 105), gone: knownAbsent },
    ]);
  });

  it("do not hide an object that is made anew", () => {
    const { things, feed } = seeded(thing("a", 1));
    things.removed("a", "1");
    feed.observed(thing("a", 107));
    expect(things.get("a")).toEqual(thing("a", 107));
  });

  it("leave a newer object alone when their answer is late", () => {
    const { things, feed } = seeded(thing("a", 1));
    feed.vanished("a", "106");
    feed.observed(thing("a", 107));
    things.removed("a", "1");
    expect(things.get("a")).toEqual(thing("a", 107));
  });

  it("hold against a list taken before them", () => {
    const { things, feed } = seeded();
    things.wrote(thing("a", 205));
    feed.begin();
    things.removed("a", "205");
    feed.observed(thing("a", 202));
    feed.completed("203");
    expect(things.get("a")).toBeUndefined();
    feed.observed(thing("a", 205));
    expect(things.get("a")).toBeUndefined();
  });
});

describe("a closed feed", () => {
  it("takes its records along without a word, and lets the others be", () => {
    const things = store<Thing>({ indexBy: (record) => record.namespace });
    const [one, two] = [things.feed((key) => key.endsWith("/one")), things.feed((key) => key.endsWith("/two"))];
    one.observed(thing("a/one", 1));
    two.observed(thing("a/two", 2));
    const changes: unknown[] = [];
    things.subscribe((change) => changes.push(change));
    one.close();
    expect([...things.values()]).toEqual([thing("a/two", 2)]);
    expect(things.byIndex("a")).toEqual([thing("a/two", 2)]);
    expect(changes).toEqual([]);
  });
});

describe("what is not there", () => {
  it("is known to be absent once the list has ended that would name it, and not before", () => {
    const things = store<Thing>();
    expect([things.look("a").kind, things.find(() => true).kind]).toEqual(["not-seen", "not-seen"]);
    const feed = things.feed((key) => key.startsWith("a"));
    feed.begin();
    expect([things.look("a").kind, things.find(() => true).kind]).toEqual(["not-seen", "not-seen"]);
    feed.completed("100");
    expect([things.look("a").kind, things.find(() => true).kind]).toEqual(["absent", "absent"]);
    // Nobody watches it.
    expect(things.look("b").kind).toBe("not-seen");
    feed.observed(thing("a", 101));
    expect([things.look("a"), things.find(({ key }) => key === "a")]).toEqual([
      { kind: "there", record: thing("a", 101) },
      { kind: "there", record: thing("a", 101) },
    ]);
  });

  it.each<[string, (feed: Feed<Thing>) => void, string]>([
    ["the watch fails", (feed) => feed.blind("not-seen"), "not-seen"],
    ["a right is gone", (feed) => feed.blind("not-permitted"), "not-permitted"],
    ["another object cannot even be named", (feed) => feed.unreadable(undefined), "not-seen"],
    ["it cannot be read", (feed) => feed.unreadable("a/x"), "not-seen"],
    ["its namespace's share is used up", (feed) => feed.observed(thing("a/large", 102)), "not-seen"],
  ])("is not known to be absent any more where %s", (_what, happens, kind) => {
    const share = { limits: { own: 0, max: 0, pool: 0 }, bytesOf: ({ key }: Thing) => key.length };
    const things = store<Thing>({ indexBy: ({ namespace }) => namespace, share });
    const feed = things.feed();
    feed.begin();
    feed.completed("100");
    happens(feed);
    expect([things.look("a/x").kind, things.find(() => true).kind]).toEqual([kind, kind]);
    feed.begin();
    feed.completed("200");
    expect([things.look("a/x").kind, things.find(() => true).kind]).toEqual(["absent", "absent"]);
  });

  it("is known again with the next word of a watch, where no list is needed", () => {
    const { things, feed } = seeded();
    feed.blind("not-seen");
    feed.passed("150");
    expect(things.look("x").kind).toBe("absent");
    feed.blind("not-permitted");
    feed.begin();
    feed.observed(thing("b", 160));
    expect(things.look("x").kind).toBe("not-permitted");
  });

  it("is no trouble of another namespace's", () => {
    const share = { limits: { own: 0, max: 0, pool: 0 }, bytesOf: ({ key }: Thing) => key.length };
    const things = store<Thing>({ indexBy: ({ namespace }) => namespace, share });
    const feed = things.feed();
    feed.begin();
    feed.completed("100");
    feed.observed(thing("a/large", 102));
    feed.unreadable("a/odd");
    expect(things.look("b/x").kind).toBe("absent");
  });
});
