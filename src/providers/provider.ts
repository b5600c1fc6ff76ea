// What does every registry kind offer?
import type { Grant } from "./grant.ts";
import type { Minted } from "../cluster/token.ts";

/**
 * One registry kind. No cache, no retry, no metrics in it: the token loop and wrappers do that. Grants come validated
 * from `plan/grants`. Throws `OperatorError` for what a person can mend; anything else is worth another try.
 */
export interface Provider<G extends Grant = Grant> {
  /** One attempt; ends soon after the signal aborts. */
  fetch(grant: G, signal: AbortSignal): Promise<Minted>;
}

/** The grant of a kind. */
export type GrantOf<P extends Grant["provider"]> = Extract<Grant, { readonly provider: P }>;

/** One provider for each kind. */
export type Providers = { readonly [P in Grant["provider"]]: Provider<GrantOf<P>> };
