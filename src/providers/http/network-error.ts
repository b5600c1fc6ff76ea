// NetworkError: there was no answer.
import { errorCode, isDistrust, isUnknownAuthority, noAnswerText } from "../../runtime/network/no-answer.ts";
import { ProxyError } from "../../runtime/network/proxy-error.ts";
import type { Proxy } from "../../runtime/network/proxy-for.ts";

/** No whole answer came: no connection, no trust, or no time. Holds nothing that was sent or received. */
export class NetworkError extends Error {
  override readonly name = "NetworkError";
  /** Node's or undici's code such as `ECONNREFUSED`, `ENOTFOUND` or `UND_ERR_SOCKET`, a ProxyError's, or `DEADLINE`. */
  readonly code: string;

  /** @param why completes "no answer from PLACE"; what the code says, if absent */
  constructor(place: string, code: string, why = `: ${noAnswerText(code)}`) {
    super(
      isDistrust(code)
        ? `${place} shows a certificate that is not trusted${why}${isUnknownAuthority(code) ? "; where it is a CA of your own, caSecretName gives it" : ""}`
        : `no answer from ${place}${why}`,
    );
    this.code = code;
  }
}

// The error itself is not kept: undici's HTTPParserError quotes the answer.
/** @param place `host:port` */
export function networkError(place: string, error: unknown): NetworkError {
  return error instanceof ProxyError
    ? new NetworkError(place, error.code, `: ${error.message}`)
    : new NetworkError(place, errorCode(error) ?? "UNKNOWN");
}

/** It took too long; whose fault that is, nobody knows where there is a proxy. */
export function lateError(place: string, milliseconds: number, proxy?: Proxy): NetworkError {
  const via = proxy ? ` through the proxy ${proxy.url.host}` : "";
  return new NetworkError(place, "DEADLINE", `${via} within ${Math.ceil(milliseconds / 1000)} s`);
}
