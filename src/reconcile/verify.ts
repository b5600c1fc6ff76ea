// Can the token that was just fetched pull the image that its entry names?
import type { Grant } from "../plan/grant.ts";
import type { Probe } from "../plan/probe.ts";
import type { Minted } from "../providers/provider.ts";
import { type Exchange, pullCheck, type PullCheckResult } from "../registry/pull-check.ts";
import type { OperatorSecretRecord } from "../plan/snapshot.ts";

export type Verify = (grant: Grant, probe: Probe, minted: Minted, signal: AbortSignal) => Promise<PullCheckResult>;

export interface VerifierOptions {
  readonly exchange: Exchange;
  /** The Secret `namespace/name` as last heard of. */
  readonly secret: (key: string) => OperatorSecretRecord | undefined;
  readonly operatorNamespace: string;
  /** Hosts that are spoken to without TLS: none but in tests. */
  readonly plain: (host: string) => boolean;
}

export function verifier({ exchange, secret, operatorNamespace, plain }: VerifierOptions): Verify {
  return async (grant, { image, host }, { logins }, signal) => {
    const login = "all" in logins ? logins.all : logins.byHost.get(host);
    if (!login) return { verification: "Inconclusive", detail: `the source holds no login for ${host}` };
    const caName = grant.provider === "Static" ? undefined : grant.caSecretName;
    const record = caName === undefined ? undefined : secret(`${operatorNamespace}/${caName}`);
    const ca = record?.kind === "source" ? record.values?.["ca.crt"]?.reveal() : undefined;
    const scheme = plain(host) ? "http" : "https";
    return pullCheck(image, login, { exchange, scheme, ...(ca !== undefined && { ca }) }, signal);
  };
}
