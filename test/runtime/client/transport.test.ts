// Tests that a call survives what API servers and networks do, and ends in bounded time when it cannot.
import { getEventListeners } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { type Clock, systemClock } from "../../../src/runtime/clock.ts";
import { ApiError } from "../../../src/runtime/client/api-error.ts";
import { pools } from "../../../src/runtime/client/pools.ts";
import { type Connection, loadConnection } from "../../../src/runtime/client/connection.ts";
import {
  transport,
  userAgent,
  type Observation,
  type Transport,
  type TransportOptions,
} from "../../../src/runtime/client/transport.ts";
import { certificateAuthority } from "../../cluster/certificates.ts";
import { pollUntil } from "../../cluster/poll-until.ts";
import { fakeClock } from "../../fake-clock.ts";
import { connectProxy } from "../network/connect-proxy.ts";
import { bearer, json, localConnection, localServer, status, type Answer, type LocalServer } from "./local-server.ts";

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function serve(
  answer: Answer,
  ...tls: Parameters<typeof localServer> extends [Answer, ...infer Rest] ? Rest : never
): Promise<LocalServer> {
  const server = await localServer(answer, ...tls);
  closers.push(() => server.close());
  return server;
}

function connect(connection: Connection, options: Partial<TransportOptions> = {}): Transport {
  const api = transport({
    connection,
    clock: systemClock(),
    random: () => 0.5,
    userAgent: userAgent("0.1.0"),
    ...options,
  });
  closers.push(() => api.close());
  return api;
}

async function failure(promise: Promise<unknown>): Promise<ApiError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiError)) throw new Error("no ApiError", { cause: error });
  return error;
}

const path = "/api/v1/namespaces/team-x/secrets/regcred";
const secret = { kind: "Secret", metadata: { name: "regcred" } };
const nothing = (): void => undefined;
const seconds = (count: number): Temporal.Duration =>
  Temporal.Duration.from({ milliseconds: Math.round(count * 1000) });

describe("a call that works", () => {
  it("carries the token, the User-Agent, the query and a timeout for the server, and asks for no compression", async () => {
    const server = await serve((_, response) => json(response, 200, secret));
    const api = connect(
      localConnection(server.url, () => ({ authorization: bearer("one"), headers: { "Impersonate-User": "jane" } })),
    );
    const answer = await api.request({
      method: "PUT",
      path,
      query: { fieldManager: "regcred" },
      body: "{}",
      deadline: seconds(10),
    });
    expect(answer.json()).toEqual(secret);
    const [received] = server.received;
    expect(received?.headers).toMatchObject({
      authorization: "Bearer one",
      "impersonate-user": "jane",
      "content-type": "application/json",
    });
    expect(received?.headers["user-agent"]).toMatch(/^regcred\/0\.1\.0 \(\w+\/\w+\)$/);
    expect(received?.headers["accept-encoding"]).toBeUndefined();
    expect(Object.fromEntries(received?.query ?? [])).toEqual({ fieldManager: "regcred", timeout: "10s" });
  });

  it("keeps the path of a server behind a gateway", async () => {
    const server = await serve((_, response) => json(response, 200, {}));
    await connect(localConnection(`${server.url}/k8s/clusters/c-1`)).request({ method: "GET", path: "/version" });
    expect(server.received[0]?.path).toBe("/k8s/clusters/c-1/version");
  });

  it("is counted by verb, resource and code, never by name", async () => {
    const server = await serve((one, response) => json(response, one.method === "GET" ? 200 : 409, {}));
    const seen: Observation[] = [];
    const api = connect(localConnection(server.url), { observe: (one) => seen.push(one) });
    await api.request({ method: "GET", path });
    await failure(
      api.request({ method: "PATCH", path: "/apis/regcred.dev/v1alpha1/registrycredentials/acme/status", body: "{}" }),
    );
    expect(seen).toMatchObject([
      { verb: "get", group: "", resource: "secrets", code: "200" },
      { verb: "patch", group: "regcred.dev", resource: "registrycredentials/status", code: "409" },
    ]);
  });
});

