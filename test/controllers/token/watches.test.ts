// Which grants are looked at when a Secret of the operator's namespace changes, at a cost that does not grow with the grants.
import { contextOf } from "../context-of.ts";
import { fakeClock } from "../../fake-clock.ts";
import { statusCache } from "../../../src/controllers/status-cache.ts";
import { expect, it } from "vitest";
import type { Context } from "../../../src/controllers/context.ts";
import { storedTokens, tokenWatches } from "../../../src/controllers/token/watches.ts";
import { newSignals } from "../../../src/controllers/signals.ts";
import { listeners } from "../../../src/runtime/watch/listeners.ts";

const thrown = (error: unknown): never => {
  throw error;
};

/** Lane and key of each request; all grants are made from `ops/hub`, and only what is wanted of a Secret may be looked for. */
function requestsOf(change: object): readonly string[] {
  const operatorSecrets = listeners<object>(thrown);
  const crds = listeners<object>(thrown);
  const tokens = {
    wantedOf: (secret: string) => (secret === "ops/hub" ? ["a", "b"] : secret === "ops/regcred-token-a" ? ["a"] : []),
    wanted: () => thrown(new Error("each grant was looked at")),
    users: (grantKey: string) => (grantKey === "a" ? ["secret/one/x", "secret/two/x"] : []),
  };
  const context = {
    cluster: { stores: { operatorSecrets, crds } },
    grants: { tokens },
    credentials: { statusCache: statusCache(fakeClock()) },
    queue: { signals: newSignals(thrown) },
  };
  const asked: string[] = [];
  for (const each of tokenWatches(contextOf(context))) {
    each.follow((requests) => {
      for (const { key, options } of requests) asked.push(`${options?.lane} ${key}`);
    });
  }
  operatorSecrets.tell(change);
  return asked;
}

const source = { kind: "source" };
const stored = (grantKey: string, revision = "1"): object => ({ kind: "token", token: { grantKey, revision } });

it("all that waits for a moment of wall time is looked at when the clock has jumped, and what kept an old token", () => {
  const signals = newSignals(thrown);
  const users: Readonly<Record<string, readonly string[]>> = {
    a: ["secret/one/x"],
    b: ["secret/two/x"],
    c: ["secret/three/x"],
  };
  const tokens = {
    wanted: () => [["a"], ["b"]],
    token: (key: string) => (key === "a" ? { expiresAt: undefined } : undefined),
    users: (key: string) => users[key] ?? [],
    kept: () => ["c"],
  };
  const stores = { operatorSecrets: listeners<object>(thrown), crds: listeners<object>(thrown) };
  const asked: string[] = [];
  for (const each of tokenWatches({
    cluster: { stores },
    grants: { tokens },
    queue: { signals },
  } as unknown as Context))
    each.follow((requests) => {
      for (const { key } of requests) asked.push(key);
    });
  signals.clockSteps.tell();
  // Of one without an end nobody's Secret has one.
  expect(asked).toEqual(["token/a", "token/b", "secret/two/x", "secret/three/x"]);
});

it("at a start each token that can be read is looked at", () => {
  const records = [stored("a"), source, { kind: "token" }, stored("b")];
  const stores = { operatorSecrets: { values: () => records } } as unknown as Context["cluster"]["stores"];
  expect([...storedTokens(stores)].map(({ key }) => key)).toEqual(["token/a", "token/b"]);
});

it.each([
  ["a source that has come", { key: "ops/hub", after: source }, ["interactive token/a", "interactive token/b"]],
  ["one that is gone", { key: "ops/hub", before: source }, ["interactive token/a", "interactive token/b"]],
  ["a Secret that is nobody's source", { key: "ops/other", after: source }, []],
  ["a part of the record", { key: "ops/regcred-members-1", after: { kind: "members" } }, []],
  [
    "a token that is wanted",
    { key: "ops/regcred-token-a", after: stored("a") },
    ["bulk token/a", "interactive token/a"],
  ],
  ["one that cannot be read", { key: "ops/regcred-token-a", after: { kind: "token" } }, ["interactive token/a"]],
  ["one that is gone", { key: "ops/regcred-token-a", before: stored("a") }, ["bulk token/a", "interactive token/a"]],
  [
    "one in whose place somebody has put another, as a restore of etcd does",
    { key: "ops/regcred-token-a", before: stored("a", "2"), after: stored("a", "1") },
    ["bulk token/a", "interactive token/a", "bulk secret/one/x", "bulk secret/two/x"],
  ],
  [
    "one that says the same",
    { key: "ops/regcred-token-a", before: stored("a"), after: stored("a") },
    ["bulk token/a", "interactive token/a"],
  ],
  ["one that nobody wants", { key: "ops/regcred-token-c", after: stored("c") }, ["bulk token/c"]],
])("%s", (_what, change, expected) => {
  expect(requestsOf(change)).toEqual(expected);
});
