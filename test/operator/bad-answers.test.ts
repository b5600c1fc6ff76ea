// Tests of answers that nobody can mean, of waits that nobody can afford, and of clocks that are wrong.
import { describe, expect, it } from "vitest";
import { httpDate } from "../../src/runtime/http-date.ts";
import type { Http } from "../../src/providers/http/http.ts";
import { type Answer, statusError } from "./api-server.ts";
import type { Recorded } from "./played-pools.ts";
import { ops, type Fixture, fixture } from "./fixture.ts";

const hub = "https://index.docker.io/v1/";
const place = "team-a/regcred";
const anHour = { "retry-after": "3600" };

/** What stands in place of a good answer: of whoever answers, or of nobody. */
const nonsense: readonly (readonly [string, Answer])[] = [
  ["nothing", { code: 200, body: {}, text: "" }],
  ["a page for people", { code: 200, body: {}, text: "<!DOCTYPE html><title>Sign in</title>\n<p>Sign in</p>\n" }],
  ["half a line", { code: 200, body: {}, text: '{"type":"ADDED","object":{"metadata":{"name":"te' }],
  ["a line that is no event", { code: 200, body: {}, text: '{"kind":"Status","status":"Success"}\n' }],
  ["an event without an object", { code: 200, body: {}, text: '{"type":"ADDED"}\n' }],
  ["an event of nobody's", { code: 200, body: {}, text: '{"type":"ADDED","object":{}}\n' }],
  ["null", { code: 200, body: {}, text: "null\n" }],
  ["an empty object", { code: 200, body: {} }],
  ["an empty list of no version", { code: 200, body: {}, text: '{"metadata":{},"items":[]}\n' }],
];

/** One that serves team-a, and another one after it that must find its way alone. */
async function served(): Promise<Fixture> {
  const on = fixture();
  on.addCredential("acme");
  const first = on.run("first");
  await on.pass(10);
  expect(on.logins("team-a")).toEqual({ [hub]: "first" });
  await on.stop(first);
  return on;
}

/** Of what is watched; `test/operator/preflight.test.ts` is about the questions at the start. */
const isRead = ({ method, resource, query }: Pick<Recorded, "method" | "resource" | "query">): boolean =>
  method === "GET" && resource !== "leases" && resource !== "" && query["fieldSelector"] !== `metadata.name=${ops}`;

describe("an hour of patience, asked for by the API server,", () => {
  it.each([429, 503])("does not park a pull Secret (%i)", async (code) => {
    const on = fixture();
    on.addCredential("acme");
    on.run("a");
    await on.pass(10);
    let denials = 0;
    on.setFaults(({ method, namespace }) => {
      if (method !== "PUT" || namespace !== "team-a") return undefined;
      denials += 1;
      return { ...statusError(code, "Busy"), headers: anHour };
    });
    on.server.patch("secrets", place, { data: { ".dockerconfigjson": btoa("{}") } });
    await on.pass(1);
    expect(denials).toBeGreaterThan(0);
    const before = denials;
    await on.pass(180);
    // It is asked about once a minute, and no more often.
    expect(denials - before).toBeGreaterThanOrEqual(2);
    expect(denials - before).toBeLessThanOrEqual(9);
    on.setFaults();
    await on.pass(60);
    expect(on.logins("team-a")).toEqual({ [hub]: "first" });
    on.isLawful();
  });

  it("to the PUT of a pull Secret ends with an event", async () => {
    const on = fixture();
    on.addCredential("acme");
    on.run("a");
    await on.pass(10);
    on.setFaults(({ method, namespace }) =>
      method === "PUT" && namespace === "team-a" ? { ...statusError(503, "Busy"), headers: anHour } : undefined,
    );
    on.server.patch("secrets", place, { data: { ".dockerconfigjson": btoa("{}") } });
    await on.pass(3);
    on.setFaults();
    await on.pass(3);
    expect(on.logins("team-a")).toEqual({});
    on.server.patch("secrets", place, { data: { ".dockerconfigjson": btoa('{"auths":{}}') } });
    await on.pass(2);
    expect(on.logins("team-a")).toEqual({ [hub]: "first" });
  });

  it.each(["3600", "999999", "9".repeat(30)])("leaves no watch deaf for more than a minute: %s s", async (header) => {
    const on = await served();
    let denials = 0;
    on.setFaults((call) => {
      if (!isRead(call) || call.by !== "second") return undefined;
      denials += 1;
      return { ...statusError(503, "Busy"), headers: { "retry-after": header } };
    });
    on.run("second");
    await on.pass(5);
    expect(denials).toBeGreaterThan(0);
    on.setFaults();
    on.addNamespace("team-b");
    await on.pass(61);
    expect(on.logins("team-b")).toEqual({ [hub]: "first" });
    on.isLawful();
  });
});

