// Explains why a server gave no answer: from error codes to words that a person can act on. (pure)

/** Node's, OpenSSL's and undici's codes: https://nodejs.org/api/errors.html#common-system-errors */
const words: Readonly<Record<string, string>> = {
  ENOTFOUND: "its name is not known",
  EAI_AGAIN: "the resolver of names does not answer",
  ECONNREFUSED: "it refuses the connection",
  ECONNRESET: "it closed the connection",
  EPIPE: "it closed the connection",
  UND_ERR_SOCKET: "it closed the connection",
  ETIMEDOUT: "no connection came about in time",
  UND_ERR_CONNECT_TIMEOUT: "no connection came about in time",
  UND_ERR_HEADERS_TIMEOUT: "it took the request and was silent",
  UND_ERR_BODY_TIMEOUT: "its answer stopped half-way",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "its answer stopped half-way",
  HTTP_PARSER: "its answer is no HTTP",
  EHOSTUNREACH: "no route leads to it",
  ENETUNREACH: "no route leads to it",
  EPROTO: "it does not speak TLS as we do",
  ERR_SSL_WRONG_VERSION_NUMBER: "it does not speak TLS on that port",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "it does not speak TLS on that port",
};

/** The names that OpenSSL's verification gives: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const distrusted: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "it has expired, or the clock here is wrong",
  CERT_NOT_YET_VALID: "it is not valid yet, or the clock here is wrong",
  ERR_TLS_CERT_ALTNAME_INVALID: "it is for another name",
  HOSTNAME_MISMATCH: "it is for another name",
  DEPTH_ZERO_SELF_SIGNED_CERT: "it is signed by itself",
  SELF_SIGNED_CERT_IN_CHAIN: "its CA is not known here",
  UNABLE_TO_GET_ISSUER_CERT: "its CA is not known here",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its CA is not known here",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its CA is not known here",
  CERT_SIGNATURE_FAILURE: "its CA is not known here",
  CERT_REVOKED: "it was revoked",
};

const distrust =
  /^(?:ERR_TLS_CERT_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA$|INVALID_PURPOSE$|PATH_LENGTH_|HOSTNAME_MISMATCH$)/;

/** Whether there was a server, whose certificate is not trusted. */
export function isDistrust(code: string): boolean {
  return distrust.test(code);
}

/** Whether another CA would make the certificate count. */
export function isUnknownAuthority(code: string): boolean {
  return distrusted[code] === distrusted["UNABLE_TO_VERIFY_LEAF_SIGNATURE"] || code === "DEPTH_ZERO_SELF_SIGNED_CERT";
}

/** `it refuses the connection (ECONNREFUSED)`: "it" is the server, or its certificate where that is not trusted. */
export function noAnswerText(code: string): string {
  const text = words[code] ?? distrusted[code];
  return text === undefined ? code : `${text} (${code})`;
}

/** Whether it is what a signal aborts with when the time of a run is over. */
export function isTimeout(reason: unknown): boolean {
  return reason instanceof Error && reason.name === "TimeoutError";
}

/** The code of an error or of what caused it; a word in capitals, as anything else may quote somebody. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { name, code, cause } = error as { readonly [key in "name" | "code" | "cause"]?: unknown };
  // undici's, whose own codes are llhttp's or none.
  if (name === "HTTPParserError") return "HTTP_PARSER";
  if (typeof code === "string" && /^[A-Z][A-Z0-9_]{1,63}$/.test(code)) return code;
  return cause === undefined ? undefined : errorCode(cause);
}
