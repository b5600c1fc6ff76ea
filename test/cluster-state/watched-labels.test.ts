// Tests of watched labels: nobody is judged by a label that was not cached, and nobody else waits for one.
import { describe, expect, it } from "vitest";
import { askedLabels } from "../../src/cluster/watched-labels.ts";
import type { WatchEvent } from "../../src/runtime/watch/list-watch.ts";
import { reflector } from "../../src/runtime/watch/reflector.ts";
import { store } from "../../src/runtime/watch/store.ts";
import { identityOf } from "../../src/runtime/watch/object-meta.ts";
import { transformNamespace } from "../../src/cluster/transform/namespace.ts";
import type { NamespaceRecord } from "../../src/cluster/records.ts";
import { fakeClock } from "../fake-clock.ts";
import { bookmark, initialEventsEnd } from "../runtime/watch/objects.ts";
import { scriptedListWatch } from "../runtime/watch/scripted-list-watch.ts";

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

/** Labels whose Namespaces are read again when the test says so. */
function asked() {
  const readings: PromiseWithResolvers<void>[] = [];
  const readAgain = (): Promise<void> => {
    const reading = Promise.withResolvers<void>();
    readings.push(reading);
    return reading.promise;
  };
  const labels = askedLabels();
  labels.readBy(readAgain);
  let broughtAgain = 0;
  const waits = labels.waiting(() => (broughtAgain += 1));
  return { readings, labels, waits, broughtAgain: () => broughtAgain };
}

describe("what asks for another label", () => {
  it("waits until the Namespaces have been read with it, and is brought again then", async () => {
    const { readings, labels, waits, broughtAgain } = asked();
    expect([waits([]), waits(["a"]), waits(["a"]), waits([])]).toEqual([false, true, true, false]);
    expect([[...labels.keys()], readings.length, broughtAgain()]).toEqual([["a"], 1, 0]);
    readings[0]?.resolve();
    await turns();
    expect([broughtAgain(), waits(["a"]), readings.length]).toEqual([1, false, 1]);
  });

  it("waits for no label that only another one asks for", async () => {
    const { readings, waits, broughtAgain } = asked();
    expect([waits(["a"]), waits(["b"]), waits(["a", "b"])]).toEqual([true, true, true]);
    readings[0]?.resolve();
    await turns();
    expect([broughtAgain(), waits(["a"]), waits(["b"]), waits(["a", "b"])]).toEqual([1, false, true, true]);
    readings[1]?.resolve();
    await turns();
    expect([broughtAgain(), waits(["a", "b"])]).toEqual([2, false]);
  });

  it("is brought again wherever it has waited", async () => {
    const { readings, labels, waits, broughtAgain } = asked();
    let others = 0;
    const othersWait = labels.waiting(() => (others += 1));
    expect([waits(["a"]), othersWait(["a"])]).toEqual([true, true]);
    readings[0]?.resolve();
    await turns();
    expect([readings.length, broughtAgain(), others]).toEqual([1, 1, 1]);
  });

  it("waits for nothing before any Namespace was read", () => {
    const labels = askedLabels();
    expect(labels.waiting(() => undefined)(["a", "b"])).toBe(false);
    expect([...labels.keys()]).toEqual(["a", "b"]);
  });
});

describe("a RegistryCredential whose label cannot be read yet", () => {
  const of = (name: string, resourceVersion: string, asks: readonly string[] = []): WatchEvent => ({
    type: "MODIFIED",
    object: { metadata: { name, uid: name, resourceVersion }, asks },
  });
  interface Asking {
    readonly key: string;
    readonly resourceVersion: string;
    readonly asks: readonly string[];
  }

  async function watching() {
    const { readings, labels } = asked();
    const clock = fakeClock();
    const server = scriptedListWatch();
    const credentials = store<Asking>();
    const waits = labels.waiting(() => void running.readAgain());
    const running = reflector({
      listWatch: server,
      store: credentials,
      transform: (raw): Asking => ({ ...identityOf(raw), asks: (raw as Pick<Asking, "asks">).asks }),
      clock,
      random: () => 0,
      heldBack: ({ asks }) => waits(asks),
    });
    running.start();
    server.lastWatch().send(of("acme", "1"), of("beta", "2"), initialEventsEnd(10));
    await clock.advance();
    const versions = (): readonly string[] =>
      [...credentials.values()].map(({ key, resourceVersion }) => `${key} ${resourceVersion}`);
    return { readings, clock, server, credentials, versions };
  }

  it("stays as it was, and the others are heard", async () => {
    const { clock, server, versions } = await watching();
    server.lastWatch().send(of("acme", "11", ["tier"]), of("beta", "12"));
    await clock.advance();
    expect(versions()).toEqual(["acme 1", "beta 12"]);
  });

  it("holds up no full list either, and is not taken for gone by one", async () => {
    const { clock, server, credentials, versions } = await watching();
    server.lastWatch().send(of("acme", "11", ["tier"]));
    server.lastWatch().fail({ kind: "expired" });
    await clock.advance(Temporal.Duration.from({ seconds: 5 }));
    const news = [of("acme", "11", ["tier"]), of("beta", "12"), of("new", "13", ["tier"])];
    server.lastWatch().send(...news, initialEventsEnd(20));
    await clock.advance();
    expect(versions()).toEqual(["acme 1", "beta 12"]);
    expect([credentials.synced, credentials.look("new").kind]).toEqual([true, "not-seen"]);
  });

  it("is taken in as soon as it can be", async () => {
    const { readings, clock, server, versions } = await watching();
    server.lastWatch().send(of("acme", "11", ["tier"]));
    await clock.advance();
    readings[0]?.resolve();
    await clock.advance();
    server.lastWatch().send(of("acme", "11", ["tier"]), of("beta", "2"), initialEventsEnd(20));
    await clock.advance();
    expect(versions()).toEqual(["acme 11", "beta 2"]);
  });

  it("is gone at once when it is deleted", async () => {
    const { clock, server, credentials } = await watching();
    server.lastWatch().send(of("acme", "11", ["tier"]), { ...of("acme", "12", ["tier"]), type: "DELETED" });
    await clock.advance();
    expect(credentials.look("acme").kind).toBe("absent");
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