describe("an answer that nobody can mean", () => {
  it.each(nonsense)(
    "to each list and watch takes nothing away, is no hot loop, and ends: %s",
    async (_what, answer) => {
      const on = await served();
      on.setFaults((call) => (isRead(call) && call.by === "second" ? answer : undefined));
      on.recorded.splice(0);
      on.run("second");
      await on.pass(60);
      const reads = on.recorded.filter((call) => isRead(call) && call.by === "second");
      // Some ten watches, each of which comes back after 1, 2, 4, ... seconds.
      expect(reads.length).toBeGreaterThan(0);
      expect(reads.length).toBeLessThan(200);
      expect(on.toTenants()).toEqual([]);
      expect(on.logins("team-a")).toEqual({ [hub]: "first" });
      on.setFaults();
      on.addNamespace("team-b");
      await on.pass(60);
      expect([on.logins("team-a"), on.logins("team-b")]).toEqual([{ [hub]: "first" }, { [hub]: "first" }]);
      on.isLawful();
    },
  );

  it.each(nonsense)("to a write is not taken for done: %s", async (_what, answer) => {
    const on = await served();
    on.setFaults(({ method, namespace }) => (method !== "GET" && namespace === "team-b" ? answer : undefined));
    const second = on.run("second");
    on.addNamespace("team-b");
    await on.pass(60);
    expect(on.logins("team-b")).toBeUndefined();
    expect(
      on.recorded.filter(({ method, namespace }) => method === "POST" && namespace === "team-b").length,
    ).toBeLessThan(60);
    on.setFaults();
    await on.pass(90);
    expect([on.logins("team-b"), on.references("team-b"), second.end()]).toEqual([
      { [hub]: "first" },
      ["regcred"],
      undefined,
    ]);
    on.isLawful();
  });

  it.each(nonsense)("to the Lease is neither its loss at once nor its renewal: %s", async (_what, answer) => {
    const on = fixture();
    on.addCredential("acme");
    const only = on.run("only");
    await on.pass(10);
    on.setFaults(({ resource, method }) => (resource === "leases" && method !== "GET" ? answer : undefined));
    await on.pass(5);
    expect(only.end()).toBeUndefined();
    on.setFaults();
    await on.pass(30);
    expect(only.end()).toBeUndefined();
    on.setFaults(({ resource, method }) => (resource === "leases" && method !== "GET" ? answer : undefined));
    await on.pass(12);
    expect(only.end()).toMatch(/lease is lost/);
    on.isLawful();
  });
});

describe("an API server that answers each request after 10 s", () => {
  const slow = (on: Fixture) => () => on.clock.sleep(Temporal.Duration.from({ seconds: 10 }));

  it("is waited for at the start, and serves when it is quick again", async () => {
    const on = fixture();
    on.addCredential("acme");
    on.setFaults(slow(on));
    const a = on.run("a");
    await on.pass(300);
    expect(a.end()).toBeUndefined();
    expect(on.toTenants()).toEqual([]);
    on.setFaults();
    await on.pass(60);
    expect(on.logins("team-a")).toEqual({ [hub]: "first" });
    on.isLawful();
  });

  it("takes nothing away from who is served, nor is it asked in a hot loop", async () => {
    const on = await served();
    on.run("second", { leaderElection: false });
    await on.pass(10);
    on.setFaults(slow(on));
    on.recorded.splice(0);
    on.server.patch("secrets", "regcred-system/docker-hub", { data: { password: btoa("second") } });
    await on.pass(300);
    expect(on.logins("team-a")).toEqual({ [hub]: "first" });
    expect(on.recorded.length).toBeLessThan(300);
    on.setFaults();
    await on.pass(60);
    expect(on.logins("team-a")).toEqual({ [hub]: "second" });
    on.isLawful();
  });
});

describe("a clock that is 10 minutes wrong", () => {
  const sts = "https://sts.example.com/token";
  const life = 300;
  const ends = (token: string): number => Number(token.split("-")[1]);

  /** Its tokens live for five minutes of its own time, in which they say when they end. */
  function cloud(on: Fixture, theirs: () => Temporal.Instant): { readonly http: Http; readonly minted: () => number } {
    let minted = 0;
    const http: Http = async ({ url }) => {
      if (url !== sts) return { status: 500, headers: {}, text: "" };
      minted += 1;
      const end = theirs().add({ seconds: life });
      const text = JSON.stringify({ token: `t-${end.epochMilliseconds}`, end: end.toString() });
      return { status: 200, headers: { date: httpDate(theirs()) }, text };
    };
    on.addSource("keys", "x");
    const entry = {
      name: "hub",
      provider: "TokenExchange",
      hosts: ["cloud.example.com"],
      identity: { from: "Secret", name: "keys" },
      tokenExchange: {
        url: sts,
        body: { format: "JSON", fields: [{ name: "subject", valueFrom: "Password" }] },
        username: "ada",
        response: { tokenPath: "token", expiry: "Time", expiryPath: "end" },
      },
    };
    on.addCredential("acme", { registries: [entry] });
    return { http, minted: () => minted };
  }

  it.each([
    ["behind from the start", -600, 0],
    ["ahead from the start", 600, 0],
    ["set back while it runs", 0, -600],
    ["set forth while it runs", 0, 600],
  ])("%s: tenants always hold a token of five minutes that lives", async (_what, atStart, later) => {
    const on = fixture();
    const start = on.clock.now();
    const theirs = (): Temporal.Instant => start.add({ milliseconds: Math.round(on.clock.elapsed()) });
    const { http, minted } = cloud(on, theirs);
    on.clock.step(Temporal.Duration.from({ seconds: atStart }));
    const a = on.run("a", { clouds: http, leaderElection: false });
    await on.pass(10);
    const dead: string[] = [];
    for (let second = 0; second < 1_200; second += 10) {
      if (second === 400) on.clock.step(Temporal.Duration.from({ seconds: later }));
      await on.pass(10);
      const token = on.logins("team-a")?.["cloud.example.com"];
      if (token === undefined || ends(token) <= theirs().epochMilliseconds) dead.push(`${second} s: ${token}`);
    }
    expect(dead).toEqual([]);
    // Each is renewed at about half of its life, and not all the time.
    expect(minted()).toBeGreaterThan(6);
    expect(minted()).toBeLessThan(16);
    expect(a.end()).toBeUndefined();
  });
});
