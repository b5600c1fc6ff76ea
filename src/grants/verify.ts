// Verification of a new token: whether its registry takes it, and whether it can pull the image that its entry names.
import { failure } from "../api/reasons.ts";
import type { Cancel, Clock } from "../runtime/clock.ts";
import type { Failure } from "../runtime/errors.ts";
import type { Grant } from "../providers/grant.ts";
import type { VerificationTarget } from "./verification-target.ts";
import type { OperatorSecretRecord } from "../cluster/records.ts";
import type { NewToken } from "../cluster/token.ts";
import { loginAt } from "../registry/host.ts";
import { type Exchange, loginCheck, pullCheck, type PullCheckResult } from "../registry/pull-check.ts";
import { unlessAborted } from "../runtime/aborted.ts";
import type { Silences } from "./unresponsive.ts";

export type Verify = (
  grant: Grant,
  target: VerificationTarget,
  minted: Pick<NewToken, "logins">,
  signal: AbortSignal,
) => Promise<PullCheckResult>;

export interface VerifierOptions {
  readonly exchange: Exchange;
  readonly clock: Clock;
  /** The Secret `namespace/name` as last heard of. */
  readonly secret: (key: string) => OperatorSecretRecord | undefined;
  readonly operatorNamespace: string;
  /** Registries that do not answer; they are left alone. */
  readonly registries: Silences;
}

// Nobody asked for a login to be tried. Where only nodes reach the registry, it must not cost a new namespace much time,
// and not again at each mint.
const loginPatience = Temporal.Duration.from({ seconds: 2 });
const silenceKept = Temporal.Duration.from({ hours: 1 }).total("milliseconds");
// An image was asked for, but a token that has been minted must not be lost to a registry that hangs: a run has 45 s.
const imagePatience = Temporal.Duration.from({ seconds: 10 });

export function verifier(options: VerifierOptions): Verify {
  const { clock, secret, operatorNamespace, registries } = options;
  /** Hosts that did not answer a login in time, and when in elapsed milliseconds. */
  const silent = new Map<string, number>();
  /** Silent hosts that one is trying now. */
  const trying = new Set<string>();

  return async (_grant, { image, host, tokenServers, caSecretName }, { logins }, signal) => {
    const login = "all" in logins ? logins.all : loginAt(logins.byHost, host);
    if (!login) return { verification: "Inconclusive", detail: `the source holds no login for ${host}` };
    const record = caSecretName === undefined ? undefined : secret(`${operatorNamespace}/${caSecretName}`);
    const ca = record?.kind === "source" ? record.values?.["ca.crt"]?.reveal() : undefined;
    const since = silent.get(host);
    if (image === undefined && since !== undefined && clock.elapsed() - since < silenceKept) return unheard(host);
    const silence = registries.of(host);
    if (silence && (clock.elapsed() < silence.tryAt || trying.has(host))) return unheard(host);
    if (silence) trying.add(host);
    const heard = watched(options.exchange);
    const how = {
      exchange: heard.exchange,
      scheme: "https",
      ...(ca !== undefined && { ca }),
      tokenServers,
    } as const;
    const within = patient(clock, image === undefined ? loginPatience : imagePatience, signal);
    try {
      const check =
        image === undefined ? loginCheck(host, login, how, within.signal) : pullCheck(image, login, how, within.signal);
      const result = await unlessAborted(check, within.signal);
      silent.delete(host);
      if (heard.failed()) registries.unanswered(host, unheardFailure(host));
      else registries.gave(host);
      return result;
    } catch (error) {
      if (signal.aborted || !within.signal.aborted) throw error;
      if (image === undefined) silent.set(host, clock.elapsed());
      registries.unanswered(host, unheardFailure(host));
      return unheard(host);
    } finally {
      within.cancel();
      if (silence) trying.delete(host);
    }
  };
}

/** A signal that also aborts when the time is over. */
function patient(clock: Clock, time: Temporal.Duration, signal: AbortSignal): { signal: AbortSignal; cancel: Cancel } {
  const late = new AbortController();
  return { signal: AbortSignal.any([signal, late.signal]), cancel: clock.schedule(time, () => late.abort()) };
}

/** The same, and whether the last exchange got no answer. A check tells that only in words. */
function watched(exchange: Exchange): { readonly exchange: Exchange; readonly failed: () => boolean } {
  let failed = false;
  return {
    failed: () => failed,
    exchange: async (call, signal) => {
      failed = false;
      try {
        return await exchange(call, signal);
      } catch (error) {
        failed = error instanceof Error && error.name === "NetworkError";
        throw error;
      }
    },
  };
}

function unheardFailure(host: string): Failure {
  return failure("CloudUnavailable", { message: unheard(host).detail ?? host });
}

function unheard(host: string): PullCheckResult {
  return { verification: "Inconclusive", detail: `${host} does not answer the operator` };
}
