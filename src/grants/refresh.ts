// What a refresh goes by, beside the token: who has asked for one, what the last attempt was about, and sources that repeat themselves.
import { refreshAnnotation } from "../api/names.ts";
import type { RegistryCredential } from "../api/registry-credential.ts";
import type { Token } from "../cluster/token.ts";

/** What a token must fit, to be left as it is. */
export interface RefreshRequest {
  readonly fingerprint: string;
  /** Values of the annotation `regcred.dev/refresh` by RegistryCredential, of those that are known to use the grant. */
  readonly refreshes: Refreshes;
}

export type Refreshes = Readonly<Record<string, string>>;

// It is kept with each token; a time stamp or a ticket fits. Of longer ones only what differs here is a change.
const longestRefresh = 64;

/** What the credential asks for; nothing without the annotation, so that taking it off mints nothing. */
export function refreshOf({ name, annotations }: Pick<RegistryCredential, "name" | "annotations">): Refreshes {
  const value = annotations[refreshAnnotation];
  return value === undefined ? {} : { [name]: value.slice(0, longestRefresh) };
}

/** Whether the token was made, or confirmed, after all that was asked for. */
export function isAcknowledged({ refreshes = {} }: Pick<Token, "refreshes">, refreshRequest: RefreshRequest): boolean {
  return Object.entries(refreshRequest.refreshes).every(([credential, value]) => refreshes[credential] === value);
}

/**
 * What a new token acknowledges. Those that the old one acknowledged stay: after a start the credentials that use the grant become
 * known one by one, and none of them may find its request forgotten.
 */
export function acknowledged(before: Token | undefined, refreshRequest: RefreshRequest): Refreshes {
  return { ...before?.refreshes, ...refreshRequest.refreshes };
}

/** An attempt that failed. */
export interface Refused {
  readonly refreshRequest: RefreshRequest;
  /** Elapsed milliseconds until which the other side is left alone. */
  readonly until: number;
}

/** Whether a person has asked since. */
export function asksAnew(refused: Refused, refreshes: Refreshes): boolean {
  return Object.entries(refreshes).some(
    ([credential, value]) => refused.refreshRequest.refreshes[credential] !== value,
  );
}

/** What is known of a source that hands out the same token again. */
export interface Repeats {
  /** When it last did so with the present token; undefined: not yet. */
  readonly at: Temporal.Instant | undefined;
  /** Tokens in a row with which it did so at half of their life. */
  readonly tokens: number;
}
