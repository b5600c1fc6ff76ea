// How does a call say that there was no answer?

/** No whole answer came: no connection, no trust, or no time. Holds nothing that was sent or received. */
export class NetworkError extends Error {
  override readonly name = "NetworkError";
  /** Node's or undici's code such as `ECONNREFUSED`, `ENOTFOUND` or `UND_ERR_SOCKET`, or `DEADLINE`. */
  readonly code: string;

  constructor(place: string, code: string) {
    super(
      isDistrust(code)
        ? `${place} shows a certificate that is not trusted (${code})`
        : `no answer from ${place} (${code})`,
    );
    this.code = code;
  }
}

// The error itself is not kept: undici's HTTPParserError quotes the answer.
/** @param place `host:port` */
export function networkError(place: string, error: unknown): NetworkError {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "UNKNOWN";
  // Codes are words in capitals; anything else may quote somebody.
  return new NetworkError(place, /^[A-Z][A-Z0-9_]{1,63}$/.test(code) ? code : "UNKNOWN");
}

// The names that OpenSSL's verification gives: https://nodejs.org/api/tls.html#x509-certificate-error-codes
const distrust =
  /^(?:ERR_TLS_CERT_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA$|INVALID_PURPOSE$|PATH_LENGTH_|HOSTNAME_MISMATCH$)/;

function isDistrust(code: string): boolean {
  return distrust.test(code);
}
