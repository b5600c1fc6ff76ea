// Tests that each name is watched by itself, and that a name leaves without a trace.
import { describe, expect, it } from "vitest";
import { multiReflector } from "../../../src/runtime/watch/multi-reflector.ts";
import { store } from "../../../src/runtime/watch/store.ts";
import { fakeClock } from "../../fake-clock.ts";
import { errorEvent, event, initialEventsEnd, transformThing, thing } from "./objects.ts";
import type { Thing } from "./objects.ts";
import { scriptedListWatch } from "./scripted-list-watch.ts";
import type { ScriptedListWatch, ScriptedWatch } from "./scripted-list-watch.ts";

function several() {
  const clock = fakeClock();
  const servers = new Map<string, ScriptedListWatch>();
  const things = store<Thing>();
  const deleted: string[] = [];
  things.subscribe(({ key, after }) => {
    if (!after) deleted.push(key);
  });
  const secrets = multiReflector({
    listWatchFor: (name) => {
      const server = scriptedListWatch();
      servers.set(name, server);
      return server;
    },
    store: things,
    transform: transformThing,
    clock,
    random: () => 0,
  });
  const watchOf = (name: string): ScriptedWatch => {
    const server = servers.get(name);
    if (!server) throw new Error(`${name} is not watched`);
    return server.lastWatch();
  };
  const keys = (): string[] => [...things.values()].map(({ key }) => key).toSorted();
  return { clock, things, deleted, secrets, watchOf, keys };
}

async function withTwoNames() {
  const all = several();
  all.secrets.ensure(new Set(["one", "two"]));
  all.watchOf("one").send(event("ADDED", "a/one", 1), event("ADDED", "b/one", 2), initialEventsEnd(10));
  all.watchOf("two").send(event("ADDED", "a/two", 3), initialEventsEnd(10));
  await all.clock.advance();
  return all;
}

describe("a reflector of several names", () => {
  it("is synced for a name when that name's list is complete, and as a whole when all are", async () => {
    const { clock, things, secrets, watchOf } = several();
    expect(things.synced).toBe(false);
    secrets.ensure(new Set(["one", "two"]));
    watchOf("one").send(initialEventsEnd(10));
    await clock.advance();
    expect([secrets.syncedFor("one"), secrets.syncedFor("two"), secrets.syncedFor("three")]).toEqual([
      true,
      false,
      false,
    ]);
    expect(things.synced).toBe(false);
    watchOf("two").send(initialEventsEnd(10));
    await clock.advance();
    expect(things.synced).toBe(true);
    secrets.ensure(new Set(["one", "two", "three"]));
    expect(things.synced).toBe(false);
  });

  it("is synced without any name once that is known", () => {
    const { things, secrets } = several();
    secrets.ensure(new Set());
    expect(things.synced).toBe(true);
  });

  it("removes only objects of the name that is listed anew", async () => {
    const { clock, watchOf, keys, deleted } = await withTwoNames();
    watchOf("one").send(errorEvent(410, "Expired"));
    await clock.advance(Temporal.Duration.from({ seconds: 1 }));
    watchOf("one").send(event("ADDED", "b/one", 2), initialEventsEnd(20));
    await clock.advance();
    expect(keys()).toEqual(["a/two", "b/one"]);
    expect(deleted).toEqual(["a/one"]);
  });

  it("forgets a dropped name without reporting its records as deleted", async () => {
    const { clock, secrets, watchOf, keys, deleted, things } = await withTwoNames();
    const dropped = watchOf("one");
    secrets.ensure(new Set(["two"]));
    await clock.advance();
    expect(dropped.signal.aborted).toBe(true);
    expect(keys()).toEqual(["a/two"]);
    expect(deleted).toEqual([]);
    expect(secrets.syncedFor("one")).toBe(false);
    things.wrote(thing("a/one", 99));
    expect(keys()).toEqual(["a/two"]);
  });

  it("keeps the watches of names that stay, and begins dropped ones anew", async () => {
    const { clock, secrets, watchOf, keys } = await withTwoNames();
    const staying = watchOf("two");
    secrets.ensure(new Set(["two"]));
    secrets.ensure(new Set(["one", "two"]));
    watchOf("one").send(event("ADDED", "a/one", 1), initialEventsEnd(30));
    await clock.advance();
    expect(watchOf("two")).toBe(staying);
    expect(keys()).toEqual(["a/one", "a/two"]);
  });

  it("tells a name from one that ends alike", async () => {
    const { clock, secrets, watchOf, keys } = await withTwoNames();
    secrets.ensure(new Set(["one", "two", "twenty-one"]));
    watchOf("twenty-one").send(event("ADDED", "a/twenty-one", 4), initialEventsEnd(10));
    await clock.advance();
    secrets.ensure(new Set(["two", "twenty-one"]));
    expect(keys()).toEqual(["a/twenty-one", "a/two"]);
  });

  it("stops all of them", async () => {
    const { clock, secrets, watchOf } = await withTwoNames();
    await secrets.stop();
    expect([watchOf("one").signal.aborted, watchOf("two").signal.aborted]).toEqual([true, true]);
    expect(clock.scheduled()).toBe(0);
    expect([...secrets.status().values()].map(({ state }) => state)).toEqual(["Stopped", "Stopped"]);
  });
});
