// Tests that a token endpoint that asks for patience gets it, and that a person gets at once what they ask for all the same.
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, type TestEnv, testEnv } from "./test-env.ts";

const soon = { timeout: 10_000 };
const host = "tokens.acme.example";
const registry = "registry.acme.example";

type Reply = (number: number) => { readonly status: number; readonly retryAfter?: string; readonly body?: object };

describe("a token endpoint that names a far time to come back", () => {
  let world: TestEnv;
  let server: Server;
  let asked = 0;
  let reply: Reply = () => ({ status: 500 });

  beforeAll(async () => {
    server = createServer((_, response) => {
      asked += 1;
      const { status, retryAfter, body } = reply(asked);
      response
        .writeHead(status, { "content-type": "application/json", ...(retryAfter && { "retry-after": retryAfter }) })
        .end(JSON.stringify(body ?? {}));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    world = await testEnv();
    await world.namespaces(["team-a", "team-b"]);
    await world.startOperator({
      routes: { [host]: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } },
    });
  });
  afterAll(async () => {
    await world?.close();
    server?.closeAllConnections();
    server?.close();
  });

  const patience =
    (retryAfter: string): Reply =>
    () => ({ status: 429, retryAfter });
  const gives: Reply = (number) => ({ status: 200, body: { access_token: `t${number}`, expires_in: 3_600 } });
  const isReady = async (name: string): Promise<boolean> => (await world.condition(name, "Ready"))?.status === "True";
  /** A credential whose endpoint has refused it once, and is left alone since. */
  const refused = async (name: string, retryAfter: string): Promise<void> => {
    reply = patience(retryAfter);
    await world.source(`${name}-key`, { username: "ann", password: "one" });
    await world.credential(name, specOf(name));
    await eventually("it is told", async () => (await world.condition(name, "Ready"))?.reason === "Throttled");
    const before = asked;
    // Events that are about something else: a namespace that comes and goes, and comes again.
    await world.admin.patch("/api/v1/namespaces/team-a", { metadata: { labels: { touched: name } } });
    await world.admin.patch("/api/v1/namespaces/team-a", { metadata: { annotations: { touched: name } } });
    await world.atRest();
    expect(asked).toBe(before);
    reply = gives;
  };
  const specOf = (name: string, path = "/token"): object => ({
    registries: [
      {
        name: "main",
        provider: "TokenExchange",
        hosts: [`${name}.${registry}`],
        identity: { from: "Secret", name: `${name}-key` },
        tokenExchange: { url: `https://${host}${path}`, auth: { type: "Basic" }, username: "ann" },
      },
    ],
    namespaces: { include: ["team-*"] },
  });

  it.each(["999999", "Fri, 31 Dec 9999 23:59:59 GMT"])(
    "is asked at once when a person asks: %s",
    async (retryAfter) => {
      const name = retryAfter.startsWith("9") ? "by-seconds" : "by-date";
      await refused(name, retryAfter);
      await world.patchCredential(name, { metadata: { annotations: { "regcred.dev/refresh": "now" } } });
      await expect.poll(() => isReady(name), soon).toBe(true);
    },
  );

  it("is asked at once when the Secret has changed that the identity is made of", async () => {
    await refused("source", "999999");
    await world.source("source-key", { username: "ann", password: "two" });
    await expect.poll(() => isReady("source"), soon).toBe(true);
  });

  it("is asked at once when the spec has changed", async () => {
    await refused("spec", "999999");
    await world.patchCredential("spec", { spec: specOf("spec", "/other") });
    await expect.poll(() => isReady("spec"), soon).toBe(true);
  });

  it("gives tokens whose end is never too far: it is RFC 3339, and they are renewed", async () => {
    const far = Temporal.Now.instant().add({ hours: 24 * 3_000 }).epochMilliseconds;
    const claims = Buffer.from(JSON.stringify({ exp: Math.floor(far) })).toString("base64url");
    reply = () => ({ status: 200, body: { access_token: `e30.${claims}.c2ln` } });
    await world.source("far-key", { username: "ann", password: "one" });
    const spec = specOf("far") as { readonly registries: readonly [{ readonly tokenExchange: object }] };
    const [entry] = spec.registries;
    const exchange = { ...entry.tokenExchange, response: { expiry: "JWT" } };
    await world.credential("far", { ...spec, registries: [{ ...entry, tokenExchange: exchange }] });
    await expect.poll(() => isReady("far"), soon).toBe(true);
    const [{ expiresAt = "" } = {}] = (await world.status("far")).registries ?? [];
    const days = Temporal.Now.instant().until(Temporal.Instant.from(expiresAt)).total("hours") / 24;
    expect(expiresAt).toMatch(/^20\d\d-/);
    expect(Math.round(days)).toBe(31);
  });
});
