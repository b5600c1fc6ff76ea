// One provider for all grants: it finds whoever mints for each kind, and puts the wrappers around it.
import type { Clock, Random } from "../runtime/clock.ts";
import type { Instruments } from "../metrics/instruments.ts";
import { caCertificates } from "./ca-certificates.ts";
import type { ProviderList } from "./definition.ts";
import type { FetchOptions, Loads, Provider } from "./provider.ts";
import { type Grant, providers as ownProviders } from "./index.ts";
import type { Http } from "./http/http.ts";
import { kindOf } from "./kinds.ts";
import { type Admittance, withAdmission } from "./with-admission.ts";
import { withCircuitBreaker } from "./with-circuit-breaker.ts";
import { countedHttp, withMetrics } from "./with-metrics.ts";

export interface AllProvidersOptions extends Omit<FetchOptions, "ca" | "endpoints"> {
  readonly clock: Clock;
  readonly random: Random;
  /** Leads to hosts that a spec names. */
  readonly http: Http;
  /** The same, and to the endpoints besides. */
  readonly cloudHttp: Http;
  /** Where calls to clouds go, if not to the vendors' own hosts. */
  readonly endpoints: NonNullable<FetchOptions["endpoints"]>;
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

type AllLoad<List> = { readonly [I in keyof List]: Loads<List[I]> };
// Does not compile where a fetch.ts lacks one of its provider's kinds.
ownProviders satisfies AllLoad<typeof ownProviders>;

/** SDKs are imported when the first grant of their kind asks. */
export function allProviders(options: AllProvidersOptions, providers: ProviderList = ownProviders): Provider {
  const { secret, operatorNamespace, clock, instruments } = options;
  const ca = caCertificates(secret, operatorNamespace);
  const made = new Map<string, Promise<Provider>>();

  const make = async (name: string): Promise<Provider> => {
    const { provider, registries, countedAs = name } = kindOf(providers, name);
    const counted = (http: Http): Http => countedHttp(http, countedAs, instruments, clock);
    const { fetchers } = (await provider.load()) as { fetchers: Record<string, (given: FetchOptions) => Provider> };
    const fetcher = fetchers[name];
    if (!fetcher) throw new TypeError(`nobody mints for ${name}`);
    return fetcher({
      ...options,
      ca,
      // Where no cloud runs the registries, the spec names whom one asks; the settings lead none of these calls elsewhere.
      http: counted(registries ? options.cloudHttp : options.http),
      metadataHttp: counted(options.metadataHttp),
    });
  };

  const minting: Provider = {
    fetch: async (grant, signal) => {
      const name = grant.provider;
      const making = made.get(name) ?? make(name);
      made.set(name, making);
      // What could not be loaded is tried again.
      making.catch(() => made.delete(name));
      return (await making).fetch(grant, signal);
    },
  };
  // Outside of what counts calls: what fails at once takes no turn.
  const admitted = withAdmission(minting, options.admittance);
  return withMetrics(withCircuitBreaker(admitted, options, providers), options);
}
