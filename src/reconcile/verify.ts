// Is the token that was just fetched taken by its registry, and can it pull the image that its entry names?
import type { Clock } from "../clock.ts";
import type { Grant } from "../plan/grant.ts";
import type { Probe } from "../plan/probe.ts";
import type { OperatorSecretRecord } from "../plan/snapshot.ts";
import type { Minted } from "../providers/provider.ts";
import { type Exchange, loginCheck, pullCheck, type PullCheckResult } from "../registry/pull-check.ts";

export type Verify = (
  grant: Grant,
  probe: Probe,
  minted: Pick<Minted, "logins">,
  signal: AbortSignal,
) => Promise<PullCheckResult>;

export interface VerifierOptions {
  readonly exchange: Exchange;
  readonly clock: Clock;
  /** The Secret `namespace/name` as last heard of. */
  readonly secret: (key: string) => OperatorSecretRecord | undefined;
  readonly operatorNamespace: string;
  /** Hosts that are spoken to without TLS: none but in tests. */
  readonly plain: (host: string) => boolean;
}

// Nobody asked for a login to be tried. Where only nodes reach the registry, it must not cost a new namespace much time,
// and not again at each mint.
const loginPatience = Temporal.Duration.from({ seconds: 2 });
const silenceKept = Temporal.Duration.from({ hours: 1 }).total("milliseconds");

export function verifier({ exchange, clock, secret, operatorNamespace, plain }: VerifierOptions): Verify {
  /** Hosts that did not answer a login in time, and when in elapsed milliseconds. */
  const silent = new Map<string, number>();

  return async (grant, { image, host }, { logins }, signal) => {
    const login = "all" in logins ? logins.all : logins.byHost.get(host);
    if (!login) return { verification: "Inconclusive", detail: `the source holds no login for ${host}` };
    const caName = grant.provider === "Static" ? undefined : grant.caSecretName;
    const record = caName === undefined ? undefined : secret(`${operatorNamespace}/${caName}`);
    const ca = record?.kind === "source" ? record.values?.["ca.crt"]?.reveal() : undefined;
    const options = { exchange, scheme: plain(host) ? "http" : "https", ...(ca !== undefined && { ca }) } as const;
    if (image !== undefined) return pullCheck(image, login, options, signal);

    const since = silent.get(host);
    if (since !== undefined && clock.elapsed() - since < silenceKept) return unheard(host);
    const late = new AbortController();
    const cancel = clock.schedule(loginPatience, () => late.abort());
    try {
      const result = await loginCheck(host, login, options, AbortSignal.any([signal, late.signal]));
      silent.delete(host);
      return result;
    } catch (error) {
      if (signal.aborted || !late.signal.aborted) throw error;
      silent.set(host, clock.elapsed());
      return unheard(host);
    } finally {
      cancel();
    }
  };
}

function unheard(host: string): PullCheckResult {
  return { verification: "Inconclusive", detail: `${host} does not answer the operator` };
}
