// What another run would find of a Secret that was just written: the answer to the write says what stands there.
import type { Contribution } from "../../content/content.ts";
import type { SecretRecord } from "../../cluster/records.ts";
import { planPullSecret } from "./plan.ts";
import type { PullSecretPlan, PullSecretSnapshot } from "./plan-types.ts";

/** Who has a part in the Secret, and what is not known yet: see `Snapshot`. */
export interface Parts extends PullSecretSnapshot {
  readonly leaving: readonly unknown[];
  readonly copied: readonly unknown[];
  readonly orphaned: { readonly names: readonly string[] };
  readonly hidden: boolean;
  readonly gathered: { readonly contributions: readonly Contribution[]; readonly waiting: unknown };
}

/**
 * Nothing would be left to do or to tell. Said only of a Secret in which nobody has a part but those who contribute, each by the
 * token of its entry as it is; all else is found by another run.
 */
export function isAsPlanned(snapshot: Parts, plan: PullSecretPlan, written: SecretRecord): boolean {
  const { leaving, copied, orphaned, frozen, hidden, gathered } = snapshot;
  if (leaving.length + copied.length + orphaned.names.length + frozen.length > 0 || hidden) return false;
  if (gathered.waiting !== undefined || plan.failure || plan.keptUntil || plan.decided) return false;
  const hasFormers = gathered.contributions.some(({ entries }) =>
    entries.some(({ formers = [] }) => formers.length > 0),
  );
  if (hasFormers) return false;
  const { action, state, failure } = planPullSecret({
    ...snapshot,
    record: written,
    live: undefined,
    settled: undefined,
    knownAsOurs: true,
    knownAsMerged: false,
  });
  return action.kind === "none" && state === plan.state && !failure;
}
