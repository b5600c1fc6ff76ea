// The snapshot that the status of a RegistryCredential is made of, and what of a deletion it tells.
import type { RegistryCredential, Retiring, Status } from "../../api/registry-credential.ts";
import { failure } from "../../api/reasons.ts";
import type { Failure } from "../../runtime/errors.ts";
import type { Held } from "../../entitlement/removal-limit.ts";
import type { Token } from "../../cluster/token.ts";
import type { EntryStateName } from "../../api/entry-states.ts";

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

/** Namespaces that fare alike. */
export interface TroubleGroup extends Pick<Failure, "reason" | "cause"> {
  readonly count: number;
  readonly since: Temporal.Instant;
  /** One of them was found so at the start: see `Lasting`. */
  readonly foundAtStart: boolean;
  /** The first three by name. */
  readonly examples: readonly [string, ...string[]];
  /** As it is in the first of them. */
  readonly failure: Failure;
  /** All of them, as they are when it is asked. */
  readonly names: () => Iterable<string>;
}

/** What blocks a namespace, which the platform has to mend. */
export interface Blocking {
  readonly name: string;
  readonly failure: Failure;
}

/** Namespaces in which an entry lives by a login of before. */
export interface FormerGroup extends Pick<FormerView, "entry" | "until" | "pending"> {
  readonly namespaces: number;
}

/** The namespaces that it selects, in numbers and with a few examples. */
export interface Namespaces {
  readonly selected: number;
  /** Not looked at yet, or waiting for something that comes by itself. */
  readonly unsettled: number;
  /** Those of them that do not fail. */
  readonly pending: number;
  readonly failed: number;
  /** Waiting for a token's first attempt. */
  readonly awaiting: number;
  /** Those that fail. */
  readonly failing: readonly TroubleGroup[];
  /** The same, with what else is worth telling, and with those that are to lose it, and keep it because something was refused. */
  readonly troubled: readonly TroubleGroup[];
  /** The first by name of what is tried again by itself, and of what is not. */
  readonly blocking: readonly Blocking[];
  /** `until`: the earliest. `pending`: so are all. */
  readonly formers: readonly FormerGroup[];
}

export const noNamespaces: Namespaces = {
  selected: 0,
  unsettled: 0,
  pending: 0,
  failed: 0,
  awaiting: 0,
  failing: [],
  troubled: [],
  blocking: [],
  formers: [],
};

export interface GrantView {
  readonly token: Token | undefined;
  /** Of the last attempt. */
  readonly failure: Failure | undefined;
  /** Nothing has been heard of it since the start. */
  readonly awaited?: boolean;
}

/** No attempt has failed since the operator started: one is on its way. */
export const expired: Failure = failure("TokenExpired", { message: "its token has expired" });

/** An entry's grants, in numbers and with a few examples. */
export interface EntryView {
  readonly name: string;
  readonly identities: number;
  /** Those that have one, alive or not. */
  readonly tokens: number;
  readonly failing: number;
  /** Some have neither a token nor a failure yet. */
  readonly awaitsTokens: boolean;
  /** Nothing has been heard of some since the start. */
  readonly awaitsAttempts: boolean;
  /** The worst. */
  readonly state: EntryStateName;
  /** Of those without a living token, else of all that fail, the first in words. */
  readonly worst: Failure | undefined;
  /** What keeps the platform from its promise: the first of what is tried again by itself, and of what is not. */
  readonly blocking: readonly Failure[];
  /** The earliest. */
  readonly expiresAt: Temporal.Instant | undefined;
  readonly refreshedAt: Temporal.Instant | undefined;
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
