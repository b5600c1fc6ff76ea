// Metrics of providers: how often a token is asked for, how it ends, and what the cloud says to it.
import { hasTrait } from "../api/reasons.ts";
import type { Clock } from "../runtime/clock.ts";
import { failureOf } from "../runtime/errors.ts";
import type { Grant } from "./grant.ts";
import type { Instruments } from "../metrics/instruments.ts";
import type { Http } from "./http/http.ts";
import { NetworkError } from "./http/network-error.ts";
import type { Provider } from "./provider.ts";

type Measures = Pick<Instruments, "count" | "observe">;

export interface ProviderMetricsOptions {
  readonly instruments: Measures;
  readonly clock: Clock;
  /** When the token that the grant has now ends; undefined where it has none, or one without end. */
  readonly expiresAt: (grant: Grant) => Temporal.Instant | undefined;
}

/** Goes around everything else: an attempt that a wrapper turned away is an attempt, too. */
export function withMetrics(provider: Provider, { instruments, clock, expiresAt }: ProviderMetricsOptions): Provider {
  const { count, observe } = instruments;
  return {
    fetch: async (grant, signal) => {
      const labels = { provider: grant.provider };
      const before = expiresAt(grant);
      try {
        const minted = await provider.fetch(grant, signal);
        count("regcred_token_refreshes_total", { ...labels, result: "success", reason: "" });
        if (before) {
          const left = clock.now().until(before).total("seconds");
          observe("regcred_token_remaining_seconds", labels, Math.max(left, 0));
        }
        return minted;
      } catch (error) {
        const failure = error instanceof NetworkError ? { reason: "CloudUnavailable" } : failureOf(error);
        const { reason } = failure;
        count("regcred_token_refreshes_total", { ...labels, result: "failure", reason });
        if (hasTrait(failure, "throttled")) count("regcred_cloud_throttles_total", labels);
        throw error;
      }
    },
  };
}

/** Underneath the vendors' SDKs, too: what really goes out. */
export function countedHttp(http: Http, provider: string, { count, observe }: Measures, clock: Clock): Http {
  return async (call, signal) => {
    const began = clock.elapsed();
    const ended = (code: string): void => {
      count("regcred_cloud_requests_total", { provider, code });
      observe("regcred_cloud_request_duration_seconds", { provider }, (clock.elapsed() - began) / 1000);
    };
    try {
      const answer = await http(call, signal);
      ended(String(answer.status));
      return answer;
    } catch (error) {
      ended(error instanceof NetworkError ? error.code : signal.aborted ? "aborted" : failureOf(error).reason);
      throw error;
    }
  };
}