describe("connections", () => {
  it("are sixteen at most, however many calls run at once, and are used again without a handshake", async () => {
    let max = 0;
    const server = await serve((_, response) => {
      max = Math.max(max, server.open());
      setImmediate(() => json(response, 200, {}));
    });
    const api = connect(localConnection(server.url));
    await Promise.all(Array.from({ length: 400 }, () => api.request({ method: "GET", path })));
    expect(max).toBeLessThanOrEqual(16);
    expect(server.opened()).toBeLessThanOrEqual(16);
  });

  it("live through a deletion, which says in its body what it may delete", async () => {
    const server = await serve((_, response) => json(response, 200, {}));
    const api = connect(localConnection(server.url));
    for (let call = 0; call < 10; call += 1) {
      await api.request({ method: "DELETE", path, body: JSON.stringify({ preconditions: { uid: "1" } }) });
    }
    expect(server.opened()).toBeLessThan(3);
    expect(server.received.map(({ body }) => body)).toEqual(Array(10).fill('{"preconditions":{"uid":"1"}}'));
  });

  it("of the lease are free while every other one is busy", async () => {
    const held: (() => void)[] = [];
    const server = await serve((one, response) => {
      if (one.path === path) held.push(() => json(response, 200, {}));
      else json(response, 200, {});
    });
    const api = connect(localConnection(server.url));
    const busy = Array.from({ length: 40 }, () => api.request({ method: "GET", path }));
    await pollUntil(() => held.length === 16, { what: "all sixteen connections to be busy", limit: seconds(5) });
    expect((await api.request({ method: "GET", path: "/lease", purpose: "lease" })).status).toBe(200);
    await pollUntil(
      () => {
        for (const answer of held.splice(0)) answer();
        return server.received.length === 41;
      },
      { what: "the others to be answered", limit: seconds(5), every: seconds(0.005) },
    );
    for (const answer of held.splice(0)) answer();
    await Promise.all(busy);
  });

  it("of what strangers make us ask are four, and leave the sixteen to the writes", async () => {
    const held: (() => void)[] = [];
    const server = await serve((one, response) => {
      if (one.path === "/reviews") held.push(() => json(response, 200, {}));
      else json(response, 200, {});
    });
    const api = connect(localConnection(server.url));
    const flood = Array.from({ length: 100 }, () =>
      api.request({ method: "GET", path: "/reviews", purpose: "access" }),
    );
    await pollUntil(() => held.length === 4, { what: "four to be asked", limit: seconds(5) });
    expect((await api.request({ method: "GET", path })).status).toBe(200);
    expect(held).toHaveLength(4);
    const cancelled = Promise.allSettled(flood);
    await pollUntil(
      () => {
        for (const answer of held.splice(0)) answer();
        return server.received.length === 101;
      },
      { what: "the others to be answered", limit: seconds(5), every: seconds(0.005) },
    );
    for (const answer of held.splice(0)) answer();
    await cancelled;
  });

  it("follow a CA that changes, while calls on the old ones end well", async () => {
    const oldAuthority = certificateAuthority("old");
    const newAuthority = certificateAuthority("new");
    const held: (() => void)[] = [];
    const certificate = oldAuthority.issue({ name: "server", hosts: ["127.0.0.1"] });
    const server = await serve((one, response) => {
      if (one.path === "/slow") held.push(() => json(response, 200, { slow: true }));
      else json(response, 200, {});
    }, certificate);
    const clock = fakeClock();
    const connection = localConnection(server.url, ({ count }) => ({
      tls: { ca: count === 1 ? oldAuthority.certificate : oldAuthority.certificate + newAuthority.certificate },
    }));
    const api = connect(connection, { clock });
    const slow = api.request({ method: "GET", path: "/slow", deadline: Temporal.Duration.from({ minutes: 10 }) });
    await pollUntil(() => held.length === 1, { what: "the slow call to arrive", limit: seconds(5) });
    await clock.advance(seconds(59));
    await api.request({ method: "GET", path });
    expect(connection.reads).toEqual([false]);
    const old = server.opened();

    await clock.advance(seconds(1));
    await api.request({ method: "GET", path }); // still on the old connections: nobody waits for the new credentials
    await api.request({ method: "GET", path });
    expect(connection.reads).toEqual([false, false]);
    expect(server.opened()).toBe(old + 1);
    held.pop()?.();
    expect((await slow).json()).toEqual({ slow: true });
    await pollUntil(() => server.open() === 1, { what: "the old connections to close", limit: seconds(5) });
  });

  it("end with the transport, also those of a CA of before, and none is opened again", async () => {
    const certificate = certificateAuthority("old").issue({ name: "server", hosts: ["127.0.0.1"] });
    const server = await serve((_, response) => response.writeHead(200).flushHeaders(), certificate);
    const opened = pools(server.url, { clock: systemClock() });
    const ask = async (): Promise<unknown> => opened.pool("watches").request({ method: "GET", path: "/" });
    opened.trust({ rejectUnauthorized: false });
    await ask();
    opened.trust({ rejectUnauthorized: false, servername: "other" });
    await ask();
    expect(server.open()).toBe(2);
    await opened.close();
    await pollUntil(() => server.open() === 0, { what: "both watches to end", limit: seconds(5) });
    opened.trust({ rejectUnauthorized: false, servername: "third" });
    await expect(ask()).rejects.toThrow(/closed|destroyed/i);
    expect(server.opened()).toBe(2);
  });

  it("refuse a server whose certificate the CA has not signed", async () => {
    const server = await serve(
      (_, response) => json(response, 200, {}),
      certificateAuthority("other").issue({ name: "server", hosts: ["127.0.0.1"] }),
    );
    const api = connect(localConnection(server.url, () => ({ tls: { ca: certificateAuthority("ours").certificate } })));
    expect(await failure(api.request({ method: "POST", path, body: "{}" }))).toMatchObject({
      kind: "unavailable",
      reason: expect.stringMatching(/CERT|SIGNATURE/),
    });
    expect(server.received).toEqual([]);
  });
});

