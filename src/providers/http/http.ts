// Http: what a provider may ask of the network, and what comes back.

/** One exchange. */
export interface HttpCall {
  readonly method: "GET" | "POST" | "PUT" | "HEAD";
  /** Absolute; `https:` unless the host is allowed for `http:`. No credentials in it. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** PEM; certificates that count beside the system's, for this call only. */
  readonly ca?: string;
}

/** A whole answer, whatever its status: a 4xx or 5xx is an answer too. */
export interface HttpAnswer {
  readonly status: number;
  /** Names in small letters; a repeated field is joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/**
 * The only egress of providers: the host is on the allow-list, the address that was connected to is public or allowed,
 * size and time are limited, the proxy is the environment's, and a redirect is never followed.
 *
 * Throws OperatorError with reason EndpointNotAllowed (host or scheme), AddressNotAllowed (where the name leads),
 * RedirectRefused, ResponseTooLarge or CAInvalid, each retried slowly; or NetworkError, when there was no whole answer in
 * time. Neither holds any header, body, path or query. When `signal` aborts, its
 * reason is thrown, and where that is a TimeoutError a NetworkError that says who has taken the time.
 */
export type Http = (call: HttpCall, signal: AbortSignal) => Promise<HttpAnswer>;
