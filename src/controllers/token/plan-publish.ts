// Decides whether a new token may take the place of the one that tenants have.
import type { Verification } from "../../registry/login.ts";
import { isAlive, type Token } from "../../cluster/token.ts";

export type Publication = "publish" | "publish-unverified" | "hold";

// docs/design.md: a removed probe image must not become an outage, so a denied token is held back only while the
// old one has more than this left.
const heldShare = 0.1;
const minHeld = 10 * 60_000;

/**
 * Only a denial holds a token back, and only while the old one has life enough, and the registry takes it: one that
 * refuses both is odd, or both are worthless, and waiting is of no use.
 */
export function publication(
  verification: Verification,
  before: Pick<Token, "issuedAt" | "expiresAt"> | undefined,
  now: Temporal.Instant,
  oldIsTaken = true,
): Publication {
  if (verification !== "Denied") return "publish";
  if (!before || !isAlive(before, now) || !oldIsTaken) return "publish-unverified";
  if (!before.expiresAt) return "hold";
  const life = before.issuedAt.until(before.expiresAt).total("milliseconds");
  const left = now.until(before.expiresAt).total("milliseconds");
  return left > Math.max(life * heldShare, minHeld) ? "hold" : "publish-unverified";
}
