// Tests that the reflector keeps its store right through everything a server and a network do.
import { describe, expect, it } from "vitest";
import { reflector } from "../../../src/runtime/watch/reflector.ts";
import type { ReflectorEvent } from "../../../src/runtime/watch/reflector-event.ts";
import { store } from "../../../src/runtime/watch/store.ts";
import { fakeClock } from "../../fake-clock.ts";
import { bookmark, errorEvent, event, initialEventsEnd, rawThing, transformThing, thing } from "./objects.ts";
import type { Thing } from "./objects.ts";
import { scriptedListWatch, type ScriptedWatch } from "./scripted-list-watch.ts";

const seconds = (count: number): Temporal.Duration => Temporal.Duration.from({ seconds: count });
const milliseconds = (count: number): Temporal.Duration => Temporal.Duration.from({ milliseconds: count });
const refused = { kind: "invalid" };

/** A started reflector; every random fraction is 0 unless the test says otherwise, so a first pause is 800 ms. */
function started({
  random = () => 0,
  transform = transformThing,
  signal,
}: { random?: () => number; transform?: typeof transformThing; signal?: AbortSignal } = {}) {
  const clock = fakeClock();
  const server = scriptedListWatch();
  const listenerFailures: unknown[] = [];
  let timesBack = 0;
  const things = store<Thing>({
    listenerFailed: (error) => listenerFailures.push(error),
    wentBack: () => {
      timesBack += 1;
    },
  });
  const seen: ReflectorEvent[] = [];
  const running = reflector({
    listWatch: server,
    store: things,
    transform,
    clock,
    random,
    observe: (what) => seen.push(what),
  });
  running.start(signal);
  const stored = (): string[] =>
    [...things.values()].map(({ key, resourceVersion }) => `${key}@${resourceVersion}`).toSorted();
  const pauses = (): number[] =>
    seen.flatMap((what) => (what.kind === "paused" ? what.pause.total("milliseconds") : []));
  const reasons = (): string[] => seen.flatMap((what) => (what.kind === "paused" ? what.because.kind : []));
  const wentBack = (): number => timesBack;
  return { clock, server, things, running, seen, stored, pauses, reasons, listenerFailures, wentBack };
}

/** The same, past its initial events: `a@1`, as of 10. */
async function watching(options: Parameters<typeof started>[0] = {}) {
  const all = started(options);
  all.server.lastWatch().send(event("ADDED", "a", 1), initialEventsEnd(10));
  await all.clock.advance();
  return all;
}

