// Is nobody judged by a label that was not kept?
import { describe, expect, it } from "vitest";
import { askedLabels } from "../../src/cluster/watched-labels.ts";
import type { ListWatch, WatchEvent } from "../../src/runtime/watch/list-watch.ts";
import { reflector } from "../../src/runtime/watch/reflector.ts";
import { store } from "../../src/runtime/watch/store.ts";
import { transformNamespace } from "../../src/cluster/transform/namespace.ts";
import type { NamespaceRecord } from "../../src/cluster/records.ts";
import { fakeClock } from "../fake-clock.ts";
import { bookmark, initialEventsEnd } from "../runtime/watch/objects.ts";
import { scriptedListWatch } from "../runtime/watch/scripted-list-watch.ts";

const never = new AbortController().signal;
const asking = (...keys: string[]): WatchEvent => ({ type: "MODIFIED", object: { keys } });
const askedBy = (object: unknown): readonly string[] => (object as { readonly keys?: readonly string[] }).keys ?? [];
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

/** What comes through, as it comes. */
function through(source: ListWatch, { signal = never, sendInitialEvents = false } = {}): unknown[] {
  const seen: unknown[] = [];
  const timeout = Temporal.Duration.from({ minutes: 5 });
  void (async () => {
    for await (const { object } of source.watch({ timeout, sendInitialEvents }, signal)) seen.push(object);
  })().catch((error: unknown) => seen.push(error));
  return seen;
}

/** Labels whose Namespaces are read again when the test says so. */
function asked() {
  const readings: PromiseWithResolvers<void>[] = [];
  const readAgain = (): Promise<void> => {
    const reading = Promise.withResolvers<void>();
    readings.push(reading);
    return reading.promise;
  };
  const server = scriptedListWatch();
  const labels = askedLabels({ readAgain });
  let listed = 0;
  const source = labels.before(server, askedBy, () => (listed += 1));
  return { readings, server, labels, source, listed: () => listed };
}

describe("a RegistryCredential that asks for another label", () => {
  it("is read anew when the Namespaces have been read with it, and keeps nobody else waiting until then", async () => {
    const { readings, server, labels, source, listed } = asked();
    const seen = through(source);
    server.lastWatch().send(asking(), asking("a"), asking("a", "b"), asking());
    await turns();
    expect(seen).toEqual([{ keys: [] }, { keys: [] }]);
    expect([[...labels.keys()], readings.length, listed()]).toEqual([["a", "b"], 2, 0]);
    for (const { resolve } of readings) resolve();
    await turns();
    expect(listed()).toBe(1);
    server.lastWatch().send(asking("a"));
    await turns();
    expect([seen.length, readings.length, listed()]).toEqual([3, 2, 1]);
  });

  it("is gone at once when it is deleted, and asks for nothing by that", async () => {
    const { readings, server, source } = asked();
    const seen = through(source);
    server.lastWatch().send(asking("a"), { ...asking("a"), type: "DELETED" }, { ...asking("b"), type: "DELETED" });
    await turns();
    expect([seen.length, readings.length]).toEqual([2, 1]);
  });

  it("is waited for where a full list comes as a watch, because that is whole", async () => {
    const { readings, server, source, listed } = asked();
    const seen = through(source, { sendInitialEvents: true });
    server.lastWatch().send(asking("a"), initialEventsEnd(10), asking("b"), asking());
    await turns();
    expect([seen.length, readings.length]).toEqual([0, 1]);
    readings[0]?.resolve();
    await turns();
    expect([seen.length, readings.length, listed()]).toEqual([3, 2, 0]);
  });

  it("waits on where its list begins anew meanwhile", async () => {
    const { readings, server, source } = asked();
    const stop = new AbortController();
    const first = through(source, { signal: stop.signal, sendInitialEvents: true });
    server.lastWatch().send(asking("a"));
    await turns();
    const reason = new Error("begins anew");
    stop.abort(reason);
    await turns();
    expect(first).toEqual([reason]);
    const listed: unknown[] = [];
    const page = source.list({}, (object) => listed.push(object), never);
    server.lastList().answer({ items: [{ keys: ["a"] }], resourceVersion: "1" });
    await turns();
    expect(listed).toEqual([]);
    readings[0]?.resolve();
    await page;
    expect(listed).toEqual([{ keys: ["a"] }]);
  });

  it("keeps nobody waiting who asks for other labels, or for none, such as a source", async () => {
    const { server: credentials, labels, source } = asked();
    const secrets = scriptedListWatch();
    const waiting = through(source);
    const others = through(labels.before(secrets, askedBy, () => undefined));
    credentials.lastWatch().send(asking("a"));
    secrets.lastWatch().send(asking(), asking("a"));
    await turns();
    expect([waiting, others]).toEqual([[], [{ keys: [] }]]);
  });

  it("waits for nothing before any Namespace was read", async () => {
    const server = scriptedListWatch();
    const labels = askedLabels({ readAgain: () => undefined });
    const seen = through(labels.before(server, askedBy, () => undefined));
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
      transform: transformNamespace(() => keys),
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