describe("credentials", () => {
  it("are read again after a 401, once for all calls, and the call is sent again, also a POST", async () => {
    const server = await serve((one, response) =>
      one.headers.authorization === "Bearer new"
        ? json(response, 200, {})
        : json(response, 401, status(401, "Unauthorized", "Unauthorized")),
    );
    const connection = localConnection(server.url, ({ reread }) => ({ authorization: bearer(reread ? "new" : "old") }));
    const api = connect(connection);
    await Promise.all(Array.from({ length: 10 }, () => api.request({ method: "POST", path, body: "{}" })));
    expect(connection.reads).toEqual([false, true]);
    await api.request({ method: "GET", path });
    expect(connection.reads).toHaveLength(2);
  });

  it("that stay refused end in `unauthorized` after one more try", async () => {
    const server = await serve((_, response) => json(response, 401, status(401, "Unauthorized", "Unauthorized")));
    const api = connect(localConnection(server.url));
    expect(await failure(api.request({ method: "GET", path }))).toMatchObject({ kind: "unauthorized", code: 401 });
    expect(server.received).toHaveLength(2);
  });

  it("that hang do not make a call hang", async () => {
    const connection = {
      ...localConnection("http://127.0.0.1:9"),
      credentials: () => new Promise<never>(() => undefined),
    };
    const clock = fakeClock();
    const call = failure(connect(connection, { clock }).request({ method: "GET", path, deadline: seconds(10) }));
    await clock.advance(seconds(10));
    expect(await call).toMatchObject({
      kind: "unavailable",
      reason: "CredentialsUnreadable",
      message: "cannot log in to the API server: reading the credentials takes longer than 10 s",
    });
  });

  it("that cannot be read are said to be so, without what the reader has said", async () => {
    const connection = {
      ...localConnection("http://127.0.0.1:9"),
      credentials: () => Promise.reject(new Error("token: hunter2")),
    };
    const error = await failure(connect(connection).request({ method: "POST", path }));
    expect(error).toMatchObject({ kind: "unavailable", reason: "CredentialsUnreadable" });
    expect(String(error.stack)).not.toContain("hunter2");
  });
});

