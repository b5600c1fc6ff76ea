// Tests that a list or watch asks for the right thing, and tells the ends of a stream apart.
import { describe, expect, it } from "vitest";
import { ApiError, malformed } from "../../../src/runtime/client/api-error.ts";
import { listWatch, type Watched } from "../../../src/runtime/client/list-watch.ts";
import type { ApiRequest, Transport } from "../../../src/runtime/client/transport.ts";
import type { ListWatch, WatchEvent, WatchQuery } from "../../../src/runtime/watch/list-watch.ts";
import { record, text, whole } from "../../../src/runtime/client/shape.ts";
import { pollUntil } from "../../cluster/poll-until.ts";
import { itemsOf } from "./items-of.ts";
import { json, status, type Answer, type LocalServer } from "./local-server.ts";
import { servedWire } from "./served-wire.ts";

const path = "/api/v1/secrets";
const limit = Temporal.Duration.from({ seconds: 5 });
const query: WatchQuery = { timeout: Temporal.Duration.from({ minutes: 5 }), resourceVersion: "7" };

async function serve(
  answer: Answer,
  watched: Omit<Partial<Watched>, "path"> = {},
): Promise<{ server: LocalServer; source: ListWatch }> {
  const { server, wire } = await servedWire(answer);
  return { server, source: listWatch(wire, { path, keeps: () => whole(1024), ...watched }) };
}

interface Collected {
  readonly events: WatchEvent[];
  readonly error: unknown;
}

async function collect(source: ListWatch, asked: WatchQuery, signal: AbortSignal): Promise<Collected> {
  const events: WatchEvent[] = [];
  const watching = source.watch(asked, (event) => events.push(event), signal);
  const error: unknown = await watching.catch((thrown: unknown) => thrown);
  return { events, error };
}