describe("a reflector at its start", () => {
  it("takes the initial state as a watch, and goes on with the same stream", async () => {
    const { server, clock, running, stored, things } = started();
    expect(server.lastWatch().query).toMatchObject({ sendInitialEvents: true });
    expect(server.lastWatch().query.resourceVersion).toBeUndefined();
    server.lastWatch().send(event("ADDED", "a", 1), event("ADDED", "b", 2));
    await clock.advance();
    expect(stored()).toEqual(["a@1", "b@2"]);
    expect([running.hasSynced(), things.synced]).toEqual([false, false]);
    server.lastWatch().send(initialEventsEnd(10), event("MODIFIED", "a", 11));
    await running.synced;
    await clock.advance();
    expect([running.hasSynced(), things.synced]).toEqual([true, true]);
    expect(stored()).toEqual(["a@11", "b@2"]);
    expect(server.calls).toHaveLength(1);
  });

  it("lists in pages where the server refuses that, and watches from the list's version", async () => {
    const { server, clock, stored, pauses } = started();
    server.lastWatch().fail(refused);
    await clock.advance();
    expect(server.lastList().query).toEqual({ limit: 100 });
    server.lastList().answer({ items: [rawThing("a", 1)], resourceVersion: "10", continue: "more" });
    await clock.advance();
    expect(server.lastList().query).toEqual({ limit: 100, continue: "more" });
    server.lastList().answer({ items: [rawThing("b", 2)], resourceVersion: "10" });
    await clock.advance();
    expect(server.lastWatch().query).toMatchObject({ resourceVersion: "10" });
    expect(server.lastWatch().query.sendInitialEvents).toBeUndefined();
    expect(stored()).toEqual(["a@1", "b@2"]);
    expect(pauses()).toEqual([]);
  });

  it.each(["gone", "invalid"])(
    "begins anew where a page token is refused in mid-list (%s), and shows what is there",
    async (kind) => {
      const { server, clock, running, stored } = started();
      server.lastWatch().fail(refused);
      await clock.advance();
      const first = { items: [rawThing("a", 1), rawThing("b", 2)], resourceVersion: "10", continue: "more" };
      server.lastList().answer(first);
      await clock.advance();
      server.lastList().fail({ kind });
      await clock.advance(seconds(1));
      expect(running.hasSynced()).toBe(false);
      expect(server.lastList().query).toEqual({ limit: 100 });
      server.lastList().answer({ items: [rawThing("b", 2), rawThing("c", 11)], resourceVersion: "12" });
      await clock.advance();
      expect([running.hasSynced(), stored()]).toEqual([true, ["b@2", "c@11"]]);
      expect(server.lastWatch().query.resourceVersion).toBe("12");
    },
  );

  it("asks for streams of 290 to 590 seconds", async () => {
    expect(
      started({ random: () => 0 })
        .server.lastWatch()
        .query.timeout.total("seconds"),
    ).toBe(290);
    expect(
      started({ random: () => 0.999_999 })
        .server.lastWatch()
        .query.timeout.total("seconds"),
    ).toBeCloseTo(590, 1);
  });

  it("waits for a slow list, but not for ever", async () => {
    const { server, clock, reasons } = started();
    server.lastWatch().fail(refused);
    await clock.advance(seconds(60));
    const slow = server.lastList();
    expect(slow.signal.aborted).toBe(false);
    await clock.advance(seconds(30));
    expect(slow.signal.aborted).toBe(true);
    expect(reasons()).toEqual(["silent"]);
    await clock.advance(seconds(1));
    expect(server.lastList()).not.toBe(slow);
  });

  it("is not given up while its items come", async () => {
    const { server, clock, reasons } = started();
    server.lastWatch().fail(refused);
    await clock.advance();
    const slow = server.lastList();
    for (let item = 1; item <= 5; item += 1) {
      await clock.advance(seconds(80));
      slow.item(rawThing(`thing-${item}`, item));
    }
    expect([slow.signal.aborted, reasons()]).toEqual([false, []]);
    await clock.advance(seconds(90));
    expect([slow.signal.aborted, reasons()]).toEqual([true, ["silent"]]);
  });

  it("leaves no timer of a list behind, nor of a watch", async () => {
    const { server, clock, running } = started();
    // For silence, and until it counts as healthy.
    expect(clock.scheduled()).toBe(2);
    server.lastWatch().fail(refused);
    await clock.advance();
    // For silence.
    expect(clock.scheduled()).toBe(1);
    server.lastList().answer({ items: [], resourceVersion: "10", continue: "more" });
    await clock.advance();
    expect(clock.scheduled()).toBe(1);
    server.lastList().answer({ items: [], resourceVersion: "10" });
    await clock.advance();
    // And until it is verified.
    expect(clock.scheduled()).toBe(3);
    server.lastWatch().end();
    await clock.advance();
    expect(clock.scheduled()).toBe(2);
    await clock.advance(seconds(1));
    expect(clock.scheduled()).toBe(3);
    const stopped = running.stop();
    await clock.advance();
    await stopped;
    expect(clock.scheduled()).toBe(0);
  });

  it("tries a list that fails with 500 again and again, ever more slowly, up to half a minute", async () => {
    const { server, clock, pauses } = started({ random: () => 0.5 });
    server.lastWatch().fail(refused);
    await clock.advance();
    for (let attempt = 0; attempt < 50; attempt += 1) {
      server.lastList().fail({ kind: "unavailable" });
      await clock.advance(seconds(30));
    }
    expect(pauses()).toHaveLength(50);
    expect(pauses().slice(0, 3)).toEqual([1200, 2400, 4800]);
    expect(pauses().at(-1)).toBe(22_500);
    server.lastList().answer({ items: [], resourceVersion: "10" });
    await clock.advance();
    expect(server.lastWatch().query.resourceVersion).toBe("10");
  });
});

