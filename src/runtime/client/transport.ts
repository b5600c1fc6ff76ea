// Transport: sends one call to the API server and returns, in bounded time, an answer or an ApiError.
import { arch, platform } from "node:os";
import type { Clock, Random } from "../clock.ts";
import { type ApiAnswer, answerReader, refusalReader } from "./api-answer.ts";
import { errorCode, isDistrust, isTimeout } from "../network/no-answer.ts";
import { ApiError, apiErrorFromAnswer, apiErrorFromFailure, type RefusedAnswer, unavailable } from "./api-error.ts";
import type { Connection, Credentials } from "./connection.ts";
import { type AnswerReader, type Blocker, type BodyReader, type Cut, exchange } from "./exchange.ts";
import { freshCredentials, secondsText } from "./fresh-credentials.ts";
import { pools, type Purpose } from "./pools.ts";
import { pathLabels } from "./resource-path.ts";
import { readInTurns } from "./reading-turns.ts";
import type { JsonReader } from "./shaped-json.ts";

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below the server's root, escaped: see `resourcePath`. */
  readonly path: string;
  readonly query?: Query | undefined;
  /** Prepared JSON. */
  readonly body?: string | Buffer | undefined;
  /** Default `application/json`. */
  readonly contentType?: string | undefined;
  readonly accept?: string | undefined;
  /** Default `writes`. */
  readonly purpose?: Purpose | undefined;
  /** For all attempts together, the wait for a free connection included; default 30 s. */
  readonly deadline?: Temporal.Duration | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * Sending it twice does no more than sending it once: reads, and writes that carry a resourceVersion or uid. Only such a
   * call is tried again here. Default: true for GET.
   */
  readonly idempotent?: boolean | undefined;
  /** Asked in the moment in which the call is put on the wire, however long it has waited for a connection; no: it fails. */
  readonly mayBegin?: (() => boolean) | undefined;
  /**
   * Makes what reads the answer while it arrives, anew for each attempt. Left out: the answer is held as a text, which may
   * not be longer than 4 MiB.
   */
  readonly reader?: (() => JsonReader) | undefined;
}

export type StreamRequest = Pick<ApiRequest, "path" | "query" | "accept"> & {
  readonly signal: AbortSignal;
  /** Called when the answer begins: it has a good status. */
  readonly onBegin: () => void;
  /** Is given its bytes as they come; what it throws ends the stream. */
  readonly onPiece: (piece: Buffer) => void;
  /** Until the answer begins; after that only the signal ends it. Default 30 s. */
  readonly deadline?: Temporal.Duration | undefined;
};

export interface Observation {
  /** The verb of RBAC: get, list, watch, create, update, patch, delete. */
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  /** HTTP status, or what kept it away, such as `ECONNREFUSED`. */
  readonly code: string;
  /** To the end of the answer; of a watch: to its beginning. */
  readonly seconds: number;
}

export interface Transport {
  readonly server: string;
  /** Resolves for 2xx only. Rejects with ApiError, or with the signal's reason. */
  request(call: ApiRequest): Promise<ApiAnswer>;
  /** Resolves when the server ends the answer well. Rejects as `request`, or with what `onPiece` threw; never tries again. */
  stream(call: StreamRequest): Promise<void>;
  /** Waits for calls under way, cuts streams. */
  close(): Promise<void>;
}

export interface TransportOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly random: Random;
  /** See `userAgent`. */
  readonly userAgent: string;
  /** Called once per HTTP exchange. */
  readonly observe?: (observation: Observation) => void;
  /** The API server said 429, though not to what strangers make us ask: hold bulk work back for so long. */
  readonly onThrottled?: (retryAfter: Temporal.Duration) => void;
  /** For every request, whatever deadline it names: what a person has asked for. */
  readonly requestTimeout?: Temporal.Duration | undefined;
  /** For calls that name no deadline, and until the answer to a watch begins. Default: half a minute. */
  readonly deadline?: Temporal.Duration | undefined;
}

