// Passes a request to the API server in memory, and records it.
import type { Dispatcher } from "undici";
import type { Connection } from "../../src/runtime/client/connection.ts";
import type { Blocker, Pools, Purpose } from "../../src/runtime/client/pools.ts";
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

/** A call that not even its deadline ends. */
interface Stuck {
  readonly stuck: Promise<void>;
}

/** What happens to a call on its way: it may wait, or be answered by somebody else than the API server. */
export type Faults = (call: Played) => Promise<Answer | void> | Answer | Stuck | void;

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

type Sent = Dispatcher.RequestOptions<Blocker> & { readonly signal: AbortSignal };

const bookmarkEvery = Temporal.Duration.from({ minutes: 1 });

/** What `by` reaches the API server through. */
export function playedConnection(wiring: Wiring, by: string): Connection {
  const send = async (purpose: Purpose, sent: Sent): Promise<unknown> => {
    const url = new URL(sent.path, "https://server.invalid");
    const { pathname: path } = url;
    const query = Object.fromEntries(url.searchParams);
    const body = JSON.parse((sent.body as string | Buffer | null)?.toString() ?? "{}") as Call["body"];
    const call = { method: String(sent.method), path, query, body, ...targetOf(path), by };
    sent.signal.throwIfAborted();
    const faults = wiring.faults(call);
    if (faults && "stuck" in faults) await faults.stuck;
    const met = await unlessAborted(faults && "stuck" in faults ? undefined : faults, sent.signal);
    // As the sockets ask, in the moment before it is written.
    const blocker = sent.opaque?.();
    if (blocker) throw blocker;
    const { clock, server, recorded } = wiring;
    const isWatch = query["watch"] === "true";
    wiring.onCall(call, clock.elapsed());
    const answer = met ?? (isWatch ? { code: 200, body: {} } : server.answer(call));
    recorded.push({ ...call, purpose, at: clock.elapsed(), code: answer.code });
    if (isWatch && !met) return { statusCode: 200, headers: {}, body: changes(wiring, call, sent.signal) };
    return answered(answer);
  };
  const pools: Pools = {
    pool: (purpose) => ({ request: (sent: Sent) => send(purpose, sent) }) as unknown as Dispatcher,
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

function answered({ code, headers, body, text = JSON.stringify(body) }: Answer): object {
  return {
    statusCode: code,
    headers: { "content-type": "application/json", ...headers },
    body: Object.assign(onePiece(text), { text: () => Promise.resolve(text), dump: () => Promise.resolve() }),
  };
}

async function* onePiece(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
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