const event = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`;
const never = new AbortController().signal;

describe("a list", () => {
  it("asks for a page with the selectors and gives its items, version and token", async () => {
    const { server, source } = await serve(
      (_, response) =>
        json(response, 200, {
          items: [{ metadata: { name: "a" } }],
          metadata: { resourceVersion: "12", continue: "next" },
        }),
      { query: { fieldSelector: "metadata.name=regcred" } },
    );
    const page = await itemsOf(source, { limit: 500, continue: "token" });
    expect(page).toEqual({ items: [{ metadata: { name: "a" } }], resourceVersion: "12", continue: "next" });
    expect(Object.fromEntries(server.received[0]?.query ?? [])).toEqual({
      fieldSelector: "metadata.name=regcred",
      limit: "500",
      continue: "token",
      timeout: "60s",
    });
  });

  it("takes null items as none", async () => {
    const { source } = await serve((_, response) =>
      json(response, 200, { items: null, metadata: { resourceVersion: "12" } }),
    );
    expect(await itemsOf(source, {})).toEqual({ items: [], resourceVersion: "12" });
  });

  it("asks for metadata only where that is enough", async () => {
    const { server, source } = await serve(
      (_, response) => json(response, 200, { items: [], metadata: { resourceVersion: "12" } }),
      { metadataOnly: true },
    );
    await itemsOf(source, {});
    expect(server.received[0]?.headers.accept).toBe("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
  });

  it("gives of a large item what is kept of it, and small ones as they are", async () => {
    const { source } = await serve(
      (_, response) =>
        json(response, 200, {
          items: [
            { a: 1, b: 2 },
            { a: 3, b: "x".repeat(300_000) },
          ],
          metadata: { resourceVersion: "12" },
        }),
      { keeps: () => record({ a: text(10) }) },
    );
    expect((await itemsOf(source, {})).items).toEqual([{ a: 1, b: 2 }, { a: 3 }]);
  });

  it.each([
    "{}",
    '{"metadata":7}',
    '{"metadata":{"resourceVersion":7}}',
    '{"items":[]}',
    '{"metadata":{},"items":[]}',
    '{"metadata":{"resourceVersion":""},"items":[]}',
  ])("that names no version is none: %s", async (text) => {
    const { source } = await serve((_, response) => response.end(text));
    await expect(itemsOf(source, {})).rejects.toMatchObject({ kind: "malformed" });
  });

  it.each(["", "<!DOCTYPE html>", "null", "[]", "7"])("that is something else is none: %j", async (text) => {
    const { source } = await serve((_, response) => response.end(text));
    await expect(itemsOf(source, {})).rejects.toMatchObject({
      kind: expect.stringMatching(/^(?:malformed|unavailable)$/),
    });
  });

  it("goes over the connections of the watches, once, and may take a minute", async () => {
    const calls: ApiRequest[] = [];
    const request: Transport["request"] = async (call) => {
      calls.push(call);
      return { status: 200, headers: {}, text: "", json: () => ({ metadata: { resourceVersion: "1" } }) };
    };
    const wire = { request } as Transport;
    await listWatch(wire, { path, keeps: () => whole(1024) }).list({}, () => undefined, never);
    expect(calls).toMatchObject([{ method: "GET", path, purpose: "watches", idempotent: false }]);
    expect(calls[0]?.deadline?.total("seconds")).toBe(60);
    expect(calls[0]?.signal).toBe(never);
  });

  it("gives the items of a page that breaks off, and then says so", async () => {
    const { source } = await serve((_, response) =>
      response.end('{"metadata":{"resourceVersion":"1"},"items":[{"a":1},{"b'),
    );
    const items: unknown[] = [];
    await expect(source.list({}, (item) => items.push(item), never)).rejects.toMatchObject({ kind: "unavailable" });
    expect(items).toEqual([{ a: 1 }]);
  });

  it.each([
    { code: 410, body: status(410, "Expired", "The provided continue parameter is too old"), kind: "gone" },
    { code: 500, body: status(500, "InternalError", "no"), kind: "unavailable" },
    { code: 422, body: status(422, "Invalid", "sendInitialEvents is forbidden"), kind: "invalid" },
  ])("throws $kind for $code at once: the reflector tries again", async ({ code, body, kind }) => {
    const { server, source } = await serve((_, response) => json(response, code, body));
    await expect(itemsOf(source, {})).rejects.toMatchObject({ kind });
    expect(server.received).toHaveLength(1);
  });
});

describe("a watch", () => {
  it("asks for bookmarks, a timeout and initial events", async () => {
    const { server, source } = await serve((_, response) => response.end());
    await collect(source, { timeout: query.timeout, sendInitialEvents: true }, never);
    await collect(source, query, never);
    const asked = server.received.map((one) => Object.fromEntries(one.query));
    const always = { watch: "true", allowWatchBookmarks: "true", timeoutSeconds: "300" };
    expect(asked).toEqual([
      { ...always, sendInitialEvents: "true", resourceVersionMatch: "NotOlderThan" },
      { ...always, resourceVersion: "7" },
    ]);
    expect(server.received[0]?.headers["user-agent"]).toBe("regcred/test");
  });

  it("yields events, ERROR among them, and ends with the stream", async () => {
    const gone = status(410, "Expired", "too old resource version");
    const { source } = await serve((_, response) => response.end(event("ADDED", { a: 1 }) + event("ERROR", gone)));
    expect(await collect(source, query, never)).toEqual({
      events: [
        { type: "ADDED", object: { a: 1 } },
        { type: "ERROR", object: gone },
      ],
      error: undefined,
    });
  });

  it("joins a line that comes in pieces, also within a character", async () => {
    const bytes = Buffer.from(event("ADDED", { name: "grün" }) + event("ADDED", { name: "blau" }));
    const { source } = await serve((_, response) => {
      void (async () => {
        for (const byte of bytes) await new Promise((resolve) => response.write(Buffer.from([byte]), resolve));
        response.end();
      })();
    });
    const { events } = await collect(source, query, never);
    expect(events.map(({ object }) => object)).toEqual([{ name: "grün" }, { name: "blau" }]);
  });

  it("gives of a large object what is kept of it", async () => {
    const large = event("ADDED", { a: 1, b: "x".repeat(300_000) });
    const { source } = await serve((_, response) => response.end(large + event("MODIFIED", { a: 2, b: 3 }) + large), {
      keeps: () => record({ a: text(10) }),
    });
    const { events } = await collect(source, query, never);
    expect(events).toEqual([
      { type: "ADDED", object: { a: 1 } },
      { type: "MODIFIED", object: { a: 2, b: 3 } },
      { type: "ADDED", object: { a: 1 } },
    ]);
  });

  it("tells of life with bytes that complete no event", async () => {
    let alive = 0;
    const { source } = await serve((_, response) => response.write('{"type":'));
    const stop = new AbortController();
    const watching = collect(source, { ...query, onAlive: () => (alive += 1) }, stop.signal);
    await pollUntil(() => alive >= 2, { what: "signs of life", limit });
    stop.abort(new Error("enough"));
    expect((await watching).events).toEqual([]);
  });

  it.each([
    { what: "half a line and a good end", answer: '{"type":"ADDED","obj', kind: "unavailable" },
    { what: "a line that is no JSON", answer: `${event("ADDED", {})}hunter2 {\n`, kind: "malformed" },
    { what: "a line that is no event", answer: '{"hunter2":1}\n', kind: "malformed" },
    { what: "an event without an object", answer: '{"type":"hunter2"}\n', kind: "malformed" },
    { what: "an event of no type", answer: '{"type":1,"object":{"a":"hunter2"}}\n', kind: "malformed" },
    { what: "a page for people", answer: "<!DOCTYPE html>hunter2\n", kind: "malformed" },
  ])("throws $kind for $what, without quoting it", async ({ answer, kind }) => {
    const { source } = await serve((_, response) => response.end(answer));
    const { error } = await collect(source, query, never);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ kind });
    expect(String((error as Error).stack)).not.toContain("hunter2");
  });

  it("throws `unavailable` when the connection is reset, after the events that came", async () => {
    const { source } = await serve((_, response) =>
      response.write(event("ADDED", { a: 1 }), () => setImmediate(() => response.socket?.resetAndDestroy())),
    );
    const { events, error } = await collect(source, query, never);
    expect(events.length).toBeLessThanOrEqual(1);
    expect(error).toMatchObject({ kind: "unavailable" });
  });

  it("throws `gone` for a 410 as HTTP status and keeps Retry-After of a 429", async () => {
    const gone = await serve((_, response) => json(response, 410, status(410, "Expired", "too old")));
    expect((await collect(gone.source, query, never)).error).toMatchObject({ kind: "gone" });
    const busy = await serve((_, response) => json(response, 429, {}, { "retry-after": "3" }));
    const { error } = await collect(busy.source, query, never);
    expect((error as ApiError).retryAfter?.toString()).toBe("PT3S");
  });

  it("ends soon with the signal's reason, silent or not, and lets go of its socket", async () => {
    const { server, source } = await serve((_, response) => response.writeHead(200).flushHeaders());
    const stop = new AbortController();
    const watching = collect(source, query, stop.signal);
    await pollUntil(() => server.received.length === 1, { what: "the watch to open", limit });
    const reason = new Error("stopped");
    stop.abort(reason);
    expect((await watching).error).toBe(reason);
    await pollUntil(() => server.open() === 0, { what: "the socket to close", limit });
  });

  it("lets go of its socket when an event cannot be taken, and says why", async () => {
    const { server, source } = await serve((_, response) => response.write(event("ADDED", {}) + event("ADDED", {})));
    const enough = malformed("enough");
    const seen: WatchEvent[] = [];
    const takeOne = (one: WatchEvent): void => {
      seen.push(one);
      throw enough;
    };
    await expect(source.watch(query, takeOne, never)).rejects.toBe(enough);
    expect(seen).toHaveLength(1);
    await pollUntil(() => server.open() === 0, { what: "the socket to close", limit });
  });

  it("opens one connection per watch, beside those of the writes", async () => {
    const { server, source } = await serve((_, response) => response.writeHead(200).flushHeaders());
    const stop = new AbortController();
    const watching = Array.from({ length: 40 }, () => collect(source, query, stop.signal));
    await pollUntil(() => server.received.length === 40, { what: "forty watches", limit });
    expect(server.open()).toBe(40);
    stop.abort(new Error("stopped"));
    await Promise.all(watching);
  });
});
