// ProxyError: a call did not get past its proxy.
import { errorCode, isDistrust, noAnswerText } from "./no-answer.ts";
import type { Proxy } from "./proxy-for.ts";

/**
 * The proxy is named without user and password. The message is a part of a sentence, as in `the proxy p:3128 refuses ...`,
 * and says what to do.
 */
export class ProxyError extends Error {
  override readonly name = "ProxyError";
  /** `PROXY_407`, `PROXY_ENOTFOUND`, `PROXY_CLOSED`. */
  readonly code: string;

  constructor(proxy: Proxy, { code, problem }: { readonly code: string; readonly problem: string }) {
    super(`the proxy ${proxy.url.host} ${problem}`);
    this.code = `PROXY_${code}`;
  }
}

/** It answered CONNECT with another status than 2xx. Its page is not read: it may be anything. */
export function proxyDenied(proxy: Proxy, place: string, status: number): ProxyError {
  const { setting } = proxy;
  const code = String(status);
  switch (status) {
    case 407:
      return new ProxyError(proxy, {
        code,
        problem: `wants another login (407): write it into ${setting}, as in http://user:password@${proxy.url.host}`,
      });
    case 403:
      return new ProxyError(proxy, {
        code,
        problem: `does not let us through to ${place} (403): allow it there, or go past the proxy with ${setting === "HTTPS_PROXY" ? "NO_PROXY" : "another kubeconfig"}`,
      });
    case 502:
    case 503:
    case 504:
      return new ProxyError(proxy, { code, problem: `cannot reach ${place} (${status}): look at its own log` });
    default:
      return new ProxyError(proxy, { code, problem: `opens no way to ${place} (${status}): look at its own log` });
  }
}

export function proxySilence(proxy: Proxy, seconds: number): ProxyError {
  return new ProxyError(proxy, {
    code: "TIMEOUT",
    problem: `opened no way within ${seconds} s: check that it works, and ${proxy.setting}`,
  });
}

/** A socket error on the way to the proxy. */
export function proxyFailure(proxy: Proxy, error: unknown): ProxyError {
  const code = errorCode(error) ?? "UNKNOWN";
  if (code === "ECONNRESET" || code === "EPIPE") return proxyClosed(proxy);
  const problem = isDistrust(code)
    ? `shows a certificate that is not trusted: ${noAnswerText(code)}`
    : `cannot be reached: ${noAnswerText(code)}`;
  return new ProxyError(proxy, { code, problem: `${problem}; check ${proxy.setting}` });
}

export function proxyClosed(proxy: Proxy): ProxyError {
  return new ProxyError(proxy, { code: "CLOSED", problem: "closed the connection before it had opened a way" });
}

/** What a SOCKS server answered. */
export function socksDenied(proxy: Proxy, place: string): ProxyError {
  return new ProxyError(proxy, {
    code: "SOCKS",
    problem: `opens no way to ${place}, by SOCKS 5: check its login in ${proxy.setting}, and look at its own log`,
  });
}
