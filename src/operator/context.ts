// What the controllers work with: the same for the operator and for a dry run.
import { listenerFailed } from "../runtime/observability/log-watch.ts";
import type { ClusterStores } from "../cluster/cluster-stores.ts";
import type { Context } from "../controllers/context.ts";
import { recordedMembers } from "../controllers/members/observe.ts";
import { membersStore } from "../controllers/members/apply.ts";
import { judgedSecrets } from "../controllers/pull-secret/judged.ts";
import { newSignals } from "../controllers/signals.ts";
import { grantTracker } from "../controllers/token/grant-tracker.ts";
import { credentialIndex } from "../entitlement/credential-index.ts";
import { grantKeys } from "../providers/grant-keys.ts";
import { scopes } from "../providers/scope-of.ts";
import type { Clock } from "../runtime/clock.ts";
import { inSlices } from "../runtime/in-slices.ts";
import { waits } from "../runtime/queue/waits.ts";
import { type Listeners, listeners } from "../runtime/watch/listeners.ts";
import { refusals } from "./call-failure.ts";

/** What is derived from the stores, and kept up to date by their changes. */
export interface Derived extends Pick<
  Context,
  | "clock"
  | "inSlices"
  | "stores"
  | "transforms"
  | "digest"
  | "tokens"
  | "members"
  | "credentialIndex"
  | "judged"
  | "grantKey"
  | "scopeOf"
> {
  /** Tells the key of each grant that nobody needs any more: it is to be looked at, and forgotten in time. */
  readonly unused: Listeners<string>;
  /** Tells the key of each grant that is forgotten. */
  readonly forgotten: Listeners<string>;
}

/** @param failed told what throws on hearing of a grant */
export function derive(
  known: ClusterStores,
  clock: Clock,
  operatorNamespace: string,
  failed: (error: unknown) => void,
): Derived {
  const { stores } = known;
  const [unused, forgotten] = [listeners<string>(failed), listeners<string>(failed)];
  const tokens = grantTracker({
    clock,
    secrets: stores.operatorSecrets,
    operatorNamespace,
    onUnused: unused.tell,
    onForgotten: forgotten.tell,
  });
  const members = recordedMembers(stores.operatorSecrets);
  const sliced = inSlices(clock);
  const index = credentialIndex({ ...stores, clock, inSlices: sliced, operatorNamespace, members });
  return {
    ...known,
    clock,
    inSlices: sliced,
    tokens,
    members,
    credentialIndex: index,
    judged: judgedSecrets({ stores, credentialIndex: index }),
    grantKey: grantKeys(),
    scopeOf: scopes(stores, operatorNamespace),
    unused,
    forgotten,
  };
}

/** What differs between an operator and a dry run: effects, and what is known of rights. */
export type Given = Omit<Context, keyof Derived | "refusal" | "signals" | "waits" | "storeMembers">;

export function newContext(derived: Derived, given: Given): Context {
  return {
    ...derived,
    ...given,
    refusal: refusals(given.log, given.settings.namespace),
    signals: newSignals(listenerFailed(given.log)),
    waits: waits(),
    storeMembers: membersStore(),
  };
}