describe("a watching reflector", () => {
  it("goes on from the last event after the connection is reset", async () => {
    const { server, clock, stored } = await watching();
    server.lastWatch().send(event("MODIFIED", "a", 12));
    server.lastWatch().fail(new Error("read ECONNRESET"));
    await clock.advance(seconds(1));
    expect(server.lastWatch().query.resourceVersion).toBe("12");
    server.lastWatch().send(event("DELETED", "a", 13));
    await clock.advance();
    expect(stored()).toEqual([]);
    expect(server.calls).toHaveLength(2);
  });

  it("goes on from the last bookmark when the server ends the stream, without a pause", async () => {
    const { server, clock, pauses, running } = await watching();
    await clock.advance(seconds(60));
    expect(running.status().resourceVersion).toBe("10");
    server.lastWatch().send(bookmark(40));
    await clock.advance();
    expect(running.status().resourceVersion).toBe("40");
    server.lastWatch().end();
    await clock.advance();
    expect(server.lastWatch().query.resourceVersion).toBe("40");
    expect(pauses()).toEqual([]);
  });

  it("gives up a stream that is silent for 90 seconds", async () => {
    const { server, clock, reasons, running } = await watching();
    const silent = server.lastWatch();
    await clock.advance(seconds(89));
    expect(silent.signal.aborted).toBe(false);
    await clock.advance(seconds(1));
    expect(silent.signal.aborted).toBe(true);
    expect(reasons()).toEqual(["silent"]);
    expect(running.status()).toMatchObject({ state: "Waiting", failures: 1 });
    await clock.advance(seconds(1));
    expect(server.lastWatch().query.resourceVersion).toBe("10");
  });

  it("leaves a stream alone on which bytes arrive, even when they complete no event", async () => {
    const { server, clock, running } = await watching();
    const stream = server.lastWatch();
    for (let minute = 0; minute < 4; minute += 1) {
      await clock.advance(seconds(80));
      stream.query.onAlive?.();
    }
    await clock.advance(seconds(89));
    expect(stream.signal.aborted).toBe(false);
    expect(running.status().lastAliveAt).toEqual(clock.now().subtract(seconds(89)));
  });

  it.each([
    ["as HTTP status", (server: ReturnType<typeof scriptedListWatch>) => server.lastWatch().fail({ kind: "gone" })],
    [
      "as ERROR event",
      (server: ReturnType<typeof scriptedListWatch>) => server.lastWatch().send(errorEvent(410, "Expired")),
    ],
  ])("lists anew after 410 %s, and removes what is gone", async (_how, fail) => {
    const { server, clock, stored } = await watching();
    fail(server);
    await clock.advance(seconds(1));
    expect(server.lastWatch().query).toMatchObject({ sendInitialEvents: true });
    expect(stored()).toEqual(["a@1"]);
    server.lastWatch().send(event("ADDED", "b", 20), initialEventsEnd(30));
    await clock.advance();
    expect(stored()).toEqual(["b@20"]);
  });

  it("closes the stream after an ERROR event, and reads nothing after it", async () => {
    const { server, clock, stored } = await watching();
    const broken = server.lastWatch();
    broken.send(errorEvent(500, "InternalError"), event("MODIFIED", "a", 99));
    await clock.advance();
    expect(broken.signal.aborted).toBe(true);
    expect(stored()).toEqual(["a@1"]);
    await clock.advance(seconds(1));
    expect(server.lastWatch().query.resourceVersion).toBe("10");
  });

  it("goes on after half a line, and lists anew when the same place breaks again", async () => {
    const { server, clock, reasons } = await watching();
    server.lastWatch().fail(new SyntaxError("Unexpected end of JSON input"));
    await clock.advance(seconds(1));
    expect(server.lastWatch().query.resourceVersion).toBe("10");
    server.lastWatch().fail(new SyntaxError("Unexpected end of JSON input"));
    await clock.advance(seconds(2));
    expect(server.lastWatch().query.sendInitialEvents).toBe(true);
    expect(reasons()).toEqual(["malformed", "malformed"]);
  });

  it("waits as long as a 429 says", async () => {
    const { server, clock, pauses } = await watching();
    server.lastWatch().fail({ kind: "throttled", retryAfter: seconds(17) });
    await clock.advance(seconds(16));
    expect(server.calls).toHaveLength(1);
    await clock.advance(seconds(1));
    expect(server.lastWatch().query.resourceVersion).toBe("10");
    expect(pauses()).toEqual([17_000]);
  });

  it("lists anew where a server that was away asks for patience: it may have come back with another history", async () => {
    const { server, clock } = await watching();
    server.lastWatch().fail({ kind: "unavailable" });
    await clock.advance(seconds(2));
    expect(server.lastWatch().query.resourceVersion).toBe("10");
    server.lastWatch().fail({ kind: "throttled", retryAfter: seconds(1) });
    await clock.advance(seconds(4));
    expect(server.lastWatch().query.sendInitialEvents).toBe(true);
  });

  it("begins with short pauses again after two healthy minutes", async () => {
    const { server, clock, pauses } = await watching();
    for (let failure = 0; failure < 3; failure += 1) {
      server.lastWatch().fail({ kind: "unavailable" });
      await clock.advance(seconds(4));
    }
    await clock.advance(seconds(60));
    server.lastWatch().send(bookmark(20));
    await clock.advance(seconds(60));
    server.lastWatch().fail({ kind: "unavailable" });
    await clock.advance();
    expect(pauses()).toEqual([800, 1600, 3200, 800]);
  });

  it("lists anew when an API server that was away is back, whose versions may have gone back", async () => {
    const { server, clock, stored } = await watching();
    server.lastWatch().fail(new Error("read ECONNRESET"));
    await clock.advance(seconds(1));
    server.lastWatch().fail(new Error("connect ECONNREFUSED"));
    await clock.advance(seconds(2));
    expect(server.lastWatch().query.resourceVersion).toBeUndefined();
    server.lastWatch().send(event("ADDED", "b", 3), initialEventsEnd(4), event("ADDED", "a", 5));
    await clock.advance();
    expect(stored()).toEqual(["a@5", "b@3"]);
  });

  it.each([
    ["a reset", (watch: ScriptedWatch) => watch.fail(new Error("read ECONNRESET"))],
    ["an end before its time", (watch: ScriptedWatch) => watch.end()],
  ])(
    "lists anew where the server is not as far as it was, as after a restore of etcd, though only %s tells",
    async (_, cut) => {
      const { server, clock, stored, reasons, wentBack } = await watching();
      await clock.advance(seconds(60));
      server.lastWatch().send(event("MODIFIED", "a", 12));
      await clock.advance();
      server.isAt("11");
      cut(server.lastWatch());
      await clock.advance(seconds(2));
      expect(reasons().at(-1)).toBe("gone");
      expect(server.calls).toHaveLength(2);
      expect(server.lastWatch().query.resourceVersion).toBeUndefined();
      // Told before the list, which may be of a later version.
      expect(wentBack()).toBe(1);
      server.lastWatch().send(initialEventsEnd(13));
      await clock.advance();
      expect([stored(), wentBack()]).toEqual([[], 1]);
    },
  );

  it.each(["12", "13"])("goes on where the server is at %s, as far as it was or further", async (version) => {
    const { server, clock, reasons, wentBack } = await watching();
    server.lastWatch().send(event("MODIFIED", "a", 12));
    await clock.advance();
    server.isAt(version);
    server.lastWatch().fail(new Error("read ECONNRESET"));
    await clock.advance(seconds(1));
    expect(server.lastWatch().query.resourceVersion).toBe("12");
    expect([server.looks, reasons(), wentBack()]).toEqual([1, ["transient"], 0]);
  });

  it("lists anew where nobody says how far the server is", async () => {
    const { server, clock, reasons } = await watching();
    server.isAt(new Error("connect ECONNREFUSED"));
    server.lastWatch().fail(new Error("read ECONNRESET"));
    await clock.advance(seconds(5));
    expect(reasons()).toEqual(["transient", "transient"]);
    expect(server.lastWatch().query.resourceVersion).toBeUndefined();
  });

  it("does not ask how far the server is where a stream ends at its time", async () => {
    const { server, clock } = await watching({ random: () => 0 });
    for (let elapsed = 0; elapsed < 290; elapsed += 29) {
      await clock.advance(seconds(29));
      server.lastWatch().send(bookmark(100 + elapsed));
    }
    await clock.advance();
    server.lastWatch().end();
    await clock.advance();
    expect([server.calls.length, server.looks]).toEqual([2, 0]);
  });

  it("begins no two streams within a second, where each ends at once", async () => {
    const { server, clock } = await watching();
    await clock.advance(seconds(60));
    const before = server.calls.length;
    for (let turn = 0; turn < 100; turn += 1) {
      server.lastWatch().send(bookmark(100 + turn));
      server.lastWatch().end();
      await clock.advance(milliseconds(100));
    }
    expect(server.calls.length - before).toBeLessThanOrEqual(11);
    expect(server.calls.length - before).toBeGreaterThan(5);
  });

  it("asks how far the server is right before the watch, and no sooner than that may begin", async () => {
    const { server, clock } = await watching();
    await clock.advance(seconds(60));
    for (const version of [101, 102]) {
      server.lastWatch().send(bookmark(version));
      server.lastWatch().end();
      await clock.advance();
      // The first stream has lasted; the second had just begun.
      expect(server.looks).toBe(1);
    }
    await clock.advance(seconds(1));
    expect(server.looks).toBe(2);
  });

  it("verifies itself against a full list after 6 to 12 hours", async () => {
    const { server, clock, stored } = await watching({ random: () => 0.5 });
    for (let elapsed = 0; elapsed < 9 * 60 - 1; elapsed += 1) {
      await clock.advance(seconds(60));
      server.lastWatch().send(bookmark(100 + elapsed));
    }
    expect(server.calls).toHaveLength(1);
    await clock.advance(seconds(60));
    expect(server.calls).toHaveLength(2);
    expect(server.lastWatch().query.sendInitialEvents).toBe(true);
    server.lastWatch().send(initialEventsEnd(1000));
    await clock.advance();
    expect(stored()).toEqual([]);
  });

  it("says which object it cannot read, skips it, and keeps what it had of it", async () => {
    const { server, clock, stored, seen } = await watching({
      transform: (raw) => {
        const record = transformThing(raw);
        if (record.resourceVersion === "11") throw new TypeError("labels is no object");
        return record;
      },
    });
    server.lastWatch().send(event("MODIFIED", "a", 11), event("ADDED", "b", 12));
    await clock.advance();
    expect(stored()).toEqual(["a@1", "b@12"]);
    expect(seen.filter(({ kind }) => kind === "unreadable")).toEqual([
      { kind: "unreadable", key: "a", error: new TypeError("labels is no object") },
    ]);
  });

  it("goes on when a listener throws", async () => {
    const { server, clock, things, stored, listenerFailures, pauses } = await watching();
    things.subscribe(() => {
      throw new Error("broken");
    });
    server.lastWatch().send(event("MODIFIED", "a", 11), event("ADDED", "b", 12));
    await clock.advance();
    expect(stored()).toEqual(["a@11", "b@12"]);
    expect(listenerFailures).toHaveLength(2);
    expect(pauses()).toEqual([]);
  });
});

