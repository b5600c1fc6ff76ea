// Who hears that a RegistryCredential itself could not be written, though its status cannot say so?
import { group, kind, version } from "../../api/names.ts";
import type { Failure } from "../../runtime/errors.ts";
import type { CredentialRecord } from "../../cluster/records.ts";
import { longestNote, textWithSteps } from "../../runtime/steps.ts";
import type { Context } from "../context.ts";

/** The log, and administrators by an Event, unless time mends it. */
export function reportDenial(
  { events, log }: Pick<Context, "events" | "log">,
  { name, uid }: CredentialRecord,
  failure: Failure,
): void {
  const { reason, retry } = failure;
  log.warn("RegistryCredential not updated", { credential: name, reason, detail: textWithSteps(failure) });
  if (retry === "backoff") return;
  const regarding = { apiVersion: `${group}/${version}`, kind, name, uid };
  events.publish({
    regarding,
    type: "Warning",
    reason,
    action: "Reconcile",
    note: textWithSteps(failure, longestNote),
  });
}
