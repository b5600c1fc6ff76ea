// Planning the removal of a pull Secret: what is done with one in which nothing of ours is to stay, and with one that is being deleted.
import { failure } from "../../api/reasons.ts";
import { mergedHosts } from "../../cluster/marks.ts";
import { releasedBody, withoutLogins } from "../../cluster/pull-secret-object.ts";
import type { SecretRecord } from "../../cluster/records.ts";
import { restOf, retainedOf } from "../../content/rest.ts";
import { dockerConfigType } from "../../registry/docker-config.ts";
import type { Failure } from "../../runtime/errors.ts";
import { kubectl } from "../../runtime/steps.ts";
import type { PullSecretAction, PullSecretPlan, PullSecretSnapshot } from "./plan-types.ts";

const none: PullSecretAction = { kind: "none" };
const read: PullSecretAction = { kind: "read" };

/** Ours by our marks, by what we remember, or because it holds exactly what we would write: stripped marks are drift. */
export function isOurs(
  { knownAsOurs, content }: Pick<PullSecretSnapshot, "knownAsOurs" | "content">,
  record: SecretRecord,
): boolean {
  return (
    (record.labelled && record.credentials.length > 0) ||
    knownAsOurs ||
    (content?.digest !== undefined && content.digest === record.digest)
  );
}

export function removal(snapshot: PullSecretSnapshot, record: SecretRecord): PullSecretPlan {
  const { live, retain, referencesLeft, knownAsOurs, knownAsMerged } = snapshot;
  const metadata = live ?? record.metadata;
  // It names a credential, but its metadata, which says whether it is wholly ours, merged, or foreign, was too large to keep.
  if (!metadata && !snapshot.tooLarge && (record.credentials.length > 0 || knownAsOurs || knownAsMerged))
    return { action: read, state: "usable" };
  const isMerged = knownAsMerged || mergedHosts(metadata) !== undefined;
  if (!isMerged && !isOurs(snapshot, record)) return { action: none, state: "foreign" };
  const deletion: PullSecretPlan =
    referencesLeft > 0
      ? { action: none, state: "leaving", failure: referencesPending }
      : { action: { kind: "delete" }, state: "leaving" };
  if (!isMerged && !retain) return deletion;
  if (!live && snapshot.tooLarge) return { action: none, state: "foreign", failure: secretTooLarge };
  if (!live) return { action: read, state: "foreign" };
  const rest = retain ? retainedOf(snapshot.staying ?? [], live) : restOf(snapshot, live);
  if (rest === "nothing") return deletion;
  const isChanged = rest.dockerConfig !== live.dockerConfig || rest.otherData !== live.otherData;
  if (isChanged && live.immutable) return { action: none, state: "foreign", failure: immutable(snapshot) };
  const body = { ...releasedBody(live, rest.dockerConfig), otherData: rest.otherData };
  return { action: { kind: "replace", body }, state: "foreign" };
}

export const secretTooLarge: Failure = failure("TooLarge", {
  message:
    "the Secret of the pull Secret's name is larger than anything that regcred carries along, and is left alone: take off labels, annotations, owners or data that it does not need, or delete it",
});

const referencesPending: Failure = failure("ReferencesPending", {
  message: "waiting for references to go before the Secret does",
});

/** To make it anew without our logins would put at stake what is its owner's. */
function immutable({ namespace, name }: PullSecretSnapshot): Failure {
  return failure("SecretConflict", {
    message: `the Secret ${namespace.name}/${name}, which is the tenant's, has been made immutable, so that regcred's logins cannot be taken out of it`,
    steps: [
      {
        message: "make it anew without them, or delete it",
        command: kubectl`delete secret -n ${namespace.name} ${name}`,
      },
    ],
  });
}

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
  const { content, live } = snapshot;
  const pending = { state: "absent", ...(content && { failure: deletionPending }) } as const;
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
      if (failure && !content) return { action: { kind: "none" }, state: "foreign", failure };
      break;
  }
  return { action: { kind: "none" }, ...found };
}

const deletionPending: Failure = failure("DeletionPending", {
  message: "the Secret is being deleted but held by a finalizer; it is written again once it is gone",
});
