// What does the status of a RegistryCredential get to see?
import type { RegistryCredential, Retiring } from "../api/registry-credential.ts";
import type { Failure } from "../errors.ts";
import type { Held } from "./brake.ts";
import { isAlive, type Token } from "./token.ts";

/** A failure, and since when it lasts. */
export interface Lasting {
  readonly failure: Failure;
  readonly since: Temporal.Instant;
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
  /** Why it is not served as wanted; empty where it is. */
  readonly failures: readonly Lasting[];
  /** Worth telling, though the namespace is served. */
  readonly notes: readonly Lasting[];
  /** One for each entry. Default: none. */
  readonly formers?: readonly FormerView[];
}

export interface GrantView {
  readonly token: Token | undefined;
  /** Of the last attempt. */
  readonly failure: Failure | undefined;
}

export interface EntryView {
  readonly name: string;
  readonly grants: readonly GrantView[];
}

export interface StatusSnapshot {
  readonly credential: RegistryCredential;
  readonly now: Temporal.Instant;
  readonly entries: readonly EntryView[];
  readonly namespaces: readonly NamespaceView[];
  /** Why the platform keeps less than the credential asks for, whatever the namespace. */
  readonly lacking: readonly Failure[];
  /** The installed CustomResourceDefinition is older than this release. */
  readonly outdated: Failure | undefined;
  /** In words. */
  readonly mode: string;
  readonly held: Held | undefined;
  /** The pull Secret's name under which tenants are served. */
  readonly secretName: string | undefined;
  readonly retiring: readonly Retiring[];
  readonly extraReferences: readonly string[];
  /** What keeps the deletion waiting; undefined while the credential is not being deleted. */
  readonly draining:
    | { readonly left: number; readonly blocked: readonly Lasting[]; readonly examples: readonly string[] }
    | undefined;
}

/** Nothing can be pulled with the grant. */
export function lacksToken({ token }: GrantView, now: Temporal.Instant): boolean {
  return token === undefined || !isAlive(token, now);
}