describe("an API server without bookmarks", () => {
  /** What part of this time a watch was open; the server answers each, and has no news. */
  async function heard(hours: number, { ends, random }: { readonly ends: boolean; readonly random: () => number }) {
    const { server, clock, pauses, things, reasons } = started({ random });
    server.lastWatch().fail(refused);
    await clock.advance();
    server.lastList().answer({ items: [rawThing("a", 1)], resourceVersion: "10" });
    await clock.advance();
    let open = 0;
    let longest = 0;
    const ages = new Map<unknown, number>();
    for (let second = 0; second < hours * 3600; second += 1) {
      const stream = server.lastWatch();
      const age = ages.get(stream) ?? 0;
      if (!stream.signal.aborted) open += 1;
      ages.set(stream, age + 1);
      longest = Math.max(longest, age + 1);
      if (ends && age + 1 >= stream.query.timeout.total("seconds")) stream.end();
      await clock.advance(seconds(1));
    }
    return { share: open / (hours * 3600), pauses: pauses(), longest, look: things.look("b").kind, reasons: reasons() };
  }

  it.each([
    ["ends its streams when it is asked to", true],
    ["does not even end its streams", false],
  ])("is heard all the time where it %s, and a dead connection does not last", async (_what, ends) => {
    const { share, pauses, longest, look, reasons } = await heard(2, { ends, random: () => 0.5 });
    expect([pauses, reasons, look]).toEqual([[], [], "absent"]);
    expect(share).toBeGreaterThan(0.99);
    expect(longest).toBeLessThanOrEqual(91);
  });

  it("is told from one with bookmarks by what it shows, each time anew", async () => {
    const { server, clock, reasons } = await watching();
    const timeout = (): number => server.lastWatch().query.timeout.total("seconds");
    expect(timeout()).toBe(290);
    await clock.advance(seconds(92));
    expect([reasons(), timeout()]).toEqual([["silent"], 50]);
    await clock.advance(seconds(50));
    server.lastWatch().send(bookmark(20));
    server.lastWatch().end();
    await clock.advance();
    expect([reasons(), timeout()]).toEqual([["silent"], 290]);
  });

  it("forgets failures though no stream lasts for two minutes", async () => {
    const { server, clock, pauses } = await watching();
    await clock.advance(seconds(92));
    for (let turn = 0; turn < 3; turn += 1) {
      await clock.advance(seconds(50));
      server.lastWatch().end();
      await clock.advance();
      server.lastWatch().fail({ kind: "unavailable" });
      await clock.advance(seconds(1));
    }
    expect(pauses()).toEqual([800, 800, 800, 800]);
  });
});

