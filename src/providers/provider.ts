// What does every registry kind offer?
import type { Grant } from "../plan/grant.ts";
import type { Token } from "../plan/token.ts";

/** A token as it comes from a provider, not stored yet. */
export type Minted = Pick<Token, "logins" | "issuedAt" | "expiresAt" | "fingerprint">;

/**
 * One registry kind. No cache, no retry, no metrics in it: the token loop and wrappers do that.
 * Throws `OperatorError` for what a person can mend.
 */
export interface Provider<G extends Grant = Grant> {
  /** Pure. Everything that decides which token is needed, as canonical JSON; hashed by the caller. */
  keyFor(grant: G): string;
  /**
   * What a token would be minted from now, as far as the operator can watch it (never derived from a password); a change
   * means that the token must be minted anew. Undefined where the source is absent.
   */
  fingerprint(grant: G): string | undefined;
  /** One attempt. */
  fetch(grant: G, signal: AbortSignal): Promise<Minted>;
}
