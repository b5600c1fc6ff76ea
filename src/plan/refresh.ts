// When is a token due for renewal?
import type { Token } from "./token.ts";

/**
 * Half of its life: a pod may start to pull at any moment, and what is left is how long an outage may last (design.md
 * section 1). Undefined for a credential that names no end.
 */
export function refreshAt(token: Pick<Token, "issuedAt" | "expiresAt">): Temporal.Instant | undefined {
  if (!token.expiresAt) return undefined;
  const life = token.issuedAt.until(token.expiresAt).total("milliseconds");
  return token.issuedAt.add({ milliseconds: Math.max(Math.floor(life / 2), 0) });
}