describe("a stopped reflector", () => {
  it("closes a connection that is being made, and lets nothing in any more", async () => {
    const { server, clock, running, stored } = started();
    const connecting = server.lastWatch();
    const stopped = running.stop();
    connecting.send(event("ADDED", "a", 1), initialEventsEnd(10));
    await stopped;
    await clock.advance(seconds(3600));
    expect(connecting.signal.aborted).toBe(true);
    expect(stored()).toEqual([]);
    expect(server.calls).toHaveLength(1);
    expect(clock.scheduled()).toBe(0);
  });

  it("does not watch after a list that was under way", async () => {
    const { server, clock, running } = started();
    server.lastWatch().fail(refused);
    await clock.advance();
    const stopped = running.stop();
    server.lastList().answer({ items: [rawThing("a", 1)], resourceVersion: "10" });
    await stopped;
    await clock.advance(seconds(3600));
    expect(server.calls).toHaveLength(2);
    expect(clock.scheduled()).toBe(0);
  });

  it("does not come back from a pause", async () => {
    const { server, clock, running } = await watching();
    server.lastWatch().fail({ kind: "unavailable" });
    await clock.advance();
    await running.stop();
    await clock.advance(seconds(3600));
    expect(server.calls).toHaveLength(1);
    expect(clock.scheduled()).toBe(0);
  });

  it("stays still when a listener stops it in the middle of a page", async () => {
    const { server, clock, running, things } = started();
    server.lastWatch().fail(refused);
    await clock.advance();
    things.subscribe(() => void running.stop());
    server.lastList().answer({ items: [rawThing("a", 1)], resourceVersion: "10" });
    await clock.advance(seconds(3600));
    expect(server.calls).toHaveLength(2);
    expect(things.synced).toBe(false);
    expect(clock.scheduled()).toBe(0);
  });

  it("obeys the signal it was started with", async () => {
    const controller = new AbortController();
    const { server, clock, running } = await watching({ signal: controller.signal });
    controller.abort();
    await clock.advance(seconds(3600));
    expect(server.lastWatch().signal.aborted).toBe(true);
    expect(running.status().state).toBe("Stopped");
    expect(clock.scheduled()).toBe(0);
  });
});