describe("a call that fails", () => {
  it.each([
    { code: 500, body: status(500, "InternalError", "etcdserver: request timed out") },
    { code: 503, body: status(503, "ServiceUnavailable", "apiserver is shutting down") },
    { code: 429, body: "Too many requests" },
  ])("with $code is tried again when it is idempotent", async ({ code, body }) => {
    let failures = 2;
    const server = await serve((_, response) =>
      failures-- > 0 ? json(response, code, body) : json(response, 200, secret),
    );
    const api = connect(localConnection(server.url));
    expect((await api.request({ method: "PUT", path, body: "{}", idempotent: true })).status).toBe(200);
    expect(server.received).toHaveLength(3);
  });

  it("for good is tried three times and no more", async () => {
    const server = await serve((_, response) => json(response, 500, status(500, "InternalError", "no")));
    expect(await failure(connect(localConnection(server.url)).request({ method: "GET", path }))).toMatchObject({
      kind: "unavailable",
      code: 500,
    });
    expect(server.received).toHaveLength(3);
  });

  it.each(["POST", "PUT", "PATCH", "DELETE"] as const)(
    "is not sent twice when it is an unguarded %s",
    async (method) => {
      const server = await serve((_, response) => response.destroy());
      expect(await failure(connect(localConnection(server.url)).request({ method, path, body: "{}" }))).toMatchObject({
        kind: "unavailable",
      });
      expect(server.received).toHaveLength(1);
    },
  );

  it.each([403, 404, 409, 410, 422])("with %d is not tried again", async (code) => {
    const server = await serve((_, response) => json(response, code, status(code, "Nope", "nope")));
    await failure(connect(localConnection(server.url)).request({ method: "GET", path }));
    expect(server.received).toHaveLength(1);
  });

  it("by a connection that is reset in the middle of the answer is tried again when idempotent", async () => {
    let resets = 1;
    const server = await serve((_, response) => {
      if (resets-- <= 0) return json(response, 200, secret);
      response.writeHead(200, { "content-length": "1000" });
      response.write('{"kind":"Sec', () => response.socket?.resetAndDestroy());
    });
    expect((await connect(localConnection(server.url)).request({ method: "GET", path })).json()).toEqual(secret);
  });

  it("by half an answer that ends in good order is `unavailable`, and the half is not quoted", async () => {
    const server = await serve((_, response) => response.end('{"data":{"password":"hunter2'));
    const answer = await connect(localConnection(server.url)).request({ method: "GET", path });
    const error = await failure(Promise.resolve().then(() => answer.json()));
    expect(error).toMatchObject({ kind: "unavailable", reason: "TruncatedAnswer" });
    expect(String(error.stack)).not.toContain("hunter2");
  });

  it("because nobody listens names the socket's error", async () => {
    const server = await localServer((_, response) => json(response, 200, {}));
    await server.close();
    expect(await failure(connect(localConnection(server.url)).request({ method: "GET", path }))).toMatchObject({
      kind: "unavailable",
      reason: "ECONNREFUSED",
    });
  });
});

describe("Retry-After", () => {
  it("is waited for, and told to whoever holds bulk work back", async () => {
    let failures = 1;
    const server = await serve((_, response) => {
      if (failures-- <= 0) return json(response, 200, {});
      response
        .writeHead(429, { "retry-after": "2", "content-type": "text/plain" })
        .end("Too many requests, please try again later.");
    });
    const clock = fakeClock();
    const held: string[] = [];
    const slept: string[] = [];
    const counting: Clock = {
      ...clock,
      sleep: (wait, signal) => {
        slept.push(wait.toString());
        return clock.sleep(wait, signal);
      },
    };
    const api = connect(localConnection(server.url), {
      clock: counting,
      onThrottled: (wait) => held.push(wait.toString()),
    });
    const call = api.request({ method: "GET", path });
    await pollUntil(() => slept.length === 1, { what: "the 429", limit: seconds(5) });
    // What was asked for is the least.
    expect(slept).toEqual(["PT2.25S"]);
    await clock.advance(seconds(1.99));
    expect(server.received).toHaveLength(1);
    await clock.advance(seconds(1));
    expect((await call).status).toBe(200);
    expect(held).toEqual(["PT2S"]);
  });

  it("of what strangers make us ask holds nothing else back", async () => {
    const server = await serve((_, response) => json(response, 429, {}, { "retry-after": "1" }));
    const held: string[] = [];
    const api = connect(localConnection(server.url), { onThrottled: (wait) => held.push(wait.toString()) });
    const call = { method: "POST", path, body: "{}", purpose: "access", idempotent: false } as const;
    expect((await failure(api.request(call))).kind).toBe("throttled");
    expect(held).toEqual([]);
    await failure(api.request({ ...call, purpose: "writes" }));
    expect(held).toEqual(["PT1S"]);
  });

  it.each([
    ["an eviction, which a tenant's PodDisruptionBudget refuses", "/api/v1/namespaces/team-a/pods/app/eviction"],
    ["an Event in a namespace that has had enough", "/apis/events.k8s.io/v1/namespaces/team-a/events"],
  ])("of %s holds up nobody's work", async (_what, to) => {
    const server = await serve((_, response) => json(response, 429, {}, { "retry-after": "30" }));
    const held: string[] = [];
    const api = connect(localConnection(server.url), { onThrottled: (wait) => held.push(wait.toString()) });
    expect((await failure(api.request({ method: "POST", path: to, body: "{}" }))).kind).toBe("throttled");
    expect(held).toEqual([]);
    await failure(api.request({ method: "POST", path: "/api/v1/namespaces/team-a/secrets", body: "{}" }));
    expect(held).toEqual(["PT30S"]);
  });

  it("of long goes to the queue instead of being waited for here, however much time the call has", async () => {
    const server = await serve((_, response) => json(response, 429, {}, { "retry-after": "6" }));
    const clock = fakeClock();
    const call = { method: "GET", path, deadline: seconds(600) } as const;
    const error = await failure(connect(localConnection(server.url), { clock }).request(call));
    expect(error.kind).toBe("throttled");
    expect(error.retryAfter?.toString()).toBe("PT6S");
    expect(server.received).toHaveLength(1);
    expect(clock.scheduled()).toBe(0);
  });
});

