// The token, and whether it is alive.
import type { Login } from "../registry/login.ts";
import { isEarlier } from "../runtime/time-text.ts";
import type { Maker } from "./makers.ts";

export type Logins = { readonly all: Login } | { readonly byHost: ReadonlyMap<string, Login> };

/** Of a token that another one has replaced. */
export interface FormerLogins extends Pick<Token, "logins" | "issuedAt" | "expiresAt"> {}

/** What a provider hands out for a grant. Passwords are redacted wherever they might be printed. */
export interface Token {
  readonly grantKey: string;
  /** One login for every host of the entry, or the logins of an imported docker config by canonical host. */
  readonly logins: Logins;
  /** Those of the tokens before it, the latest first: what a tenant's Secret may hold where it has not been renewed yet. */
  readonly formers?: readonly FormerLogins[];
  readonly issuedAt: Temporal.Instant;
  /** Undefined: the credential names no end. */
  readonly expiresAt: Temporal.Instant | undefined;
  /** What it was made from; a different fingerprint means that it must be made anew. Never derived from a password. */
  readonly fingerprint: string;
  /** Requests to be minted at once that it acknowledges: values of `regcred.dev/refresh` by RegistryCredential. */
  readonly refreshes?: Readonly<Record<string, string>>;
  /** The entries that it was made for, as far as that was stored: 0.1.0 did not. */
  readonly makers?: readonly Maker[];
  /** What a try at the registry showed before it was published; Issued where nothing was tried or learned. */
  readonly state: "Issued" | "Authenticated" | "Verified" | "PublishedUnverified";
  /** Changes whenever the logins may have: what is rendered from the token can be remembered under it. */
  readonly revision: string;
}

/** The token as who has ceased to use it has had it last; undefined where that is not known any more. */
export function tokenUntil(token: Token, until: Temporal.Instant): Token | undefined {
  const { formers = [] } = token;
  const wasThere = ({ issuedAt }: FormerLogins): boolean => Temporal.Instant.compare(issuedAt, until) <= 0;
  if (wasThere(token)) return token;
  const index = formers.findIndex(wasThere);
  const last = formers[index];
  return last && { ...token, ...last, formers: formers.slice(index + 1) };
}

export function isAlive(token: Pick<Token, "expiresAt">, now: Temporal.Instant): boolean {
  return token.expiresAt === undefined || isEarlier(now, token.expiresAt);
}

/**
 * A token as it comes from a provider, not stored yet. `expiresAt` undefined: the credential names no end (Static only). `doubt`:
 * what was said of its end and is not believed, and what is made of it.
 */
export type NewToken = Pick<Token, "logins" | "issuedAt" | "expiresAt"> & { readonly doubt?: string | undefined };
