// Is nobody judged by a label that was not kept?
import { describe, expect, it } from "vitest";
import { askedLabels } from "../../src/watch/asked-labels.ts";
import type { ListWatch, WatchEvent } from "../../src/watch/list-watch.ts";
import { reflector } from "../../src/watch/reflector.ts";
import { store } from "../../src/watch/store.ts";
import { stripNamespace } from "../../src/watch/strip/namespace.ts";
import type { NamespaceRecord } from "../../src/plan/snapshot.ts";
import { fakeClock } from "../fake-clock.ts";
import { bookmark, initialEventsEnd } from "./objects.ts";
import { scriptedListWatch } from "./scripted-list-watch.ts";

const never = new AbortController().signal;
const asking = (...keys: string[]): WatchEvent => ({ type: "MODIFIED", object: { keys } });
const askedBy = (object: unknown): readonly string[] => (object as { readonly keys?: readonly string[] }).keys ?? [];
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

/** What comes through, as it comes. */
function through(source: ListWatch, signal = never): unknown[] {
  const seen: unknown[] = [];
  void (async () => {
    for await (const { object } of source.watch({ timeout: Temporal.Duration.from({ minutes: 5 }) }, signal))
      seen.push(object);
  })().catch((error: unknown) => seen.push(error));
  return seen;
}

describe("a RegistryCredential that asks for another label", () => {
  it("is taken in when the Namespaces have been read with it, and so is what comes after it", async () => {
    const server = scriptedListWatch();
    const readings: PromiseWithResolvers<void>[] = [];
    const labels = askedLabels({
      readAgain: () => {
        readings.push(Promise.withResolvers<void>());
        return readings.at(-1)?.promise;
      },
    });
    const seen = through(labels.before(server, askedBy));
    server.lastWatch().send(asking(), asking("a"), asking());
    await turns();
    expect(seen).toEqual([{ keys: [] }]);
    expect([...labels.keys()]).toEqual(["a"]);
    readings[0]?.resolve();
    await turns();
    expect(seen).toHaveLength(3);
    server.lastWatch().send(asking("a"));
    await turns();
    expect([seen.length, readings.length]).toEqual([4, 1]);
  });

  it("waits on where its watch begins anew meanwhile", async () => {
    const server = scriptedListWatch();
    const reading = Promise.withResolvers<void>();
    const labels = askedLabels({ readAgain: () => reading.promise });
    const stop = new AbortController();
    const first = through(labels.before(server, askedBy), stop.signal);
    server.lastWatch().send(asking("a"));
    await turns();
    const reason = new Error("begins anew");
    stop.abort(reason);
    await turns();
    expect(first).toEqual([reason]);
    const listed: unknown[] = [];
    const page = labels.before(server, askedBy).list({}, (object) => listed.push(object), never);
    server.lastList().answer({ items: [{ keys: ["a"] }], resourceVersion: "1" });
    await turns();
    expect(listed).toEqual([]);
    reading.resolve();
    await page;
    expect(listed).toEqual([{ keys: ["a"] }]);
  });

  it("keeps nobody waiting who asks for other labels, or for none, such as a source", async () => {
    const labels = askedLabels({ readAgain: () => new Promise<void>(() => undefined) });
    const [credentials, secrets] = [scriptedListWatch(), scriptedListWatch()];
    const waiting = through(labels.before(credentials, askedBy));
    const others = through(labels.before(secrets, askedBy));
    credentials.lastWatch().send(asking("a"));
    secrets.lastWatch().send(asking(), asking("a"));
    await turns();
    expect([waiting, others]).toEqual([[], [{ keys: [] }]]);
  });

  it("waits for nothing before any Namespace was read", async () => {
    const server = scriptedListWatch();
    const labels = askedLabels({ readAgain: () => undefined });
    const seen = through(labels.before(server, askedBy));
    server.lastWatch().send(asking("a", "b"));
    await turns();
    expect([seen.length, [...labels.keys()]]).toEqual([1, ["a", "b"]]);
  });
});

describe("Namespaces that are read again", () => {
  const namespace = (name: string, resourceVersion: string, labels: object): WatchEvent => ({
    type: "ADDED",
    object: { metadata: { name, uid: name, resourceVersion, labels } },
  });

  async function watching() {
    const clock = fakeClock();
    const server = scriptedListWatch();
    const keys = new Set(["tier"]);
    const namespaces = store<NamespaceRecord>();
    const running = reflector({
      listWatch: server,
      store: namespaces,
      strip: stripNamespace(() => keys),
      clock,
      random: () => 0,
    });
    running.start();
    const all = [namespace("a", "1", { tier: "gold", team: "x" }), namespace("b", "2", { tier: "gold" })];
    server.lastWatch().send(...all, initialEventsEnd(10));
    await clock.advance();
    return { clock, server, keys, namespaces, running, all };
  }

  it("have the further label though their version is the same; who listens hears of no other", async () => {
    const { clock, server, keys, namespaces, running, all } = await watching();
    const changes: string[] = [];
    namespaces.subscribe(({ key }) => changes.push(key));
    keys.add("team");
    let isOver = false;
    void running.readAgain().then(() => (isOver = true));
    server.lastWatch().send(...all);
    await clock.advance();
    expect(isOver).toBe(false);
    server.lastWatch().send(initialEventsEnd(10));
    await clock.advance();
    expect(isOver).toBe(true);
    expect(namespaces.get("a")?.labels).toEqual({ tier: "gold", team: "x" });
    expect(changes).toEqual(["a"]);
  });

  it("are not there all before a list has come to its end, whatever fails meanwhile", async () => {
    const { clock, server, keys, running, all } = await watching();
    server.lastWatch().fail({ kind: "unavailable" });
    await clock.advance();
    keys.add("team");
    let isOver = false;
    void running.readAgain().then(() => (isOver = true));
    await clock.advance(Temporal.Duration.from({ seconds: 5 }));
    expect(server.lastWatch().query).toMatchObject({ sendInitialEvents: true });
    server.lastWatch().fail({ kind: "unavailable" });
    await clock.advance(Temporal.Duration.from({ seconds: 5 }));
    server.lastWatch().send(...all, bookmark(9));
    await clock.advance();
    expect(isOver).toBe(false);
    server.lastWatch().send(initialEventsEnd(10));
    await clock.advance();
    expect(isOver).toBe(true);
  });
});