describe("a deadline", () => {
  it("ends a call whose headers never come, and closes its connection", async () => {
    const server = await serve(() => undefined);
    const clock = fakeClock();
    const call = failure(
      connect(localConnection(server.url), { clock }).request({ method: "GET", path, deadline: seconds(10) }),
    );
    await pollUntil(() => server.received.length === 1, { what: "the call to arrive", limit: seconds(5) });
    await clock.advance(seconds(10));
    expect(await call).toMatchObject({
      kind: "unavailable",
      reason: "DeadlineExceeded",
      message: "no answer from the API server within 10 s",
    });
    await pollUntil(() => server.open() === 0, { what: "the connection to close", limit: seconds(5) });
  });

  it("ends a call whose answer stops in the middle", async () => {
    const server = await serve((_, response) => response.writeHead(200).write("{"));
    const clock = fakeClock();
    const call = failure(
      connect(localConnection(server.url), { clock }).request({ method: "GET", path, deadline: seconds(10) }),
    );
    await pollUntil(() => server.received.length === 1, { what: "the call to arrive", limit: seconds(5) });
    await clock.advance(seconds(10));
    expect(await call).toMatchObject({ reason: "DeadlineExceeded" });
  });

  it("covers the wait for a free connection", async () => {
    const server = await serve(() => undefined);
    const clock = fakeClock();
    const api = connect(localConnection(server.url), { clock });
    const calls = Array.from({ length: 17 }, () =>
      failure(api.request({ method: "POST", path, deadline: seconds(10) })),
    );
    await pollUntil(() => server.received.length === 16, { what: "sixteen calls to arrive", limit: seconds(5) });
    await clock.advance(seconds(10));
    expect(new Set((await Promise.all(calls)).map((error) => error.reason))).toEqual(new Set(["DeadlineExceeded"]));
  });

  it("that has passed while the process stood still keeps the call from being sent", async () => {
    const server = await serve((_, response) => json(response, 200, {}));
    const clock = fakeClock();
    // Its timers and sockets are ready at the same time, and the sockets come first.
    const standsStill = { ...clock, schedule: () => () => undefined };
    const connection = localConnection(server.url);
    const api = connect(
      {
        ...connection,
        credentials: async (how) => {
          await clock.advance(seconds(31));
          return connection.credentials(how);
        },
      },
      { clock: standsStill },
    );
    expect(await failure(api.request({ method: "GET", path }))).toMatchObject({ reason: "DeadlineExceeded" });
    expect(server.received).toEqual([]);
  });

  it("leaves no timer behind when the answer comes", async () => {
    const server = await serve((_, response) => json(response, 200, {}));
    const clock = fakeClock();
    await connect(localConnection(server.url), { clock }).request({ method: "GET", path });
    expect(clock.scheduled()).toBe(0);
  });
});

