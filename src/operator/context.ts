// Builds the Context: the same way for the operator, for a dry run, and for tests.
import type { ClusterStores } from "../cluster/cluster-stores.ts";
import type { Context } from "../controllers/context.ts";
import { recordedMembers } from "../controllers/members/observe.ts";
import { membersStore } from "../controllers/members/apply.ts";
import { judgedSecrets } from "../entitlement/judged-secrets.ts";
import { newSignals } from "../controllers/signals.ts";
import { grantTracker } from "../grants/grant-tracker.ts";
import { credentialIndex } from "../entitlement/credential-index.ts";
import { grantKeys } from "../providers/grant-keys.ts";
import { scopes } from "../providers/scope-of.ts";
import type { Clock } from "../runtime/clock.ts";
import { inSlices } from "../runtime/in-slices.ts";
import { waits } from "../runtime/queue/waits.ts";
import { type Listeners, listeners } from "../runtime/watch/listeners.ts";
import { callFailures } from "./call-failure.ts";

/** What is derived from the stores, and kept up to date by their changes. */
export interface Derived {
  readonly runtime: Pick<Context["runtime"], "clock" | "inSlices">;
  readonly cluster: Pick<Context["cluster"], "stores" | "transforms" | "digest">;
  readonly credentials: Pick<Context["credentials"], "index" | "members" | "judged">;
  readonly grants: Pick<Context["grants"], "tokens" | "grantKey" | "scopeOf">;
  readonly queue: Pick<Context["queue"], "signals" | "waits">;
  /** Tells the key of each grant that nobody needs any more: it is to be looked at, and forgotten in time. */
  readonly unused: Listeners<string>;
  /** Tells the key of each grant that is forgotten. */
  readonly forgotten: Listeners<string>;
}

/** @param failed told what throws on hearing of a grant or a signal */
export function derive(
  { stores, transforms, digest }: ClusterStores,
  clock: Clock,
  operatorNamespace: string,
  failed: (error: unknown) => void,
): Derived {
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
  const judged = judgedSecrets({ stores, index });
  return {
    runtime: { clock, inSlices: sliced },
    cluster: { stores, transforms, digest },
    credentials: { index, members, judged },
    grants: { tokens, grantKey: grantKeys(), scopeOf: scopes(stores, operatorNamespace) },
    queue: { signals: newSignals(failed), waits: waits() },
    unused,
    forgotten,
  };
}

/** What differs between an operator and a dry run: effects, and what is known of rights. */
export interface Given {
  readonly runtime: Pick<Context["runtime"], "log" | "events" | "metrics" | "shareReached">;
  readonly settings: Context["settings"];
  readonly cluster: Pick<Context["cluster"], "api" | "namesSynced" | "permissions">;
  readonly credentials: Pick<Context["credentials"], "statusCache">;
  readonly grants: Pick<Context["grants"], "provider" | "verify">;
  readonly queue: Pick<Context["queue"], "enqueue">;
}

export function newContext(derived: Derived, given: Given): Context {
  const { settings, runtime } = given;
  return {
    settings,
    runtime: { ...derived.runtime, ...runtime },
    cluster: { ...derived.cluster, ...given.cluster, callFailure: callFailures(runtime.log, settings.namespace) },
    credentials: { ...derived.credentials, ...given.credentials, membersStore: membersStore() },
    grants: { ...derived.grants, ...given.grants },
    queue: { ...derived.queue, ...given.queue },
  };
}
