// Guarded egress: a provider's call reaches the internet without reaching anything else.
import { isIP } from "node:net";
import type { Dispatcher } from "undici";
import type { Clock } from "../../runtime/clock.ts";
import { OperatorError } from "../../runtime/errors.ts";
import { agents, type Agents, longestHeaders } from "./agents.ts";
import {
  addressDenied,
  checkedLookup,
  sharedLookups,
  systemResolve,
  type AddressRules,
  type Resolve,
} from "./checked-lookup.ts";
import type { Http, HttpAnswer, HttpCall } from "./http.ts";
import { isMetadataHost, isMetadataUrl, ownServices } from "./metadata-hosts.ts";
import { proxyFor, type ProxyEnvironment, type ProxyFor } from "../../runtime/network/proxy-for.ts";
import { isTimeout } from "../../runtime/network/no-answer.ts";
import { lateError, networkError } from "./network-error.ts";
import {
  endpointNotAllowed,
  headersTooLarge,
  metadataNotAllowed,
  notAnEndpoint,
  plainNotAllowed,
  redirectRefused,
  responseTooLarge,
} from "./denied.ts";

export interface HttpLimits {
  /** Of an answer's body. */
  readonly bytes: number;
  /** From the call to the end of the answer, the wait for a free connection included. */
  readonly deadline: Temporal.Duration;
}

export interface GuardedHttpOptions {
  /** Whether credentials may be sent to this host. See `allowedHosts`. */
  readonly allowed: (host: string, port: number) => boolean;
  /** Whether this host may have an address of a private network. See `privateHosts`. */
  readonly privateAllowed: (host: string) => boolean;
  /** Whether this host may be asked over plain http. Default: none; meant for tests. It must be `allowed` too. */
  readonly plainAllowed?: (host: string, port: number) => boolean;
  /** Origins to which an administrator leads clouds' calls: over plain http to private addresses only. Default: none. */
  readonly led?: ReadonlySet<string>;
  /** HTTPS_PROXY and NO_PROXY, also in small letters, and where the operator's own identity is given out. */
  readonly environment: ProxyEnvironment;
  readonly clock: Clock;
  /** Default 1 MiB and 30 s. */
  readonly limits?: Partial<HttpLimits>;
  /** Default: the machine's resolver. */
  readonly resolve?: Resolve;
}

export interface GuardedHttp {
  /** For hosts that a spec names: registries and token endpoints. */
  readonly http: Http;
  /** The same, and besides where an administrator has led the clouds' calls. */
  readonly withEndpoints: Http;
  /** The same, and besides, past any proxy, what gives a machine or pod its identity: only for an Operator identity. */
  readonly withMetadata: Http;
  /** Cuts calls under way. */
  close(): Promise<void>;
}

// The largest tokens known are some KiB; an index of a large image some hundred.
const defaultLimits: HttpLimits = { bytes: 1024 * 1024, deadline: Temporal.Duration.from({ seconds: 30 }) };

// undici writes these itself: they belong to the connection, not to the call. Without accept-encoding, an answer comes as
// it is; SDKs ask for gzip and leave the unpacking to a transport that is not there.
const ownHeaders = new Set([
  "accept-encoding",
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
]);

// The redirects of RFC 9110 section 15.4; a 304 is none.
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * The egress to the network.
 *
 * Through a proxy, the proxy resolves names, and an address cannot be checked here: the allow-list of hosts is then the
 * fence, together with the proxy's own rules. Addresses written into URLs and the names of metadata services are refused
 * all the same.
 *
 * Throws OperatorError ProxyUnusable when HTTPS_PROXY is no URL.
 */
export function guardedHttp(options: GuardedHttpOptions): GuardedHttp {
  const { environment } = options;
  const resolve = sharedLookups(options.resolve ?? systemResolve);
  const proxied = proxyFor(environment);
  const context = (metadata: boolean, led: ReadonlySet<string>): Context => {
    const own = metadata ? ownServices(environment) : new Set<string>();
    const named = hostsOf([...own, ...led]);
    const plain = hostsOf([...led].filter((origin) => origin.startsWith("http:")));
    const rules = {
      privateAllowed: (host: string): boolean => named.has(host) || options.privateAllowed(host),
      plain: (host: string): boolean => plain.has(host),
      metadata,
    };
    return {
      ...options,
      rules,
      own,
      led,
      proxyFor: (url) => (own.has(url.origin) ? undefined : proxied(url)),
      agents: agents(checkedLookup(resolve, rules), options.clock),
      limits: { ...defaultLimits, ...options.limits },
    };
  };
  // Three sets of sockets: one that leads to a metadata service is never taken for an ordinary call.
  const { led = new Set<string>() } = options;
  const ordinary = context(false, new Set());
  const clouds = context(false, led);
  const privileged = context(true, led);
  return {
    http: (call, signal) => exchange(call, signal, ordinary),
    withEndpoints: (call, signal) => exchange(call, signal, clouds),
    withMetadata: (call, signal) => exchange(call, signal, privileged),
    close: async () => {
      await Promise.all([ordinary, clouds, privileged].map(({ agents: open }) => open.close()));
    },
  };
}

