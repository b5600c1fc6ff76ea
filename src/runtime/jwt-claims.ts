// Reads the claims of a JSON Web Token. Never verified: whoever it is meant for does that.
import { timeOfNumber } from "./foreign-numbers.ts";
import { textOfBase64 } from "./base64.ts";

/** The claims (RFC 7519 section 4); undefined for a text that is no JWT. */
export function jwtClaims(token: string): Readonly<Record<string, unknown>> | undefined {
  const [, payload, signature] = token.split(".");
  if (payload === undefined || signature === undefined) return undefined;
  // base64url, RFC 4648 section 5
  const text = textOfBase64(payload.replaceAll("-", "+").replaceAll("_", "/"));
  try {
    const claims: unknown = JSON.parse(text ?? "");
    return typeof claims === "object" && claims !== null && !Array.isArray(claims)
      ? (claims as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** The `exp` claim: seconds since the epoch (RFC 7519 section 4.1.4). */
export function jwtExpiry(token: string): Temporal.Instant | undefined {
  return timeOfNumber(jwtClaims(token)?.["exp"]);
}
