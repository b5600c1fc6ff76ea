// Egress to registries and clouds, and the providers on it. A part of the composition root.
import type { Clock, Random } from "../runtime/clock.ts";
import type { Transport } from "../runtime/client/transport.ts";
import { tokenRequests } from "../runtime/client/token-request.ts";
import type { Grant } from "../providers/grant.ts";
import { retryWithin } from "../controllers/token/plan-refresh.ts";
import type { OperatorSecretRecord } from "../cluster/records.ts";
import type { Token } from "../cluster/token.ts";
import { allProviders } from "../providers/all-providers.ts";
import type { Admittance } from "../providers/with-admission.ts";
import { allowedHosts } from "../providers/http/allow-list.ts";
import { privateHosts } from "../providers/http/host-globs.ts";
import { originsOf } from "../providers/endpoints.ts";
import { type GuardedHttp, guardedHttp } from "../providers/http/guarded-http.ts";
import { identitySource } from "../providers/identity-source.ts";
import type { Provider } from "../providers/provider.ts";
import type { Silences } from "../grants/unresponsive.ts";
import { type Verify, verifier } from "../grants/verify.ts";
import type { Instruments } from "../metrics/instruments.ts";
import { countedVerify } from "../metrics/verify-metrics.ts";
import type { OperatorSettings } from "../config/config.ts";

export interface EgressOptions {
  readonly api: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: Pick<
    OperatorSettings,
    | "namespace"
    | "serviceAccount"
    | "sourceNamespaces"
    | "allowedHosts"
    | "allowedPrivateHosts"
    | "endpoints"
    | "environment"
  >;
  /** As the settings allow, if absent. */
  readonly network: GuardedHttp | undefined;
  /** The Secret `namespace/name` as last heard of. */
  readonly secret: (key: string) => OperatorSecretRecord | undefined;
  /** That the grant has now. */
  readonly token: (grant: Grant) => Token | undefined;
  /** Whether a person has asked for a token since the last attempt at the grant failed. */
  readonly insists: (grant: Grant) => boolean;
  /** Who may ask now. */
  readonly admittance: Admittance;
  /** Registries that do not answer when a token is tried. */
  readonly registries: Silences;
  /** For which the API server itself takes tokens. */
  readonly ownAudiences: () => Promise<readonly string[]>;
  readonly instruments: Pick<Instruments, "count" | "observe">;
}

export interface Egress {
  readonly provider: Provider;
  readonly verify: Verify;
  /** Cuts calls under way. */
  close(): Promise<void>;
}

export function egress(options: EgressOptions): Egress {
  const { api, clock, random, settings, secret, token, ownAudiences, instruments } = options;
  const { namespace, serviceAccount, sourceNamespaces, environment, endpoints } = settings;
  const network =
    options.network ??
    guardedHttp({
      allowed: allowedHosts(settings.allowedHosts),
      privateAllowed: privateHosts(settings.allowedPrivateHosts),
      led: originsOf(endpoints),
      environment,
      clock,
    });
  return {
    provider: allProviders({
      clock,
      random,
      instruments,
      expiresAt: (grant) => token(grant)?.expiresAt,
      retryWithin: (grant) => retryWithin(token(grant), clock.now()),
      insists: options.insists,
      admittance: options.admittance,
      secret,
      operatorNamespace: namespace,
      sourceNamespaces,
      http: network.http,
      cloudHttp: network.withEndpoints,
      metadataHttp: network.withMetadata,
      environment,
      endpoints,
      identities: identitySource({
        secret,
        requestToken: tokenRequests(api),
        ownAudiences,
        operatorServiceAccount: `${namespace}:${serviceAccount}`,
      }),
    }),
    verify: countedVerify(
      verifier({
        exchange: network.http,
        clock,
        secret,
        operatorNamespace: namespace,
        registries: options.registries,
      }),
      instruments,
    ),
    close: () => network.close(),
  };
}