function hostsOf(origins: readonly string[]): ReadonlySet<string> {
  return new Set(origins.map((origin) => new URL(origin).hostname));
}

interface Context extends Omit<GuardedHttpOptions, "limits" | "resolve"> {
  readonly led: ReadonlySet<string>;
  readonly rules: AddressRules;
  /** Origins beside the metadata services that only an Operator identity asks. */
  readonly own: ReadonlySet<string>;
  readonly proxyFor: ProxyFor;
  readonly agents: Agents;
  readonly limits: HttpLimits;
}

/** The URL of a call that may be made; throws OperatorError for any other. */
function checkedUrl(text: string, { rules, ...context }: Context): URL {
  const url = URL.parse(text);
  if (!url || !["http:", "https:"].includes(url.protocol) || url.username !== "" || url.password !== "") {
    throw notAnEndpoint();
  }
  const host = url.hostname;
  const place = placeOf(url);
  if (rules.metadata && (isMetadataUrl(url) || context.own.has(url.origin))) return url;
  if (isMetadataHost(host)) throw metadataNotAllowed(place);
  if (!context.led.has(url.origin)) {
    if (!context.allowed(host, portOf(url))) throw endpointNotAllowed(place);
    if (url.protocol === "http:" && !context.plainAllowed?.(host, portOf(url))) throw plainNotAllowed(place);
  }
  const address = host.replace(/^\[|\]$/g, "");
  const denial = isIP(address) > 0 ? addressDenied(host, address, rules) : undefined;
  if (denial) throw denial;
  return url;
}

async function exchange(call: HttpCall, signal: AbortSignal, context: Context): Promise<HttpAnswer> {
  const url = checkedUrl(call.url, context);
  const place = placeOf(url);
  if (isTimeout(signal.reason)) throw lateError(place, 0);
  signal.throwIfAborted();
  const proxy = context.proxyFor(url);
  const started = context.clock.elapsed();
  const stop = new AbortController();
  const onAbort = (): void => stop.abort();
  signal.addEventListener("abort", onAbort, { once: true });
  const cancel = context.clock.schedule(context.limits.deadline, onAbort);
  try {
    const answer = await context.agents.to({ proxy, ca: call.ca }).request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: call.method,
      headers: headersOf(call),
      body: call.body ?? null,
      signal: stop.signal,
      // The deadline holds for all of it.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const text = await textOf(answer.body, place, context.limits.bytes);
    if (redirects.has(answer.statusCode)) throw redirectRefused(place, answer.statusCode);
    return { status: answer.statusCode, headers: joined(answer.headers), text };
  } catch (error) {
    // Whoever has no time left learns who has taken it; who does not want the answer any more need not.
    if (isTimeout(signal.reason)) throw lateError(place, context.clock.elapsed() - started, proxy);
    signal.throwIfAborted();
    if (error instanceof OperatorError) throw error;
    if (stop.signal.aborted) throw lateError(place, context.limits.deadline.total("milliseconds"), proxy);
    const failure = networkError(place, error);
    throw failure.code === "UND_ERR_HEADERS_OVERFLOW" ? headersTooLarge(place, longestHeaders) : failure;
  } finally {
    cancel();
    signal.removeEventListener("abort", onAbort);
  }
}

async function textOf(body: Dispatcher.ResponseData["body"], place: string, max: number): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop early destroys the body, and with it the socket.
  for await (const piece of body as AsyncIterable<Uint8Array>) {
    bytes += piece.byteLength;
    if (bytes > max) throw responseTooLarge(place, max);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

function headersOf({ headers = {} }: HttpCall): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ownHeaders.has(name.toLowerCase())));
}

function joined(headers: Dispatcher.ResponseData["headers"]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : (value ?? "")]),
  );
}

function portOf({ port, protocol }: URL): number {
  return port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
}

function placeOf(url: URL): string {
  return url.port === "" && url.protocol === "https:" ? url.hostname : `${url.hostname}:${portOf(url)}`;
}
