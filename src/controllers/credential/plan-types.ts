// The snapshot that the status of a RegistryCredential is made of, and what of a deletion it tells.
import type { RegistryCredential, Retiring, Status } from "../../api/registry-credential.ts";
import type { Failure } from "../../runtime/errors.ts";
import type { Held } from "../../entitlement/removal-limit.ts";
import { isAlive, type Token } from "../../cluster/token.ts";

/** A failure, and since when it lasts. */
export interface Lasting {
  readonly failure: Failure;
  readonly since: Temporal.Instant;
  /** It was there when the namespace was first looked at after the start: it may have lasted for longer. */
  readonly foundAtStart?: boolean;
}

/** What ails a namespace. */
export interface Troubled {
  readonly name: string;
  readonly troubles: readonly Lasting[];
}

/** An entry was altered, has no token that serves what it is now, and goes on with the login of before. */
export interface FormerView {
  readonly entry: string;
  /** When that login ends; undefined where it names no end. */
  readonly until: Temporal.Instant | undefined;
  /** The first attempt at a new token is under way. */
  readonly pending: boolean;
}

/** How one selected namespace fares under the credential. */
export interface NamespaceView {
  readonly name: string;
  /** Not looked at yet, or waiting for something that comes by itself. */
  readonly pending: boolean;
  /** It was looked at, and waits for a token's first attempt. Default: false. */
  readonly awaiting?: boolean;
  /** Why it is not served as wanted; empty where it is. What passes by itself in a moment is none. */
  readonly failures: readonly Lasting[];
  /** Worth telling, though the namespace is served. */
  readonly notes: readonly Lasting[];
  /** One for each entry. Default: none. */
  readonly formers?: readonly FormerView[];
}

/** The namespaces that it selects, in numbers, and those of which there is more to tell. */
export interface Namespaces {
  readonly selected: number;
  /** Not looked at yet, or waiting for something that comes by itself. */
  readonly unsettled: number;
  /** Those of them that do not fail. */
  readonly pending: number;
  readonly failed: number;
  /** Waiting for a token's first attempt. */
  readonly awaiting: number;
  /** With failures, notes, or logins of before; by name. */
  readonly reported: readonly NamespaceView[];
}

export interface GrantView {
  readonly token: Token | undefined;
  /** Of the last attempt. */
  readonly failure: Failure | undefined;
  /** Nothing has been heard of it since the start. */
  readonly awaited?: boolean;
}

export interface EntryView {
  readonly name: string;
  readonly grants: readonly GrantView[];
}

/** Something that keeps a deletion waiting and will not end by itself. */
export interface HeldUp extends Lasting {
  /** Undefined: not in a namespace. */
  readonly namespace: string | undefined;
}

export interface Draining {
  /** In how many namespaces something is left; undefined where that is not known. */
  readonly left: number | undefined;
  readonly blocked: readonly HeldUp[];
}

/** What a status that was told is compared with. */
export interface Reported {
  /** The status as it was told last. */
  readonly status: Status | undefined;
  /** By reason and cause: since when a failure had lasted when the operator started. */
  readonly since: ReadonlyMap<string, Temporal.Instant>;
}

export interface StatusSnapshot {
  readonly credential: RegistryCredential;
  readonly reported: Reported;
  readonly now: Temporal.Instant;
  readonly entries: readonly EntryView[];
  readonly namespaces: Namespaces;
  /** Namespaces that are to lose the credential, and keep it because something was refused. */
  readonly leaving: readonly Troubled[];
  /** Why the platform keeps less than the credential asks for, whatever the namespace. */
  readonly missing: readonly Failure[];
  /** The installed CustomResourceDefinition is older than this release. */
  readonly outdated: Failure | undefined;
  /** In words. */
  readonly mode: string;
  readonly held: Held | undefined;
  /** The pull Secret's name under which tenants are served. */
  readonly secretName: string | undefined;
  readonly retiring: readonly Retiring[];
  readonly extraReferences: readonly string[];
  /** Undefined while the credential is not being deleted. */
  readonly draining: Draining | undefined;
}

/** Nothing can be pulled with the grant. */
export function lacksToken({ token }: GrantView, now: Temporal.Instant): boolean {
  return token === undefined || !isAlive(token, now);
}