describe("an answer that nobody reads as it arrives", () => {
  it("is given up where it is longer than any object", async () => {
    const server = await serve((_, response) => response.end(`"${"x".repeat(5 * 1024 * 1024)}"`));
    const error = await failure(connect(localConnection(server.url)).request({ method: "GET", path }));
    expect(error).toMatchObject({ kind: "malformed" });
  });
});

it("a stream ends with what its caller throws, and the server is not blamed for it", async () => {
  const server = await serve((_, response) => response.write("a\n"));
  const api = connect(localConnection(server.url));
  const fault = new TypeError("ours");
  const onPiece = (): void => {
    throw fault;
  };
  const ended = api.stream({ path, signal: new AbortController().signal, onBegin: nothing, onPiece });
  await expect(ended).rejects.toBe(fault);
});

describe("an abort", () => {
  it("is listened to for as long as a call or a stream lasts, and no longer", async () => {
    const server = await serve(({ query }, response) => {
      if (query.get("watch") === null) return json(response, query.get("refuse") === null ? 200 : 404, {});
      response.write("a\n");
      setImmediate(() => response.end("b\n"));
    });
    const api = connect(localConnection(server.url));
    const { signal } = new AbortController();
    const listeners = (): number => getEventListeners(signal, "abort").length;
    await api.request({ method: "GET", path, signal });
    expect(listeners()).toBe(0);
    await failure(api.request({ method: "GET", path, query: { refuse: true }, signal }));
    expect(listeners()).toBe(0);
    const during: number[] = [];
    const listen = (): void => void during.push(listeners());
    await api.stream({ path, query: { watch: true }, signal, onBegin: listen, onPiece: listen });
    expect(during).toEqual([1, 1, 1]);
    expect(listeners()).toBe(0);
  });

  it("rejects with the caller's reason, before and during the call", async () => {
    const server = await serve(() => undefined);
    const api = connect(localConnection(server.url));
    const reason = new Error("stopping");
    await expect(api.request({ method: "GET", path, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const stop = new AbortController();
    const call = api.request({ method: "GET", path, signal: stop.signal });
    await pollUntil(() => server.received.length === 1, { what: "the call to arrive", limit: seconds(5) });
    stop.abort(reason);
    await expect(call).rejects.toBe(reason);
  });

  it("of a call that has not begun keeps it from being sent", async () => {
    const server = await serve((_, response) => json(response, 200, {}));
    const api = connect(localConnection(server.url));
    await api.request({ method: "GET", path });
    const reason = new Error("stopping");
    const stop = new AbortController();
    const call = api.request({ method: "POST", path, signal: stop.signal });
    stop.abort(reason);
    await expect(call).rejects.toBe(reason);
    await api.request({ method: "GET", path });
    expect(server.received.map(({ method }) => method)).toEqual(["GET", "GET"]);
  });
});

describe("an error", () => {
  it("holds nothing of the request, whatever the server quotes", async () => {
    const password = Buffer.from(
      JSON.stringify({ auths: { "r.example": { password: "hunter2-hunter2-hunter2-hunter2-hunter2" } } }),
    ).toString("base64");
    const body = JSON.stringify({ ...secret, data: { ".dockerconfigjson": password } });
    const server = await serve((one, response) =>
      json(response, 422, status(422, "Invalid", `Secret is invalid: ${one.body}`)),
    );
    const api = connect(localConnection(server.url, () => ({ authorization: bearer("my-token") })));
    const error = await failure(api.request({ method: "POST", path, body }));
    const everything = JSON.stringify(error) + error.message + String(error.stack);
    expect(everything).not.toContain(password.slice(0, 20));
    expect(everything).not.toContain("my-token");
  });
});

describe("a way that is not straight", () => {
  const authority = certificateAuthority("ours");
  const certificate = authority.issue({ name: "server", hosts: ["127.0.0.1"] });
  const trusted = (): object => ({ tls: { ca: authority.certificate } });

  it("leads through the proxy, by CONNECT and with its login, watches too", async () => {
    const server = await serve((_, response) => json(response, 200, secret), certificate);
    const proxy = await connectProxy(Number(new URL(server.url).port));
    closers.push(() => proxy.close());
    const url = new URL(proxy.url.replace("//", "//me:hunter2@"));
    const connection = { ...localConnection(server.url, trusted), proxy: { url, setting: "proxy-url" } as const };
    const api = connect(connection);
    expect((await api.request({ method: "GET", path })).json()).toEqual(secret);
    await api.stream({ path, signal: new AbortController().signal, onBegin: nothing, onPiece: nothing });
    expect(proxy.tunnels).toEqual([new URL(server.url).host, new URL(server.url).host]);
    expect(proxy.authorizations[0]).toBe(`Basic ${Buffer.from("me:hunter2").toString("base64")}`);
  });

  it.each([
    [
      407,
      /^no answer from the API server: the proxy 127\.0\.0\.1:\d+ wants another login \(407\): write it into proxy-url/,
    ],
    [502, /^no answer from the API server: the proxy 127\.0\.0\.1:\d+ cannot reach 127\.0\.0\.1:9 \(502\)/],
    ["closes", /^no answer from the API server: the proxy 127\.0\.0\.1:\d+ closed the connection/],
  ] as const)("is told where the proxy answers %s, by name and without its password", async (how, sentence) => {
    const proxy = await connectProxy(9, { failure: how });
    closers.push(() => proxy.close());
    const url = new URL(proxy.url.replace("//", "//me:hunter2@"));
    const connection = { ...localConnection("https://127.0.0.1:9"), proxy: { url, setting: "proxy-url" } as const };
    const error = await failure(connect(connection).request({ method: "POST", path }));
    expect(error.message).toMatch(sentence);
    expect(`${error.stack}`).not.toMatch(/hunter2|secret/);
  });

  it("and slow is waited for, as long as the call has time", async () => {
    const server = await serve((_, response) => json(response, 200, secret), certificate);
    const { promise, resolve } = Promise.withResolvers<void>();
    const proxy = await connectProxy(Number(new URL(server.url).port), { until: promise });
    closers.push(() => proxy.close());
    const connection = {
      ...localConnection(server.url, trusted),
      proxy: { url: new URL(proxy.url), setting: "proxy-url" } as const,
    };
    const call = connect(connection).request({ method: "GET", path });
    await pollUntil(() => proxy.tunnels.length === 1, { what: "the CONNECT", limit: seconds(5) });
    expect(server.received).toEqual([]);
    resolve();
    expect((await call).json()).toEqual(secret);
  });

  it("and slow is told as both: the proxy, or what is behind it", async () => {
    const clock = fakeClock();
    const server = await serve(() => undefined, certificate);
    const proxy = await connectProxy(Number(new URL(server.url).port));
    closers.push(() => proxy.close());
    const connection = {
      ...localConnection(server.url, trusted),
      proxy: { url: new URL(proxy.url), setting: "HTTPS_PROXY" } as const,
    };
    const call = failure(connect(connection, { clock }).request({ method: "GET", path, deadline: seconds(10) }));
    await pollUntil(() => server.received.length === 1, { what: "the request", limit: seconds(5) });
    await clock.advance(seconds(10));
    expect((await call).message).toBe(
      `no answer from the API server through the proxy ${new URL(proxy.url).host} within 10 s`,
    );
  });
});

describe("a CA that changes", () => {
  it("is read again as soon as the server shows a certificate of the new one, and every watch comes back", async () => {
    const before = certificateAuthority("before");
    const after = certificateAuthority("after");
    const clock = fakeClock();
    const answer: Answer = (_, response) => json(response, 200, secret);
    const first = await serve(answer, before.issue({ name: "server", hosts: ["127.0.0.1"] }));
    const second = await serve(answer, after.issue({ name: "server", hosts: ["127.0.0.1"] }));
    let isRotated = false;
    const connection = localConnection(second.url, () => ({
      tls: { ca: (isRotated ? after : before).certificate },
    }));
    const api = connect(connection, { clock });
    const old = connect(
      localConnection(first.url, () => ({ tls: { ca: before.certificate } })),
      { clock },
    );
    expect((await old.request({ method: "GET", path })).status).toBe(200);
    expect((await failure(api.request({ method: "POST", path }))).message).toMatch(
      /^the API server shows a certificate that is not trusted: its CA is not known here/,
    );
    isRotated = true;
    await clock.advance(seconds(1));
    expect((await api.request({ method: "POST", path })).status).toBe(200);
    await api.stream({ path, signal: new AbortController().signal, onBegin: nothing, onPiece: nothing });
    expect(connection.reads).toEqual([false, false]);
  });

  it("is not read again and again where the server stays what it is", async () => {
    const clock = fakeClock();
    const server = await serve(
      (_, response) => json(response, 200, secret),
      certificateAuthority("another").issue({ name: "server", hosts: ["127.0.0.1"] }),
    );
    const connection = localConnection(server.url, () => ({ tls: { ca: certificateAuthority("ours").certificate } }));
    const api = connect(connection, { clock });
    for (let call = 0; call < 5; call += 1) await failure(api.request({ method: "POST", path }));
    expect(connection.reads).toEqual([false]);
  });

  it("and cannot be read at that moment leaves the one that was good", async () => {
    const clock = fakeClock();
    const authority = certificateAuthority("ours");
    const server = await serve(
      (_, response) => json(response, 200, secret),
      authority.issue({ name: "server", hosts: ["127.0.0.1"] }),
    );
    const good = localConnection(server.url, () => ({ tls: { ca: authority.certificate } }));
    let reads = 0;
    const connection: Connection = {
      ...good,
      credentials: (options) =>
        (reads += 1) === 1 ? good.credentials(options) : Promise.reject(new Error("half a file")),
    };
    const api = connect(connection, { clock });
    await api.request({ method: "GET", path });
    for (let minute = 0; minute < 5; minute += 1) {
      await clock.advance(seconds(61));
      expect((await api.request({ method: "GET", path })).status).toBe(200);
    }
    expect(reads).toBe(6);
  });
});

describe("a token file of a pod", () => {
  it("that is empty for a moment is not taken, nor one that is gone: the last good token goes on until there is another", async () => {
    const folder = await mkdtemp(join(tmpdir(), "regcred-projected-"));
    closers.push(() => rm(folder, { recursive: true, force: true }));
    const authority = certificateAuthority("ours");
    const server = await serve(
      (_, response) => json(response, 200, secret),
      authority.issue({ name: "server", hosts: ["127.0.0.1"] }),
    );
    const token = join(folder, "token");
    await writeFile(token, "first\n");
    await writeFile(join(folder, "ca.crt"), authority.certificate);
    const { hostname: host, port } = new URL(server.url);
    const clock = fakeClock();
    const api = connect(
      loadConnection({ inCluster: { host, port }, serviceAccountFolder: folder, podFirst: true, clock }),
      { clock },
    );
    const used = async (): Promise<string | undefined> => {
      // The first call after a minute brings the reading about, the second has what was read.
      for (let call = 0; call < 2; call += 1) await api.request({ method: "GET", path });
      return server.received.at(-1)?.headers.authorization;
    };
    expect(await used()).toBe("Bearer first");
    for (const change of [() => writeFile(token, ""), () => writeFile(token, "\n"), () => rm(token)]) {
      await change();
      await clock.advance(seconds(60));
      expect(await used()).toBe("Bearer first");
    }
    await writeFile(token, "second");
    await clock.advance(seconds(60));
    expect(await used()).toBe("Bearer second");
  });
});

describe("the time that a person gives", () => {
  it("holds for each request, whatever deadline it names", async () => {
    const clock = fakeClock();
    const server = await serve(() => undefined);
    const api = connect(localConnection(server.url), { clock, requestTimeout: seconds(3) });
    const call = failure(api.request({ method: "GET", path, deadline: seconds(60) }));
    await pollUntil(() => server.received.length === 1, { what: "the request", limit: seconds(5) });
    await clock.advance(seconds(3));
    expect((await call).message).toBe("no answer from the API server within 3 s");
  });

  it("is over for a run: it is told who has taken it", async () => {
    const clock = fakeClock();
    const server = await serve(() => undefined);
    const run = new AbortController();
    const call = failure(
      connect(localConnection(server.url), { clock }).request({ method: "GET", path, signal: run.signal }),
    );
    await pollUntil(() => server.received.length === 1, { what: "the request", limit: seconds(5) });
    await clock.advance(seconds(4));
    run.abort(new DOMException("the run took longer than 45 s", "TimeoutError"));
    expect(await call).toMatchObject({ kind: "unavailable", message: "no answer from the API server within 4 s" });
  });
});