/** RFC 9110 section 10.1.5; in the API server's audit log it tells the operator's calls from kubectl's. */
export function userAgent(version: string): string {
  return `regcred/${version} (${platform()}/${arch()})`;
}

const halfAMinute = Temporal.Duration.from({ seconds: 30 });
// Few and short, because the queue tries again too, and knows more.
const maxAttempts = 3;
const firstRetryMs = 100;
const longestWaitMs = 5_000;
// The API server names at least 1 s: k8s.io/apiserver/pkg/server/filters/priority-and-fairness.go
const throttledWithoutWord = Temporal.Duration.from({ seconds: 1 });

/** How an answer with a good status is taken. */
interface Taken<T> {
  readonly withinMs: number;
  readonly reader: AnswerReader<T>;
  /** The time counts until the answer begins, not until it is over. */
  readonly isWatch: boolean;
}

/** An answer with another status, or what was made of it. */
type Answered<T> = { readonly refused: RefusedAnswer } | { readonly code: number; readonly value: T };

/** One call that is under way. */
interface UnderWay {
  readonly target: string;
  readonly blocker: Blocker;
  /** For what comes before there is a request. */
  readonly signal: AbortSignal;
  /** Is told how the request is ended, once there is one. */
  readonly onSent: (cut: Cut) => void;
}

/** Pooled HTTP/1.1 to one API server, with credentials that follow their files. */
export function transport(options: TransportOptions): Transport {
  return new HttpTransport(options);
}

class HttpTransport implements Transport {
  readonly #options;
  readonly #clock;
  readonly #random;
  readonly #requestTimeout;
  readonly #deadline;
  readonly #prefix;
  readonly #sockets;
  readonly #inTurns;
  readonly #fresh;
  readonly #via;
  readonly server;

  constructor(options: TransportOptions) {
    this.#options = options;
    const { connection, clock, random, requestTimeout, deadline = halfAMinute } = options;
    this.#clock = clock;
    this.#random = random;
    this.#requestTimeout = requestTimeout;
    this.#deadline = deadline;
    const { origin, pathname } = new URL(connection.server);
    this.#prefix = pathname.replace(/\/$/, "");
    this.#sockets = connection.pools?.(origin) ?? pools(origin, { proxy: connection.proxy, clock });
    this.#inTurns = readInTurns(clock);
    this.#fresh = freshCredentials(connection, clock);
    this.#via = connection.proxy ? ` through the proxy ${connection.proxy.url.host}` : "";
    this.server = connection.server;
  }

