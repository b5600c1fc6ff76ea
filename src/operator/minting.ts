// The way to new tokens: who may ask for one now, whom, and what is tried at the registry. A part of the composition root.
import { tokenAdmission } from "../grants/admission.ts";
import { asksProvider } from "../controllers/token/observe.ts";
import { budgets } from "../providers/authority.ts";
import type { Clock, Random } from "../runtime/clock.ts";
import type { Log } from "../runtime/observability/log.ts";
import { listenerFailed } from "../runtime/observability/log-watch.ts";
import { type Listeners, listeners } from "../runtime/watch/listeners.ts";
import type { Derived } from "./context.ts";
import type { Egress, EgressOptions } from "./egress.ts";

/** What egress to registries and clouds asks of the rest. */
export type AskedByEgress = Pick<EgressOptions, "secret" | "token" | "insists" | "admittance" | "registries">;

export interface MintingOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly settings: { readonly namespace: string };
  readonly egress: (asked: AskedByEgress) => Egress;
}

export interface Minting {
  readonly admission: ReturnType<typeof tokenAdmission>;
  readonly egress: Egress;
  /** Tells the key of each grant whose turn has come. */
  readonly again: Listeners<string>;
}

export function minting(options: MintingOptions, derived: Derived): Minting {
  const { clock, log, settings } = options;
  const { tokens, grantKey } = derived.grants;
  const { stores } = derived.cluster;
  const again = listeners<string>(listenerFailed(log));
  const needs = { runtime: { clock }, cluster: { stores }, grants: { tokens }, settings };
  const admission = tokenAdmission({
    ...options,
    budgets,
    tokens,
    grantKey,
    asks: (key) => asksProvider(needs, key),
    again: again.tell,
  });
  derived.forgotten.subscribe((key) => admission.forget(key));
  const egress = options.egress({
    secret: (key) => stores.operatorSecrets.get(key),
    token: (grant) => tokens.token(grantKey(grant)),
    insists: (grant) => tokens.insists(grantKey(grant)),
    admittance: admission,
    registries: admission.registries,
  });
  return { admission, egress, again };
}