describe("the echo of our own write", () => {
  it("is not read again: its answer is in the store", async () => {
    const strippedVersions: string[] = [];
    const { server, clock, things, stored } = await watching({
      transform: (raw) => {
        const record = transformThing(raw);
        strippedVersions.push(record.resourceVersion);
        return record;
      },
    });
    things.wrote(thing("a", 11));
    server.lastWatch().send(event("MODIFIED", "a", 11), event("MODIFIED", "a", 12));
    await clock.advance();
    expect(stored()).toEqual(["a@12"]);
    expect(strippedVersions).toEqual(["1", "12"]);
  });
});

describe("what is not there", () => {
  it("is not known to be absent while nothing is heard, until there is word again", async () => {
    const { server, clock, things } = await watching();
    expect(things.look("b").kind).toBe("absent");
    server.lastWatch().fail({ kind: "transient" });
    await clock.advance();
    expect(things.look("b").kind).toBe("not-seen");
    await clock.advance(seconds(2));
    server.lastWatch().send(bookmark(11));
    await clock.advance();
    expect(things.look("b").kind).toBe("absent");
  });

  it("may not be seen where a right is gone, until a whole list shows that it is back", async () => {
    const { server, clock, things } = await watching();
    server.lastWatch().fail({ kind: "forbidden" });
    await clock.advance();
    expect(things.look("b").kind).toBe("not-permitted");
    await clock.advance(seconds(2));
    server.lastWatch().send(event("ADDED", "c", 12));
    await clock.advance();
    expect(things.look("b").kind).toBe("not-permitted");
    server.lastWatch().send(initialEventsEnd(13));
    await clock.advance();
    expect(things.look("b").kind).toBe("absent");
  });

  it("stays known where the server ends a watch in good order, however soon", async () => {
    const { server, clock, things } = await watching();
    server.lastWatch().end();
    await clock.advance();
    expect(things.look("b").kind).toBe("absent");
  });
});