  readonly #send = async <T>(
    call: ApiRequest,
    { target, blocker, signal, onSent }: UnderWay,
    reader: AnswerReader<T>,
  ): Promise<Answered<T>> => {
    const { purpose = "writes" } = call;
    const inTurns = purpose === "watches" ? this.#inTurns : undefined;
    const attempt = async (credentials: Credentials): Promise<Answered<T>> => {
      signal.throwIfAborted();
      this.#sockets.trust(credentials.tls);
      const { answered, cut } = exchange(
        this.#sockets.pool(purpose),
        {
          method: call.method,
          path: target,
          headers: headersFor(call, credentials, this.#options.userAgent),
          body: call.body ?? null,
          // Kubernetes wants a body of a DELETE. undici takes it for a mistake, and would close the connection after it.
          reset: false,
        },
        { blocker, reader: orRefusal(reader), inTurns },
      );
      onSent(cut);
      return answered;
    };
    const credentials = await this.#fresh.now(signal);
    const answer = await attempt(credentials).catch((error: unknown) => {
      // The CA has been replaced before its minute was over, and with it the server's certificate.
      if (isDistrust(errorCode(error) ?? "")) this.#fresh.doubt(credentials);
      throw error;
    });
    if (!("refused" in answer) || answer.refused.code !== 401) return answer;
    // The token has been replaced before its minute was over. A refused call did nothing, so any call may be sent again.
    return attempt(await this.#fresh.after(credentials, signal));
  };

  /** Runs one exchange under a deadline; every way it can fail becomes an ApiError or the caller's own abort. */
  readonly #exchange = async <T>(call: ApiRequest, { withinMs, reader, isWatch }: Taken<T>): Promise<T> => {
    call.signal?.throwIfAborted();
    const stop = new AbortController();
    let cut: Cut | undefined;
    const giveUp = (reason: Error): void => {
      stop.abort(reason);
      cut?.(reason);
    };
    const onAbort = (): void => giveUp(call.signal?.reason as Error);
    call.signal?.addEventListener("abort", onAbort, { once: true });
    // Made when it is needed: an error that nobody throws costs its stack trace all the same.
    const late = (afterMs = withinMs): ApiError =>
      this.#fresh.overdue(stop.signal, afterMs) ??
      unavailable(`no answer from the API server${this.#via} within ${secondsText(afterMs)}`, "DeadlineExceeded");
    const cancel = this.#clock.schedule(Temporal.Duration.from({ milliseconds: Math.ceil(withinMs) }), () =>
      giveUp(late()),
    );
    const started = this.#clock.elapsed();
    // A process that stood still finds timers and sockets ready at the same time: what is late is not sent even so.
    const blocker: Blocker = () => {
      if (this.#clock.elapsed() >= started + withinMs) return late();
      return call.mayBegin?.() === false ? unavailable("it may not be sent any more", "Withdrawn") : undefined;
    };
    let isReported = false;
    const report = (code: string): void => {
      if (isReported) return;
      isReported = true;
      const seconds = (this.#clock.elapsed() - started) / 1000;
      this.#options.observe?.({ ...callLabels(call, isWatch), code, seconds });
    };
    try {
      const target = `${this.#prefix}${call.path}${queryString(call, isWatch, withinMs)}`;
      const underWay = { target, blocker, signal: stop.signal, onSent: (how: Cut) => void (cut = how) };
      const answer = await this.#send(call, underWay, (status, headers) => {
        if (isWatch) {
          cancel();
          report(String(status));
        }
        return reader(status, headers);
      });
      if ("refused" in answer) throw apiErrorFromAnswer(answer.refused);
      report(String(answer.code));
      return answer.value;
    } catch (error) {
      // Whoever has no time left learns who has taken it.
      if (isTimeout(call.signal?.reason)) throw late(this.#clock.elapsed() - started);
      call.signal?.throwIfAborted();
      const failure = stop.signal.aborted ? late() : apiErrorFromFailure(error);
      report(String(failure.code ?? failure.reason));
      if (failure.kind === "throttled" && isAboutUs(call)) {
        this.#options.onThrottled?.(failure.retryAfter ?? throttledWithoutWord);
      }
      throw failure;
    } finally {
      cancel();
      call.signal?.removeEventListener("abort", onAbort);
    }
  };

  readonly request: Transport["request"] = async (call) => {
    const end = this.#clock.elapsed() + (this.#requestTimeout ?? call.deadline ?? this.#deadline).total("milliseconds");
    for (let attempt = 1; ; attempt += 1) {
      try {
        const json = call.reader?.();
        const reader: AnswerReader<ApiAnswer> = (status, headers) => answerReader(status, headers, json);
        return await this.#exchange(call, { withinMs: end - this.#clock.elapsed(), reader, isWatch: false });
      } catch (error) {
        const wait = error instanceof ApiError ? waitBeforeRetry(call, error, attempt, this.#random) : undefined;
        if (wait === undefined || call.signal?.aborted || this.#clock.elapsed() + wait >= end) throw error;
        await this.#clock.sleep(Temporal.Duration.from({ milliseconds: Math.round(wait) }), call.signal);
      }
    }
  };

  readonly stream: Transport["stream"] = async ({ onBegin, onPiece, deadline = this.#deadline, ...call }) => {
    let fault: { readonly thrown: unknown } | undefined;
    const write = (piece: Buffer): void => {
      try {
        onPiece(piece);
      } catch (error) {
        fault = { thrown: error };
        throw error;
      }
    };
    const reader = (): BodyReader<undefined> => {
      onBegin();
      return { write, end: () => undefined };
    };
    const taken = { withinMs: deadline.total("milliseconds"), reader, isWatch: true };
    try {
      await this.#exchange({ ...call, method: "GET", purpose: "watches" }, taken);
    } catch (error) {
      // What the caller throws is none of the server's doing.
      throw fault ? fault.thrown : error;
    }
  };

  readonly close: Transport["close"] = () => this.#sockets.close();
}

/** Reads with `reader` where the status is good. */
function orRefusal<T>(reader: AnswerReader<T>): AnswerReader<Answered<T>> {
  return (code, headers) => {
    const isGood = code >= 200 && code <= 299;
    if (!isGood) {
      const text = refusalReader();
      return { write: (piece) => text.write(piece), end: () => ({ refused: { code, body: text.end(), headers } }) };
    }
    const good = reader(code, headers);
    return { write: (piece) => good.write(piece), end: () => ({ code, value: good.end() }) };
  };
}

/**
 * A 429 is mostly about all that this user sends. Not so where a stranger asks, or a tenant can bring it about: a
 * PodDisruptionBudget refuses an eviction with it, and the admission plugin EventRateLimit an Event in a namespace that has
 * had enough of them.
 */
function isAboutUs({ path, purpose }: ApiRequest): boolean {
  const { resource } = pathLabels(path);
  return purpose !== "access" && resource !== "pods/eviction" && resource !== "events";
}

/** Milliseconds, or undefined when it should not be tried again here. */
function waitBeforeRetry(call: ApiRequest, error: ApiError, attempt: number, random: Random): number | undefined {
  const idempotent = call.idempotent ?? call.method === "GET";
  if (!idempotent || attempt >= maxAttempts || (error.kind !== "unavailable" && error.kind !== "throttled"))
    return undefined;
  // Jitter only upwards: Retry-After is a least time.
  const reported = error.retryAfter && error.retryAfter.total("milliseconds") * (1 + random() / 4);
  const wait = reported ?? firstRetryMs * 2 ** (attempt - 1) * (0.5 + random());
  return wait > longestWaitMs ? undefined : wait;
}

function headersFor(
  call: ApiRequest,
  { authorization, headers }: Credentials,
  agent: string,
): Record<string, string | string[]> {
  return {
    ...headers,
    accept: call.accept ?? "application/json",
    "user-agent": agent,
    ...(authorization ? { authorization: authorization.reveal() } : {}),
    ...(call.body === undefined ? {} : { "content-type": call.contentType ?? "application/json" }),
  };
}

/** With `timeout` the server gives up too, and does not write after we have stopped waiting. */
function queryString({ query = {} }: ApiRequest, watch: boolean, withinMs: number): string {
  let text = "";
  const add = (name: string, value: string | number | boolean): void => {
    text += `${text === "" ? "?" : "&"}${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
  };
  for (const name of Object.keys(query)) {
    const value = query[name];
    if (value !== undefined) add(name, value);
  }
  if (!watch) add("timeout", `${Math.max(Math.ceil(withinMs / 1000), 1)}s`);
  return text;
}

const verbs = { POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" } as const;

function callLabels({ method, path }: ApiRequest, watch: boolean): Pick<Observation, "verb" | "group" | "resource"> {
  const { group, resource, hasName } = pathLabels(path);
  if (method !== "GET") return { verb: verbs[method], group, resource };
  if (watch) return { verb: "watch", group, resource };
  return { verb: hasName ? "get" : "list", group, resource };
}
