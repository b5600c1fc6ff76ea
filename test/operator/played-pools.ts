// Passes a request to the API server in memory, and records it.
import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import type { Connection } from "../../src/runtime/client/connection.ts";
import type { Pools, Purpose } from "../../src/runtime/client/pools.ts";
import type { FakeClock } from "../fake-clock.ts";
import { type Answer, type ApiServer, type Call, type Change, type Target, targetOf } from "./api-server.ts";

export interface Played extends Call, Target {
  /** Which replica sends it. */
  readonly by: string;
}

export interface Recorded extends Played {
  readonly purpose: Purpose;
  /** Elapsed milliseconds. */
  readonly at: number;
  /** Of the answer. */
  readonly code: number;
}

/** What happens to a call on its way: it may wait, or be answered by somebody else than the API server. */
export type Faults = (call: Played) => Promise<Answer | void> | Answer | void;

export interface Wiring {
  readonly server: ApiServer;
  readonly clock: FakeClock;
  readonly recorded: Recorded[];
  /** Is shown each call before it is carried out, with the elapsed milliseconds. */
  readonly onCall: (call: Played, at: number) => void;
  faults: Faults;
  /** Whose connections are closed. */
  readonly closed: string[];
}

const bookmarkEvery = Temporal.Duration.from({ minutes: 1 });

/** What `by` reaches the API server through. */
export function playedConnection(wiring: Wiring, by: string): Connection {
  const carryOut = async (purpose: Purpose, sent: Dispatcher.DispatchOptions, wire: Wire): Promise<void> => {
    const url = new URL(sent.path, "https://server.invalid");
    const { pathname: path } = url;
    const query = Object.fromEntries(url.searchParams);
    const body = JSON.parse((sent.body as string | Buffer | null)?.toString() ?? "{}") as Call["body"];
    const call = { method: String(sent.method), path, query, body, ...targetOf(path), by };
    const met = await wiring.faults(call);
    wire.begin();
    const { clock, server, recorded } = wiring;
    const isWatch = query["watch"] === "true";
    wiring.onCall(call, clock.elapsed());
    const answer = met ?? (isWatch ? { code: 200, body: {} } : server.answer(call));
    recorded.push({ ...call, purpose, at: clock.elapsed(), code: answer.code });
    const { code, headers, text = JSON.stringify(answer.body) } = answer;
    wire.answer(code, { "content-type": "application/json", ...headers });
    if (isWatch && !met) for await (const piece of changes(wiring, call, wire.signal)) wire.piece(piece);
    else wire.piece(Buffer.from(text));
    wire.end();
  };
  const dispatch = (purpose: Purpose, sent: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void => {
    const wire = wireTo(handler);
    carryOut(purpose, sent, wire).catch((error: unknown) => wire.fail(error));
  };
  const pools: Pools = {
    pool: (purpose) =>
      ({
        dispatch: (sent: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) =>
          dispatch(purpose, sent, handler),
      }) as unknown as Dispatcher,
    trust: () => undefined,
    close: async () => void wiring.closed.push(by),
  };
  return {
    server: "https://server.invalid",
    context: by,
    credentials: () => Promise.resolve({ tls: {}, headers: {} }),
    pools: () => pools,
  };
}

/** What undici tells whoever sends a request, in its order. Each step throws what the request was given up with. */
interface Wire {
  readonly signal: AbortSignal;
  begin(): void;
  answer(code: number, headers: IncomingHttpHeaders): void;
  piece(bytes: Buffer): void;
  end(): void;
  fail(error: unknown): void;
}

function wireTo(handler: Dispatcher.DispatchHandler): Wire {
  const stop = new AbortController();
  const { signal } = stop;
  const controller = { abort: (reason: Error) => stop.abort(reason) } as unknown as Dispatcher.DispatchController;
  const unlessGivenUp = (step: () => void): void => {
    signal.throwIfAborted();
    step();
    signal.throwIfAborted();
  };
  return {
    signal,
    begin: () => unlessGivenUp(() => handler.onRequestStart?.(controller, {})),
    answer: (code, headers) => unlessGivenUp(() => handler.onResponseStart?.(controller, code, headers)),
    piece: (bytes) => unlessGivenUp(() => handler.onResponseData?.(controller, bytes)),
    end: () => unlessGivenUp(() => handler.onResponseEnd?.(controller, {})),
    fail: (error) => handler.onResponseError?.(controller, error as Error),
  };
}

/** A watch: what there is, where that is asked for, then each change, and a bookmark every minute. */
async function* changes({ server, clock }: Wiring, call: Call, signal: AbortSignal): AsyncGenerator<Buffer> {
  const waiting: Change[] = [];
  const begins = call.query["sendInitialEvents"] === "true";
  let news = Promise.withResolvers<void>();
  const initial = begins ? server.matching(call) : [];
  let seen = begins ? server.version() : Number(call.query["resourceVersion"]);
  const bookmark = (annotations: object): Buffer =>
    line("BOOKMARK", { metadata: { resourceVersion: String(seen), annotations } });
  const tell = (change: Change): void => {
    waiting.push(change);
    news.resolve();
  };
  const forget = server.watch(call, seen, tell, () => news.reject(new Error("read ECONNRESET")));
  try {
    for (const object of initial) yield line("ADDED", object);
    if (begins) yield bookmark({ "k8s.io/initial-events-end": "true" });
    for (;;) {
      if (waiting.length === 0) {
        const cancel = clock.schedule(bookmarkEvery, () => news.resolve());
        await unlessAborted(news.promise, signal).finally(cancel);
        news = Promise.withResolvers();
        if (waiting.length === 0) yield bookmark({});
      }
      for (const { type, object, version } of waiting.splice(0)) {
        seen = version;
        yield line(type, object);
      }
    }
  } finally {
    forget();
  }
}

function line(type: string, object: object): Buffer {
  return Buffer.from(`${JSON.stringify({ type, object })}\n`);
}

function unlessAborted<T>(met: T | Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason as Error);
  signal.addEventListener("abort", onAbort, { once: true });
  return Promise.race([met, aborted.promise]).finally(() => signal.removeEventListener("abort", onAbort));
}
