// What is still to be done with a Secret that is being deleted, while somebody's finalizer holds it?
import type { Failure } from "../../runtime/errors.ts";
import { releasedBody, withoutLogins } from "./plan-body.ts";
import { dockerConfigType, type PullSecretPlan, type PullSecretSnapshot } from "./plan-types.ts";
import { secretTooLarge } from "./plan-removal.ts";
import type { SecretRecord } from "../../cluster/records.ts";

/** Nothing of ours is in it, or nothing that could be taken out: whoever holds it, nobody else need wait for its end. */
export function needsNothing(
  { terminating, immutable, type, digest }: SecretRecord,
  digestWithoutLogins: string,
): boolean {
  return terminating && (immutable || type !== dockerConfigType || digest === digestWithoutLogins);
}

/**
 * It can be written, if not kept: what was taken back leaves it at once, and not only when whoever holds it lets go. One that
 * is immutable cannot even be that.
 * @param usual what would be done if it were not being deleted
 */
export function planTerminating(
  snapshot: PullSecretSnapshot,
  record: SecretRecord,
  usual: (snapshot: PullSecretSnapshot) => PullSecretPlan,
): PullSecretPlan {
  const { wanted, live } = snapshot;
  const pending = { state: "absent", ...(wanted && { failure: deletionPending }) } as const;
  const mayBeOurs = snapshot.knownAsOurs || record.credentials.length > 0;
  if (!mayBeOurs || record.immutable || record.type !== dockerConfigType) {
    return { action: { kind: "none" }, ...pending };
  }
  // References to it need no longer go before it does.
  const { action, decided, failure } = usual({
    ...snapshot,
    record: { ...record, terminating: false },
    referencesLeft: 0,
  });
  const found = { ...pending, ...(decided && { decided }) };
  switch (action.kind) {
    case "read":
    case "replace":
      return { action, ...found };
    case "delete":
      if (!live && snapshot.tooLarge) return { action: { kind: "none" }, state: "foreign", failure: secretTooLarge };
      if (!live) return { action: { kind: "read" }, ...found };
      if (live.dockerConfig === withoutLogins && Object.keys(live.otherData).length === 0) break;
      return { action: { kind: "replace", body: { ...releasedBody(live, withoutLogins), otherData: {} } }, ...pending };
    case "none":
    case "giveUp":
    case "create":
    case "recreate":
      // Why it cannot be taken out: whoever is to leave must not wait for that in silence.
      if (failure && !wanted) return { action: { kind: "none" }, state: "foreign", failure };
      break;
  }
  return { action: { kind: "none" }, ...found };
}

const deletionPending: Failure = {
  reason: "DeletionPending",
  cause: "Tenant",
  retry: "on-change",
  message: "the Secret is being deleted but held by a finalizer; it is written again once it is gone",
};
