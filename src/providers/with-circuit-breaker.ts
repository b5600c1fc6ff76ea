// The circuit breaker: an identity is spared that its cloud refuses again and again.
import { LRUCache } from "lru-cache";
import { maxEntries } from "../runtime/max-entries.ts";
import { hasTrait } from "../api/reasons.ts";
import type { Clock, Random } from "../runtime/clock.ts";
import { type Failure, OperatorError } from "../runtime/errors.ts";
import { circuitKey } from "./authority.ts";
import type { ProviderList } from "./definition.ts";
import type { Grant } from "./grant.ts";
import { grantKeyText, type SecretVersion } from "./grant-key.ts";
import { providers as ownProviders } from "./index.ts";
import type { Provider } from "./provider.ts";

export interface CircuitBreakerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly operatorNamespace: string;
  readonly secret: (key: string) => SecretVersion | undefined;
  /** How soon there must be another attempt at the grant, because its token runs out; undefined where none lives. */
  readonly retryWithin: (grant: Grant) => Temporal.Duration | undefined;
  /** Whether a person has asked for a token since the last attempt at the grant failed: it is not turned away. */
  readonly insists: (grant: Grant) => boolean;
}

/** One is an accident, two may be the same one retried; the third says what the next hundred would say. */
const failuresToOpen = 3;
/** Milliseconds; doubled each time that the one who tries is refused. */
const firstOpen = 1_000;
// docs/design.md: stable within 60 s of a fault's end.
const longestOpen = 60_000;
// Circuits of identities that nobody uses any more; the oldest go first, and at worst are learnt again.
const maxCircuits = 10_000;

interface Circuit {
  failures: number;
  /** When the first of them came. */
  readonly since: Temporal.Instant;
  reported: Failure;
  /** How often it opened in a row. */
  opened: number;
  /** Elapsed milliseconds at which one may try. */
  tryAt: number;
  trying: boolean;
  /** Elapsed milliseconds since when each grant was turned away. */
  readonly turnedAway: Map<string, number>;
}

/**
 * Permanent denials and throttling, in a row, open the circuit of the identity: its grants fail at once with what the
 * cloud said last, but for one at a time that tries. Success closes it. Other errors say nothing about the identity and
 * count neither way. Nobody is turned away for longer than a minute or, with a living token, a tenth of the life that is
 * left: a grant that would be served never loses its token to the others of its identity.
 */
export function withCircuitBreaker(
  provider: Provider,
  options: CircuitBreakerOptions,
  providers: ProviderList = ownProviders,
): Provider {
  const { clock, random, operatorNamespace, secret, retryWithin, insists } = options;
  const circuits = new LRUCache<string, Circuit>(maxEntries(maxCircuits));

  const wayThrough = (circuit: Circuit, grant: Grant): "tries" | "overdue" | "asked for" | undefined => {
    const now = clock.elapsed();
    if (now >= circuit.tryAt && !circuit.trying) return "tries";
    if (insists(grant)) return "asked for";
    const text = grantKeyText(grant);
    const since = circuit.turnedAway.get(text);
    if (since === undefined) {
      circuit.turnedAway.set(text, now);
      return undefined;
    }
    const max = Math.min(longestOpen, retryWithin(grant)?.total("milliseconds") ?? longestOpen);
    return now - since >= max ? "overdue" : undefined;
  };

  const newCircuit = (key: string, reported: Failure): Circuit => {
    const turnedAway = new Map<string, number>();
    const circuit = { failures: 0, since: clock.now(), reported, opened: 0, tryAt: 0, trying: false, turnedAway };
    circuits.set(key, circuit);
    return circuit;
  };

  /** Those that were under way when it opened do not lengthen the wait. */
  const refused = (key: string, error: OperatorError, tried: boolean): OperatorError => {
    const circuit = circuits.get(key) ?? newCircuit(key, error);
    circuit.failures += 1;
    // The first text stays, so that all grants of the identity report one thing and it is no news when it lasts.
    if (circuit.reported.reason !== error.reason) circuit.reported = error;
    if (circuit.failures < failuresToOpen) return error;
    if (tried || circuit.failures === failuresToOpen) {
      const longest = Math.min(firstOpen * 2 ** circuit.opened, longestOpen);
      const asked = Math.min(error.retryAfter?.total("milliseconds") ?? 0, longestOpen);
      circuit.tryAt = clock.elapsed() + Math.max(longest / 2 + (longest / 2) * random(), asked);
      circuit.opened += 1;
    }
    return openError(circuit, error.retryAfter);
  };

  const turnAway = (circuit: Circuit): OperatorError => {
    // Who comes back by itself in a moment comes when it is of use. Slow retries must stay open to events: the cure may be one.
    const wait = Math.max(Math.ceil(circuit.tryAt - clock.elapsed()), 1_000);
    return openError(
      circuit,
      circuit.reported.retry === "backoff" ? Temporal.Duration.from({ milliseconds: wait }) : undefined,
    );
  };

  return {
    fetch: async (grant, signal) => {
      const key = circuitKey(grant, operatorNamespace, secret, providers);
      if (key === undefined) return provider.fetch(grant, signal);
      const before = circuits.get(key);
      const open = before && before.failures >= failuresToOpen ? before : undefined;
      const way = open && wayThrough(open, grant);
      if (open && !way) throw turnAway(open);
      if (open && way === "tries") open.trying = true;
      open?.turnedAway.delete(grantKeyText(grant));
      try {
        const minted = await provider.fetch(grant, signal);
        circuits.delete(key);
        return minted;
      } catch (error) {
        throw isDenied(error) ? refused(key, error, way === "tries") : error;
      } finally {
        if (open && way === "tries") open.trying = false;
      }
    },
  };
}

function isDenied(error: unknown): error is OperatorError {
  return error instanceof OperatorError && (error.retry === "slowly" || hasTrait(error, "throttled"));
}

/** The text is the same for as long as it lasts: a time that moves on would be news to every tenant, once a minute. */
function openError(
  { reported: { reason, cause, message, retry, steps }, since }: Circuit,
  retryAfter: Temporal.Duration | undefined,
): OperatorError {
  const start = since.toString({ smallestUnit: "second" });
  return new OperatorError({
    reason,
    cause,
    retry,
    message: `${message}; so it has been since ${start}, so the grants of this identity take turns and it is asked again within a minute`,
    ...(steps && { steps }),
    ...(retryAfter && { retryAfter }),
  });
}
