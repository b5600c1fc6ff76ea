// The interface of a provider: its one method, which mints, and what it is given of the world.
import type { Clock } from "../runtime/clock.ts";
import type { OperatorSecretRecord } from "../cluster/records.ts";
import type { NewToken } from "../cluster/token.ts";
import type { Environment } from "../config/config.ts";
import type { Definition } from "./definition.ts";
import type { Endpoints } from "./endpoints.ts";
import type { Http } from "./http/http.ts";
import type { IdentitySource } from "./identity-source.ts";
import type { Grant } from "./index.ts";

/**
 * No cache, no retry, no metrics in it: the token controller and wrappers do that. Grants come validated from `grant.ts`.
 * Throws `OperatorError` for what a person can fix; anything else is worth another try.
 */
export interface Provider<G = Grant> {
  /** One attempt; ends soon after the signal aborts. */
  fetch(grant: G, signal: AbortSignal): Promise<NewToken>;
}

/** What a cloud's provider is given. */
export interface CloudOptions {
  readonly clock: Clock;
  readonly identities: IdentitySource;
  /** Its allow-list decides which endpoints there are. */
  readonly http: Http;
  /** The same, and what gives a machine or pod its identity besides: for the operator's own identity only. */
  readonly metadataHttp: Http;
  /** PEM of a Secret of the operator's namespace; throws OperatorError. */
  readonly ca: (secretName: string) => string;
  /** Tells where the operator's own identity comes from. */
  readonly environment: Environment;
  /** Where calls go, if not to the vendors' own hosts. */
  readonly endpoints?: Endpoints;
}

/** What a provider is given of kept Secrets. */
export interface SourceOptions {
  readonly clock: Clock;
  /** The Secret `namespace/name` as last heard of. */
  readonly secret: (key: string) => OperatorSecretRecord | undefined;
  readonly operatorNamespace: string;
  /** Other namespaces that sources may live in, if labelled. */
  readonly sourceNamespaces: readonly string[];
}

/** What any provider is given. */
export type FetchOptions = CloudOptions & SourceOptions;

/** What a fetch.ts exports as `fetchers`: who mints for each kind of its provider. */
type Fetchers<Grants> = { readonly [Kind in keyof Grants]: (options: FetchOptions) => Provider<Grants[Kind]> };

/** A definition whose fetch.ts mints for all of its kinds. */
export interface Loads<D> {
  load(): Promise<{
    readonly fetchers: D extends Definition<infer _Block, infer _Settings, infer Grants, infer _Budgets, unknown>
      ? Fetchers<Grants>
      : never;
  }>;
}
