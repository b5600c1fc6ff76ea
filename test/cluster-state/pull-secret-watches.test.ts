// Tests that each pull Secret is watched where and under the names that the mode allows, and refusals are logged and forgotten.
import { afterEach, describe, expect, it } from "vitest";
import { listWatch } from "../../src/runtime/client/list-watch.ts";
import { transport } from "../../src/runtime/client/transport.ts";
import type { SecretRecord } from "../../src/cluster/records.ts";
import { pullSecretWatches } from "../../src/cluster/pull-secret-watches.ts";
import { store } from "../../src/runtime/watch/store.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { pollUntil } from "../cluster/poll-until.ts";
import { json, localConnection, localServer, status } from "../runtime/client/local-server.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const until = (what: string, check: () => boolean): Promise<boolean> =>
  pollUntil(check, { what, limit: Temporal.Duration.from({ seconds: 20 }) });
const forbidden = 'secrets is forbidden: User "regcred" cannot list resource "secrets" in API group ""';

/** An API server without WatchList and without Secrets, that refuses the paths that `refuses` holds. */
async function fixture(namespaces: readonly string[], refuses: Set<string>) {
  const server = await localServer(({ path, query }, response) => {
    if (refuses.has(path)) return json(response, 403, status(403, "Forbidden", forbidden));
    if (query.get("sendInitialEvents") === "true") return json(response, 422, status(422, "Invalid", "no"));
    if (query.get("watch") !== null) return response.writeHead(200).flushHeaders();
    json(response, 200, { items: [], metadata: { resourceVersion: "5" } });
  });
  closers.push(() => server.close());
  const clock = systemClock();
  const api = transport({ connection: localConnection(server.url), clock, random: () => 0, userAgent: "regcred/test" });
  closers.push(() => api.close());
  const changes: string[] = [];
  const logged: boolean[] = [];
  const watches = pullSecretWatches({
    listWatch: (watched) => listWatch(api, watched),
    store: store<SecretRecord>(),
    transform: () => undefined,
    namespaces,
    mayBeWatched: (name) => name !== "unheard",
    maxConfigBytes: 1000,
    clock,
    random: () => 0,
    tell: (_what, _event, changed) => logged.push(changed),
    onChanged: (name, namespace = "*") => changes.push(`${namespace}/${name}`),
    onRefusal: () => changes.push("refusal"),
  });
  closers.push(() => watches.stop());
  const paths = (): string[] =>
    [...new Set(server.received.map(({ path, query }) => `${path}?${query.get("fieldSelector") ?? ""}`))].toSorted();
  return { watches, changes, logged, paths };
}

describe("the watches of pull Secrets", { timeout: 60_000 }, () => {
  it("are one per name where the rights hold in all namespaces", async () => {
    const { watches, changes, paths } = await fixture([], new Set());
    watches.watchNames(new Set(["one", "two", "unheard"]));
    expect([watches.known("one"), watches.known("unheard")]).toEqual([false, true]);
    await until("both are known", () => watches.synced("one") && watches.synced("two"));
    expect(paths()).toEqual(["/api/v1/secrets?metadata.name=one", "/api/v1/secrets?metadata.name=two"]);
    expect(changes.toSorted()).toEqual(["*/one", "*/two"]);
  });

  it("are one per name and namespace where these are listed, and none elsewhere", async () => {
    const { watches, changes, paths } = await fixture(["team-a", "team-b"], new Set());
    watches.watchNames(new Set(["one"]));
    await until("it is known", () => watches.synced("one"));
    expect(paths()).toEqual([
      "/api/v1/namespaces/team-a/secrets?metadata.name=one",
      "/api/v1/namespaces/team-b/secrets?metadata.name=one",
    ]);
    expect(changes).toEqual(["*/one"]);
  });

  it("wait for no namespace that is refused, and tell when it is so no longer", async () => {
    const refuses = new Set(["/api/v1/namespaces/team-b/secrets"]);
    const { watches, changes } = await fixture(["team-a", "team-b"], refuses);
    watches.watchNames(new Set(["one"]));
    await until("it is known", () => watches.synced("one"));
    expect(changes.toSorted()).toEqual(["*/one", "refusal"]);
    expect([watches.refused("one", "team-a"), watches.refused("one", "team-b")]).toEqual([false, true]);
    expect([watches.refusedSome("one"), watches.refusedAll("one")]).toEqual([true, false]);
    refuses.clear();
    await until("the refusal is over", () => !watches.refusedSome("one"));
    expect(changes.slice(2)).toEqual(["team-b/one", "refusal"]);
  });

  it("know nothing where all is refused, and tell a person once", async () => {
    const { watches, changes, logged } = await fixture([], new Set(["/api/v1/secrets"]));
    watches.watchNames(new Set(["one"]));
    await until("it is refused", () => watches.refusedAll("one"));
    expect(watches.synced("one")).toBe(false);
    expect(watches.refused("one", "team-a")).toBe(true);
    expect(changes).toEqual(["*/one", "refusal"]);
    await until("it is refused again", () => logged.includes(false));
    expect(logged.filter((changed) => changed)).toHaveLength(1);
  });

  it("know nothing of a name that was needed once, before it is listed anew", async () => {
    const { watches, changes } = await fixture([], new Set());
    watches.watchNames(new Set(["one"]));
    await until("it is known", () => watches.synced("one"));
    watches.watchNames(new Set());
    watches.watchNames(new Set(["one"]));
    expect([watches.known("one"), watches.synced("one")]).toEqual([false, false]);
    await until("it is known again", () => watches.synced("one"));
    expect(changes).toEqual(["*/one", "*/one"]);
  });

  it("forget a name that is needed no longer", async () => {
    const { watches } = await fixture(["team-a"], new Set(["/api/v1/namespaces/team-a/secrets"]));
    watches.watchNames(new Set(["one"]));
    await until("it is refused", () => watches.refusedAll("one"));
    watches.watchNames(new Set());
    expect([watches.synced("one"), watches.refusedSome("one")]).toEqual([false, false]);
  });
});
