// Tests that every namespace has its share, whatever the others take.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shares } from "../../../src/runtime/watch/shares.ts";
import { store } from "../../../src/runtime/watch/store.ts";
import { type Thing, thing } from "./objects.ts";

const limits = { own: 10, max: 30, pool: 25 };

describe("a share", () => {
  it("is a namespace's own, and more as long as there is some in the pool", () => {
    const room = shares(limits);
    expect(room.take("a", 30, 0)).toBe(true);
    expect(room.take("a", 1, 0)).toBe(false);
    expect(room.take("b", 16, 0)).toBe(false);
    expect(room.take("b", 15, 0)).toBe(true);
    expect(room.take("c", 10, 0)).toBe(true);
    expect(room.take("c", 1, 0)).toBe(false);
  });

  it("comes back with what is given, and what gets smaller always fits", () => {
    const room = shares(limits);
    room.take("a", 30, 0);
    room.take("b", 15, 0);
    expect(room.take("a", 20, 25)).toBe(true);
    room.give("a", 10);
    expect(room.take("b", 30, 15)).toBe(true);
  });

  it("is never less than its own, and all together never more than these and the pool", () => {
    const taking = fc.record({ place: fc.constantFrom("a", "b", "c"), bytes: fc.integer({ min: 0, max: 15 }) });
    fc.assert(
      fc.property(fc.array(taking), (all) => {
        const room = shares(limits);
        const held = new Map<string, number>();
        for (const { place, bytes } of all) {
          const now = held.get(place) ?? 0;
          const fits = room.take(place, bytes, 0);
          expect(fits || now + bytes > limits.own).toBe(true);
          if (fits) held.set(place, now + bytes);
        }
        const beyond = [...held.values()].map((bytes) => Math.max(bytes - limits.own, 0));
        expect(beyond.reduce((total, bytes) => total + bytes, 0)).toBeLessThanOrEqual(limits.pool);
        expect(Math.max(0, ...held.values())).toBeLessThanOrEqual(limits.max);
      }),
    );
  });
});

describe("a store with shares", () => {
  const filled = () => {
    const things = store<Thing>({
      indexBy: ({ namespace }) => namespace,
      share: { limits: { own: 2, max: 2, pool: 0 }, bytesOf: () => 1 },
    });
    const feed = things.feed();
    const changes: string[] = [];
    things.subscribe(({ key, before, after }) => changes.push(`${before ? "-" : ""}${after ? "+" : ""}${key}`));
    feed.begin();
    for (const name of ["one", "two", "three", "four"]) feed.observed(thing(`a/${name}`, 1));
    feed.observed(thing("b/one", 1));
    feed.completed("5");
    return { things, feed, changes };
  };

  it("keeps what fits, says of whom it has not kept all, and tells so once", () => {
    const { things, changes } = filled();
    expect([...things.values()].map(({ key }) => key)).toEqual(["a/one", "a/two", "b/one"]);
    expect([things.exceeds("a"), things.exceeds("b")]).toEqual([true, false]);
    expect(changes).toEqual(["+a/one", "+a/two", "a/three", "+b/one"]);
  });

  it("takes what did not fit when it is seen again and there is room", () => {
    const { things, feed } = filled();
    feed.vanished("a/one", "6");
    feed.observed(thing("a/three", 7));
    expect(things.byIndex("a").map(({ key }) => key)).toEqual(["a/two", "a/three"]);
  });

  it("says so no more after a full list that has fitted", () => {
    const { things, feed } = filled();
    feed.begin();
    expect(things.exceeds("a")).toBe(true);
    feed.observed(thing("a/two", 1));
    feed.completed("9");
    expect(things.exceeds("a")).toBe(false);
    expect(things.byIndex("a").map(({ key }) => key)).toEqual(["a/two"]);
  });
});
