// Who mints the tokens of each registry kind?
import type { Clock, Random } from "../runtime/clock.ts";
import type { Environment } from "../config/config.ts";
import type { Grant } from "./grant.ts";
import type { OperatorSecretRecord } from "../cluster/records.ts";
import type { Instruments } from "../metrics/instruments.ts";
import { acrProvider } from "./acr/fetch.ts";
import { caCertificates } from "./ca-certificates.ts";
import { ecrProvider } from "./ecr/fetch.ts";
import { ecrPublicProvider } from "./ecr/fetch-public.ts";
import { googleProvider } from "./google/fetch.ts";
import type { Endpoints } from "./endpoints.ts";
import type { Http } from "./http/http.ts";
import { icrProvider } from "./icr/fetch.ts";
import type { IdentitySource } from "./identity-source.ts";
import { ocirProvider } from "./ocir/fetch.ts";
import type { Provider } from "./provider.ts";
import { providerTable } from "./provider-table.ts";
import { staticProvider } from "./static/fetch.ts";
import { tokenExchangeProvider } from "./token-exchange/fetch.ts";
import { type Admittance, withAdmission } from "./with-admission.ts";
import { withCircuitBreaker } from "./with-circuit-breaker.ts";
import { countedHttp, withMetrics } from "./with-metrics.ts";

export interface AllProvidersOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly identities: IdentitySource;
  /** Leads to hosts that a spec names. */
  readonly http: Http;
  /** The same, and to the endpoints besides. */
  readonly cloudHttp: Http;
  /** The same, and the clouds' metadata services besides: for the operator's own identity only. */
  readonly metadataHttp: Http;
  /** The Secret `namespace/name` as last heard of. */
  readonly secret: (key: string) => OperatorSecretRecord | undefined;
  readonly operatorNamespace: string;
  readonly sourceNamespaces: readonly string[];
  readonly environment: Environment;
  /** Where calls to clouds go, if not to the vendors' own hosts. */
  readonly endpoints: Endpoints;
  /** How soon there must be another attempt at the grant, because its token runs out. */
  readonly retryWithin: (grant: Grant) => Temporal.Duration | undefined;
  /** Whether a person has asked for a token since the last attempt at the grant failed. */
  readonly insists: (grant: Grant) => boolean;
  /** When the token that the grant has now ends. */
  readonly expiresAt: (grant: Grant) => Temporal.Instant | undefined;
  /** Who may ask now. */
  readonly admittance: Admittance;
  readonly instruments: Pick<Instruments, "count" | "observe">;
}

type Cloud = AllProvidersOptions & { readonly ca: ReturnType<typeof caCertificates> };

/** SDKs are imported when the first grant of their kind asks. */
export function allProviders(options: AllProvidersOptions): Provider {
  const { secret, operatorNamespace, clock, instruments } = options;
  const ca = caCertificates(secret, operatorNamespace);
  const cloud = (kind: Grant["provider"]): Cloud => ({
    ...options,
    ca,
    http: countedHttp(kind === "TokenExchange" ? options.http : options.cloudHttp, kind, instruments, clock),
    metadataHttp: countedHttp(options.metadataHttp, kind, instruments, clock),
  });
  const google = googleProvider(cloud("GAR"));
  const table = providerTable({
    ACR: acrProvider(cloud("ACR")),
    ECR: ecrProvider(cloud("ECR")),
    ECRPublic: ecrPublicProvider(cloud("ECRPublic")),
    GAR: google,
    GCR: google,
    ICR: icrProvider(cloud("ICR")),
    OCIR: ocirProvider(cloud("OCIR")),
    Static: staticProvider({ ...options, source: secret }),
    TokenExchange: tokenExchangeProvider(cloud("TokenExchange")),
  });
  // Outside of what counts calls: what fails at once takes no turn.
  return withMetrics(withCircuitBreaker(withAdmission(table, options.admittance), options), options);
}
